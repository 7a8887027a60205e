"""Dates with the precision they were sent with: unknown parts stay unknown, impossible ones are reported."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mpi.matching.normalization.tables import listed
from mpi.matching.normalization.transliteration import to_ascii
from mpi.matching.record import PartialDate

#: Registers of historical people begin here; what is plausible for a patient is for the comparison to weigh.
YEAR_MIN = 1000
YEAR_MAX = 2100
#: A two-digit year from here on can only be of the 1900s; below it the century is not known.
TWO_DIGIT_YEAR_MIN = 30

_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_MONTH_NAMES = (
    "JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE",
    "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER", "DECEMBER",
)  # fmt: skip
_MONTHS = {name[:3]: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_PLACEHOLDER_WORDS = listed("dates", "words")


def _dates(key: str) -> frozenset[tuple[int, ...]]:
    return frozenset(tuple(map(int, text.split("-"))) for text in listed("dates", key))


_YEAR_ONLY = _dates("year_only")
_DROPPED = frozenset(date for date in _dates("dropped") if len(date) == 3) | {(0, 0, 0)}
_DROPPED_YEARS = frozenset(date[0] for date in _dates("dropped") if len(date) == 1)
# What a scanner makes of digits; g and q are nines, G is a six.
_SCANNED = str.maketrans("oOQDlI|!zZsSBGgq", "0000111122558699")

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_SLASHED = re.compile(r"(\d\d?)/(\d\d?)/(\d{4})", re.ASCII)
# A time after the date: ISO "T10:30", HL7 "19800101103000.0000-0500", "1/2/1980 0:00".
_TIME = re.compile(r"(?<=\d)[T ]\s*\d{1,2}:\d\d.*$", re.ASCII | re.DOTALL)
_HL7 = re.compile(r"(\d{8})(\d{2,6}(\.\d+)?)?([+-]\d{4})?", re.ASCII)
_UNKNOWN_PART = re.compile(r"[?xX*_uU#]+")
_SEPARATORS = re.compile(r"[-/.,\s\\]+")
_WORD = re.compile(r"[A-Za-z]{3,}")


class DateReading(NamedTuple):
    """What a text says of a date, and why it says no more."""

    date: PartialDate | None
    reasons: tuple[str, ...] = ()


@lru_cache(maxsize=65_536)
def read_date(text: str) -> DateReading:
    """The date a text says, at the precision it says it.

    Order where it is not plain: a year of four digits leads; slashes are month/day/year, dashes and dots
    day-month-year, each the other way round where that alone is possible. Reasons: docs/normalization.md.

    >>> read_date("1937-13-31")
    DateReading(date=PartialDate(year=1937, month=0, day=0), reasons=('impossible-month',))
    >>> read_date("????-05-01").date
    PartialDate(year=0, month=5, day=1)
    """
    plain = _ISO.fullmatch(text)
    if plain:
        return _dated(int(plain[1]), int(plain[2]), int(plain[3]))
    slashed = _SLASHED.fullmatch(text)
    if slashed:
        return _year_last(int(slashed[1]), int(slashed[2]), int(slashed[3]), True)
    if len(text) == 8 and text.isascii() and text.isdigit():
        return _from_digits(text)
    ascii_text = to_ascii(text).strip()
    if ascii_text.upper() in _PLACEHOLDER_WORDS:
        return DateReading(None, ("placeholder-date",))
    without_time = _TIME.sub("", ascii_text)
    if without_time.isdigit() or _HL7.fullmatch(without_time):
        stamp = _HL7.fullmatch(without_time)
        return _from_digits(stamp[1] if stamp else without_time)
    if _WORD.search(without_time) and not _UNKNOWN_PART.search(without_time[:1]):
        named = _from_month_name(without_time)
        if named:
            return named
    return _from_parts(without_time)


def _from_digits(digits: str) -> DateReading:
    if len(digits) == 8:
        year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
        # 12251980: read as a year first it would be month 19 of 1225.
        american = int(digits[4:]), int(digits[:2]), int(digits[2:4])
        if not _possible(year, month, day) and _possible(*american):
            return _dated(*american)
        return _dated(year, month, day)
    if len(digits) == 6:
        if YEAR_MIN <= int(digits[:4]) <= YEAR_MAX and int(digits[4:]) <= 12:
            return _dated(int(digits[:4]), int(digits[4:]), 0)
        return _two_digit_year(int(digits[4:]), int(digits[:2]), int(digits[2:4]))
    if len(digits) == 4:
        return _dated(int(digits), 0, 0)
    return DateReading(None, ("unreadable-date",))


def _from_month_name(text: str) -> DateReading | None:
    """``14 Feb 1976``, ``February 14, 1976``, ``14-FEB-76``, ``Feb 1976``; None where no word is a month."""
    words = [word.upper() for word in _WORD.findall(text)]
    months = [_MONTHS[word[:3]] for word in words if word[:3] in _MONTHS and _is_month(word)]
    if len(months) != 1 or len(words) > 2:
        return None
    numbers = re.findall(r"\d+", text, re.ASCII)
    years = [number for number in numbers if len(number) == 4]
    days = [number for number in numbers if len(number) <= 2]
    if len(years) == 1 and len(days) <= 1:
        return _dated(int(years[0]), months[0], int(days[0]) if days else 0)
    if not years and len(days) == 2:
        return _two_digit_year(int(days[1]), months[0], int(days[0]))
    return None


def _is_month(word: str) -> bool:
    return word == "SEPT" or any(name.startswith(word) for name in _MONTH_NAMES)


def _from_parts(text: str) -> DateReading:
    """Three or two numbers between separators, scanned letters read as digits, unknown parts left unknown."""
    joined = _digits("".join(_SEPARATORS.split(text)))
    parts = [part for part in _SEPARATORS.split(text.strip("-/., ")) if part]
    if len(parts) != 3 or sum(map(len, parts)) > 14:
        if len(parts) == 2:
            return _from_two(parts, joined)
        return _from_digits(joined) if len(joined) == 8 else DateReading(None, ("unreadable-date",))
    first, second, third = (_part(part) for part in parts)
    if _is_year(parts[0]) and not _is_year(parts[2]):
        return _unreadable_parts(_dated(first, second, third), parts)
    if _is_year(parts[2]):
        return _unreadable_parts(_year_last(first, second, third, "/" in text), parts)
    if not all(len(part) <= 2 for part in parts):
        return _from_digits(joined) if len(joined) == 8 else DateReading(None, ("unreadable-date",))
    if first > 31:
        return _two_digit_year(first, second, third)
    month, day = (first, second) if "/" in text else (second, first)
    return _two_digit_year(third, *_ordered(month, day))


def _from_two(parts: list[str], joined: str) -> DateReading:
    first, second = _part(parts[0]), _part(parts[1])
    if len(parts[0]) == 4 and len(parts[1]) <= 2:
        return _dated(first, second, 0)
    if len(parts[1]) == 4 and len(parts[0]) <= 2:
        return _dated(second, first, 0)
    return _from_digits(joined) if len(joined) == 8 else DateReading(None, ("unreadable-date",))


def _year_last(first: int, second: int, year: int, slashes: bool) -> DateReading:
    month, day = (first, second) if slashes else (second, first)
    return _dated(year, *_ordered(month, day))


def _ordered(month: int, day: int) -> tuple[int, int]:
    return (day, month) if month > 12 and 1 <= day <= 12 else (month, day)


def _digits(part: str) -> str:
    return re.sub(r"\D", "", part.translate(_SCANNED), flags=re.ASCII)


def _is_year(part: str) -> bool:
    """Three characters or more: a year, though a digit may be lost or a letter slipped in."""
    return len(part) >= 3


def _part(part: str) -> int:
    """The number a part says; 0 where it is unknown, or cannot be read as one or two digits or a year."""
    if part.isdigit():
        return int(part) if len(part) <= 4 and len(part) != 3 else 0
    if _UNKNOWN_PART.search(part):
        stray = re.sub(r"[A-Za-z]", "", part)
        return int(stray) if len(part) == 5 and len(stray) == 4 and stray.isdigit() else 0
    for digits in (_digits(part), re.sub(r"\D", "", part)):
        if len(digits) == 4 or (digits and len(digits) <= 2):
            return int(digits)
    return 0


def _unreadable_parts(reading: DateReading, parts: list[str]) -> DateReading:
    """The reading, with a word on parts that were sent, are not a sign for unknown, and could not be read."""
    unread = [
        part for part in parts if _part(part) == 0 and not _UNKNOWN_PART.fullmatch(part) and part.strip("0")
    ]
    return DateReading(reading.date, (*reading.reasons, "unreadable-part")) if unread else reading


def _two_digit_year(year: int, month: int, day: int) -> DateReading:
    if year >= TWO_DIGIT_YEAR_MIN:
        return _dated(1900 + year, month, day)
    reading = _dated(0, month, day)
    return DateReading(reading.date, (*reading.reasons, "century-unknown"))


def _possible(year: int, month: int, day: int) -> bool:
    return YEAR_MIN <= year <= YEAR_MAX and 1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]


def _dated(year: int, month: int, day: int) -> DateReading:
    """The date of three numbers, 0 = unknown, with what is impossible made unknown and named."""
    written = year, month, day
    if written in _DROPPED or year in _DROPPED_YEARS:
        return DateReading(None, ("placeholder-date",))
    if written in _YEAR_ONLY:
        return DateReading(PartialDate(year, 0, 0), ("placeholder-day",))
    reasons = []
    if year and not YEAR_MIN <= year <= YEAR_MAX:
        year = 0
        reasons.append("year-out-of-range")
    if 12 < month <= 31 and 1 <= day <= 12:
        month, day = day, month
        reasons.append("day-month-swapped")
    elif month > 12:
        month = day = 0
        reasons.append("impossible-month")
    if day > _days_in(year, month):
        day = 0
        reasons.append("impossible-day")
    date = PartialDate(year, month, day)
    return DateReading(date if any(date) else None, tuple(reasons))


def _days_in(year: int, month: int) -> int:
    """Days of the month; 31 where the month is not known, 29 for a February of an unknown year."""
    if month == 2 and year and (year % 4 or (year % 100 == 0 and year % 400)):
        return 28
    return _DAYS[month - 1] if month else 31
