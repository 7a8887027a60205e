"""The weight tables of HL7 IDI, row by row as the IG's invariants give them."""

from __future__ import annotations

from typing import Any

import pytest

from mpi.fhir.idi import PROFILE, claimed_levels, input_weight

NAME = {"name": [{"family": "Fox", "given": ["Ann"]}]}
DOB = {"birthDate": "1980-01-02"}
HOME = {"address": [{"use": "home", "line": ["1 Elm St"], "city": "Troy", "state": "NY"}]}
PHONE = {"system": "phone", "value": "5185550100"}
EMAIL = {"system": "email", "value": "ann@example.org"}
OTHER_EMAIL = {"system": "email", "value": "fox@example.org"}


def identifier(kind: str) -> dict[str, Any]:
    return {"type": {"coding": [{"code": kind}]}, "system": f"urn:example:{kind}", "value": "77"}


def patient(*parts: dict[str, Any], telecom: Any = None, identifiers: Any = ()) -> dict[str, Any]:
    whole: dict[str, Any] = {"resourceType": "Patient"}
    for part in parts:
        whole |= part
    if telecom:
        whole["telecom"] = list(telecom)
    if identifiers:
        whole["identifier"] = [identifier(kind) for kind in identifiers]
    return whole


STU2 = [
    ("name and birth date", patient(NAME, DOB), 5, False, False),
    ("with the home address", patient(NAME, DOB, HOME), 9, True, False),
    ("with a record number", patient(NAME, DOB, identifiers=["MR"]), 9, True, False),
    ("with two e-mails", patient(NAME, DOB, telecom=[EMAIL, OTHER_EMAIL]), 9, True, False),
    ("with phone and e-mail", patient(NAME, DOB, telecom=[PHONE, EMAIL]), 10, True, True),
    ("with record number and phone", patient(NAME, DOB, telecom=[PHONE], identifiers=["MR"]), 10, True, True),
    ("with a driver's licence", patient(NAME, DOB, identifiers=["DL"]), 10, True, True),
    ("name and passport", patient(NAME, identifiers=["PPN"]), 8, False, False),
    ("passport and driver's licence", patient(identifiers=["PPN", "DL"]), 10, True, True),
    ("a passport alone", patient(identifiers=["PPN"]), 5, False, False),
]


@pytest.mark.parametrize(("what", "given", "weight", "level_0", "level_1"), STU2, ids=[r[0] for r in STU2])
def test_weights_of_stu2(what: str, given: dict[str, Any], weight: int, level_0: bool, level_1: bool) -> None:
    found = input_weight(given, "stu2")
    assert (found.weight, found.base, found.level_0, found.level_1) == (weight, True, level_0, level_1)


STU1 = [
    ("a passport alone", patient(identifiers=["PPN"]), 10, True, False),
    ("a driver's licence alone", patient(identifiers=["DL"]), 10, True, False),
    ("name, birth date and home address", patient(NAME, DOB, HOME), 10, True, False),
    ("name, birth date, phone and e-mail", patient(NAME, DOB, telecom=[PHONE, EMAIL]), 10, True, False),
    ("name and birth date", patient(NAME, DOB), 6, False, False),
    ("passport and driver's licence", patient(identifiers=["PPN", "DL"]), 20, True, True),
]


@pytest.mark.parametrize(("what", "given", "weight", "level_0", "level_1"), STU1, ids=[r[0] for r in STU1])
def test_weights_of_stu1(what: str, given: dict[str, Any], weight: int, level_0: bool, level_1: bool) -> None:
    found = input_weight(given, "stu1")
    assert (found.weight, found.level_0, found.level_1) == (weight, level_0, level_1)


def test_a_text_stands_for_family_and_given() -> None:
    assert input_weight(patient({"name": [{"text": "Ann Fox"}]}, DOB)).weight == 5
    assert input_weight(patient({"name": [{"text": "Madonna"}]}, DOB)).weight == 2


def test_nothing_reaches_nothing() -> None:
    assert not input_weight(patient()).base
    assert not input_weight(patient({"name": [{"use": "official"}]}, DOB)).base


def test_claimed_profiles() -> None:
    claimed = patient({"meta": {"profile": [f"{PROFILE}-L1|2.0.0", PROFILE, "http://elsewhere"]}})
    assert claimed_levels(claimed) == ["L1", ""]
    assert not input_weight(claimed).reaches("L1")
