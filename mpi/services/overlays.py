"""Updates that were held back because they read as somebody else:

released, rejected, and either taken back.
"""

from __future__ import annotations

from dataclasses import replace

from mpi.errors import Conflict
from mpi.matching.flat import source_record
from mpi.services.answers import Actor
from mpi.services.arrivals import arrive
from mpi.services.context import Context
from mpi.services.updating import revise
from mpi.storage.candidates import look
from mpi.storage.database import Connection
from mpi.storage.records import HeldUpdate, Previous, previous_content, settle_held


def release_held(context: Context, conn: Connection, task_id: int, held: HeldUpdate, actor: Actor) -> None:
    """It is the same person after all: what was held becomes current, and the record is reconsidered."""
    settle_held(conn, task_id, "released")
    _make_current(context, conn, held, Previous(held.after, held.original), actor)


def reject_held(conn: Connection, task_id: int) -> None:
    """It is somebody else: the record stays as it is; what was sent is kept with the task."""
    settle_held(conn, task_id, "rejected")


def undo_held(context: Context, conn: Connection, task_id: int, held: HeldUpdate, actor: Actor) -> None:
    """The answer is taken back: the update waits again, and if it was released, the record says what it said
    before.

    Raises Conflict when another update is held by now.
    """
    if held.outcome == "released":
        before = previous_content(conn, held.record_id)
        if before is None:
            raise Conflict("the record has no earlier version to go back to")
        _make_current(context, conn, held, before, actor)
    if not settle_held(conn, task_id, None):
        raise Conflict("another update of this record is held by now: settle that first")


def _make_current(
    context: Context, conn: Connection, held: HeldUpdate, wanted: Previous, actor: Actor
) -> None:
    record = replace(source_record(wanted.content), original=wanted.original)
    arrival = arrive(record, held.source_id, held.record_id, context.rules, context.authorities.domains())
    seen = look(conn, [arrival.asked()])
    revise(context, conn, arrival, seen.known[0], seen, actor)
