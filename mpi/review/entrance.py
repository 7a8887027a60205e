"""Coming in, and being told that something is not possible."""

from __future__ import annotations

from http import HTTPStatus

from mpi.review.asked import Answer
from mpi.review.rendering import render


def login_page(told: str = "", status: int = 200, *, is_open: bool = False) -> Answer:
    """Where a key is typed. ``is_open``: this machine needs none (MPI_AUTH=off)."""
    return Answer(html=render("login.html", told=told, is_open=is_open), status=status)


def problem_page(status: int, told: str, *, is_partial: bool) -> Answer:
    """What went wrong, as a page, or as a message that leaves what was typed where it is."""
    title = HTTPStatus(status).phrase
    template = "_message.html" if is_partial else "problem.html"
    return Answer(html=render(template, title=title, told=told, status=status), status=status)
