"""Answers marked one after the other and committed together: one look at all, each told its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mpi.errors import BadInput, MpiError, NotFound
from mpi.identity.change import Change, Resolution
from mpi.identity.enterprise_id import display
from mpi.identity.neighbourhood import Neighbourhood
from mpi.identity.resolving import resolve_task
from mpi.services import tasks
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.storage.neighbourhood import load_neighbourhood
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
class StagedEffect:
    """What an answer would do, in short: who survives whom, which systems hold records of them."""

    surviving: str | None
    subsumed: str | None
    moved_count: int
    systems: tuple[str, ...]
    #: A record gets an identity of its own.
    is_parted: bool
    is_held_apart: bool
    #: Other questions that this answers too.
    closed_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedPreview:
    """A staged answer with what it would do, or why it would fail."""

    staged: Staged
    effect: StagedEffect | None
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
    """What each marked answer would do by itself, on things as they stand; all in a few round trips."""
    marked = staged(context, actor=actor)
    task_ids = [answer.task_id for answer in marked if not answer.is_stale]
    with context.transaction() as conn:
        state = load_neighbourhood(conn, task_ids=task_ids)
        found = {answer.task_id: _outcome(context, state, answer) for answer in marked}
        changes = [change for change in found.values() if isinstance(change, Change)]
        identities = {id for change in changes for m in change.merges for id in (m.surviving, m.subsumed)}
        rows = conn.execute(query("systems_of"), {"enterprise_ids": list(identities)}).fetchall()
        context.audit_read(conn, actor, "preview staged answers", identities)
    systems = {enterprise_id: set(names) for enterprise_id, names in rows}
    return [_previewed(answer, found[answer.task_id], systems) for answer in marked]


def _outcome(context: Context, state: Neighbourhood, answer: Staged) -> Change | str:
    """The change that the answer would be, or why it would fail."""
    if answer.state == "resolved":
        return "answered meanwhile"
    if answer.is_stale:
        return "changed since you marked it: look again"
    try:
        resolution = Resolution(answer.resolution)
        return resolve_task(state, answer.task_id, resolution, mint=context.mint, reason="preview")
    except MpiError as error:
        return str(error)


def _previewed(answer: Staged, change: Change | str, systems: Mapping[str, set[str]]) -> StagedPreview:
    if isinstance(change, str):
        return StagedPreview(staged=answer, effect=None, problem=change)
    merge = change.merges[-1] if change.merges else None
    told = systems.get(merge.surviving, set()) | systems.get(merge.subsumed, set()) if merge else set()
    closed = [t for t in change.task_changes if t.state == "resolved" and t.task_id != answer.task_id]
    effect = StagedEffect(
        surviving=display(merge.surviving) if merge else None,
        subsumed=display(merge.subsumed) if merge else None,
        moved_count=len(merge.moved_record_ids) if merge else 0,
        systems=tuple(sorted(told)),
        is_parted=bool(change.links and not merge),
        is_held_apart=any(a.verdict == "different" for a in change.assertions),
        closed_count=len(closed),
    )
    return StagedPreview(staged=answer, effect=effect, problem=None)


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
