"""Agreement levels, by example; and that comparators are symmetric whatever comes."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from mpi.matching.comparison import compare, encode
from mpi.matching.comparison.comparators import COMPARATORS
from mpi.matching.comparison.features import FEATURES
from mpi.matching.record import NormalizedAddress, NormalizedIdentifier, NormalizedRecord
from mpi.matching.rules import RuleSet, load_rules
from people import a_name, a_person, random_people


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules("default")


def level(field: str, a: NormalizedRecord, b: NormalizedRecord, rules: RuleSet) -> str | None:
    row = [comparison.field for comparison in rules.comparisons].index(field)
    reached = int(compare(encode([a, b], rules), [0], [1], rules).levels[row, 0])
    return None if reached < 0 else rules.comparisons[row].levels[reached].name


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("PRUITT", "PRUITT", "exact"),
        ("VAN DER BERG", "VANDERBERG", "exact"),
        ("GARCIA MARQUEZ", "GARCIA", "part"),
        ("MARTINEZ", "MARTINES", "similar"),
        ("VANDERMEULEN", "VANDERMEUL", "similar"),
        ("KANE", "CAIN", "phonetic"),
        ("PRUITT", "LEE", "different"),
        ("PRUITT", "", None),
    ],
)
def test_family(a: str, b: str, expected: str | None, rules: RuleSet) -> None:
    assert level("family", a_person(family=a), a_person(family=b), rules) == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("JANE", "JANE", "exact"),
        ("MARY ANN", "MARYANN", "exact"),
        ("MARGARET", "PEG", "nickname"),
        ("MARGARET", "PEGGY", "related"),
        ("MARY ANN", "MARY", "nickname"),
        ("SEBASTIAN", "SEBASTAIN", "similar"),
        ("BARTHOLOMEW", "BARTHOLOME", "similar"),
        ("JANE", "J", "initial"),
        ("J", "J", "initial"),
        ("MARK", "MARY", "alike"),
        ("JAYDEN", "HAYDEN", "alike"),
        ("RUBY", "RU", "initial"),
        ("ELLA", "EMMA", "different"),
        ("", "EMMA", None),
    ],
)
def test_given(a: str, b: str, expected: str | None, rules: RuleSet) -> None:
    assert level("given", a_person(a), a_person(b), rules) == expected


def test_names_that_changed_places(rules: RuleSet) -> None:
    a, b = a_person("FRANK", "ROBINSON"), a_person("ROBINSON", "FRANK")
    assert [level(field, a, b, rules) for field in ("given", "family")] == ["swapped", "swapped"]


def test_a_middle_name_in_use(rules: RuleSet) -> None:
    a, b = a_person("ERIC", middle="C"), a_person("CHRISTOPHER", middle="ERIC")
    assert [level(field, a, b, rules) for field in ("given", "middle")] == ["middle_used", "initial"]
    twin = a_person("KENDALL", middle="ERIC")
    assert [level(field, a, twin, rules) for field in ("given", "middle")] == ["middle_used", "different"]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (("GRACE", "M"), ("MARY", ""), "middle_initial"),
        (("GRACE", "M"), ("MARY", "K"), "middle_initial"),
        (("GRACE", "M"), ("MARY", "G"), "middle_used"),
        (("GRACE", "M"), ("ANNE", "K"), "different"),
        (("GRACE", "MAE"), ("MARY", ""), "different"),
        (("GRACE", "M"), ("M", ""), "middle_initial"),
    ],
)
def test_a_middle_initial_that_may_be_the_other_given_name(
    a: tuple[str, str], b: tuple[str, str], expected: str, rules: RuleSet
) -> None:
    one, other = (a_person(given, middle=middle) for given, middle in (a, b))
    assert level("given", one, other, rules) == level("given", other, one, rules) == expected
    if expected != "different":
        assert level("middle", one, other, rules) is None, "a name counts once"


def test_a_maiden_name_kept_as_middle_name(rules: RuleSet) -> None:
    a, b = a_person("JENNIFER", "WALKER", middle="HEATHER"), a_person("JENNIFER", "MATTHEWS", middle="WALKER")
    assert [level(field, a, b, rules) for field in ("family", "middle")] == ["part", None]


def test_a_maiden_name_agrees(rules: RuleSet) -> None:
    married = a_person("ANNA", "KING", aliases=(a_name("ANNA", "PERKINS"),))
    assert level("family", married, a_person("ANNA", "PERKINS"), rules) == "part"


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((1984, 3, 17), (1984, 3, 17), "exact"),
        ((1984, 1, 1), (1984, 1, 1), "january_first"),
        ((1984, 0, 0), (1984, 3, 17), "partial"),
        ((1984, 3, 0), (1984, 3, 17), "partial"),
        ((1984, 1, 1), (1984, 9, 26), "partial"),
        ((1984, 3, 7), (1984, 7, 3), "swapped"),
        ((1984, 3, 17), (1984, 3, 18), "typo"),
        ((1984, 3, 17), (1984, 3, 71 % 30), "typo"),
        ((1936, 1, 18), (1963, 1, 18), "typo"),
        ((1984, 3, 17), (1994, 3, 17), "typo"),
        ((1984, 3, 17), (1984, 9, 17), "typo"),
        ((1984, 3, 17), (1984, 3, 28), "two_parts"),
        ((1984, 3, 17), (1972, 3, 17), "two_parts"),
        ((1984, 3, 17), (1984, 9, 26), "same_year"),
        ((1984, 3, 17), (1981, 9, 26), "different"),
        ((1984, 3, 17), (1958, 9, 26), "generation_apart"),
        ((1984, 0, 0), (1958, 9, 26), "generation_apart"),
        ((1984, 3, 0), (1984, 9, 26), "same_year"),
        ((0, 5, 1), (1984, 5, 1), None),
        ((0, 5, 1), (1984, 6, 1), "different"),
    ],
)
def test_birth_date(
    a: tuple[int, int, int], b: tuple[int, int, int], expected: str | None, rules: RuleSet
) -> None:
    assert level("birth_date", a_person(born=a), a_person(born=b), rules) == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("532810447", "532810447", "exact"),
        ("532810447", "0447", "last4"),
        ("532810447", "532810474", "near"),
        ("532810447", "532870447", "near"),
        ("532810447", "532810448", "adjacent"),
        ("532810449", "532810451", "adjacent"),
        ("532810447", "532810556", "different"),
        ("532810447", "0448", "different"),
    ],
)
def test_ssn(a: str, b: str, expected: str, rules: RuleSet) -> None:
    assert level("ssn", a_person(ssn=a), a_person(ssn=b), rules) == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (("GENERAL", "MR", "7004857"), ("GENERAL", "MR", "7004857"), "exact"),
        (("GENERAL", "MR", "7004857"), ("GENERAL", "MR", "7094857"), "near"),
        (("GENERAL", "MR", "7004857"), ("GENERAL", "MR", "7004858"), "adjacent"),
        (("GENERAL", "MR", "7004857"), ("GENERAL", "MR", "1293364"), None),
        (("GENERAL", "MR", "7004857"), ("MERCY", "MR", "7004857"), None),
        (("DMV", "DL", "S5301184"), ("DMV", "DL", "S5301184"), None),
    ],
)
def test_record_number(a: Any, b: Any, expected: str | None, rules: RuleSet) -> None:
    left, right = (a_person(identifiers=(NormalizedIdentifier(*one),)) for one in (a, b))
    assert level("record_number", left, right, rules) == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (("DMV", "DL", "S5301184"), ("DMV", "DL", "S5301184"), "exact"),
        (("SSN", "NI", "CF947997UVW"), ("SSN", "NI", "CF9479997UVW"), "near"),
        (("DMV", "DL", "S5301184"), ("DMV", "DL", "K2199450"), "different"),
        (("DMV", "DL", "S5301184"), ("STATE", "PPN", "K2199450"), None),
        (("GENERAL", "MR", "7004857"), ("GENERAL", "MR", "7004857"), None),
    ],
)
def test_national_id(a: Any, b: Any, expected: str | None, rules: RuleSet) -> None:
    left, right = (a_person(identifiers=(NormalizedIdentifier(*one),)) for one in (a, b))
    assert level("national_id", left, right, rules) == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (("12 ELM ST", "", "TROY", "NY", "12180"), ("12 ELM ST", "", "TROY", "NY", "12180"), "exact"),
        (("12 ELM ST", "", "TROY", "NY", ""), ("12 ELM ST", "", "", "", "12180"), "street"),
        (("12 ELM ST", "", "TROY", "NY", "12180"), ("12 ELMM ST", "", "TROY", "NY", "12180"), "similar"),
        (("12 ELM ST", "", "TROY", "NY", "12180"), ("440 OAK AVE", "", "TROY", "NY", "12180"), "zip"),
        (("12 ELM ST", "", "TROY", "NY", "12180"), ("440 OAK AVE", "", "TROY", "NY", "12181"), "city"),
        (("12 ELM ST", "", "TROY", "NY", "12180"), ("440 OAK AVE", "", "TROY", "MI", "48083"), "different"),
        (("", "", "TROY", "NY", ""), ("", "", "", "", "12180"), None),
    ],
)
def test_address(a: Any, b: Any, expected: str | None, rules: RuleSet) -> None:
    left, right = (a_person(home=NormalizedAddress(*one)) for one in (a, b))
    assert level("address", left, right, rules) == expected


def test_comparators_are_symmetric() -> None:
    people = random_people(80, seed=2)
    for field, comparator in COMPARATORS.items():
        values = [value for person in people if (value := FEATURES[field](person)) is not None]
        for a, b in combinations(values, 2):
            assert comparator(a, b) == comparator(b, a), field


def test_a_given_name_tells_the_sex_once(rules: RuleSet) -> None:
    jane, john = a_person("JANE", sex="F"), a_person("JOHN", sex="M")
    assert level("sex", jane, john, rules) == "different"
    assert level("sex", jane, a_person("JAYNE", sex="F"), rules) == "same"
    for sex in ("F", "M"):
        assert level("sex", jane, a_person("JANE", sex=sex), rules) is None, (
            "no evidence beside the same name"
        )
