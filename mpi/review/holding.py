"""Whose a question is: taking one over, being told of it, and a lead's dealing of a view to reviewers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mpi.errors import BadInput, Conflict
from mpi.index import Deal
from mpi.review.asked import Answer, Asked, go_on, page
from mpi.review.queue import Place

#: What each reviewer gets in one round, unless the lead says otherwise.
EACH: Final = 25


def ask_takeover(asked: Asked) -> Answer:
    """The second question before a live claim is taken from somebody. Raises Conflict: nobody holds it."""
    task = asked.index.task(asked.number("task_id"), actor=asked.actor)
    if task.claimed_by in (None, asked.actor.name) or task.claim_expires_at is None:
        raise Conflict("nobody else holds this task any more")
    return page(asked, "_takeover.html", task=task, place=Place.of(asked))


def take_over_task(asked: Asked) -> Answer:
    """Hold it from now on, and go on with it."""
    task_id = asked.number("task_id")
    asked.index.desk.take_over(task_id, asked.form.get("holder", ""), actor=asked.actor)
    return go_on(asked, f"/review/tasks/{task_id}", **Place.of(asked).query)


def show_notices(asked: Asked) -> Answer:
    """What this reviewer should be told; asked for now and then by every page."""
    return page(asked, "_notices.html", notices=asked.index.desk.notices(actor=asked.actor))


def put_away_notice(asked: Asked) -> Answer:
    """Read: show the others."""
    asked.index.desk.put_away(asked.number("notice_id"), actor=asked.actor)
    return show_notices(asked)


def show_assign(asked: Asked) -> Answer:
    """Who may be dealt questions, and how many each has."""
    return _assign_page(asked)


def preview_assign(asked: Asked) -> Answer:
    """Who would get how many; nothing is assigned."""
    names, each, again = _wanted(asked)
    deal = asked.index.desk.preview_deal(Place.of(asked).view, names, each, again=again, actor=asked.actor)
    return _assign_page(asked, deal=deal, chosen=names, each=each, again=again)


def assign_tasks(asked: Asked) -> Answer:
    """Deal them, and say who got how many."""
    names, each, again = _wanted(asked)
    given = asked.index.desk.assign(Place.of(asked).view, names, each, again=again, actor=asked.actor)
    return _assign_page(asked, given=given, each=each)


def _wanted(asked: Asked) -> tuple[list[str], int, bool]:
    names = [value for field, value in asked.form.items() if field.startswith("to:")]
    if not names:
        raise BadInput("choose at least one reviewer", field="reviewers")
    return names, asked.form_number("each"), "again" in asked.form


def _assign_page(
    asked: Asked,
    *,
    deal: Deal | None = None,
    given: dict[str, int] | None = None,
    chosen: Sequence[str] | None = None,
    each: int = EACH,
    again: bool = False,
) -> Answer:
    loads = asked.index.desk.reviewers()
    place = Place.of(asked)
    content: dict[str, Any] = {
        "place": place,
        "at": place.text,
        "loads": loads,
        "deal": deal,
        "total": sum(map(len, deal.task_ids.values())) if deal else 0,
        "given": given,
        "chosen": list(loads) if chosen is None else chosen,
        "each": each,
        "again": again,
    }
    return page(asked, "assign.html", **content)
