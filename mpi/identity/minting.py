"""What the pure core asks for when it needs something new: numbers and enterprise IDs come from outside."""

from __future__ import annotations

from typing import Protocol


class Mint(Protocol):
    """Gives out what was never given before."""

    def number(self) -> int:
        """A number for a task, merge or assertion."""

    def enterprise_id(self) -> str:
        """An enterprise ID in its stored form."""
