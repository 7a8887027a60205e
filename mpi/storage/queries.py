"""Every SQL statement of the program, by name, read once from ``sql/*.sql``.

A query begins with ``-- name: its_name`` and a line or two saying why it exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import LiteralString, cast

_HEADING = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)


@cache
def queries() -> dict[str, LiteralString]:
    """Name → statement, of every file in ``mpi/storage/sql``. Raises ValueError on a name used twice."""
    found: dict[str, LiteralString] = {}
    for file in sorted(files("mpi.storage").joinpath("sql").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".sql"):
            continue
        parts = _HEADING.split(file.read_text(encoding="utf-8"))
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            if name in found:
                raise ValueError(f"query {name!r} is written twice ({file.name})")
            # The files ship with the program: as trustworthy as if they were literals in it.
            found[name] = cast(LiteralString, body.strip())
    return found


def query(name: str) -> LiteralString:
    """The statement called ``name``; KeyError when there is none."""
    return queries()[name]


def number_array(numbers: Iterable[int]) -> str:
    """Whole numbers as PostgreSQL reads an array of them; psycopg takes ten times as long to write a list.

    >>> number_array([3, -1])
    '{3,-1}'
    """
    return "{" + ",".join(map(str, numbers)) + "}"
