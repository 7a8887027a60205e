"""How long a question has waited and may wait: in words, with an icon, and as a class for its colour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

#: Of the time a question has; from here on it is due soon.
SOON: Final = 0.75


class Waiting(NamedTuple):
    """``state`` is fresh, due or late; ``icon`` and ``text`` say the same without colour."""

    state: str
    icon: str
    text: str


def waiting(now: datetime, created_at: datetime, due_at: datetime) -> Waiting:
    """How a question stands towards the time in which it should be answered.

    >>> at = datetime(2026, 3, 1)
    >>> [waiting(at + timedelta(hours=h), at, at + timedelta(hours=24)).text for h in (1, 20, 30, 80)]
    ['1 h', 'due in 4 h', '6 h over', '2 d over']
    """
    if now >= due_at:
        return Waiting("late", "‼", f"{span(now - due_at)} over")
    if now - created_at >= SOON * (due_at - created_at):
        return Waiting("due", "◕", f"due in {span(due_at - now)}")
    return Waiting("fresh", "○", span(now - created_at))


def span(passed: timedelta) -> str:
    """A length of time in one unit.

    >>> span(timedelta(minutes=59)), span(timedelta(hours=47)), span(timedelta(hours=49))
    ('59 min', '47 h', '2 d')
    """
    passed = max(passed, timedelta())
    if passed < timedelta(hours=1):
        return f"{passed // timedelta(minutes=1)} min"
    if passed < timedelta(days=2):
        return f"{passed // timedelta(hours=1)} h"
    return f"{passed.days} d"
