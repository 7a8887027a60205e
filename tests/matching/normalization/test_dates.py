"""Dates keep the precision they were sent with; what cannot be is unknown and reported."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpi.matching.normalization.dates import read_date
from rewriting import texts, written


@pytest.mark.parametrize(
    ("sent", "date"),
    [
        ("1980-02-29", (1980, 2, 29)),
        ("19800229", (1980, 2, 29)),
        ("1980/2/9", (1980, 2, 9)),
        ("1980.02.09", (1980, 2, 9)),
        ("1980", (1980, 0, 0)),
        ("1980-02", (1980, 2, 0)),
        ("198002", (1980, 2, 0)),
        ("02/1980", (1980, 2, 0)),
        ("1980-02-29T10:30:00Z", (1980, 2, 29)),
        ("1980-02-29 00:00:00", (1980, 2, 29)),
        ("19800229103000.0000-0500", (1980, 2, 29)),
        ("198002291030", (1980, 2, 29)),
        ("2/14/1976", (1976, 2, 14)),
        ("14/2/1976", (1976, 2, 14)),
        ("03/07/1976", (1976, 3, 7)),
        ("30-08-1988", (1988, 8, 30)),
        ("03-07-1988", (1988, 7, 3)),
        ("08-30-1988", (1988, 8, 30)),
        ("30.08.1988", (1988, 8, 30)),
        ("12251980", (1980, 12, 25)),
        ("14 Feb 1976", (1976, 2, 14)),
        ("February 14, 1976", (1976, 2, 14)),
        ("14-FEB-76", (1976, 2, 14)),
        ("Feb 1976", (1976, 2, 0)),
        ("2/14/76", (1976, 2, 14)),
        ("????-05-01", (0, 5, 1)),
        ("1980-??-??", (1980, 0, 0)),
        ("1980-XX-01", (1980, 0, 1)),
        ("1980-00-00", (1980, 0, 0)),
        ("0000-05-01", (0, 5, 1)),
        ("????-02-29", (0, 2, 29)),
        ("١٩٨٠-٠٢-٠٩", (1980, 2, 9)),
        ("1989-O9-l1", (1989, 9, 11)),
        ("1956 0720", (1956, 7, 20)),
    ],
)
def test_dates_are_read_as_precisely_as_they_were_sent(sent: str, date: tuple[int, int, int]) -> None:
    assert read_date(sent) == (date, ())


@pytest.mark.parametrize(
    ("sent", "date", "reason"),
    [
        ("1937-13-31", (1937, 0, 0), "impossible-month"),
        ("1937-02-30", (1937, 2, 0), "impossible-day"),
        ("1981-02-29", (1981, 2, 0), "impossible-day"),
        ("1980-01-32", (1980, 1, 0), "impossible-day"),
        ("2005-20-12", (2005, 12, 20), "day-month-swapped"),
        ("3/7/15", (0, 3, 7), "century-unknown"),
        ("0397-05-06", (0, 5, 6), "year-out-of-range"),
        ("2397-05-06", (0, 5, 6), "year-out-of-range"),
        ("197-02-15", (0, 2, 15), "unreadable-part"),
        ("2000-01-01", (2000, 0, 0), "placeholder-day"),
        ("1900-01-01", None, "placeholder-date"),
        ("01/01/1900", None, "placeholder-date"),
        ("19000101", None, "placeholder-date"),
        ("1800-01-01", None, "placeholder-date"),
        ("1901-01-01", None, "placeholder-date"),
        ("1111-11-11", None, "placeholder-date"),
        ("9999-12-31", None, "placeholder-date"),
        ("0000-00-00", None, "placeholder-date"),
        ("unknown", None, "placeholder-date"),
        ("Missing, but age 23", None, "unreadable-date"),
        ("yesterday", None, "unreadable-date"),
        ("-", None, "unreadable-date"),
        ("1989110", None, "unreadable-date"),
    ],
)
def test_what_cannot_be_is_unknown_and_reported(
    sent: str, date: tuple[int, int, int] | None, reason: str
) -> None:
    assert read_date(sent) == (date, (reason,))


@given(st.dates())
def test_every_possible_day_reads_back(day: object) -> None:
    iso = str(day)
    reading = read_date(iso)
    if not reading.reasons:
        assert written(reading.date) == iso
        assert read_date(iso.replace("-", "")) == reading


@given(texts)
def test_no_text_makes_a_date_that_is_not_one(text: str) -> None:
    reading = read_date(text)
    if reading.date:
        assert read_date(written(reading.date) or "") == (reading.date, ())
    elif text.strip("0 -/.?xX"):
        assert reading.reasons or not text.strip()
