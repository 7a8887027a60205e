"""The desk itself: the list of questions on the left, the current one on the right."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from mpi.errors import BadInput
from mpi.index import Case, Queue
from mpi.review.asked import Answer, Asked, go_on, page
from mpi.review.clusters import drawing
from mpi.review.fields import conflicts, sheet
from mpi.review.words import ORDER_NAMES, VIEW_NAMES

ROWS_PER_PAGE = 25


class Place(NamedTuple):
    """Which list somebody is in; it travels in every link, so that a page remembers its place."""

    view: str
    order: str

    @classmethod
    def of(cls, asked: Asked) -> Place:
        """The place that a request names. Raises BadInput for a view or an order that there is not."""
        given = {**asked.query, **asked.form}
        view, order = given.get("view", "all"), given.get("order", "harm")
        if view not in VIEW_NAMES or order not in ORDER_NAMES:
            raise BadInput("there is no such list", field="view")
        return cls(view, order)

    @property
    def text(self) -> str:
        """As it stands in a URL."""
        return f"view={self.view}&order={self.order}"

    @property
    def query(self) -> dict[str, str]:
        """As the query of a URL."""
        return {"view": self.view, "order": self.order}


def show_queue(asked: Asked) -> Answer:
    """A view's page with its first question; further rows only, where htmx asks for them."""
    place = Place.of(asked)
    queue = asked.index.desk.queue(
        place.view,
        place.order,
        actor=asked.actor,
        cursor=asked.query.get("after"),
        limit=ROWS_PER_PAGE,
    )
    is_more = asked.is_partial and "after" in asked.query
    first = queue.rows[0].task_id if queue.rows and not is_more else None
    case = None if first is None else asked.index.desk.case(first, actor=asked.actor)
    return _desk(asked, place, queue, case)


def show_task(asked: Asked) -> Answer:
    """The desk with this question current; the list begins with it unless it is on the first page.

    Where htmx asks, the list stands already, and the question alone will do.
    """
    place, task_id = Place.of(asked), asked.number("task_id")
    desk = asked.index.desk
    case = desk.case(task_id, actor=asked.actor)
    if asked.is_partial:
        return page(asked, "_case_alone.html", place=place, **case_content(case))
    queue = desk.queue(place.view, place.order, actor=asked.actor, limit=ROWS_PER_PAGE)
    if task_id not in [row.task_id for row in queue.rows]:
        cursor = desk.cursor_before(place.order, task_id)
        rows = desk.queue(place.view, place.order, actor=asked.actor, cursor=cursor, is_counted=False)
        queue = replace(rows, counts=queue.counts)
    return _desk(asked, place, queue, case)


def _desk(asked: Asked, place: Place, queue: Queue, case: Case | None) -> Answer:
    staged = asked.index.desk.staged_count(actor=asked.actor)
    return page(asked, "desk.html", place=place, queue=queue, staged=staged, **case_content(case))


def case_content(case: Case | None) -> dict[str, Any]:
    """What the templates show of a case."""
    if case is None:
        return {"case": None}
    graph = drawing(case.cluster) if case.cluster else None
    return {"case": case, "sheet": sheet(case), "guards": conflicts(case), "drawing": graph}


def next_after(asked: Asked, task_id: int) -> Answer:
    """Go on to the next question that nobody else holds, or to the list when there is none."""
    place = Place.of(asked)
    following = asked.index.desk.following(place.view, place.order, task_id, actor=asked.actor)
    path = "/review/" if following is None else f"/review/tasks/{following}"
    return go_on(asked, path, **place.query)
