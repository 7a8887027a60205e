"""Who is never linked by the machine, however much agrees."""

from __future__ import annotations

from typing import Any

import pytest

from mpi.matching.decision import LINK, NO_LINK, REVIEW, score_pairs
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet, load_rules
from people import ELSEWHERE, HOME, a_newborn, a_person

PHONE = "12065550101"
MAIL = "home@example.org"
SSN = "532810447"
BORN = (1958, 10, 16)


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules("default")


def outcome(a: NormalizedRecord, b: NormalizedRecord, rules: RuleSet) -> tuple[int, set[str]]:
    scores = score_pairs([a, b], [0], [1], rules)
    return int(scores.decision[0]), {hit.guard for hit in scores.guards[0]}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"given": "ELLA"}, {"given": "EMMA"}),
        ({"given": "JAYDEN", "sex": "M"}, {"given": "HAYDEN", "sex": "M"}),
        ({"given": "DANIELLE", "sex": "F"}, {"given": "DANIEL", "sex": "M"}),
        ({"given": "TAYLOR", "middle": "PEYTON"}, {"given": "TYLER", "middle": "NOAH"}),
        ({"given": "ELLA", "ssn": "532810447"}, {"given": "EMMA", "ssn": "532810446"}),
        ({"given": "ELLA", "mrn": "7606045"}, {"given": "EMMA", "mrn": "7606044"}),
    ],
)
def test_twins_are_never_linked(rules: RuleSet, first: dict[str, Any], second: dict[str, Any]) -> None:
    home: Any = {"family": "GEORGE", "home": HOME, "phone": PHONE, "email": MAIL, "born": (2010, 1, 24)}
    assert outcome(a_person(**first, **home), a_person(**second, **home), rules)[0] != LINK


def test_one_child_spelled_twice_is_linked_when_its_ssn_agrees(rules: RuleSet) -> None:
    home: Any = {"family": "PENCE", "home": HOME, "phone": PHONE, "born": (2001, 12, 31), "ssn": "532810447"}
    a, b = a_person("SEBASTAIN", middle="C", **home), a_person("SEBASTIAN", middle="CHRISTIAN", **home)
    assert outcome(a, b, rules) == (LINK, set())


def test_father_and_son_of_one_name_are_never_linked(rules: RuleSet) -> None:
    home: Any = {
        "given": "MARK",
        "family": "GRIFFITH",
        "middle": "THOMAS",
        "home": HOME,
        "phone": PHONE,
        "email": MAIL,
    }
    father, son = a_person(**home, born=(1948, 12, 7)), a_person(**home, born=(1979, 5, 5))
    assert outcome(father, son, rules)[0] != LINK
    senior = a_person(**home, suffix="SR", born=None)
    decision, guards = outcome(senior, a_person(**home, suffix="JR", born=None), rules)
    assert decision != LINK
    assert decision == NO_LINK or "generation_suffix" in guards


def test_unnamed_newborns_are_never_linked(rules: RuleSet) -> None:
    a, b = a_newborn(home=HOME, phone=PHONE, mrn="1"), a_newborn(home=HOME, phone=PHONE, mrn="2")
    assert outcome(a, b, rules)[0] != LINK
    first, second = (a_newborn(home=HOME, phone=PHONE, birth_order=order) for order in (1, 2))
    assert outcome(first, second, rules)[0] == NO_LINK


def test_a_record_overwritten_with_another_person_is_not_linked(rules: RuleSet) -> None:
    before = a_person("CHASE", "CAIN", born=(1993, 2, 23), mrn="7004857", phone=PHONE, home=HOME)
    after = a_person("STEVE", "ATKINS", born=(1964, 1, 1), mrn="7004857", phone=PHONE, home=HOME)
    assert outcome(before, after, rules)[0] != LINK


def test_two_different_ssns_send_a_pair_to_a_person_unless_the_home_agrees(rules: RuleSet) -> None:
    james: Any = {"given": "JAMES", "family": "OKONKWO", "middle": "ABEL"}
    here: Any = {"home": HOME, "phone": PHONE}
    there: Any = {"home": ELSEWHERE, "phone": "15035550199"}
    first, second = a_person(**james, ssn="532810447", **here), a_person(**james, ssn="601447298", **there)
    assert outcome(first, second, rules) == (REVIEW, {"ssn_conflict"})
    assert outcome(first, a_person(**james, ssn="601447298", **here), rules) == (LINK, set())
    relative = a_person(**james, ssn="601447298", **here, born=(1984, 3, 28))
    assert "ssn_conflict_at_home" in outcome(first, relative, rules)[1]


def test_names_and_contact_data_without_a_birth_date_do_not_link(rules: RuleSet) -> None:
    a, b = a_person(born=None, home=HOME, phone=PHONE), a_person(home=HOME, phone=PHONE)
    assert outcome(a, b, rules) == (REVIEW, {"birth_date_unsupported"})


def test_a_shared_ssn_does_not_make_strangers_or_spouses_one(rules: RuleSet) -> None:
    gary = a_person("GARY", "HARRIS", born=(1969, 7, 28), ssn="532810447", home=HOME, sex="M")
    brett = a_person("BRETT", "DENTON", born=(1992, 9, 30), ssn="532810447", home=ELSEWHERE, sex="M")
    wife = a_person("JENNIFER", "HARRIS", born=(1976, 7, 2), ssn="532810447", home=HOME, sex="F")
    assert outcome(gary, brett, rules)[0] != LINK
    assert outcome(gary, wife, rules)[0] != LINK


def test_reasons_speak_of_fields_only(rules: RuleSet) -> None:
    for guard in rules.guards:
        assert len(guard.reason) > 20


@pytest.mark.parametrize(
    ("first", "second", "guard"),
    [
        ({"born": BORN, "ssn": SSN}, {"born": (1948, 10, 16), "ssn": "532810497"}, "ssn_slip"),
        ({"born": BORN, "given": "MICHAEL"}, {"born": (1959, 10, 16), "given": "MIKE"}, "two_slips"),
        ({"mother_maiden": "OLSEN"}, {"mother_maiden": "VINTON"}, "mother_conflict"),
        ({"family": "THAYER"}, {"family": "RODRIGUEZ"}, "family_conflict"),
        ({"born": BORN, "ssn": SSN}, {"born": (1958, 10, 2), "ssn": SSN}, "birth_date_conflict"),
    ],
)
def test_one_slip_is_a_mistake_and_two_go_to_a_person(
    rules: RuleSet, first: dict[str, Any], second: dict[str, Any], guard: str
) -> None:
    a, b = a_person(home=HOME, **first), a_person(home=HOME, **second)
    decision, fired = outcome(a, b, rules)
    assert decision == REVIEW
    assert guard in fired


def test_a_namesake_with_another_ssn_and_home_is_nobody_to_ask_about(rules: RuleSet) -> None:
    a, b = a_person(ssn="532810447", home=HOME), a_person(ssn="701446218", home=ELSEWHERE)
    assert outcome(a, b, rules)[0] == NO_LINK
    with_one_phone = a_person(ssn="701446218", home=ELSEWHERE, phone=PHONE)
    assert outcome(a_person(ssn="532810447", home=HOME, phone=PHONE), with_one_phone, rules)[0] != NO_LINK
