"""Shortcuts for plain values: they answer as the whole rule does, or not at all."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mpi.matching.normalization.identifiers import plain_ssns, read_ssn
from mpi.matching.normalization.names import PLACEHOLDER_PAIRS, is_plain_family, plain_part, read_name
from mpi.matching.normalization.phones import plain_phones, read_phone
from mpi.matching.normalization.streets import read_after_number, read_street
from mpi.matching.normalization.tables import listed
from mpi.matching.record import NormalizedIdentifier, NormalizedName, PersonName

LINE = (
    "MAIN ST STREET N NORTH AVE APT UNIT # 4B 2 BOX PO P O B POB CALLER RD ROAD CR HWY HIGHWAY CO COUNTY "
    "STATE US RT 5 -7 1/2 2ND FL FLOOR REAR BLDG RR HC PSC GENERAL DELIVERY FIRST ST. , ; C/O \\N - / TH"
)
WORDS = st.sampled_from(LINE.split())
RESTS = st.lists(WORDS | st.text("AB12 #-/,.", max_size=5), min_size=1, max_size=6).map(" ".join)


@settings(deadline=None)
@given(RESTS, st.integers(0, 99_999), st.integers(0, 99_999))
@example("COUNTY RD 5", 12, 7)
@example("PO BOX 5", 12, 100)
@example("MAIN ST # PO BOX 5", 12, 100)
def test_a_street_reads_the_same_after_every_number(rest: str, first: int, second: int) -> None:
    for number in (str(first), str(second)):
        # A space before the number keeps the line in one piece.
        whole = read_street(f" {number} {rest}")
        after = read_after_number(rest.upper())
        assert read_street(f"{number} {rest}") == whole == (number + after.street, after.unit)


@settings(deadline=None)
@given(st.integers(0, 9_999_999_999))
def test_plain_phones_are_read_as_one_and_ten_digits(number: int) -> None:
    if plain_phones(np.array([number]))[0]:
        assert {
            read_phone(text.format(number)).number for text in ("{:010}", "1{:010}", "+1{:010}", "+1 {:010}")
        } == {f"1{number:010}"}


def test_no_placeholder_phone_is_plain() -> None:
    digits = [*listed("phones", "sequences"), "2222222222", "2125550100", "6175559999", "2126666666"]
    assert not plain_phones(np.array([int(text) for text in digits])).any()
    assert plain_phones(np.array([2128675309])).all()


@settings(deadline=None)
@given(st.integers(0, 999_999_999) | st.integers(0, 9).map(lambda digit: 111_111_111 * digit))
def test_plain_ssns_are_read_as_such(number: int) -> None:
    if plain_ssns(np.array([number]))[0]:
        digits = f"{number:09}"
        assert read_ssn(digits).identifier == NormalizedIdentifier("SSN", "SS", digits)
        assert read_ssn(f"{digits[:3]}-{digits[3:5]}-{digits[5:]}") == read_ssn(digits)


def test_no_placeholder_ssn_is_plain() -> None:
    digits = [*listed("ssn", "advertised"), *listed("ssn", "sequences"), "987654321", "987654329"]
    assert not plain_ssns(np.array([int(text) for text in digits])).any()
    assert plain_ssns(np.array([536228714])).all()


PARTS = st.sampled_from(
    ["", "Ann", "JOHN", "Doe", "TEST", "Baby", "ooo", "O'Neil", "Mary Ann", "Jr", "X", "é"]
)


@settings(deadline=None)
@given(PARTS, PARTS, PARTS)
def test_a_name_of_plain_parts_is_those_parts(given: str, middle: str, family: str) -> None:
    parts = [plain_part(part) for part in (given, middle, family)]
    first, second, last = parts
    if first is None or second is None or last is None or not is_plain_family(last):
        return
    if (first, last) in PLACEHOLDER_PAIRS:
        return
    reading = read_name(PersonName(given, middle, family))
    assert reading.names == (NormalizedName(first, second, last, ""),)
    assert not reading.dropped
    assert reading.temporary is None
