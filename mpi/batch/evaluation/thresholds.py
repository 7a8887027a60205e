"""What another link threshold would have given: precision, recall and tasks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.deduplication import Deduplication, clustered
from mpi.batch.evaluation.quality import Labels, quality
from mpi.batch.evaluation.reviewing import held_back
from mpi.batch.reviewing import count_tasks, worth_asking
from mpi.matching.decision import LINK, REVIEW

#: The link weights tried, relative to the rule set's.
_OFFSETS: Final = (-4, -2, 0, 1, 2, 4, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdPoint:
    """The outcome with one link weight (log2)."""

    link_weight: float
    precision: float
    recall: float
    f1: float
    wrong_pairs: int
    tasks_per_1000_records: float


def threshold_curve(dedup: Deduplication, truth: Labels) -> tuple[ThresholdPoint, ...]:
    """The curve in ascending link weight; the review weight, guards and clustering are as they are.

    Weights below the review weight are left out: there a pair may have been dropped.
    """
    thresholds = dedup.rules.thresholds
    weights = [thresholds.link_weight + offset for offset in _OFFSETS]
    return tuple(_point(dedup, weight, truth) for weight in weights if weight >= thresholds.review_weight)


def _point(dedup: Deduplication, link_weight: float, truth: Labels) -> ThresholdPoint:
    clusters = with_link_weight(dedup, link_weight).astype(np.int64)
    counted = quality(clusters, truth).pairwise
    pairs = dedup.scoring.pairs
    asked = worth_asking(~held_back(pairs, frozenset({"no_link"})), dedup.scoring, clusters)
    tasks = count_tasks(clusters[pairs.left[asked]], clusters[pairs.right[asked]])
    return ThresholdPoint(
        link_weight=link_weight,
        precision=counted.precision,
        recall=counted.recall,
        f1=counted.f1,
        wrong_pairs=counted.wrong_pairs,
        tasks_per_1000_records=1000 * tasks / max(dedup.records.record_count, 1),
    )


def with_link_weight(dedup: Deduplication, link_weight: float) -> npt.NDArray[np.int64]:
    """The clusters there would be if links needed this weight, which is not below the review weight."""
    rules, scoring = dedup.rules, dedup.scoring
    if link_weight == rules.thresholds.link_weight:
        return dedup.clusters.cluster_of
    thresholds = replace(rules.thresholds, link_weight=link_weight)
    links = ~held_back(scoring.pairs, frozenset({"review", "no_link"})) & (
        scoring.pairs.weight >= link_weight
    )
    decision = np.where(links, LINK, np.minimum(scoring.pairs.decision, REVIEW)).astype(np.int8)
    changed = replace(scoring, pairs=replace(scoring.pairs, decision=decision))
    return clustered(dedup.records.record_count, changed, replace(rules, thresholds=thresholds)).cluster_of
