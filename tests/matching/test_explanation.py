"""The ``why`` of a pair: parts that add up, guards, shared keys, the rule set."""

from __future__ import annotations

import json
from itertools import combinations

import pytest

from mpi.matching.decision import explain, score_pairs
from mpi.matching.rules import RuleSet, load_rules
from people import HOME, a_person, random_people


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules("default")


def test_the_parts_add_up_to_what_the_decision_was_made_on(rules: RuleSet) -> None:
    people = random_people(25, seed=9)
    for i, j in combinations(range(25), 2):
        why = explain(people[i], people[j], rules)
        scores = score_pairs(people, [i], [j], rules)
        assert why["weight"] == pytest.approx(float(scores.weight[0]), abs=1e-9)
        assert sum(part["weight"] for part in why["fields"]) == pytest.approx(why["weight"], abs=1e-9)
        assert why["decision"] == ("no_link", "review", "link")[int(scores.decision[0])]
        json.dumps(why)


def test_a_part_says_what_was_compared_and_how_rare_agreement_is(rules: RuleSet) -> None:
    why = explain(a_person("JANE", "SMITH", home=HOME), a_person("JANE", "SMITH", born=(1984, 3, 0)), rules)
    parts = {part["field"]: part for part in why["fields"]}
    assert list(parts) == ["prior", "family", "given", "birth_date", "household"]
    family = parts["family"]
    assert family["values"] == ["SMITH", "SMITH"]
    assert family["level"] == "exact"
    assert family["frequency"] == family["u_probability"] == rules.frequencies["family"].frequency("SMITH")
    assert parts["birth_date"]["values"] == ["1984-03-17", "1984-03-??"]
    assert parts["birth_date"]["frequency"] is None
    assert why["rule_set"] == {"name": "default", "hash": rules.hash}


def test_guards_are_told_also_when_the_weight_alone_refuses(rules: RuleSet) -> None:
    why = explain(a_person(suffix="JR", born=(1979, 5, 5)), a_person(suffix="SR", born=(1948, 12, 7)), rules)
    assert why["decision"] == "no_link"
    assert why["grade"] == "certainly-not"
    assert {"generation_suffix", "generation_apart"} <= {guard["guard"] for guard in why["guards"]}
    assert {"guard", "effect", "reason"} == set(why["guards"][0])


def test_records_that_blocking_never_brings_together_share_no_key(rules: RuleSet) -> None:
    assert explain(a_person(), a_person("LUIS", "MOSS", born=(1961, 8, 30)), rules)["shared_keys"] == []
    assert "birth_date_family" in explain(a_person(), a_person(), rules)["shared_keys"]
