"""Link, review or no link: thresholds on the weight, and the guards that hold a pair back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, overload

import numpy as np
import numpy.typing as npt

from mpi.matching import guards
from mpi.matching.comparison import Agreement, Columns, compare, encode
from mpi.matching.comparison.agreement import PositionList
from mpi.matching.guards import GuardHit
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet
from mpi.matching.scoring import Score, probability, score

NO_LINK: Final = 0
REVIEW: Final = 1
LINK: Final = 2
#: The decisions by their code.
DECISIONS: Final = ("no_link", "review", "link")


Grade = Literal["certain", "probable", "possible", "certainly-not"]


class FiredGuards(Sequence[tuple[GuardHit, ...]]):
    """The guards that fired on each pair. Few sets of guards fire on many pairs, so each set is held once."""

    __slots__ = ("guard_set", "guard_sets")

    def __init__(
        self, *, guard_set: npt.NDArray[np.int16], guard_sets: tuple[tuple[GuardHit, ...], ...]
    ) -> None:
        """``guard_set`` int16 [pairs]: the position of each pair's set in ``guard_sets``, whose first is
        empty.
        """
        self.guard_set = guard_set
        self.guard_sets = guard_sets

    def __len__(self) -> int:
        return len(self.guard_set)

    @overload
    def __getitem__(self, pair: int) -> tuple[GuardHit, ...]: ...
    @overload
    def __getitem__(self, pair: slice) -> list[tuple[GuardHit, ...]]: ...
    def __getitem__(self, pair: int | slice) -> tuple[GuardHit, ...] | list[tuple[GuardHit, ...]]:
        if isinstance(pair, slice):
            return [self.guard_sets[place] for place in self.guard_set[pair].tolist()]
        return self.guard_sets[self.guard_set[pair]]

    def __iter__(self) -> Iterator[tuple[GuardHit, ...]]:
        return iter(self[:])


@dataclass(frozen=True, slots=True, kw_only=True)
class PairScores:
    """The outcome for each pair, in the order asked."""

    #: Total match weight, log2.
    weight: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]
    #: 0 no_link, 1 review, 2 link.
    decision: npt.NDArray[np.int8]
    #: The guards that fired on each pair that weighs enough for a review; of lighter pairs none is looked
    #: for.
    guards: FiredGuards
    agreement: Agreement
    score: Score


def score_pairs(
    records: Sequence[NormalizedRecord], left: PositionList, right: PositionList, rules: RuleSet
) -> PairScores:
    """Compare, score and decide the pairs ``(records[left[i]], records[right[i]])``."""
    return score_columns(encode(records, rules), left, right, rules)


def score_columns(columns: Columns, left: PositionList, right: PositionList, rules: RuleSet) -> PairScores:
    """The same for records that are columns already."""
    agreement = compare(columns, left, right, rules)
    scored = score(agreement, rules)
    decision, hits = decide(scored, rules)
    return PairScores(
        weight=scored.total_weight,
        probability=scored.probability,
        decision=decision,
        guards=hits,
        agreement=agreement,
        score=scored,
    )


def decide(scored: Score, rules: RuleSet) -> tuple[npt.NDArray[np.int8], FiredGuards]:
    """The decision of each pair and the guards that fired on those at or above the review weight."""
    weight = scored.total_weight
    decision = (weight >= rules.thresholds.review_weight).astype(np.int8)
    decision += weight >= rules.thresholds.link_weight
    heavy = np.flatnonzero(decision)
    fired = guards.fired_sets(guards.conditions(scored.codes[:, heavy], rules), rules)
    limit = np.array([_limit(one) for one in fired.sets], dtype=np.int8)
    decision[heavy] = np.minimum(decision[heavy], limit.take(fired.set_of))
    guard_set = np.zeros(len(weight), dtype=np.int16)
    guard_set[heavy] = fired.set_of
    return decision, FiredGuards(guard_set=guard_set, guard_sets=fired.sets)


def _limit(hits: tuple[GuardHit, ...]) -> int:
    """The most that a pair with these guards can be."""
    if any(hit.effect == "no_link" for hit in hits):
        return NO_LINK
    return REVIEW if hits else LINK


def grade(decision: int, weight: float) -> Grade:
    """FHIR's match grade: a review is ``probable`` when more likely than not, else ``possible``."""
    if decision == LINK:
        return "certain"
    if decision == NO_LINK:
        return "certainly-not"
    return "probable" if float(probability(np.array([weight]))[0]) >= 0.5 else "possible"
