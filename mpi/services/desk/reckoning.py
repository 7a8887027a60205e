"""What is reckoned now and then, for it takes long at a million records: figures, arrivals, expected harm.

Every process of the server asks ``refresh`` once a minute, and one of them does what is due. A small index is
quick: its overview is reckoned when it is looked at.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mpi.identity.change import TaskKind
from mpi.identity.harm import expected_harm
from mpi.services.context import Context
from mpi.storage.database import LOCK_RECKONING, Connection
from mpi.storage.queries import query

#: Questions whose harm one transaction reckons.
CHUNK: Final = 1_000
#: How old a figure may get in a running server.
FIGURES_SECONDS: Final = 15 * 60
HARM_SECONDS: Final = 3600
#: What took no longer than this is reckoned on the page itself, if it is older than that.
QUICK_SECONDS, QUICK_AGE_SECONDS = 0.1, 20
#: How far back the series go.
SERIES_DAYS: Final = 90
FIGURES, HARM = "overview", "harm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The last reckoning of a figure: what it found, how long that took, and when."""

    content: dict[str, Any]
    seconds: float
    reckoned_at: datetime
    age_seconds: float


def figure(context: Context, name: str) -> Figure | None:
    """A figure as it was reckoned last; None when it never was."""
    with context.transaction() as conn:
        row = conn.execute(query("figure"), {"name": name}).fetchone()
    if row is None:
        return None
    content, seconds, reckoned_at, age = row
    return Figure(content=content, seconds=seconds, reckoned_at=reckoned_at, age_seconds=age)


def overview_figure(context: Context) -> Figure | None:
    """The overview's figures; of a small index as of this moment. None: nobody has reckoned yet."""
    found = figure(context, FIGURES)
    is_quick = found is None or (found.seconds <= QUICK_SECONDS and found.age_seconds > QUICK_AGE_SECONDS)
    if is_quick and _few_records(context) and reckon_figures(context):
        found = figure(context, FIGURES)
    return found


def _few_records(context: Context) -> bool:
    """Whether reckoning cannot take long."""
    with context.transaction() as conn:
        row = conn.execute(query("has_few_records")).fetchone()
    return bool(row and row[0])


def refresh(context: Context) -> list[str]:
    """Reckon what is due; the names of what was. Another process that is at it already is left alone."""
    done = []
    for name, seconds, reckon in _DUE:
        found = figure(context, name)
        if (found is None or found.age_seconds >= seconds) and reckon(context):
            done.append(name)
    return done


def reckon_figures(context: Context) -> bool:
    """Reckon the overview's figures and the arrivals of days that are not final; False: another is at it."""
    began = time.perf_counter()
    with context.transaction() as conn:
        if not _may_begin(conn):
            return False
        for (day,) in conn.execute(query("days_to_reckon")).fetchall():
            conn.execute(query("forget_intake_day"), {"day": day})
            conn.execute(query("reckon_intake_day"), {"day": day})
        content = _content(conn)
        _keep(conn, FIGURES, content, time.perf_counter() - began)
    return True


def _may_begin(conn: Connection) -> bool:
    row = conn.execute(query("begin_reckoning"), {"lock": LOCK_RECKONING}).fetchone()
    return bool(row and row[0])


def _keep(conn: Connection, name: str, content: dict[str, Any], seconds: float) -> None:
    parameters = {"name": name, "content": json.dumps(content, default=str), "seconds": seconds}
    conn.execute(query("keep_figure"), parameters)


def _content(conn: Connection) -> dict[str, Any]:
    """Rows as lists, in the order of their statement's columns."""
    days = {"days": SERIES_DAYS}
    return {
        "duplicates": _rows(conn, "duplicates_by_source"),
        "created": _rows(conn, "duplicates_created", days),
        "arrivals": _rows(conn, "intake_series", days),
        "linked_weights": _rows(conn, "weights_of_links"),
        "asked_weights": _rows(conn, "weights_of_tasks"),
        "flow": _rows(conn, "queue_flow", days),
        "hours": _rows(conn, "hours_to_answer", {"days": 30}),
    }


def _rows(conn: Connection, name: str, parameters: dict[str, Any] | None = None) -> list[list[Any]]:
    return [list(row) for row in conn.execute(query(name), parameters).fetchall()]


def _keep_harm(context: Context) -> bool:
    began = time.perf_counter()
    looked_at = reckon_harm(context)
    with context.transaction() as conn:
        _keep(conn, HARM, {"tasks": looked_at}, time.perf_counter() - began)
    return True


def reckon_harm(context: Context) -> int:
    """Reckon the expected harm of all open questions, in bounded transactions; how many were looked at."""
    after, looked_at = 0, 0
    while True:
        with context.transaction() as conn:
            rows = conn.execute(query("harm_inputs"), {"after": after, "limit": CHUNK}).fetchall()
            changed = dict(filter(None, map(_changed_harm, rows)))
            if changed:
                parameters = {"task_ids": list(changed), "priorities": list(changed.values())}
                conn.execute(query("set_harm"), parameters)
        looked_at += len(rows)
        if len(rows) < CHUNK:
            return looked_at
        after = rows[-1][0]


def _changed_harm(row: tuple[Any, ...]) -> tuple[int, int] | None:
    """A task with its expected harm, where that is no longer the stored one."""
    task_id, kind, probability, guards, priority, record_count, quiet_days = row
    harm = expected_harm(
        TaskKind(kind), probability, guards=tuple(guards), record_count=record_count, quiet_days=quiet_days
    )
    return (task_id, harm) if harm != priority else None


#: What is reckoned now and then, how old it may get, and how.
_DUE: Final = ((FIGURES, FIGURES_SECONDS, reckon_figures), (HARM, HARM_SECONDS, _keep_harm))
