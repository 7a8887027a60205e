"""Answers as tables. Values are shown as they are: no markup, and nothing that a terminal would obey."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from rich import box
from rich.table import Table
from rich.text import Text

from mpi.cli.output import answers


def shown(value: Any) -> str:
    """A value in a cell.

    >>> shown(None), shown(1234), shown(["a", "b"]), shown("O\\x1b[2JBrien")
    ('', '1,234', 'a, b', 'O�[2JBrien')
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:.4g}"
        case datetime():
            return value.astimezone().isoformat(sep=" ", timespec="seconds")
        case Mapping():
            return printable(orjson.dumps(value, default=str).decode())
        case str():
            return printable(value)
        case Iterable():
            return ", ".join(shown(one) for one in value)
        case _:
            return printable(str(value))


def printable(text: str) -> str:
    """The text with every control character replaced: a name cannot move the cursor or clear the screen."""
    return "".join(c if c.isprintable() else "�" for c in text)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """One line per row; columns of numbers are set to the right, columns without any value left out."""
    rows = [list(row) for row in rows]
    if rows:
        full = [n for n in range(len(columns)) if any(shown(row[n]) for row in rows)]
        columns, rows = [columns[n] for n in full], [[row[n] for n in full] for row in rows]
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for place, column in enumerate(columns):
        numbers = bool(rows) and all(isinstance(row[place], int | float | None) for row in rows)
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(value)) for value in row))
    answers.print(table)


def print_facts(facts: Mapping[str, Any], *, title: str | None = None) -> None:
    """One name and value per line; absent values are left out."""
    table = Table(box=None, show_header=False, title=title, title_justify="left", title_style="bold")
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if value not in (None, "", (), [], {}):
            table.add_row(Text(name), Text(shown(value)))
    answers.print(table)


def say(text: str) -> None:
    """One line of an answer, never wrapped."""
    answers.print(Text(printable(text)), soft_wrap=True)
