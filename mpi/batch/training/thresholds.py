"""The link weight from which on a stated precision holds, shown by pairs that a person decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from mpi.batch.encoded import EncodedRecords
from mpi.batch.training.decisions import Decisions
from mpi.errors import CannotTrain
from mpi.matching.decision import score_columns
from mpi.matching.rules import RuleSet

#: Without decisions: of the links, the share of wrong ones that the model may expect.
WRONG_EXPECTED_MAX: Final = 0.0016
#: Where that would leave more than this share of one person's pairs unlinked, the fields hold too little for
#: so strict a bound, and it is loosened by a part of what lies beyond.
LEFT_MAX: Final = 0.05
LOOSENED: Final = 0.2
#: Nothing is linked that is wrong more often than one time in three; by the looser bound, two in five.
LINK_WEIGHT_MIN: Final = 1.0
_LOOSENED_WEIGHT_MIN: Final = 0.5
#: A pattern's pairs weigh up to so much less than it does: how rare names are is known in whole bits.
_SPREAD: Final = 1.0
#: Of the interval: both tails together.
_MISSED: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class PrecisionShown:
    """The link weight chosen, and what the decided pairs say about it."""

    precision: float
    link_weight: float
    #: Decided pairs that would be linked, and those of them that are two people.
    linked: int
    wrong: int
    #: The 95 % interval of the precision (Clopper and Pearson 1934).
    lower: float
    upper: float


def link_weight_for(
    precision: float, decisions: Decisions, records: EncodedRecords, rules: RuleSet
) -> PrecisionShown:
    """The lowest link weight at which the lower bound of precision is at least ``precision``.

    Counted are decided pairs that weigh so much and are stopped by no guard. The interval holds for pairs
    like those decided: they have to be drawn at random from all pairs of such weights. Raises CannotTrain
    saying how many more decisions are needed.
    """
    if not 0.5 <= precision < 1:
        raise CannotTrain(f"a precision of {precision} is not between 0.5 and 1", field="precision")
    scores = score_columns(records.columns, decisions.left, decisions.right, rules)
    free = np.array([not hits for hits in scores.guards], dtype=np.bool_)
    free &= scores.weight >= rules.thresholds.review_weight
    return chosen(precision, scores.weight[free], decisions.same[free], rules.thresholds.review_weight)


def chosen(
    precision: float,
    weight: npt.NDArray[np.float64],
    same: npt.NDArray[np.bool_],
    review_weight: float,
) -> PrecisionShown:
    """The same from the weights of decided pairs that no guard stops."""
    order = np.argsort(-weight, kind="stable")
    ordered, linked = weight[order], np.arange(1, len(order) + 1)
    wrong = np.cumsum(~same[order], dtype=np.int64)
    last = np.append(np.diff(ordered) != 0, True)[: len(order)]  # pairs of one weight are linked together
    lower, upper = interval(linked - wrong, linked)
    holds = np.flatnonzero(last & (lower >= precision))
    if not len(holds):
        raise CannotTrain(_shortage(precision, len(order), wrong), field="precision")
    at = int(holds[-1])
    # Down to hundredths, as weights are written; a pair in between would be a decided one below the bound.
    rounded = float(np.floor(ordered[at] * 100) / 100)
    below = ordered[at + 1] if at + 1 < len(ordered) else -np.inf
    return PrecisionShown(
        precision=precision,
        link_weight=max(review_weight, rounded if rounded > below else float(ordered[at])),
        linked=int(linked[at]),
        wrong=int(wrong[at]),
        lower=float(lower[at]),
        upper=float(upper[at]),
    )


def expected_link_weight(
    weight: npt.NDArray[np.float64],
    pairs: npt.NDArray[np.float64],
    same: npt.NDArray[np.float64],
) -> tuple[float, float]:
    """Without decisions: the link weight that the model itself would choose, and the share of wrong links
    that it expects there.

    ``weight``, ``pairs`` and those of them expected to be one person's ``same``, each [patterns]. It is the
    lowest at which no more than ``WRONG_EXPECTED_MAX`` of the links are expected to be wrong; of records with
    few fields, where that would leave much undone, the lowest at which no more than a looser bound are.
    What a model expects of itself is not precision.
    """
    order = np.argsort(-weight, kind="stable")
    ordered, found = weight[order], np.cumsum(same[order])
    share = 1 - found / np.maximum(np.cumsum(pairs[order]), 1e-9)

    def lowest(bound: float, least: float) -> int:
        few = np.flatnonzero((share <= bound) & (ordered >= least))
        return int(few[-1]) if len(few) else 0

    at, least = lowest(WRONG_EXPECTED_MAX, LINK_WEIGHT_MIN), LINK_WEIGHT_MIN
    left = 1 - float(found[at] / found[-1])
    if left > LEFT_MAX:
        least = _LOOSENED_WEIGHT_MIN
        at = lowest(WRONG_EXPECTED_MAX + LOOSENED * (left - LEFT_MAX), least)
    following = ordered[at + 1] if at + 1 < len(ordered) else -np.inf
    halfway = (ordered[at] + following) / 2 if following >= least else least
    link_weight = max(halfway, ordered[at] - _SPREAD, least)
    return float(np.ceil(link_weight * 100) / 100), float(max(share[at], 0.0))


def interval(
    right: npt.ArrayLike, counted: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The exact 95 % interval of shares (Clopper and Pearson 1934); wrong links are few, where others are
    only approximations.
    """
    hits, totals = np.asarray(right, np.float64), np.asarray(counted, np.float64)
    misses = totals - hits
    with np.errstate(invalid="ignore"):
        lower = np.where(hits > 0, betaincinv(np.maximum(hits, 1), misses + 1, _MISSED / 2), 0.0)
        upper = np.where(misses > 0, betaincinv(hits + 1, np.maximum(misses, 1), 1 - _MISSED / 2), 1.0)
    return lower, upper


def decisions_needed(precision: float, wrong: int) -> int:
    """So many decided links show the precision when so many of them are wrong."""
    low, high = wrong + 1, wrong + 2
    while interval(high - wrong, high)[0] < precision:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if interval(middle - wrong, middle)[0] >= precision:
            high = middle
        else:
            low = middle + 1
    return high


def _shortage(precision: float, decided: int, wrong: npt.NDArray[np.int64]) -> str:
    errors = int(wrong[-1]) if decided else 0
    needed = decisions_needed(precision, 0)
    text = (
        f"a precision of {precision:g} cannot be shown: {decided} decided pairs weigh enough and pass the "
        f"guards, {errors} of them are two people; without any wrong one {needed} are needed, "
        f"{max(0, needed - decided)} more"
    )
    return text if not errors else f"{text}, with {errors} wrong ones {decisions_needed(precision, errors)}"
