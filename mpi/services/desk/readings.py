"""Blind second readings: a sample of answers, given again by somebody who does not see the first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from mpi.errors import BadInput, Conflict, NotFound
from mpi.services import tasks
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.services.desk import cases
from mpi.services.desk.cases import Case
from mpi.services.desk.notes import write_note
from mpi.services.settling import until_settled
from mpi.services.stewardship import needed_reason
from mpi.storage.database import Connection
from mpi.storage.queries import query

#: The answers a second reader can give.
READABLE: Final = tasks.SAMPLED
#: Standard normal quantile of a two-sided 95 % interval.
_Z: Final = 1.959964


class Reading(NamedTuple):
    """A sampled answer and, once it was read again, the second one."""

    task_id: int
    first_by: str
    first_resolution: str
    first_at: datetime
    second_by: str | None
    second_resolution: str | None
    second_reason: str | None
    second_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far reviewers agree on what two of them read without knowing of each other.

    ``answers`` counts (first, second) answers, ``observed`` is the share of equal ones, ``expected`` the
    share that chance alone would make equal, ``kappa`` Cohen's (1960): (observed - expected) /
    (1 - expected), with its 95 % interval ``low`` to ``high``; all None below two readings, and kappa where
    chance alone explains everything (both always gave one answer).
    """

    answers: Mapping[tuple[str, str], int]
    count: int
    observed: float | None
    expected: float | None
    kappa: float | None
    low: float | None
    high: float | None
    #: Answers that wait to be read a second time, and disagreements that wait for a lead.
    unread: int
    disputed: int


def waiting(context: Context, *, actor: Actor) -> tuple[int | None, int]:
    """The next task that this person may read a second time, and how many there are."""
    with context.transaction() as conn:
        row = conn.execute(query("readings_for"), {"actor": actor.name}).fetchone()
    return (None, 0) if row is None else (row[0], row[1])


def blind_case(context: Context, task_id: int, *, actor: Actor) -> Case:
    """The two records that raised the question, as if it had not been answered: no identities, no notes.

    Raises NotFound; Conflict for one's own answer, and for one that was read twice.
    """
    with context.transaction() as conn:
        _unread(conn, task_id, actor)
    whole = cases.case(context, task_id, actor=actor, pair_only=True)
    return replace(
        whole,
        sides=tuple(replace(side, enterprise_id=None) for side in whole.sides),
        task=replace(whole.task, state="open", resolution=None, claimed_by=None),
        notes=(),
        escalated_at=None,
        escalated_by=None,
    )


def read(context: Context, task_id: int, resolution: str, reason: str, *, actor: Actor) -> bool:
    """Keep the second answer; whether it is the first one's. Nothing changes about who is who.

    Raises NotFound, BadInput; Conflict for one's own answer, and when somebody else was faster.
    """
    reason = needed_reason(reason)
    if resolution not in READABLE:
        raise BadInput(f"resolution must be one of {', '.join(READABLE)}", field="resolution")
    with context.transaction() as conn:
        found = _unread(conn, task_id, actor)
        parameters = {"task_id": task_id, "actor": actor.name, "resolution": resolution, "reason": reason}
        conn.execute(query("keep_second_reading"), parameters)
        context.audit_read(conn, actor, "read a second time", [])
    return found.first_resolution == resolution


def disputed(context: Context, *, actor: Actor) -> list[Reading]:
    """Answers that differ and wait for a lead, oldest first."""
    with context.transaction() as conn:
        rows = [Reading(*row) for row in conn.execute(query("disputed_readings")).fetchall()]
        context.audit_read(conn, actor, "list disputed readings", [])
    return rows


def settle(context: Context, task_id: int, outcome: str, *, actor: Actor) -> None:
    """Let the first answer stand (``upheld``), or take it back and ask its question again (``reopened``),
    escalated and with both answers noted beside it.

    Raises NotFound, BadInput; Conflict when the two agree, or it was settled, or cannot be taken back.
    """
    if outcome not in ("upheld", "reopened"):
        raise BadInput("outcome must be upheld or reopened", field="outcome")

    def attempt(conn: Connection) -> None:
        found = _locked(conn, task_id)
        if found.second_resolution in (None, found.first_resolution) or found.outcome is not None:
            raise Conflict(f"nothing is disputed about task {task_id}")
        if outcome == "reopened":
            tasks.take_back(context, conn, task_id, "two readers disagree", actor)
            conn.execute(query("escalate_task"), {"task_id": task_id, "actor": actor.name})
            told = (
                f"{found.first_by} answered {found.first_resolution}, {found.second_by} read the pair without"
            )
            told += f" knowing that and answered {found.second_resolution}: {found.second_reason}"
            write_note(conn, task_id, told.replace("_", " "), actor)
        conn.execute(query("settle_reading"), {"task_id": task_id, "actor": actor.name, "outcome": outcome})
        context.audit_read(conn, actor, f"settle reading: {outcome}", [])

    until_settled(context, attempt)


def _unread(conn: Connection, task_id: int, actor: Actor) -> Reading:
    found = _locked(conn, task_id)
    if found.first_by == actor.name:
        raise Conflict("you gave the first answer: somebody else reads it a second time")
    if found.second_at is not None:
        raise Conflict("somebody else was faster: it has been read a second time")
    return found


def _locked(conn: Connection, task_id: int) -> Reading:
    row = conn.execute(query("lock_reading"), {"task_id": task_id}).fetchone()
    if row is None:
        raise NotFound(f"no second reading of task {task_id}", field="task_id")
    return Reading(*row)


def agreement(context: Context, *, actor: Actor) -> Agreement:
    """Cohen's kappa of everything that was read twice, with its interval, and what waits."""
    with context.transaction() as conn:
        rows = conn.execute(query("reading_answers")).fetchall()
        unread, open_disputes = conn.execute(query("reading_backlog")).fetchone() or (0, 0)
        context.audit_read(conn, actor, "read agreement", [])
    return kappa({(first, second): count for first, second, count in rows}, unread, open_disputes)


def kappa(answers: Mapping[tuple[str, str], int], unread: int = 0, disputed: int = 0) -> Agreement:
    """Cohen's kappa of a table of answers.

    The interval is Wilson's (1927) of the observed agreement, on kappa's scale with the expected agreement
    held: unlike kappa +/- z standard errors it does not shrink to a point where few readers always agreed.

    >>> told = kappa({("a", "a"): 20, ("a", "b"): 5, ("b", "a"): 10, ("b", "b"): 15})
    >>> round(told.kappa, 3), round(told.low, 2), round(told.high, 2)
    (0.4, 0.12, 0.62)
    """
    count = sum(answers.values())
    if count < 2:
        return _agreement(answers, count, unread=unread, disputed=disputed)
    observed = sum(n for (first, second), n in answers.items() if first == second) / count
    names = {name for pair in answers for name in pair}
    expected = sum(
        sum(n for pair, n in answers.items() if pair[0] == name)
        * sum(n for pair, n in answers.items() if pair[1] == name)
        for name in names
    ) / (count * count)
    if expected >= 1:
        return _agreement(answers, count, observed, expected, unread=unread, disputed=disputed)
    low, high = _wilson(observed, count)
    on_scale = [(share - expected) / (1 - expected) for share in (observed, low, high)]
    return _agreement(answers, count, observed, expected, *on_scale, unread=unread, disputed=disputed)


def _agreement(
    answers: Mapping[tuple[str, str], int],
    count: int,
    observed: float | None = None,
    expected: float | None = None,
    kappa: float | None = None,
    low: float | None = None,
    high: float | None = None,
    *,
    unread: int,
    disputed: int,
) -> Agreement:
    return Agreement(
        answers=answers,
        count=count,
        observed=observed,
        expected=expected,
        kappa=kappa,
        low=low,
        high=high,
        unread=unread,
        disputed=disputed,
    )


def _wilson(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    centre = share + _Z**2 / (2 * count)
    spread = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return (centre - spread) / (1 + _Z**2 / count), (centre + spread) / (1 + _Z**2 / count)
