"""What another link threshold would have given: precision, recall and tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.deduplication import Deduplication
from mpi.batch.evaluation.quality import UNKNOWN, Labels, contracted, quality
from mpi.batch.evaluation.reviewing import count_tasks, held_back

#: How far around the rule set's link weight the curve goes.
_BELOW: Final = 8
_ABOVE: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdPoint:
    """The outcome with one link weight (log2)."""

    link_weight: float
    precision: float
    recall: float
    f1: float
    wrong_pairs: int
    tasks_per_1000_records: float


def threshold_curve(dedup: Deduplication, truth: Labels, true_pairs: int) -> tuple[ThresholdPoint, ...]:
    """The curve in ascending link weight, with the review weight as it is.

    Clusters are taken as all that links put together, without what clustering refuses along chains, so that
    at the rule set's own link weight precision may be a little below that of the clusters. Work is
    proportional to the scored pairs: each step only joins what the one before left apart.
    """
    pairs, thresholds = dedup.scoring.pairs, dedup.rules.thresholds
    active, places = _renumbered(np.concatenate([pairs.left, pairs.right]))
    left, right = places[: len(pairs.left)], places[len(pairs.left) :]
    person = truth[active]
    linkable = ~held_back(pairs, frozenset({"review", "no_link"}))
    asked = ~held_back(pairs, frozenset({"no_link"}))
    same = (person[left] == person[right]) & (person[left] != UNKNOWN)
    cluster = np.arange(len(active), dtype=np.int64)
    points, above = [], np.inf
    for link_weight in _steps(thresholds.review_weight, thresholds.link_weight):
        fresh = linkable & (pairs.weight >= link_weight) & (pairs.weight < above)
        cluster = contracted(cluster, cluster[left[fresh]], cluster[right[fresh]])
        above = link_weight
        counted = quality(cluster, person).pairwise
        tasks, _ = count_tasks(cluster[left[asked]], cluster[right[asked]], same[asked])
        both = true_pairs + counted.predicted_pairs
        points.append(
            ThresholdPoint(
                link_weight=link_weight,
                precision=counted.precision,
                recall=counted.correct_pairs / true_pairs if true_pairs else 1.0,
                f1=2 * counted.correct_pairs / both if both else 1.0,
                wrong_pairs=counted.wrong_pairs,
                tasks_per_1000_records=1000 * tasks / max(dedup.records.record_count, 1),
            )
        )
    return tuple(reversed(points))


def _steps(review_weight: float, link_weight: float) -> list[float]:
    """From high to low, one apart up to two below and above the link weight, then two."""
    offsets = [*range(-_BELOW, -2, 2), *range(-2, 3), *range(4, _ABOVE + 1, 2)]
    return [link_weight + offset for offset in reversed(offsets) if link_weight + offset >= review_weight]


def _renumbered(positions: npt.NDArray[np.integer]) -> tuple[Labels, Labels]:
    """The distinct positions, ascending, and for each position its place among them."""
    if not len(positions):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    present = np.zeros(int(positions.max()) + 1, dtype=bool)
    present[positions] = True
    places = np.cumsum(present) - 1
    return np.flatnonzero(present), places[positions]
