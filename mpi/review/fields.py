"""The aligned rows of a case: per field both sides as sent and as compared, the level, and its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate
from typing import Any, Final, NamedTuple

from markupsafe import Markup

from mpi.index import Case, PairView, Side
from mpi.plots import EvidenceScale
from mpi.review.visible import compared, drawn_alike, look_alike, shown
from mpi.review.words import (
    CONFLICTS,
    FIELD_NAMES,
    FREQUENCY_NAMES,
    GUARD_NAMES,
    PART_MEANINGS,
    SEX_CONFLICT,
    YEARS_APART_MIN,
    words,
)

_PARTS_OF_ADDRESS: Final = ("street", "city", "state", "zip")
_ROWS: Final = (
    "family", "given", "middle", "suffix", "birth_date", "sex", "ssn", "record_number", "national_id",
    "phone", "email", "address", "mother_maiden", "birth_order", "placeholder_name", "deceased",
)  # fmt: skip


class Other(NamedTuple):
    """A further value of a side: of another of its records, or of an earlier version (then with its end)."""

    text: str
    source: str
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One side's values of a field: as sent with what differs marked, as compared, and every other value."""

    sent: Markup
    normalized: str | None
    others: tuple[Other, ...]
    warnings: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether this side says nothing."""
        return not self.sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A field. ``verdict`` is agrees, close, differs or none, for colour and icon; ``start`` is the sum of
    the weights before this one.
    """

    name: str
    cells: tuple[Cell, ...]
    level: str
    verdict: str
    weight: float | None
    note: str | None
    result: str
    start: float = 0.0


class Sheet(NamedTuple):
    """A case as it is read from top to bottom: the prior, the fields, the allowances, each from where the
    last one ended.
    """

    before: tuple[Row, ...]
    fields: tuple[Row, ...]
    after: tuple[Row, ...]
    scale: EvidenceScale | None


def sheet(case: PairView) -> Sheet:
    """The rows that either side says something in, in a fixed order, and the scale of their sum."""
    parts = {part["field"]: part for part in case.why["fields"]} if case.why else {}
    found = [_row(field, case, parts.get(field)) for field in _ROWS]
    fields = [row for row in found if row.weight is not None or not all(cell.is_empty for cell in row.cells)]
    before = [_allowance(parts["prior"])] if "prior" in parts else []
    after = [
        _allowance(part)
        for name, part in parts.items()
        if name != "prior" and name in PART_MEANINGS and abs(part["weight"]) >= 0.05
    ]
    weights = [row.weight for row in (*before, *fields, *after) if row.weight is not None]
    scale = EvidenceScale.of(weights, case.review_weight, case.link_weight) if case.why else None
    starts = iter(accumulate(weights, initial=0.0))

    def placed(rows: list[Row]) -> tuple[Row, ...]:
        return tuple(row if row.weight is None else replace(row, start=next(starts)) for row in rows)

    return Sheet(placed(before), placed(fields), placed(after), scale)


def _allowance(part: dict[str, Any]) -> Row:
    """What counts besides the fields: the rarity of matches, and what people of one home have in common."""
    return Row(
        name=FIELD_NAMES[part["field"]],
        cells=(),
        level="",
        verdict="none",
        weight=part["weight"],
        note=PART_MEANINGS[part["field"]],
        result="",
    )


def _row(field: str, case: PairView, part: dict[str, Any] | None) -> Row:
    texts = [_values(side.flat, field) for side in case.sides]
    marked = part is None or part["level"] not in ("exact", "same")
    values = part["values"] if part and part["values"] else [None] * len(case.sides)
    is_pair = len(texts) == 2
    cells = tuple(
        _cell(field, side, texts[place], texts[1 - place] if is_pair else [], values[place], is_marked=marked)
        for place, side in enumerate(case.sides)
    )
    return Row(
        name=FIELD_NAMES[field],
        cells=cells,
        level=words(part["level"]) if part and part["level"] else _absent(texts),
        verdict=_verdict(part),
        weight=part["weight"] if part else None,
        note=_frequency(field, part),
        result=" · ".join(_values(case.best_record, field)),
    )


def _absent(texts: list[list[str]]) -> str:
    return "not weighed" if all(texts) else "one side only"


def _verdict(part: dict[str, Any] | None) -> str:
    if part is None:
        return "none"
    if part["level"] in ("exact", "same"):
        return "agrees"
    return "close" if part["weight"] > 0 else "differs"


def _frequency(field: str, part: dict[str, Any] | None) -> str | None:
    """How rare the value is that both have, in words."""
    if not part or not part["frequency"]:
        return None
    return f"{FREQUENCY_NAMES.get(field, 'value')} of 1 in {max(1, round(1 / part['frequency'])):,}"


def _cell(
    field: str, side: Side, texts: list[str], other: list[str], normalized: Any, *, is_marked: bool
) -> Cell:
    sent, facing = " · ".join(texts), " · ".join(other)
    told = _normalized(normalized) or " · ".join(side.compared.get(field, ()))
    alike = None if sent.isascii() and not facing.isascii() else drawn_alike(sent, facing)
    shared = list(_shared(field, side))
    dropped = None if shared else _dropped(field, side)
    warnings = [look_alike(sent), alike, dropped, *shared]
    return Cell(
        sent=(compared(sent, facing) if is_marked and facing else shown(sent)) if sent else Markup(""),
        normalized=told if told and told.casefold() != sent.casefold() else None,
        others=tuple(_others(field, side, texts)),
        warnings=tuple(dict.fromkeys(filter(None, warnings))),
    )


def _shared(field: str, side: Side) -> Iterator[str]:
    """How many people have the value, where that are many."""
    for one in side.shared:
        if one.field == field:
            people = f"{one.people:,} or more people" if one.is_cut else f"{one.people:,} people"
            name = FIELD_NAMES[field] if field == "ssn" else FIELD_NAMES[field].lower()
            if one.reason:
                yield f"{name} used by {people}: ignored" if one.people > 1 else f"{name}: ignored"
            else:
                yield f"{name} used by {people}"


def _normalized(value: Any) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    return " · ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


#: Where a field's own name and the one its values are sent under differ.
_SENT_AS: Final = {
    "record_number": ("mrn", "identifiers"),
    "national_id": ("identifiers",),
    "address": _PARTS_OF_ADDRESS,
    "family": ("family", "name", "names"),
    "given": ("given", "name", "names"),
}


def _dropped(field: str, side: Side) -> str | None:
    sent_as = _SENT_AS.get(field, (field,))
    reasons = [words(one["reason"]) for one in side.dropped if one["field"] in sent_as]
    return f"not used as evidence: {', '.join(dict.fromkeys(reasons))}" if reasons else None


def _others(field: str, side: Side, texts: list[str]) -> Iterator[Other]:
    """The values of the side's other records and of former versions, each once, with where they are from."""
    known = {text.casefold() for text in texts}
    told = [(record["source"], None, record["flat"]) for record in side.records]
    told += [(one["source"], one["until"], one["flat"]) for one in side.former]
    for source, until, flat in told:
        for text in _values(flat, field):
            if text.casefold() not in known:
                known.add(text.casefold())
                yield Other(text, source, until)


def conflicts(case: PairView) -> list[dict[str, str]]:
    """What speaks against one person, as badges: the guards first, then contradictions no guard tells."""
    guards = list(case.why["guards"]) if case.why else []
    named = {hit["guard"] for hit in guards}
    if isinstance(case, Case):
        said = case.guard_reasons
        raised = [name for name in case.task.guards if name not in named]
        guards += [{"guard": name, "effect": "review", "reason": said.get(name, "")} for name in raised]
    told = {GUARD_NAMES.get(hit["guard"], hit["guard"]) for hit in guards}
    levels = {part["field"]: part for part in case.why["fields"]} if case.why else {}
    for field, wanted, name, reason in CONFLICTS:
        part = levels.get(field)
        if part and part["level"] in wanted and name not in told:
            guards.append({"guard": name, "effect": "", "reason": reason})
    if {side.compared.get("sex") for side in case.sides} == {("F",), ("M",)}:
        guards.append({"guard": SEX_CONFLICT[0], "effect": "", "reason": SEX_CONFLICT[1]})
    if (years := _years_apart(levels.get("birth_date"))) >= YEARS_APART_MIN:
        guards.append({"guard": f"Born {years} years apart", "effect": "", "reason": ""})
    return guards


def _years_apart(part: dict[str, Any] | None) -> int:
    """How many years lie between two birth dates of which both years are known."""
    years = [str(value)[:4] for value in (part or {}).get("values") or ()]
    return abs(int(years[0]) - int(years[1])) if len(years) == 2 and all(map(str.isdecimal, years)) else 0


def _values(flat: Mapping[str, Any], field: str) -> list[str]:
    """What a flat record says in a field, the current value first."""
    match field:
        case "family" | "given" | "middle" | "suffix":
            found = [flat.get(field), *(name.get(field) for name in flat.get("names") or ())]
        case "phone" | "email":
            found = [flat.get(field), *(flat.get(f"{field}s") or ())]
        case "address":
            lists = [flat, *(flat.get("addresses") or ())]
            found = [", ".join(str(a[p]) for p in _PARTS_OF_ADDRESS if a.get(p)) for a in lists]
        case "record_number":
            found = [flat.get("mrn")]
        case "national_id":
            found = [f"{i['authority']} {i.get('value') or ''}" for i in flat.get("identifiers") or ()]
        case "placeholder_name":
            found = []
        case _:
            found = [flat.get(field)]
    return list(dict.fromkeys(str(value) for value in found if value not in (None, "")))


#: The columns in which a person page shows its records.
FLAT_ORDER: Final = (
    "family", "given", "middle", "suffix", "birth_date", "sex", "ssn", "mrn", "phone", "email",
    "street", "city", "state", "zip", "mother_maiden", "deceased",
)  # fmt: skip
