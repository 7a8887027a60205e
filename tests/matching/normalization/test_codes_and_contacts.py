"""Sex codes, telephone numbers and e-mail addresses."""

from __future__ import annotations

import pytest

from mpi.matching.normalization.codes import read_sex
from mpi.matching.normalization.emails import read_email
from mpi.matching.normalization.phones import is_north_american, read_phone


@pytest.mark.parametrize(
    ("sent", "sex"),
    [
        *((code, "M") for code in ("M", "male", "1", "m.")),
        *((code, "F") for code in ("F", "Female", "f ", "2")),
        *((code, "X") for code in ("O", "other", "X", "A", "non-binary")),
        *((code, "") for code in ("U", "unknown", "N", "0", "9")),
    ],
)
def test_sex_codes_of_all_the_standards_meet(sent: str, sex: str) -> None:
    assert read_sex(sent) == (sex, "")


def test_a_code_nobody_knows_is_reported() -> None:
    assert read_sex("lFx") == ("", "unknown-code")


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        ("(212) 867-5309", "12128675309"),
        ("212.867.5309", "12128675309"),
        ("+1 212 867 5309", "12128675309"),
        ("1-212-867-5309", "12128675309"),
        ("001 212 867 5309", "12128675309"),
        ("212-867-5309 x123", "12128675309"),
        ("212-867-5309 ext. 123", "12128675309"),
        ("212-867-5309;ext=12", "12128675309"),
        ("212-867-5309 #12", "12128675309"),
        ("1-800-FLOWERS", "18003569377"),
        ("２１２-867-5309", "12128675309"),
        ("+44 (0)20 7946 0958", "442079460958"),
        ("0044 20 7946 0958", "442079460958"),
        ("011 44 20 7946 0958", "442079460958"),
        ("+47 22 12 34 56", "004722123456"),
        ("867-5309", "8675309"),
        ("752 954629", "752954629"),
        ("0752 954629", "0752954629"),
        ("(906)078-7877", "19060787877"),
        ("+3-954-555-0132 x9744", "39545550132"),
        ("646-555-0152", "16465550152"),
    ],
)
def test_telephone_numbers_meet_in_one_form(sent: str, number: str) -> None:
    assert read_phone(sent) == (number, "")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("999-999-9999", "placeholder-phone"),
        ("000-000-0000", "placeholder-phone"),
        ("555-555-5555", "placeholder-phone"),
        ("212-555-1234", "placeholder-phone"),
        ("555-5555", "placeholder-phone"),
        ("1234567890", "placeholder-phone"),
        ("212-999-9999", "placeholder-phone"),
        ("12345", "phone-too-short"),
        ("none", "phone-empty"),
        ("1" + "2345678901" * 3, "phone-too-long"),
    ],
)
def test_numbers_that_reach_nobody_are_reported(sent: str, reason: str) -> None:
    assert read_phone(sent) == ("", reason)


def test_what_the_north_american_plan_allows() -> None:
    assert is_north_american("12128675309")
    for number in ("19060787877", "19118675309", "11128675309", "442079460958", ""):
        assert not is_north_american(number)


@pytest.mark.parametrize(
    ("sent", "address"),
    [
        ("Grace.Okonkwo@Example.COM", "grace.okonkwo@example.com"),
        ("grace+lab@example.com", "grace@example.com"),
        ("g.race@googlemail.com", "grace@gmail.com"),
        ("Grace Okonkwo <grace@example.com>", "grace@example.com"),
        ("mailto:grace@example.com", "grace@example.com"),
        (" grace@example.com. ", "grace@example.com"),
        ("ｇrace@example.com", "grace@example.com"),
    ],
)
def test_addresses_of_one_mailbox_meet(sent: str, address: str) -> None:
    assert read_email(sent) == (address, "")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("none@none.com", "placeholder-email"),
        ("noreply@example.com", "placeholder-email"),
        ("test@example.com", "placeholder-email"),
        ("grace", "email-format"),
        ("grace@nowhere", "email-format"),
        ("em@aosn@ware.com", "email-format"),
        ("@example.com", "email-format"),
    ],
)
def test_addresses_that_reach_nobody_are_reported(sent: str, reason: str) -> None:
    assert read_email(sent) == ("", reason)
