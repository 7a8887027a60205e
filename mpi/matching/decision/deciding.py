"""Link, review or no link: thresholds on the weight, and the guards that hold a pair back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

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
    guards: list[tuple[GuardHit, ...]]
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


def decide(scored: Score, rules: RuleSet) -> tuple[npt.NDArray[np.int8], list[tuple[GuardHit, ...]]]:
    """The decision of each pair and the guards that fired on those at or above the review weight."""
    weight = scored.total_weight
    decision = (weight >= rules.thresholds.review_weight).astype(np.int8)
    decision += weight >= rules.thresholds.link_weight
    hits: list[tuple[GuardHit, ...]] = [()] * len(weight)
    met = guards.conditions(scored.codes, rules)
    for pair in np.flatnonzero(decision).tolist():
        if found := guards.fired(int(met[pair]), rules):
            hits[pair] = found
            decision[pair] = min(decision[pair], _held_back(found))
    return decision, hits


def _held_back(hits: tuple[GuardHit, ...]) -> int:
    return NO_LINK if any(hit.effect == "no_link" for hit in hits) else REVIEW


def grade(decision: int, weight: float) -> Grade:
    """FHIR's match grade: a review is ``probable`` when more likely than not, else ``possible``."""
    if decision == LINK:
        return "certain"
    if decision == NO_LINK:
        return "certainly-not"
    return "probable" if float(probability(np.array([weight]))[0]) >= 0.5 else "possible"
