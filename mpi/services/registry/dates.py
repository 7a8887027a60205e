"""Dates of a search: FHIR's prefixes (eq, ne, lt, gt, le, ge, sa, eb, ap) on dates that may be partial."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mpi.errors import BadInput

_VALUE = re.compile(
    r"(eq|ne|lt|gt|le|ge|sa|eb|ap)?(\d{4})(?:-?(\d\d))?(?:-?(\d\d))?(?:T.*)?", re.DOTALL | re.ASCII
)
#: How far "approximately" reaches, in years.
_ABOUT_YEARS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DateTest:
    """One prefixed date. Dates are compared as ranges of days, a year being 0101 to 1231."""

    prefix: str
    first: str
    last: str
    digits: str

    def holds(self, digits: str) -> bool:
        """Whether a date, as ``terms.date_digits`` writes it, satisfies it."""
        first, last = _range(digits)
        if self.prefix == "eq":
            return self.first <= first and last <= self.last
        if self.prefix == "ne":
            return not (self.first <= first and last <= self.last)
        if self.prefix == "ap":
            return self.first <= last and first <= self.last
        if self.prefix in ("lt", "eb"):
            return (first if self.prefix == "lt" else last) < self.first
        if self.prefix in ("gt", "sa"):
            return (last if self.prefix == "gt" else first) > self.last
        return first <= self.last if self.prefix == "le" else last >= self.first

    def beginnings(self) -> list[str]:
        """Beginnings of digits, one of which every date that satisfies it has."""
        if self.prefix == "eq":
            return [self.digits]
        low, high = "0000", "9999"
        if self.prefix in ("ge", "gt", "sa", "ap"):
            low = self.first[:4]
        if self.prefix in ("le", "lt", "eb", "ap"):
            high = self.last[:4]
        return year_beginnings(int(low), int(high))


def date_test(text: str, field: str) -> DateTest:
    """A prefixed date as FHIR writes it, or HL7 v2. Raises BadInput naming the field."""
    match = _VALUE.fullmatch(text.strip())
    if match is None or not _possible(match[3], match[4]):
        raise BadInput(f"{field}: a date such as 1984, 1984-03 or ge1984-03-17 is wanted", field=field)
    digits = "".join(part for part in match.groups()[1:] if part)
    first, last = _range(digits)
    prefix = match[1] or "eq"
    if prefix == "ap":
        year = int(digits[:4])
        first = f"{max(year - _ABOUT_YEARS, 0):04}{first[4:]}"
        last = f"{min(year + _ABOUT_YEARS, 9999):04}{last[4:]}"
    return DateTest(prefix=prefix, first=first, last=last, digits=digits)


def year_beginnings(low: int, high: int) -> list[str]:
    """The fewest beginnings that all years from low to high, and no others, have.

    >>> year_beginnings(1978, 1991)
    ['1978', '1979', '198', '1990', '1991']
    """
    found: list[str] = []
    while low <= high:
        width = 1
        while low % (width * 10) == 0 and low + width * 10 - 1 <= high and width < 1000:
            width *= 10
        found.append(f"{low:04}"[: 4 - len(str(width)) + 1])
        low += width
    return found


def _range(digits: str) -> tuple[str, str]:
    return digits + "0101"[len(digits) - 4 :], digits + "1231"[len(digits) - 4 :]


def _possible(month: str | None, day: str | None) -> bool:
    return (month is None or 1 <= int(month) <= 12) and (day is None or 1 <= int(day) <= 31)
