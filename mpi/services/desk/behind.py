"""What is behind a figure: the records or the tasks it counts, a page at a time and with bounded work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from mpi.errors import BadInput
from mpi.identity.enterprise_id import display
from mpi.services.answers import Actor, FlatRecord
from mpi.services.context import Context
from mpi.storage.queries import query

#: Rows a page shows, and links or events looked through for them; a page may then show fewer, and goes on.
LIMIT: Final = 25
LOOKED_AT: Final = 1_000
#: Links in order of record ID lie side by side: more of them cost no more.
LOOKED_AT_LINKS: Final = 10_000
OUTCOMES: Final = ("linked", "review", "new")
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """A record behind a figure."""

    source: str
    local_id: str
    flat: FlatRecord
    enterprise_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRowBehind:
    """A task behind a figure."""

    task_id: int
    kind: str
    state: str
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None
    weight: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A page of what a figure counts; ``next`` is where the following one begins, None at the end."""

    records: tuple[RecordRow, ...] = ()
    tasks: tuple[TaskRowBehind, ...] = ()
    next: str | None = None


def records_behind(
    context: Context, figure: str, asked: Mapping[str, str], after: str, *, actor: Actor
) -> Behind:
    """Records of ``records``, ``duplicates`` or ``created`` (source), ``arrivals`` (source, day, outcome) or
    ``links`` (bits).

    Raises BadInput for a figure, source, day or place that there is not.
    """
    parameters: dict[str, Any] = {"limit": LIMIT, "looked_at": LOOKED_AT, "after": after}
    match figure:
        case "records":
            name = "records_of_source"
        case "duplicates":
            name = "duplicates_of_source"
        case "created":
            name = "created_of_source"
        case "arrivals":
            if asked.get("outcome") not in OUTCOMES:
                raise BadInput(f"outcome must be one of {', '.join(OUTCOMES)}", field="outcome")
            name = "arrivals_of_day"
            parameters |= {"day": _day(asked.get("day", "")), "outcome": asked["outcome"]}
            parameters["after"] = _number(after or "0", "after")
        case "links":
            name = "links_of_weight"
            parameters |= {"bits": _number(asked.get("bits", ""), "bits"), "looked_at": LOOKED_AT_LINKS}
            parameters["after"] = _number(after or "0", "after")
        case _:
            raise BadInput("there is no such figure", field="figure")
    if figure != "links":
        parameters["source_id"] = _source_id(context, asked.get("source", ""))
    with context.transaction() as conn:
        conn.execute(query("plan_for_these_values"))
        rows = conn.execute(query(name), parameters).fetchall()
        sources = dict(
            conn.execute(query("sources_of_records"), {"record_ids": [r[0] for r in rows]}).fetchall()
        )
        found = [row for row in rows if row[0]]
        shown = [row[3] for row in found]
        context.audit_read(
            conn, actor, "read records behind a figure", shown, query_fields=[f"figure={figure}"]
        )
    goes_on = len(found) < len(rows) or (figure not in ("duplicates", "created") and len(found) == LIMIT)
    return Behind(
        records=tuple(
            RecordRow(source=sources[id], local_id=local_id, flat=flat, enterprise_id=display(eid))
            for id, local_id, flat, eid, _ in found
        ),
        next=str(rows[-1][4]) if goes_on else None,
    )


def tasks_behind(
    context: Context, figure: str, asked: Mapping[str, str], after: str, *, actor: Actor
) -> Behind:
    """Tasks of ``weights`` (bits), ``queued`` (day), ``answered`` (day or days; by, resolution, kind).

    Raises BadInput.
    """
    parameters: dict[str, Any] = {"limit": LIMIT}
    place, _, last = after.partition("~")
    parameters["after"] = _number(last or place or "0", "after")
    if figure == "weights":
        name = "tasks_of_weight"
        parameters["bits"] = _number(asked.get("bits", ""), "bits")
    elif figure in ("queued", "answered"):
        name = "tasks_queued" if figure == "queued" else "tasks_answered"
        parameters |= _span(asked)
        parameters |= {name: asked.get(name) for name in ("by", "resolution", "kind")}
        parameters["before"] = _moment(place) if last else _LATEST
    else:
        raise BadInput("there is no such figure", field="figure")
    with context.transaction() as conn:
        conn.execute(query("plan_for_these_values"))
        rows = [
            TaskRowBehind(
                task_id=row[0],
                kind=row[1],
                state=row[2],
                created_at=row[3],
                resolved_at=row[4],
                resolved_by=row[5],
                resolution=row[6],
                weight=row[7],
            )
            for row in conn.execute(query(name), parameters).fetchall()
        ]
        context.audit_read(conn, actor, "read tasks behind a figure", [], query_fields=[f"figure={figure}"])
    goes_on = rows[-1] if len(rows) == LIMIT else None
    following = None
    if goes_on is not None:
        at = goes_on.resolved_at.isoformat() if figure == "answered" and goes_on.resolved_at else ""
        following = f"{at}~{goes_on.task_id}" if at else str(goes_on.task_id)
    return Behind(tasks=tuple(rows), next=following)


def _source_id(context: Context, name: str) -> int:
    """The number of a declared source; asking declares none. Raises BadInput."""
    for source in context.sources.read():
        if source.name == name:
            return source.source_id
    raise BadInput("there is no such source", field="source")


def _span(asked: Mapping[str, str]) -> dict[str, datetime]:
    """One UTC day (``day``), or the last so many times 24 hours (``days``)."""
    if "day" in asked:
        day = _day(asked["day"])
        since = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return {"since": since, "until": since + timedelta(days=1)}
    days = _number(asked.get("days", "7"), "days")
    return {"since": datetime.now(UTC) - timedelta(days=min(days, 3650)), "until": _LATEST}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("a day is YYYY-MM-DD", field="day") from None


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("not a place in this list", field="after") from None


def _number(text: str, field: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 19):
        raise BadInput(f"{field}: not a number of ours", field=field)
    return int(text)
