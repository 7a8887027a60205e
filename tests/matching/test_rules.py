"""Rule sets: what a sound one holds, and that nonsense is refused with the key and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpi.errors import InvalidRuleSet
from mpi.matching.blocking import KEY_PARTS as KEY_PART_VALUES
from mpi.matching.comparison.comparators import COMPARATORS
from mpi.matching.comparison.features import FEATURES
from mpi.matching.rules import RuleSet, load_rules, parse_rules
from mpi.matching.rules.frequencies import frequency_table, read_frequencies
from mpi.matching.rules.vocabulary import FIELD_LEVELS, FREQUENCY_FIELDS, KEY_PARTS

SMALL = """
prior_weight = -20.0
keys_max = 10

[thresholds]
review_weight = 0.0
link_weight = 8.0

[[relations]]
name = "household"
probability = 1e-6

[[blocking_passes]]
name = "born"
key = ["birth_date", "family_phonetic"]

[[comparisons]]
field = "sex"
[comparisons.levels]
same = {m = 0.98, u = 0.5}
different = {}

[[guards]]
name = "sexes"
effect = "review"
reason = "Sex differs"
all = {sex = ["different"]}
"""


def small(old: str = "", new: str = "") -> RuleSet:
    assert old in SMALL
    return parse_rules(SMALL.replace(old, new) if old else SMALL, name="small")


def test_the_default_rule_set_is_sound() -> None:
    rules = load_rules()
    assert rules.name == "default"
    assert len(rules.hash) == 16
    assert {comparison.field for comparison in rules.comparisons} == set(FIELD_LEVELS)
    assert set(rules.frequencies) == FREQUENCY_FIELDS


def test_every_word_of_the_vocabulary_has_its_function() -> None:
    assert set(COMPARATORS) == set(FIELD_LEVELS)
    assert set(FEATURES) == {*FIELD_LEVELS, "names"}
    assert set(KEY_PART_VALUES) == KEY_PARTS


def test_one_level_may_leave_its_probability_out_and_gets_the_rest() -> None:
    levels = small().comparisons[0].levels
    assert levels[1].m_probability == pytest.approx(0.02)
    assert levels[1].related_probabilities == {"household": pytest.approx(0.5)}


def test_a_relation_takes_what_it_is_like() -> None:
    twins = 'probability = 1e-6\n\n[[relations]]\nname = "twins"\nprobability = 1e-8\nlike = "household"\n'
    rules = small("probability = 1e-6\n", twins)
    assert rules.comparisons[0].levels[0].related_probabilities == {"household": 0.5, "twins": 0.5}
    text = SMALL.replace("probability = 1e-6\n", twins).replace("u = 0.5}", "u = 0.5, household = 0.4}")
    levels = parse_rules(text, name="small").comparisons[0].levels
    assert levels[0].related_probabilities == {"household": 0.4, "twins": 0.4}


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ("review_weight = 0.0", "review_weight = 9.0", "thresholds", "above link_weight"),
        ("review_weight = 0.0", "review_wait = 0.0", "thresholds", "'review_wait' is unknown"),
        ("prior_weight = -20.0", 'prior_weight = "low"', "prior_weight", "not a number"),
        ("prior_weight = -20.0", "prior_weight = nan", "prior_weight", "not a number"),
        ("keys_max = 10", "keys_max = 0", "keys_max", "not between 1 and 100"),
        ("m = 0.98", "m = 1.98", "comparisons.sex.levels.different.m", "no probability"),
        ("m = 0.98", "m = 0", "comparisons.sex.levels.different.m", "leave 1.0"),
        ("different = {}", "different = {m = 0.3, u = 0.5}", "comparisons.sex.m", "add up to 1.28"),
        ("different = {}", "different = {odds = 3}", "comparisons.sex.levels.different", "'odds' is unknown"),
        ("different = {}", "opposite = {}", "comparisons.sex.levels", "no such level"),
        ("different = {}", "", "comparisons.sex.levels", "must be same, different"),
        ('field = "sex"', 'field = "height"', "comparisons.height", "no such field"),
        (
            'field = "sex"',
            'field = "sex"\nfrequency = "sexes"',
            "comparisons.sex.frequency",
            "only family, given",
        ),
        ('"family_phonetic"]', '"shoe_size"]', "blocking_passes.born.key", "'shoe_size' is not a key part"),
        ('["birth_date", "family_phonetic"]', "[]", "blocking_passes.born.key", "is empty"),
        ('effect = "review"', 'effect = "panic"', "guards.sexes.effect", "neither review nor no_link"),
        ('all = {sex = ["different"]}', "", "guards.sexes", "would stop every pair"),
        (
            'sex = ["different"]}',
            'sex = ["apart"]}',
            "guards.sexes.all.sex",
            "'apart' is not one of its levels",
        ),
        ('sex = ["different"]}', 'ssn = ["exact"]}', "guards.sexes.all", "not compared by this rule set"),
        ("probability = 1e-6", "probability = 2", "relations.household.probability", "not between 0 and 0.5"),
        (
            "probability = 1e-6",
            'probability = 1e-6\nlike = "cousins"',
            "relations.household.like",
            "'cousins'",
        ),
        ("keys_max = 10", "keys_max = 10\nsql = 'x'", "the rule set", "'sql' is unknown"),
        ('name = "sexes"', 'name = "sexes"\nreason = "twice"', None, "not TOML"),
    ],
)
def test_nonsense_is_refused_with_file_key_and_reason(
    old: str, new: str, key: str | None, reason: str
) -> None:
    with pytest.raises(InvalidRuleSet, match=reason.replace("(", r"\(")) as refused:
        small(old, new)
    assert str(refused.value).startswith("small.toml: ")
    assert refused.value.field == key


def test_a_name_used_twice_is_refused() -> None:
    with pytest.raises(InvalidRuleSet, match=r"blocking_passes: 'born' is there twice"):
        parse_rules(SMALL + '[[blocking_passes]]\nname = "born"\nkey = ["ssn"]\n', name="small")


def test_hash_follows_the_content_and_not_the_comments() -> None:
    assert small().hash == parse_rules("# why\n" + SMALL, name="other").hash
    assert small().hash != small("link_weight = 8.0", "link_weight = 8.5").hash


def test_hash_follows_the_frequencies() -> None:
    rules = load_rules()
    table = frequency_table("family", {"SMITH": 0.01}, floor=1e-5, unseen=1e-4)
    learned = rules.with_frequencies({"family": table})
    assert learned.hash != rules.hash
    assert learned.frequencies["family"].frequency("SMITH") == 0.01
    assert learned.frequencies["given"] is rules.frequencies["given"]


def test_a_value_is_never_rarer_than_the_floor() -> None:
    table = read_frequencies(
        "family", "value,frequency\nsmith,0.008\nRARE,0.0000001\n", floor=1e-5, unseen=1e-4
    )
    assert table.frequency("SMITH") == 0.008
    assert table.frequency("RARE") == 1e-5
    assert table.frequency("UNHEARD") == 1e-4
    assert table.frequency("SMITH JONES") == pytest.approx(0.0008)


@pytest.mark.parametrize(
    "text", ["name,share\nA,0.1\n", "value,frequency\nA\n", "value,frequency\nA,often\n"]
)
def test_a_broken_frequency_file_is_refused(text: str) -> None:
    with pytest.raises(InvalidRuleSet, match=r"frequencies\.family"):
        read_frequencies("family", text, floor=1e-5, unseen=1e-4)


def test_a_rule_set_is_found_by_path_or_by_name(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(SMALL)
    assert load_rules(tmp_path / "mine.toml").name == "mine"
    with pytest.raises(InvalidRuleSet, match="no rule set called 'nowhere'"):
        load_rules("nowhere")
    with pytest.raises(InvalidRuleSet, match="cannot be read: FileNotFoundError"):
        load_rules(tmp_path / "nowhere.toml")
