"""Social Security numbers by their rules, other identifiers as letters and digits."""

from __future__ import annotations

import pytest

from mpi.matching.normalization.identifiers import read_identifier, read_ssn
from mpi.matching.record import Identifier


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("536-22-8714", ("SSN", "SS", "536228714")),
        ("536 22 8714", ("SSN", "SS", "536228714")),
        ("536228714", ("SSN", "SS", "536228714")),
        ("536-22- 8714", ("SSN", "SS", "536228714")),
        ("SSN: 536-22-8714", ("SSN", "SS", "536228714")),
        ("53b-22-8714".replace("b", "G"), ("SSN", "SS", "536228714")),
        ("|04-87-S603", ("SSN", "SS", "104875603")),
        ("8714", ("SSN", "SSN4", "8714")),
        ("XXX-XX-8714", ("SSN", "SSN4", "8714")),
        ("***-**-8714", ("SSN", "SSN4", "8714")),
        ("000-00-8714", ("SSN", "SSN4", "8714")),
        ("912-70-1234", ("ITIN", "TAX", "912701234")),
        ("CF79595185HLJA", ("SSN", "NI", "CF79595185HLJA")),
        ("cf 79595185 hlja", ("SSN", "NI", "CF79595185HLJA")),
        ("4571236", ("SSN", "NI", "4571236")),
    ],
)
def test_what_stands_in_the_ssn_field(sent: str, expected: tuple[str, str, str]) -> None:
    assert read_ssn(sent) == (expected, "")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("000-22-8714", "ssn-area"),
        ("666-22-8714", "ssn-area"),
        ("900-22-8714", "ssn-area"),
        ("999-22-8714", "ssn-area"),
        ("536-00-8714", "ssn-group"),
        ("536-22-0000", "ssn-serial"),
        ("078-05-1120", "ssn-advertised"),
        ("219-09-9999", "ssn-advertised"),
        ("987-65-4321", "ssn-advertised"),
        ("123-45-6789", "placeholder-ssn"),
        ("111-11-1111", "placeholder-ssn"),
        ("999-99-9999", "placeholder-ssn"),
        ("1234", "placeholder-ssn"),
        ("0000", "placeholder-ssn"),
        ("9999", "placeholder-ssn"),
        ("000-00-0000", "placeholder-ssn"),
        ("UNKNOWN", "placeholder-identifier"),
        ("none", "placeholder-identifier"),
        ("12", "identifier-too-short"),
        ("---", "identifier-empty"),
    ],
)
def test_numbers_that_were_never_issued_are_reported(sent: str, reason: str) -> None:
    assert read_ssn(sent) == (None, reason)


@pytest.mark.parametrize(
    "identifier",
    [
        Identifier("http://hl7.org/fhir/sid/us-ssn", None, "536-22-8714"),
        Identifier("2.16.840.1.113883.4.1", "SS", "536228714"),
        Identifier("SSA", None, "536228714"),
        Identifier("NORTH", "SS", "536228714"),
    ],
)
def test_the_ssn_is_one_whoever_sends_it(identifier: Identifier) -> None:
    assert read_identifier(identifier).identifier == ("SSN", "SS", "536228714")


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        (Identifier("NORTH", "MR", " mrn-0042 "), ("NORTH", "MR", "MRN0042")),
        (Identifier("NORTH", "mr", "0042"), ("NORTH", "MR", "0042")),
        (Identifier("MA-DMV", "DL", "s1234.5678"), ("MA-DMV", "DL", "S12345678")),
        (Identifier("NORTH", None, "7"), ("NORTH", "", "7")),
        (Identifier("http://hl7.org/fhir/sid/us-mbi", None, "1EG4-TE5-MK73"), ("MBI", "MC", "1EG4TE5MK73")),
    ],
)
def test_identifiers_keep_who_issued_them(identifier: Identifier, expected: tuple[str, str, str]) -> None:
    assert read_identifier(identifier) == (expected, "")


@pytest.mark.parametrize(
    ("identifier", "reason"),
    [
        (Identifier("NORTH", "MR", "000000"), "placeholder-identifier"),
        (Identifier("NORTH", "MR", "99999"), "placeholder-identifier"),
        (Identifier("NORTH", "MR", "n/a"), "placeholder-identifier"),
        (Identifier("NORTH", "MR", "123456789"), "placeholder-identifier"),
        (Identifier("NORTH", "MR", "..."), "identifier-empty"),
        (Identifier("http://hl7.org/fhir/sid/us-mbi", None, "1SG4TE5MK73"), "mbi-format"),
    ],
)
def test_identifiers_that_identify_nobody_are_reported(identifier: Identifier, reason: str) -> None:
    assert read_identifier(identifier) == (None, reason)
