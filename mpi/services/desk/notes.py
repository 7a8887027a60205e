"""What reviewers tell each other about a question: notes beside it, and passing it on to a lead."""

from __future__ import annotations

from typing import Final

from mpi.errors import BadInput, NotFound
from mpi.services import tasks
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.storage import tasks as storage
from mpi.storage.database import Connection
from mpi.storage.queries import query

NOTE_MAX: Final = 2_000


def add_note(context: Context, task_id: int, note: str, *, actor: Actor) -> None:
    """Write something down beside a question. Raises NotFound; BadInput for none or for a book."""
    text = _needed_note(note)
    with context.transaction() as conn:
        write_note(conn, task_id, text, actor)
        context.audit_read(conn, actor, "add note", [])


def escalate(context: Context, task_id: int, note: str, *, actor: Actor) -> None:
    """Pass a question on to a lead, with a word why; our claim ends.

    Raises ClaimedByAnother; Conflict when it is resolved; NotFound; BadInput without a note.
    """
    text = _needed_note(note)
    with context.transaction() as conn:
        row = storage.task_row(conn, task_id)
        if conn.execute(query("escalate_task"), {"task_id": task_id, "actor": actor.name}).fetchone() is None:
            tasks.refuse(row)
        write_note(conn, task_id, f"Escalated: {text}", actor)
        context.audit_read(conn, actor, "escalate task", [])


def write_note(conn: Connection, task_id: int, note: str, actor: Actor) -> None:
    """A note in a transaction that does more. Raises NotFound."""
    parameters = {"task_id": task_id, "actor": actor.name, "note": note}
    if conn.execute(query("add_note"), parameters).fetchone() is None:
        raise NotFound(f"no task {task_id}", field="task_id")


def _needed_note(note: str) -> str:
    text = note.strip()
    if not text or len(text) > NOTE_MAX or "\x00" in text:
        raise BadInput(f"a note is needed, of at most {NOTE_MAX} characters", field="note")
    return text
