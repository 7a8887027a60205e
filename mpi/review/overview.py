"""Figures of the desk: counts of what is stored, each with its definition and the way to what it counts."""

from __future__ import annotations

from collections import defaultdict

from mpi.review.asked import Answer, Asked, page


def show_overview(asked: Asked) -> Answer:
    """What waits, for how long, and what was answered."""
    figures = asked.index.desk.overview(actor=asked.actor)
    people: dict[str, dict[str, dict[int, int]]] = defaultdict(lambda: defaultdict(lambda: {1: 0, 7: 0}))
    for days, rows in figures["answers"].items():
        for row in rows:
            people[row["actor"]][row["resolution"]][days] = row["count"]
    answers = {who: dict(found) for who, found in sorted(people.items())}
    return page(asked, "overview.html", ages=figures["ages"], answers=answers)
