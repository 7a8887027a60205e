"""What is behind a figure of the overview: its records or tasks, a page at a time."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from mpi.errors import BadInput
from mpi.review.asked import Answer, Asked, page

#: Figure → what its pages are called.
RECORD_FIGURES: Final = {
    "records": "Active records",
    "duplicates": "Records that share their identity with another record of their source",
    "created": "Duplicates among the records of the last 30 days",
    "arrivals": "Records that arrived",
    "links": "Records that the machine linked with this weight",
}
TASK_FIGURES: Final = {
    "weights": "Tasks of this weight",
    "queued": "Tasks queued",
    "answered": "Tasks answered",
}
#: What a figure can be asked by, in the order in which a page says it.
ASKED_BY: Final = ("source", "day", "days", "outcome", "bits", "by", "resolution", "kind")


def show_behind(asked: Asked) -> Answer:
    """A page of what a figure counts. Raises BadInput for a figure that there is not."""
    figure = asked.path["figure"]
    wanted = {name: asked.query[name] for name in ASKED_BY if asked.query.get(name)}
    after = asked.query.get("after", "")
    desk = asked.index.desk
    if figure in RECORD_FIGURES:
        title, found = RECORD_FIGURES[figure], desk.records_behind(figure, wanted, after, actor=asked.actor)
    elif figure in TASK_FIGURES:
        title, found = TASK_FIGURES[figure], desk.tasks_behind(figure, wanted, after, actor=asked.actor)
    else:
        raise BadInput("there is no such figure", field="figure")
    following = urlencode({**wanted, "after": found.next}) if found.next else None
    return page(
        asked,
        "behind.html",
        title=title,
        figure=figure,
        wanted=wanted,
        found=found,
        is_of_records=figure in RECORD_FIGURES,
        following=following,
    )
