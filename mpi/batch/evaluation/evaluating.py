"""How good a deduplication is, held against known truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpi.batch.deduplication import Deduplication
from mpi.batch.evaluation.grouping import found_in, of_several, pairs_within
from mpi.batch.evaluation.mistakes import Mistakes, missed_links, unblocked_pairs, wrong_links
from mpi.batch.evaluation.nearest import NeverCompared
from mpi.batch.evaluation.quality import UNKNOWN, Labels, Quality, codes, quality
from mpi.batch.evaluation.reviewing import TaskLoad, review
from mpi.batch.evaluation.thresholds import ThresholdPoint, threshold_curve
from mpi.batch.evaluation.weighing import Calibration, WeighedCandidates, WeightBand, weigh_candidates
from mpi.batch.progress import Progress, silent
from mpi.matching.rules import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockingRecall:
    """Of the pairs of one person, those that were compared."""

    true_pairs: int
    found_pairs: int
    candidate_pairs: int
    #: The pairs of one person that were not, by kind, and why each.
    missed: Mistakes
    never_compared: NeverCompared

    @property
    def recall(self) -> float:
        """Pair completeness; 1 when there is no true pair."""
        return self.found_pairs / self.true_pairs if self.true_pairs else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What known truth says about a deduplication. Every figure leaves out records of unknown truth."""

    rules: RuleSet
    records: int
    #: Records of which the truth is known.
    labelled: int
    people: int
    clusters: int
    #: Of the links that the machine made, and once a perfect reviewer has settled every task.
    automatic: Quality
    reviewed: Quality
    tasks: TaskLoad
    blocking: BlockingRecall
    bands: tuple[WeightBand, ...]
    calibration: Calibration
    curve: tuple[ThresholdPoint, ...]
    wrong: Mistakes
    missed: Mistakes


def evaluate(
    dedup: Deduplication, truth: Sequence[Any] | npt.NDArray[Any] | pd.Series, *, progress: Progress = silent
) -> Evaluation:
    """Hold the clusters, tasks, candidates and weights against the truth.

    Args:
        truth: per record, in the canonical order of ``dedup.records``, a label that records of one person
            share; None, NaN or ``""`` where it is not known.

    Raises ValueError when there are more or fewer labels than records.
    """
    person = codes(truth)
    if len(person) != dedup.records.record_count:
        raise ValueError(f"{len(person)} labels for {dedup.records.record_count} records")
    clusters = dedup.clusters.cluster_of.astype(np.int64)
    automatic = quality(clusters, person)
    progress("evaluate", 0, 3)
    settled = review(dedup, clusters, person)
    weighed = weigh_candidates(dedup.scoring, person)
    progress("evaluate", 1, 3)
    curve = threshold_curve(dedup, person)
    progress("evaluate", 2, 3)
    wrong = pairs_within(clusters, (person != UNKNOWN) & of_several(clusters, person))
    missed = pairs_within(person, of_several(person, clusters))
    true_pairs = automatic.pairwise.true_pairs
    return Evaluation(
        rules=dedup.rules,
        records=len(person),
        labelled=int((person != UNKNOWN).sum()),
        people=int(person.max(initial=-1)) + 1,
        clusters=int((clusters == np.arange(len(clusters))).sum()),
        automatic=automatic,
        reviewed=quality(settled.clusters, person),
        tasks=settled.load,
        blocking=_blocking(dedup, person, weighed, true_pairs),
        bands=weighed.bands,
        calibration=weighed.calibration,
        curve=curve,
        wrong=wrong_links(_unlike(wrong, person), automatic.pairwise.wrong_pairs, dedup),
        missed=missed_links(
            _unlike(missed, clusters),
            true_pairs - automatic.pairwise.correct_pairs,
            weighed.true_pairs,
            dedup,
        ),
    )


def _unlike(pairs: npt.NDArray[np.int64], labels: Labels) -> npt.NDArray[np.int64]:
    """The pairs whose two labels differ."""
    unlike: npt.NDArray[np.int64] = pairs[labels[pairs >> 32] != labels[pairs & 0xFFFFFFFF]]
    return unlike


def _blocking(
    dedup: Deduplication, person: Labels, weighed: WeighedCandidates, true_pairs: int
) -> BlockingRecall:
    pairs = pairs_within(person, person != UNKNOWN)
    missed = pairs[~found_in(pairs, weighed.true_pairs)]
    found = len(weighed.true_pairs)
    mistakes, why = unblocked_pairs(missed, true_pairs - found, dedup)
    return BlockingRecall(
        true_pairs=true_pairs,
        found_pairs=found,
        candidate_pairs=dedup.candidates.pair_count,
        missed=mistakes,
        never_compared=why,
    )
