"""The aligned rows of a case: per field both sides as sent and as compared, the level, and its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from mpi.index import Case, Side
from mpi.review.visible import compared, look_alike
from mpi.review.words import FIELD_NAMES, PART_MEANINGS, words

_PARTS_OF_ADDRESS: Final = ("street", "city", "state", "zip")
_ROWS: Final = (
    "family", "given", "middle", "suffix", "birth_date", "sex", "ssn", "record_number", "national_id",
    "phone", "email", "address", "mother_maiden", "birth_order", "placeholder_name", "deceased",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One side's values of a field: as sent with what differs marked, as compared, and every other value."""

    sent: Markup
    normalized: str | None
    others: tuple[tuple[str, str], ...]
    warning: str | None

    @property
    def is_empty(self) -> bool:
        """Whether this side says nothing."""
        return not self.sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A field. ``verdict`` is agrees, close, differs or none, for colour and icon."""

    name: str
    cells: tuple[Cell, ...]
    level: str
    verdict: str
    weight: float | None
    note: str | None
    result: str


def rows(case: Case) -> list[Row]:
    """The rows of a case that either side says something in, in a fixed order."""
    parts = {part["field"]: part for part in case.why["fields"]} if case.why else {}
    found = [_row(field, case, parts.get(field)) for field in _ROWS]
    return [row for row in found if row.weight is not None or not all(cell.is_empty for cell in row.cells)]


def allowances(case: Case) -> list[Row]:
    """What counts besides the fields: the rarity of matches, and what people of one home have in common."""
    parts = case.why["fields"] if case.why else []
    return [
        Row(
            name=FIELD_NAMES[part["field"]],
            cells=(),
            level="",
            verdict="none",
            weight=part["weight"],
            note=PART_MEANINGS[part["field"]],
            result="",
        )
        for part in parts
        if part["field"] in PART_MEANINGS and abs(part["weight"]) >= 0.05
    ]


def weight_max(rows_: Iterable[Row]) -> float:
    """The weight that fills a bar."""
    return max((abs(row.weight) for row in rows_ if row.weight is not None), default=1.0)


def _row(field: str, case: Case, part: dict[str, Any] | None) -> Row:
    texts = [_values(side.flat, field) for side in case.sides]
    marked = part is None or part["level"] not in ("exact", "same")
    values = part["values"] if part and part["values"] else [None] * len(case.sides)
    cells = tuple(
        _cell(
            field,
            side,
            texts[place],
            texts[1 - place] if marked and len(texts) == 2 and texts[1 - place] else texts[place],
            values[place],
        )
        for place, side in enumerate(case.sides)
    )
    return Row(
        name=FIELD_NAMES[field],
        cells=cells,
        level=words(part["level"]) if part and part["level"] else _absent(texts),
        verdict=_verdict(part),
        weight=part["weight"] if part else None,
        note=_frequency(part),
        result=" · ".join(_values(case.best_record, field)),
    )


def _absent(texts: list[list[str]]) -> str:
    return "not compared" if all(texts) else "one side only"


def _verdict(part: dict[str, Any] | None) -> str:
    if part is None:
        return "none"
    if part["level"] in ("exact", "same"):
        return "agrees"
    return "close" if part["weight"] > 0 else "differs"


def _frequency(part: dict[str, Any] | None) -> str | None:
    if not part or not part["frequency"]:
        return None
    return f"1 person in {max(1, round(1 / part['frequency'])):,}"


def _cell(field: str, side: Side, texts: list[str], other: list[str], normalized: Any) -> Cell:
    sent = " · ".join(texts)
    told = _normalized(normalized)
    return Cell(
        sent=compared(sent, " · ".join(other)) if sent else Markup(""),
        normalized=told if told and told.casefold() != sent.casefold() else None,
        others=tuple(_others(field, side, texts)),
        warning=look_alike(sent) or _dropped(field, side),
    )


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


def _others(field: str, side: Side, texts: list[str]) -> Iterator[tuple[str, str]]:
    """The values of the side's other records and of former versions, each once, with where they are from."""
    known = {text.casefold() for text in texts}
    told = [(record["source"], record["flat"]) for record in side.records]
    for source, flat in (*told, *(("before an update", flat) for flat in side.former)):
        for text in _values(flat, field):
            if text.casefold() not in known:
                known.add(text.casefold())
                yield text, source


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
