"""Record sets deduplicated whole, by ours and by the peers, and held against their truth."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.batch_engines import run_engine
from mpi.batch import Deduplication, EncodedRecords, deduplicate, encode_table, evaluate, read_table
from mpi.batch.evaluation import Evaluation, Mistakes
from mpi.batch.evaluation.quality import Quality, codes, quality
from mpi.matching.rules import RuleSet

#: The configuration recommended for files, and the rules as they are shipped.
TRAINED, AS_SHIPPED = "train", "default"
PEERS = ("splink", "recordlinkage")
#: How a warning of ``deduplicate`` begins when the records do not support training.
_NOT_TRAINED = "not trained"


def measure(path: Path, folder: Path, rules: RuleSet, *, peers: bool) -> dict[str, dict[str, Any]]:
    """Engine or configuration → its figures, on a file with ``entity_id``; ``folder`` is for what peers
    leave.
    """
    begun = time.process_time()
    read = read_table(path)
    assert read.truth is not None and not read.faults.count, path.name
    records = encode_table(read.table, rules)
    encode_seconds = time.process_time() - begun
    truth = read.truth.to_pandas().iloc[records.rows]
    figures = _ours(records, truth, rules, encode_seconds)
    if peers:
        figures |= {peer: _peer(peer, path, folder, truth) for peer in PEERS}
    return figures


def _ours(
    records: EncodedRecords, truth: pd.Series, rules: RuleSet, encode_seconds: float
) -> dict[str, dict[str, Any]]:
    """With training and without; where training is refused the two are one."""
    found: dict[str, dict[str, Any]] = {}
    for name, train in ((TRAINED, True), (AS_SHIPPED, False)):
        begun = time.process_time()
        dedup = deduplicate(records, rules, train=train)
        seconds = encode_seconds + time.process_time() - begun
        found[name] = _figures(evaluate(dedup, truth), seconds) | _how(dedup)
    return found


def _how(dedup: Deduplication) -> dict[str, Any]:
    refusals = [warning for warning in dedup.warnings if warning.startswith(_NOT_TRAINED)]
    return {
        "rule_set": {"name": dedup.rules.name, "hash": dedup.rules.hash},
        "link_weight": dedup.rules.thresholds.link_weight,
        "not_trained": refusals[0] if refusals else None,
        "capped_blocks": len(dedup.candidates.capped),
    }


def _figures(held: Evaluation, cpu_seconds: float) -> dict[str, Any]:
    return {
        **_shares(held.automatic),
        "wrong_pairs": held.automatic.pairwise.wrong_pairs,
        "true_pairs": held.automatic.pairwise.true_pairs,
        "records": held.records,
        "f1_after_perfect_reviewer": held.reviewed.pairwise.f1,
        "blocking_recall": held.blocking.recall,
        # A pair is a candidate of both its records.
        "candidates_per_record": 2 * held.blocking.candidate_pairs / max(held.records, 1),
        "tasks_per_1000": held.tasks.per_1000_records,
        "tasks_duplicate_share": held.tasks.duplicate_share,
        "calibration_error": held.calibration.error,
        "reliability": [
            {"low": one.low, "pairs": one.pairs, "stated": one.stated, "found": one.found}
            for one in held.calibration.bins
        ],
        "cpu_seconds": round(cpu_seconds, 2),
        "wrong": _by_kind(held.wrong),
        "missed": _by_kind(held.missed),
        "never_compared": _by_kind(held.blocking.missed),
    }


def _shares(found: Quality) -> dict[str, float]:
    return {
        "precision": found.pairwise.precision,
        "recall": found.pairwise.recall,
        "f1": found.pairwise.f1,
        "bcubed_f1": found.bcubed.f1,
    }


def _by_kind(mistakes: Mistakes) -> dict[str, Any]:
    """Counts only: nothing of it is anybody's data."""
    return {kind.kind: {"pairs": kind.count, **kind.reasons} for kind in mistakes.kinds}


def _peer(peer: str, path: Path, folder: Path, truth: pd.Series) -> dict[str, Any]:
    """Of two choices of blocks the one with the better F1: chosen with the truth, in the peer's favour."""
    choices = [_peer_run(engine, path, folder, truth) for engine in (peer, f"{peer}-single")]
    return max(choices, key=lambda figures: figures.get("f1", -1.0))


def _peer_run(engine: str, path: Path, folder: Path, truth: pd.Series) -> dict[str, Any]:
    try:
        run, _ = run_engine(engine, path, folder)
    except SystemExit as error:  # how a command that fails is told
        return {"engine": engine, "failed": str(error).splitlines()[-1]}
    # Records are numbered in the canonical order, which is that of the truth.
    labels = pd.read_parquet(folder / f"{engine}.parquet").set_index("unique_id")["cluster_id"]
    return {
        "engine": engine,
        **_shares(quality(codes(labels.reindex(range(len(truth)))), codes(truth))),
        "candidates_per_record": 2 * run.told["candidates"] / max(len(truth), 1),
        "cpu_seconds": round(run.cpu_seconds, 2),
    }
