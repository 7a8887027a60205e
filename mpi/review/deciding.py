"""What a reviewer does with a question: claim, preview, answer, escalate, note, undo. All lead back."""

from __future__ import annotations

from typing import Any

from mpi.errors import BadInput, Conflict, NotFound
from mpi.review.asked import Answer, Asked, go_on, page
from mpi.review.queue import Place, next_after
from mpi.review.words import DIFFERENT_REASONS, OVERRIDE_REASONS, Reason

#: What is stored where an answer needs no reason of its own.
_PLAIN_REASON = {
    "same_person": "reviewed: the evidence agrees",
    "cannot_tell": "reviewed: the records do not tell",
    "overlay": "reviewed: two people in one record",
}


def claim_task(asked: Asked) -> Answer:
    """Hold the question; tells who holds it, also when that is somebody else."""
    task_id, index = asked.number("task_id"), asked.index
    if "left" in asked.form:
        # Gone on with J or K: what was only looked at is held no longer.
        _give_back(asked, asked.form_number("left"))
    try:
        task = index.claim(task_id, actor=asked.actor)
    except Conflict:
        task = index.task(task_id, actor=asked.actor)
    counts = index.desk.counts(actor=asked.actor)
    return page(asked, "_claim.html", task=task, place=Place.of(asked), counts=counts)


def skip_task(asked: Asked) -> Answer:
    """Leave the question unanswered: ours no longer, and on to the next."""
    task_id = asked.number("task_id")
    _give_back(asked, task_id)
    return next_after(asked, task_id)


def _give_back(asked: Asked, task_id: int) -> None:
    """Release our claim, if we have one."""
    try:
        asked.index.release(task_id, actor=asked.actor)
    except (Conflict, NotFound):
        return


def preview_answer(asked: Asked) -> Answer:
    """What an answer would do, and the form that commits it."""
    resolution = asked.query.get("resolution", "")
    preview = asked.index.desk.preview(asked.number("task_id"), resolution, actor=asked.actor)
    reasons, is_override = reasons_for(resolution, bool(preview.guards))
    return page(
        asked,
        "_preview.html",
        preview=preview,
        place=Place.of(asked),
        reasons=reasons,
        is_override=is_override,
    )


def reasons_for(resolution: str, is_guarded: bool) -> tuple[tuple[Reason, ...], bool]:
    """The reasons one of which is needed, and whether that is because a guard is overridden."""
    if resolution == "different_people":
        return DIFFERENT_REASONS, False
    if resolution == "same_person" and is_guarded:
        return OVERRIDE_REASONS, True
    return (), False


def settle_task(asked: Asked) -> Answer:
    """Answer the question on the version that was seen, and go on to the next."""
    task_id, resolution = asked.number("task_id"), asked.form.get("resolution", "")
    task = asked.index.task(task_id, actor=asked.actor)
    reason = reason_as_stored(
        resolution, asked.form.get("reason", ""), asked.form.get("note", ""), bool(task.guards)
    )
    asked.index.resolve(task_id, resolution, reason, asked.form_number("version"), actor=asked.actor)
    return next_after(asked, task_id)


def reason_as_stored(resolution: str, code: str, note: str, is_guarded: bool) -> str:
    """The reason as it is kept: its code, then the note. Raises BadInput where a needed one is missing."""
    note = note.strip()
    needed, _ = reasons_for(resolution, is_guarded)
    if needed:
        if code not in [reason.code for reason in needed]:
            raise BadInput("choose a reason first", field="reason")
        if code == "other" and not note:
            raise BadInput("say in the note what the reason is", field="note")
        return f"{code}: {note}" if note else code
    return note or _PLAIN_REASON.get(resolution, "reviewed")


def undo_answer(asked: Asked) -> Answer:
    """Take an answer back and show its question again."""
    task_id = asked.number("task_id")
    asked.index.undo_resolution(task_id, "taken back at the review desk", actor=asked.actor)
    return go_on(asked, f"/review/tasks/{task_id}", **Place.of(asked).query)


def ask_escalation(asked: Asked) -> Answer:
    """The form for passing a question on."""
    task = asked.index.task(asked.number("task_id"), actor=asked.actor)
    return page(asked, "_escalate.html", task=task, place=Place.of(asked))


def escalate_task(asked: Asked) -> Answer:
    """Pass the question on to a lead, with a word why, and go on to the next."""
    task_id = asked.number("task_id")
    asked.index.desk.escalate(task_id, asked.form.get("note", ""), actor=asked.actor)
    return next_after(asked, task_id)


def add_note(asked: Asked) -> Answer:
    """Write a note beside the question."""
    task_id = asked.number("task_id")
    asked.index.desk.add_note(task_id, asked.form.get("note", ""), actor=asked.actor)
    case = asked.index.desk.case(task_id, actor=asked.actor)
    content: dict[str, Any] = {"case": case, "place": Place.of(asked)}
    return page(asked, "_notes.html", **content)
