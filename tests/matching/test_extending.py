"""Rule sets that say only what differs from another."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpi.errors import InvalidRuleSet
from mpi.matching.rules import RuleSet, load_rules

PROFILES = ("us", "international", "conservative")

PARENT = """\
# The parent.
prior_weight = -20.0             # its comment
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
reason = "The sexes differ"
all = {sex = ["different"]}
"""


@pytest.fixture
def load(tmp_path: Path) -> object:
    (tmp_path / "parent.toml").write_text(PARENT)

    def load_text(text: str) -> RuleSet:
        (tmp_path / "child.toml").write_text(text)
        return load_rules(tmp_path / "child.toml")

    return load_text


def test_nothing_said_is_the_parent_under_another_name(load, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    child, parent = load('extends = "parent"\n'), load_rules(tmp_path / "parent.toml")
    assert (child.name, child.hash) == ("child", parent.hash)


def test_what_is_said_takes_the_place_of_what_the_parent_says(load) -> None:  # type: ignore[no-untyped-def]
    child = load(
        """
        extends = "parent"
        prior_weight = -23.0
        [thresholds]
        review_weight = 1.0
        link_weight = 9.0
        [[comparisons]]
        field = "sex"
        [comparisons.levels]
        same = {m = 0.95, u = 0.5}
        different = {}
        """.replace("        ", "")
    )
    assert (child.prior_weight, child.keys_max, child.thresholds.link_weight) == (-23.0, 10, 9.0)
    assert [one.levels[0].m_probability for one in child.comparisons] == [0.95]
    assert [guard.name for guard in child.guards] == ["sexes"]


def test_what_is_new_joins_its_list_and_what_is_left_out_goes(load) -> None:  # type: ignore[no-untyped-def]
    child = load(
        """
        extends = "parent"
        without = ["guards.sexes"]
        [[blocking_passes]]
        name = "given"
        key = ["birth_date", "given_root"]
        """.replace("        ", "")
    )
    assert [one.name for one in child.blocking_passes] == ["born", "given"]
    assert child.guards == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('extends = "child"\n', "extends itself"),
        ('extends = "nobody"\n', "there is no rule set called 'nobody'"),
        ('extends = "parent"\nwithout = ["guards.twins"]\n', "no 'guards.twins' to leave out"),
        ("extends = 3\n", "must be the name of a rule set"),
    ],
)
def test_what_cannot_be_extended_is_refused(load, text: str, reason: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidRuleSet, match=reason) as refused:
        load(text)
    assert str(refused.value).startswith("child.toml: ")


@pytest.mark.parametrize("name", PROFILES)
def test_the_shipped_profiles_are_whole_rule_sets(name: str) -> None:
    rules, default = load_rules(name), load_rules("default")
    assert rules.hash != default.hash
    assert {one.field for one in rules.comparisons} == {one.field for one in default.comparisons}
    assert {guard.name for guard in rules.guards} >= {"twins", "generation_suffix", "birth_order"}
    assert "extends" not in rules.content, "what a decision stores must be readable on its own"


def test_the_cautious_profile_links_no_more_than_the_default() -> None:
    cautious, default = load_rules("conservative"), load_rules("default")
    assert cautious.thresholds.link_weight > default.thresholds.link_weight
    assert not {g.name for g in default.guards} - {g.name for g in cautious.guards}
