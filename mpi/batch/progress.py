"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

#: Hears the stage, and how much of how much of it is done. The stages of one run may have different units.
Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """Nobody watches."""
