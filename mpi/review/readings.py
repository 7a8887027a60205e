"""Blind second readings: a pair without its answer, and what two answers disagree on."""

from __future__ import annotations

from typing import Any

from mpi.errors import BadInput
from mpi.review.asked import Answer, Asked, go_on, page
from mpi.review.fields import conflicts, sheet
from mpi.review.words import READINGS

PATH = "/review/readings"


def show_readings(asked: Asked) -> Answer:
    """The next pair to read a second time, and for leads the disagreements."""
    desk = asked.index.desk
    task_id, count = desk.unread(actor=asked.actor)
    case = None if task_id is None else desk.blind_case(task_id, actor=asked.actor)
    disputed = desk.disputed(actor=asked.actor) if asked.is_lead else []
    content: dict[str, Any] = {"sheet": sheet(case), "guards": conflicts(case)} if case else {}
    return page(asked, "readings.html", case=case, count=count, disputed=disputed, **content)


def ask_reading(asked: Asked) -> Answer:
    """The form that keeps a second answer."""
    resolution = asked.query.get("resolution", "")
    if resolution not in READINGS:
        raise BadInput(f"resolution must be one of {', '.join(READINGS)}", field="resolution")
    return page(asked, "_reading.html", task_id=asked.number("task_id"), resolution=resolution)


def answer_reading(asked: Asked) -> Answer:
    """Keep the second answer, and go on to the next pair."""
    reason = asked.form.get("note", "").strip() or "read a second time"
    resolution = asked.form.get("resolution", "")
    asked.index.desk.read_again(asked.number("task_id"), resolution, reason, actor=asked.actor)
    return go_on(asked, PATH)


def settle_reading(asked: Asked) -> Answer:
    """Let the first answer stand, or ask its question again."""
    task_id, outcome = asked.number("task_id"), asked.form.get("outcome", "")
    asked.index.desk.settle_reading(task_id, outcome, actor=asked.actor)
    return go_on(asked, f"/review/tasks/{task_id}" if outcome == "reopened" else PATH)
