"""Blocking keys: who becomes a candidate for whom."""

from __future__ import annotations

from typing import Any

import pytest

from mpi.matching.blocking import blocking_keys
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet, load_rules
from people import ELSEWHERE, HOME, a_name, a_person


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules("default")


def shared(a: NormalizedRecord, b: NormalizedRecord, rules: RuleSet) -> set[str]:
    return {key.pass_name for key in set(blocking_keys(a, rules)) & set(blocking_keys(b, rules))}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"given": "ROBINSON", "family": "FRANK"}, {"given": "FRANK", "family": "ROBINSON"}),
        ({"born": (1984, 3, 7)}, {"born": (1984, 7, 3)}),
        ({"born": (1984, 3, 7)}, {"born": (1948, 3, 7)}),
        ({"family": "GONZALEZ"}, {"family": "GONSALES"}),
        ({"family": "GARCIA MARQUEZ"}, {"family": "GARCIA"}),
        ({"family": "KING"}, {"family": "PERKINS"}),
        ({"given": "MARGARET", "family": "KING"}, {"given": "PEGGY", "family": "PERKINS"}),
        ({"born": None, "home": HOME}, {"home": HOME}),
        ({"family": "A", "born": None, "ssn": "532810447"}, {"family": "B", "ssn": "532810447"}),
    ],
)
def test_one_person_recorded_in_two_ways_shares_a_key(rules: RuleSet, first: Any, second: Any) -> None:
    assert shared(a_person(**first), a_person(**second), rules)


def test_a_maiden_name_makes_keys_too(rules: RuleSet) -> None:
    married = a_person("ANNA", "KING", aliases=(a_name("ANNA", "PERKINS"),), born=(1984, 3, 7))
    assert "birth_date_family" in shared(married, a_person("ANNE", "PERKINS", born=(1984, 3, 7)), rules)


def test_strangers_share_none(rules: RuleSet) -> None:
    jane = a_person(home=HOME, phone="12065550101", mrn="1")
    assert not shared(jane, a_person("LUIS", "MOSS", born=(1961, 8, 30), home=ELSEWHERE, mrn="2"), rules)


def test_a_record_without_values_has_no_keys(rules: RuleSet) -> None:
    assert blocking_keys(NormalizedRecord(), rules) == ()


def test_keys_are_distinct_signed_64_bit_and_not_more_than_the_rules_allow(rules: RuleSet) -> None:
    aliases = tuple(a_name("JANE", f"ALIAS{letter}") for letter in "ABCDEFGHIJKLMNOP")
    keys = blocking_keys(a_person(home=HOME, phone="12065550101", ssn="532810447", aliases=aliases), rules)
    assert len(set(keys)) == len(keys) <= rules.keys_max
    assert all(-(2**63) <= key.key < 2**63 for key in keys)
    assert {key.pass_name for key in keys} <= {blocking_pass.name for blocking_pass in rules.blocking_passes}


def test_keys_are_the_same_in_every_process(rules: RuleSet) -> None:
    """They are stored: a change of the hash would lose every candidate."""
    keys = {key.pass_name: key.key for key in blocking_keys(a_person(ssn="532810447"), rules)}
    assert keys["ssn"] == 9153106643802783565


@pytest.mark.parametrize(
    ("first", "second", "passes"),
    [
        ({"given": "LUCAS", "family": ""}, {"given": "", "family": "STEHESEN"}, {"birth_date"}),
        (
            {"given": "NOAH", "family": "HUNTER"},
            {"given": "", "family": "NOAH"},
            {"name", "name_birth_month"},
        ),
        ({"given": "PEGGY", "born": None}, {"given": "MARGRET", "family": "", "born": None}, {"name"}),
        ({"given": "", "born": None, "home": HOME}, {"family": "", "home": HOME}, {"zip", "city", "street"}),
    ],
)
def test_records_that_lack_much_share_a_broad_key(
    rules: RuleSet, first: Any, second: Any, passes: set[str]
) -> None:
    a, b = a_person(**first), a_person(**second)
    assert passes <= shared(a, b, rules)
    broad = {one.name for one in rules.blocking_passes if one.broad}
    assert all(key.broad == (key.pass_name in broad) for key in blocking_keys(a, rules))


def test_the_user_of_an_email_is_found_under_a_misspelt_provider(rules: RuleSet) -> None:
    one = NormalizedRecord(emails=("j.west54@patel.com",))
    assert shared(one, NormalizedRecord(emails=("j.west54@ptael.com",)), rules) == {"email_user"}
