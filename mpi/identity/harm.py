"""Expected harm: how much it would cost, on a scale of 0 to 100, to leave a question unanswered.

    harm = 100 × P(wrong if ignored) × consequence

The queue is sorted by it. It is reckoned when a question is queued and once an hour while it waits, always by
``expected_harm``; docs/review.md says the same in words for reviewers.
"""

from __future__ import annotations

import math
from typing import Final

from mpi.identity.change import TaskKind

#: A person alone has this number and two records bear it: one of them is wrong, or they are one person.
SHARED_IDENTIFIER: Final = "shared_identifier"
#: How likely the state of things is wrong where no pair was weighed: an update that does not look like its
#: record, a link that the record's demographics no longer carry.
WRONG_UNWEIGHED: Final = 0.9
#: At least this, where two records bear a number that one person alone has.
WRONG_SHARED_IDENTIFIER_MIN: Final = 0.5
#: The machine saw a reason against: the pair is less likely one person than its weight says.
GUARDED_FACTOR: Final = 0.6

#: What a wrong state does to care. A chart split within one source misleads whoever opens it next; between
#: sources it is incomplete; two people in one record is the worst there is.
CONSEQUENCE: Final = {
    TaskKind.POTENTIAL_OVERLAP: 0.60,
    TaskKind.POTENTIAL_DUPLICATE: 0.75,
    TaskKind.LINK_IN_DOUBT: 0.80,
    TaskKind.POTENTIAL_OVERLAY: 0.90,
}
#: (days since a source last sent one of the records, what that adds): somebody is being treated now.
ACTIVITY: Final = ((7.0, 0.10), (90.0, 0.05))
#: For each doubling of the records beyond two, to this many doublings: more charts are split or mixed.
PER_DOUBLING: Final = 0.05
DOUBLINGS_MAX: Final = 3


def expected_harm(
    kind: TaskKind,
    probability: float | None,
    *,
    guards: tuple[str, ...] = (),
    record_count: int = 2,
    quiet_days: float = 0.0,
) -> int:
    """0–100: the probability of being wrong if the question is ignored, times what that would do.

    Args:
        probability: that the two sides are one person; None where no pair was weighed.
        guards: names of those that fired.
        record_count: active records of all sides together.
        quiet_days: since a source last sent one of them; 0 for a record that has just come.

    >>> expected_harm(TaskKind.POTENTIAL_DUPLICATE, 1.0), expected_harm(TaskKind.POTENTIAL_OVERLAP, 1.0)
    (85, 70)
    >>> expected_harm(TaskKind.POTENTIAL_OVERLAP, 1.0, record_count=16, quiet_days=400)
    75
    """
    return round(100 * wrong_if_ignored(probability, guards) * consequence(kind, record_count, quiet_days))


def wrong_if_ignored(probability: float | None, guards: tuple[str, ...]) -> float:
    """How likely it is that leaving things as they are is wrong."""
    if probability is None:
        return WRONG_UNWEIGHED
    wrong = probability * (GUARDED_FACTOR if guards else 1.0)
    return max(wrong, WRONG_SHARED_IDENTIFIER_MIN) if SHARED_IDENTIFIER in guards else wrong


def consequence(kind: TaskKind, record_count: int, quiet_days: float) -> float:
    """What being wrong does, 0–1."""
    doublings = min(DOUBLINGS_MAX, math.log2(max(record_count, 2) / 2))
    recent = next((added for days, added in ACTIVITY if quiet_days <= days), 0.0)
    return min(1.0, CONSEQUENCE[kind] + recent + PER_DOUBLING * doublings)
