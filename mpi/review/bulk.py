"""Many questions at once: mark an answer in each row, look once at what all of them would do, commit once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from mpi.errors import BadInput
from mpi.index import QueueRow, StagedPreview
from mpi.review.asked import Answer, Asked, go_on, page
from mpi.review.deciding import reason_as_stored, reasons_for
from mpi.review.queue import ROWS_PER_PAGE, Place
from mpi.review.visible import compared, shown

#: Title → the fields of a flat record that a row shows in one cell.
COLUMNS: Final = {
    "Name": ("family", "given", "middle", "suffix"),
    "Born": ("birth_date",),
    "Sex": ("sex",),
    "SSN": ("ssn",),
    "Phone": ("phone",),
    "Address": ("street", "city", "state", "zip"),
}
#: The answers that can be marked, by key; of a held update only the first two.
MARKS: Final = {"same_person": "M", "different_people": "N", "cannot_tell": "U"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One side of a question in one line: where it is from, and a cell for each of ``COLUMNS``."""

    source: str
    cells: tuple[Markup, ...]


def show_bulk(asked: Asked) -> Answer:
    """A page of a view as a table, each row with both sides and the answer marked so far."""
    place, desk = Place.of(asked), asked.index.desk
    queue = desk.queue(
        place.view,
        place.order,
        actor=asked.actor,
        cursor=asked.query.get("after"),
        limit=ROWS_PER_PAGE,
    )
    marked = {answer.task_id: answer for answer in desk.staged(actor=asked.actor)}
    return page(
        asked,
        "bulk.html",
        place=place,
        at=place.text,
        queue=queue,
        lines={row.task_id: lines(row) for row in queue.rows},
        marked=marked,
        staged=desk.staged_count(actor=asked.actor),
        columns=list(COLUMNS),
        marks=MARKS,
    )


def lines(row: QueueRow) -> list[Line]:
    """The people of a question, one line each; what the other line has not is marked."""
    texts = [[_text(flat, fields) for fields in COLUMNS.values()] for _, flat in row.people[:2]]
    found = []
    for place, (source, _) in enumerate(row.people[:2]):
        other = texts[1 - place] if len(texts) == 2 else texts[place]
        cells = tuple(
            compared(text, against) if text and against else shown(text)
            for text, against in zip(texts[place], other, strict=True)
        )
        found.append(Line(source=source, cells=cells))
    return found


def _text(flat: dict[str, Any], fields: tuple[str, ...]) -> str:
    return (", " if len(fields) > 1 else "").join(str(flat[name]) for name in fields if flat.get(name))


def stage_answer(asked: Asked) -> Answer:
    """Keep a mark, or take it away where the answer is empty; says how many there are."""
    task_id, resolution = asked.number("task_id"), asked.form.get("resolution", "")
    desk = asked.index.desk
    if resolution:
        version = asked.form_number("version")
        reason, note = asked.form.get("reason", ""), asked.form.get("note", "")
        desk.stage(task_id, version, resolution, reason, note, actor=asked.actor)
    else:
        desk.unstage(task_id, actor=asked.actor)
    count = desk.staged_count(actor=asked.actor)
    return page(asked, "_staged.html", staged=count, at=Place.of(asked).text, is_update=True)


def give_reason(asked: Asked) -> Answer:
    """One reason for all marked answers of a kind that still lack theirs; then the preview again."""
    desk, resolution, code = asked.index.desk, asked.form.get("resolution", ""), asked.form.get("reason", "")
    for answer in desk.staged(actor=asked.actor):
        reasons, _ = reasons_for(resolution, bool(answer.guards))
        if answer.resolution == resolution and not answer.reason and code in [r.code for r in reasons]:
            desk.stage(answer.task_id, answer.version, resolution, code, answer.note, actor=asked.actor)
    return go_on(asked, "/review/bulk/preview", **Place.of(asked).query)


def preview_bulk(asked: Asked) -> Answer:
    """What every marked answer would do, and which of them still lack a reason."""
    previews = asked.index.desk.preview_staged(actor=asked.actor)
    return _bulk_preview(asked, previews)


def _bulk_preview(asked: Asked, previews: list[StagedPreview]) -> Answer:
    place = Place.of(asked)
    reasons = {one.staged.task_id: _reasons(one) for one in previews}
    missing = {one.staged.task_id: _missing(one) for one in previews}
    ready = [one for one in previews if one.effect and not missing[one.staged.task_id]]
    lacking = {
        one.staged.resolution: reasons[one.staged.task_id] for one in previews if missing[one.staged.task_id]
    }
    seen = " ".join(f"{one.staged.task_id}:{one.staged.resolution}" for one in ready)
    return page(
        asked,
        "bulk_preview.html",
        place=place,
        at=place.text,
        previews=previews,
        reasons=reasons,
        missing=missing,
        lacking=lacking,
        seen=seen,
        ready_count=len(ready),
        staged=asked.index.desk.staged_count(actor=asked.actor),
    )


def _reasons(one: StagedPreview) -> tuple[Any, ...]:
    reasons, _ = reasons_for(one.staged.resolution, bool(one.staged.guards))
    return reasons


def _missing(one: StagedPreview) -> str | None:
    """What a marked answer lacks to be committed."""
    answer = one.staged
    try:
        reason_as_stored(answer.resolution, answer.reason, answer.note, bool(answer.guards))
    except BadInput as error:
        return str(error)
    return None


def commit_bulk(asked: Asked) -> Answer:
    """Commit what the preview showed, and say of each what became of it."""
    place, desk = Place.of(asked), asked.index.desk
    outcomes = desk.commit_staged(_seen(asked.form.get("seen", "")), actor=asked.actor)
    return page(
        asked,
        "bulk_done.html",
        place=place,
        at=place.text,
        done=[one for one in outcomes if one.failure is None],
        failed=[one for one in outcomes if one.failure is not None],
        staged=desk.staged_count(actor=asked.actor),
    )


def _seen(text: str) -> dict[int, str]:
    """Task ID → resolution, as the preview showed them. Raises BadInput."""
    found = {}
    for one in text.split():
        task_id, _, resolution = one.partition(":")
        if not (task_id.isascii() and task_id.isdecimal() and len(task_id) < 20):
            raise BadInput("this is not what the preview showed", field="seen")
        found[int(task_id)] = resolution
    return found
