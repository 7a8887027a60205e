"""How commands speak: answers on standard output, everything else on standard error, JSON when asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

#: Columns of a table that goes into a file or a pipe, where nobody's window limits them.
WIDTH_UNSEEN = 240
#: Answers go here; when it is not a terminal they are plain text.
answers = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_UNSEEN)
#: Progress, notes and refusals go here, so that what is piped on holds answers only.
remarks = Console(stderr=True, highlight=False)


def print_json(answer: Any) -> None:
    """One JSON document; dataclasses become objects, datetimes ISO 8601."""
    typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC, default=str).decode())


def note(text: str) -> None:
    """Something the person should know that is not the answer."""
    remarks.print(text, markup=False, style="dim", soft_wrap=True)


def refuse(text: str) -> None:
    """Why it was not done, in one line."""
    remarks.print(text, markup=False, style="bold red", soft_wrap=True)


class _Speed(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s")


@contextmanager
def progress_bar(what: str, total: int | None = None) -> Iterator[tuple[Progress, Any]]:
    """A progress bar for long work, with the task to advance; without a known total it only counts."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Speed(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=remarks, transient=True, disable=not remarks.is_terminal) as progress:
        yield progress, progress.add_task(what, total=total)
