"""Search parameters as they are asked: modifiers, prefixes, AND by repetition, OR by comma."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from mpi.fhir.outcome import Issue, Refused, refused, warning

Kind = Literal["string", "token", "date", "reference", "identifier"]

#: Every search parameter of Patient that is served, by kind.
KINDS: Final[dict[str, Kind]] = {
    "_id": "token",
    "_lastUpdated": "date",
    "active": "token",
    "address": "string",
    "address-city": "string",
    "address-country": "string",
    "address-postalcode": "string",
    "address-state": "string",
    "birthdate": "date",
    "death-date": "date",
    "deceased": "token",
    "email": "token",
    "family": "string",
    "gender": "token",
    "given": "string",
    "identifier": "identifier",
    "link": "reference",
    "mothersMaidenName": "string",
    "name": "string",
    "phone": "token",
    "phonetic": "string",
    "telecom": "token",
}
#: What says how to answer, not what to find.
CONTROLS: Final = frozenset(
    {"_count", "_cursor", "_elements", "_format", "_include", "_pretty", "_sort", "_summary", "_total"}
)
MODIFIERS: Final[dict[Kind, frozenset[str]]] = {
    "string": frozenset({"exact", "contains"}),
    "token": frozenset({"not"}),
    "date": frozenset(),
    "reference": frozenset(),
    "identifier": frozenset(),
}
PREFIXES: Final = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"})

CRITERIA_MAX: Final = 50
VALUES_MAX: Final = 100
VALUE_LENGTH_MAX: Final = 1_000

_DATE = re.compile(r"([a-z]{2})?(\d{4}(?:-\d{2}(?:-\d{2}(?:T[0-9:.]+(?:Z|[+-]\d{2}:\d{2})?)?)?)?)")
_UNESCAPED_COMMA = re.compile(r"(?<!\\),")
_UNESCAPED_BAR = re.compile(r"(?<!\\)\|")


class DateAsked(NamedTuple):
    """A partial date and how to compare with it."""

    prefix: str
    date: str


class TokenAsked(NamedTuple):
    """``system|value``; None for the part that was not given, ``""`` for ``|value``: without a system."""

    system: str | None
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One search parameter: any of ``values`` satisfies it; all criteria must be satisfied."""

    name: str
    modifier: str | None = None
    values: tuple[str, ...] = ()
    tokens: tuple[TokenAsked, ...] = ()
    dates: tuple[DateAsked, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAsked:
    """A search: its criteria, how it is to be answered, and what of it was passed over."""

    criteria: tuple[Criterion, ...]
    controls: dict[str, str] = field(default_factory=dict)
    #: The parameters that were honoured, for ``link[self]``.
    honoured: tuple[tuple[str, str], ...] = ()
    ignored: tuple[Issue, ...] = ()


def read_search(query: Iterable[tuple[str, str]], *, strict: bool) -> SearchAsked:
    """The search of decoded pairs.

    Unknown parameters are passed over and noted, with ``strict`` refused. Raises Refused 400, naming the
    parameter, for values that cannot be of its kind.
    """
    criteria, controls, honoured, ignored = [], {}, [], []
    for name, value in query:
        bare, _, modifier = name.partition(":")
        if bare in CONTROLS:
            controls[bare] = value
            honoured.append((name, value))
        elif bare in KINDS:
            if value.strip():
                criteria.append(_criterion(bare, modifier, value))
                honoured.append((name, value))
        elif strict:
            raise refused(400, "not-supported", "this search parameter is not supported", expression=bare)
        else:
            ignored.append(warning("not-supported", "this search parameter is not supported", bare))
    if len(criteria) > CRITERIA_MAX:
        raise refused(400, "too-costly", f"more than {CRITERIA_MAX} search parameters")
    return SearchAsked(
        criteria=tuple(criteria), controls=controls, honoured=tuple(honoured), ignored=tuple(ignored)
    )


def _criterion(name: str, modifier: str, value: str) -> Criterion:
    kind = KINDS[name]
    if modifier and modifier not in MODIFIERS[kind]:
        raise refused(400, "not-supported", "this modifier is not supported", expression=f"{name}:{modifier}")
    parts = [part for part in _UNESCAPED_COMMA.split(value) if part.strip()]
    if len(parts) > VALUES_MAX or any(len(part) > VALUE_LENGTH_MAX for part in parts):
        raise refused(400, "too-costly", "too many values, or one that is too long", expression=name)
    if not parts:
        raise refused(400, "invalid", "a search parameter needs a value", expression=name)
    whole = Criterion(name=name, modifier=modifier or None)
    match kind:
        case "date":
            return _with(whole, dates=tuple(_date(name, part) for part in parts))
        case "token" | "identifier":
            return _with(whole, tokens=tuple(_token(part) for part in parts))
        case _:
            return _with(whole, values=tuple(_unescaped(part.strip()) for part in parts))


def _with(
    whole: Criterion,
    values: tuple[str, ...] = (),
    tokens: tuple[TokenAsked, ...] = (),
    dates: tuple[DateAsked, ...] = (),
) -> Criterion:
    return Criterion(name=whole.name, modifier=whole.modifier, values=values, tokens=tokens, dates=dates)


def _date(name: str, part: str) -> DateAsked:
    found = _DATE.fullmatch(part.strip())
    prefix = found[1] if found and found[1] else "eq"
    if found is None or prefix not in PREFIXES or not _is_in_calendar(found[2]):
        raise refused(400, "invalid", "not a date (YYYY, YYYY-MM or YYYY-MM-DD)", expression=name)
    return DateAsked(prefix, found[2])


def _is_in_calendar(text: str) -> bool:
    year, month, day = (*(int(part) for part in text[:10].split("-")), 1, 1)[:3]
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return year > 0 and 1 <= month <= 12 and 1 <= day <= lengths[month - 1]


def _token(part: str) -> TokenAsked:
    """``system|value`` taken apart.

    >>> _token("urn:oid:1.2|A 7"), _token("urn:oid:1.2|"), _token("|7"), _token("male")
    ... # doctest: +NORMALIZE_WHITESPACE
    (TokenAsked(system='urn:oid:1.2', value='A 7'), TokenAsked(system='urn:oid:1.2', value=None),
     TokenAsked(system='', value='7'), TokenAsked(system=None, value='male'))
    """
    system, *rest = _UNESCAPED_BAR.split(part.strip(), maxsplit=1)
    if not rest:
        return TokenAsked(None, _unescaped(system))
    return TokenAsked(_unescaped(system.strip()), _unescaped(rest[0].strip()) or None)


def _unescaped(text: str) -> str:
    return re.sub(r"\\([,|$\\])", r"\1", text) if "\\" in text else text


def control_count(controls: dict[str, str], *, otherwise: int, most: int) -> int:
    """``_count``, cut to ``most``. Raises Refused 400 for what is no whole number."""
    text = controls.get("_count", "").strip()
    if not text:
        return otherwise
    if not (text.isascii() and text.isdecimal()):
        raise _bad_control("_count", "must be a whole number from 0")
    return min(int(text[:9]), most)


def control_word(controls: dict[str, str], name: str, words: frozenset[str]) -> str | None:
    """A control that is one of some words. Raises Refused 400 for any other."""
    word = controls.get(name, "").strip()
    if word and word not in words:
        raise _bad_control(name, f"must be one of {', '.join(sorted(words))}")
    return word or None


def _bad_control(name: str, told: str) -> Refused:
    return refused(400, "invalid", f"{name} {told}", expression=name)
