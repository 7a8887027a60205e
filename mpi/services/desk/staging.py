"""Answers marked one after the other and committed together: one look at all, each told its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mpi.errors import BadInput, MpiError, NotFound
from mpi.identity.change import Resolution
from mpi.services import tasks
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.services.desk.previews import ResolutionPreview, preview
from mpi.storage.queries import query

#: Answers that one commit takes, and one page shows what they would do.
STAGED_MAX: Final = 25
TEXT_MAX: Final = 1_900


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """An answer marked on the version that was seen. ``failure``: why its last commit did not go through."""

    task_id: int
    version: int
    resolution: str
    reason: str
    note: str
    failure: str | None
    kind: str
    #: The question as it stands.
    state: str
    current_version: int
    guards: tuple[str, ...]

    @property
    def told_reason(self) -> str:
        """Its reason as it will be stored: the code, then the note."""
        return f"{self.reason}: {self.note}" if self.reason and self.note else self.reason or self.note

    @property
    def is_stale(self) -> bool:
        """Whether the question changed since the answer was marked."""
        return self.state == "resolved" or self.current_version != self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedPreview:
    """A staged answer with what it would do, or why it would fail."""

    staged: Staged
    outcome: ResolutionPreview | None
    problem: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What became of one staged answer: ``failure`` is None when it was committed."""

    task_id: int
    resolution: str
    failure: str | None
    #: A merge that waits for a second person's word from now on.
    is_proposed: bool = False


def stage(
    context: Context, task_id: int, version: int, resolution: str, reason: str, note: str, *, actor: Actor
) -> None:
    """Mark an answer, in place of one marked before. Raises NotFound, BadInput."""
    if resolution not in tuple(Resolution):
        raise BadInput(f"resolution must be one of {', '.join(Resolution)}", field="resolution")
    if len(reason) + len(note) > TEXT_MAX:
        raise BadInput(f"a note has at most {TEXT_MAX} characters", field="note")
    parameters = {
        "actor": actor.name,
        "task_id": task_id,
        "version": version,
        "resolution": resolution,
        "reason": reason,
        "note": note.strip(),
    }
    with context.transaction() as conn:
        if conn.execute(query("stage_answer"), parameters).fetchone() is None:
            raise NotFound(f"no task {task_id}", field="task_id")


def unstage(context: Context, task_id: int, *, actor: Actor) -> None:
    """Take the mark away; harmless when there was none."""
    with context.transaction() as conn:
        conn.execute(query("unstage_answer"), {"actor": actor.name, "task_id": task_id})


def staged(context: Context, *, actor: Actor) -> list[Staged]:
    """What this reviewer has marked, in that order: what the next commit takes."""
    with context.transaction() as conn:
        parameters = {"actor": actor.name, "limit": STAGED_MAX}
        rows = conn.execute(query("staged_answers"), parameters).fetchall()
    return [
        Staged(
            task_id=task_id,
            version=version,
            resolution=resolution,
            reason=reason,
            note=note,
            failure=failure,
            kind=kind,
            state=state,
            current_version=current,
            guards=tuple(guards),
        )
        for task_id, version, resolution, reason, note, failure, kind, state, current, guards in rows
    ]


def staged_count(context: Context, *, actor: Actor) -> int:
    """How many answers this reviewer has marked."""
    with context.transaction() as conn:
        row = conn.execute(query("staged_count"), {"actor": actor.name}).fetchone()
    return int(row[0]) if row else 0


def preview_staged(context: Context, *, actor: Actor) -> list[StagedPreview]:
    """What each marked answer would do by itself, on things as they stand."""
    return [_previewed(context, answer, actor) for answer in staged(context, actor=actor)]


def _previewed(context: Context, answer: Staged, actor: Actor) -> StagedPreview:
    if answer.is_stale:
        told = (
            "answered meanwhile" if answer.state == "resolved" else "changed since you marked it: look again"
        )
        return StagedPreview(staged=answer, outcome=None, problem=told)
    try:
        outcome = preview(context, answer.task_id, answer.resolution, actor=actor)
    except MpiError as error:
        return StagedPreview(staged=answer, outcome=None, problem=str(error))
    return StagedPreview(staged=answer, outcome=outcome, problem=None)


def commit_staged(context: Context, seen: Mapping[int, str], *, actor: Actor) -> list[Committed]:
    """Answer the marked questions one after the other, each in a transaction of its own.

    What goes through loses its mark; what does not keeps it, with why, and stops none of the others.

    Args:
        seen: task ID → the resolution that the preview showed; what was marked otherwise since is left alone.
    """
    marked = staged(context, actor=actor)
    return [
        _committed(context, answer, actor)
        for answer in marked
        if seen.get(answer.task_id) == answer.resolution
    ]


def _committed(context: Context, answer: Staged, actor: Actor) -> Committed:
    try:
        reason = answer.told_reason or "reviewed"
        done = tasks.resolve(context, answer.task_id, answer.resolution, reason, answer.version, actor=actor)
    except MpiError as error:
        with context.transaction() as conn:
            parameters = {"actor": actor.name, "task_id": answer.task_id, "failure": str(error)}
            conn.execute(query("fail_staged"), parameters)
        return Committed(task_id=answer.task_id, resolution=answer.resolution, failure=str(error))
    unstage(context, answer.task_id, actor=actor)
    return Committed(
        task_id=answer.task_id,
        resolution=answer.resolution,
        failure=None,
        is_proposed=done.state != "resolved",
    )
