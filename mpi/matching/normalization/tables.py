"""The tables that normalization reads from its own files, each loaded once."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

_FOLDER = files(__package__) / "data"


class Spellings(NamedTuple):
    """Spellings and the canonical form each stands for; ``marked`` are those the file marks with a star."""

    canonical: dict[str, str]
    marked: frozenset[str]


@cache
def placeholders() -> dict[str, Any]:
    """The placeholder lists of ``placeholders.toml``, by section."""
    return tomllib.loads((_FOLDER / "placeholders.toml").read_text(encoding="utf-8"))


def listed(section: str, key: str) -> frozenset[str]:
    """One placeholder list as a set."""
    return frozenset(placeholders()[section][key])


def rows(name: str) -> list[list[str]]:
    """The words of each line of a text table, comments left out."""
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def spellings(name: str) -> Spellings:
    """A table whose lines are a canonical form and its spellings; a star marks all words of its line."""
    canonical: dict[str, str] = {}
    marked: set[str] = set()
    for first, *others in rows(name):
        form = first.rstrip("*")
        for word in (form, *others):
            canonical[word] = form
            if first.endswith("*"):
                marked.add(word)
    return Spellings(canonical, frozenset(marked))


def words(name: str) -> Spellings:
    """A table of plain words, each its own canonical form; a star marks one word."""
    every = [word for row in rows(name) for word in row]
    return Spellings(
        {word.rstrip("*"): word.rstrip("*") for word in every},
        frozenset(word.rstrip("*") for word in every if word.endswith("*")),
    )
