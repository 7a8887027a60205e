"""DT, TS and DTM as FHIR dates and back. A date keeps the precision it was sent with."""

from __future__ import annotations

import re
from typing import NamedTuple

from mpi.hl7v2.datatypes.extensions import Element, sent
from mpi.hl7v2.message import Value

_DTM = re.compile(r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)?(\d\d)?(\.\d{1,4})?)?([+-]\d{4})?")
#: TS.2, until v2.4: the precision of a date whose digits say more.
_PRECISION = {"Y": 4, "L": 6, "D": 8}


class Moment(NamedTuple):
    """A point in time: ``date`` to its precision, ``time`` with its offset or ``""``. ``as_sent`` is the
    DTM.
    """

    date: str
    time: str
    as_sent: str


def read_moment(value: Value) -> Moment | None:
    """What a TS or DTM says; text that is none is its own ``date``, for people to look at.

    Zeros for a month or a day are not known ones. A time without an offset is kept in ``as_sent`` only:
    FHIR has no time of an unknown zone.
    """
    text = sent(value.text(1))
    if not text:
        return None
    found = _DTM.fullmatch(text)
    if found is None:
        return Moment(text, "", text)
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    parts = [year, *(p for p in (month, day) if p)]
    if "00" in parts[1:]:
        parts = parts[: parts.index("00")]
    digits = _PRECISION.get(value.text(2).upper(), 8)
    parts = parts[: (digits - 2) // 2]
    time = ""
    if hour and offset and len(parts) == 3:
        time = f"T{hour}:{minute or '00'}:{second or '00'}{fraction or ''}{offset[:3]}:{offset[3:]}"
    return Moment("-".join(parts), time, text)


def write_date(date: str) -> str:
    """A FHIR date or dateTime as DTM; what is none stays as it is.

    >>> write_date("1984-01"), write_date("2005-01-10T01:50:14+03:15")
    ('198401', '20050110015014+0315')
    """
    day, _, rest = date.partition("T")
    if not re.fullmatch(r"\d{4}(-\d\d){0,2}", day):
        return date
    clock, offset = rest, ""
    for mark in "+-Z":
        if mark in rest:
            clock, _, zone = rest.partition(mark)
            offset = "+0000" if mark == "Z" else mark + zone.replace(":", "")
    return day.replace("-", "") + clock.replace(":", "") + (offset if clock else "")


def read_period(start: Value, end: Value) -> Element:
    """FHIR's Period, empty where neither is known."""
    found = {"start": read_moment(start), "end": read_moment(end)}
    return {name: moment.date + moment.time for name, moment in found.items() if moment}


def write_period(element: Element) -> tuple[str, str]:
    """Start and end of an element's period."""
    period = element.get("period")
    if not isinstance(period, dict):
        return "", ""
    start, end = period.get("start"), period.get("end")
    return write_date(start) if isinstance(start, str) else "", write_date(end) if isinstance(
        end, str
    ) else ""
