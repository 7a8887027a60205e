"""An evaluation as JSON."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from mpi.batch.evaluation.evaluating import Evaluation
from mpi.batch.evaluation.mistakes import Mistakes
from mpi.batch.evaluation.quality import Quality


def figures(evaluation: Evaluation, *, examples: bool = True) -> dict[str, Any]:
    """Everything that was found, as numbers, texts, lists and objects; without ``examples``, which show
    patients, nothing of it is anybody's data.
    """
    rules, tasks, blocking = evaluation.rules, evaluation.tasks, evaluation.blocking
    return {
        "rule_set": {
            "name": rules.name,
            "hash": rules.hash,
            "review_weight": rules.thresholds.review_weight,
            "link_weight": rules.thresholds.link_weight,
        },
        "records": evaluation.records,
        "labelled": evaluation.labelled,
        "people": evaluation.people,
        "clusters": evaluation.clusters,
        "automatic": _quality(evaluation.automatic),
        "after_perfect_reviewer": _quality(evaluation.reviewed),
        "tasks": {
            "count": tasks.tasks,
            "per_1000_records": tasks.per_1000_records,
            "duplicates": tasks.duplicates,
            "duplicate_share": tasks.duplicate_share,
        },
        "blocking": {
            "true_pairs": blocking.true_pairs,
            "found_pairs": blocking.found_pairs,
            "candidate_pairs": blocking.candidate_pairs,
            "recall": blocking.recall,
            "missed": _mistakes(blocking.missed, examples),
            "nearest": [
                {"pass": near, "lacking": lacking, "pairs": pairs}
                for (near, lacking), pairs in blocking.never_compared.counts().items()
            ],
        },
        "calibration": asdict(evaluation.calibration),
        "weight_bands": [asdict(band) for band in evaluation.bands],
        "threshold_curve": [asdict(point) for point in evaluation.curve],
        "wrong_links": _mistakes(evaluation.wrong, examples),
        "missed_links": _mistakes(evaluation.missed, examples),
    }


def _mistakes(mistakes: Mistakes, examples: bool) -> dict[str, Any]:
    if not examples:
        mistakes = replace(mistakes, kinds=tuple(replace(kind, examples=()) for kind in mistakes.kinds))
    return asdict(mistakes)


def _quality(quality: Quality) -> dict[str, Any]:
    pairs, by_record = quality.pairwise, quality.bcubed
    return {
        "pairwise": {
            "precision": pairs.precision,
            "recall": pairs.recall,
            "f1": pairs.f1,
            "true_pairs": pairs.true_pairs,
            "linked_pairs": pairs.predicted_pairs,
            "wrong_pairs": pairs.wrong_pairs,
        },
        "bcubed": {"precision": by_record.precision, "recall": by_record.recall, "f1": by_record.f1},
    }
