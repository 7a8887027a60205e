"""Deduplications of normalized records, and of generated people, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mpi.batch.candidates import candidate_pairs
from mpi.batch.deduplication import Deduplication
from mpi.batch.encoded import EncodedRecords
from mpi.batch.encoding import encode_records
from mpi.batch.scored import PatternCounts, ScoredPairs, Scoring
from mpi.identity.clustering import cluster
from mpi.matching.decision import LINK, score_columns
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet, load_rules


def deduplicated(
    records: Sequence[NormalizedRecord],
    *,
    ids: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
    rules: RuleSet | None = None,
    block_max: int = 200,
) -> Deduplication:
    """The records deduplicated by the default rules; without IDs they are called by their number."""
    rules = rules or load_rules()
    encoded = encode_records(
        ids or [f"{number:06}" for number in range(len(records))],
        sources or ["north"] * len(records),
        records,
        rules,
    )
    return of_encoded(encoded, rules, block_max)


def of_encoded(encoded: EncodedRecords, rules: RuleSet, block_max: int = 200) -> Deduplication:
    candidates = candidate_pairs(encoded, rules, block_max=block_max)
    chunks = list(candidates.chunks())
    left = np.concatenate([np.empty(0, np.int32), *(a for a, _ in chunks)])
    right = np.concatenate([np.empty(0, np.int32), *(b for _, b in chunks)])
    scores = score_columns(encoded.columns, left, right, rules)
    kept = np.flatnonzero(scores.weight >= rules.thresholds.review_weight)
    sets = {(): 0}
    hits = scores.guards
    guard_set = [sets.setdefault(hits[pair], len(sets)) for pair in kept.tolist()]
    pairs = ScoredPairs(
        left=left[kept],
        right=right[kept],
        weight=scores.weight[kept],
        probability=scores.probability[kept],
        decision=scores.decision[kept],
        levels=scores.agreement.levels[:, kept],
        weights=scores.score.weights[:, kept].astype(np.float32),
        household_weight=scores.score.household_weight[kept].astype(np.float32),
        guard_set=np.array(guard_set, dtype=np.int16),
        guard_sets=tuple(sets),
    )
    link = np.flatnonzero(pairs.decision == LINK)
    held = np.flatnonzero((pairs.weight >= rules.thresholds.link_weight) & (pairs.guard_set > 0))
    clusters = cluster(
        encoded.record_count,
        pairs.left[link],
        pairs.right[link],
        pairs.weight[link],
        size_max=100,
        vetoed=zip(pairs.left[held].tolist(), pairs.right[held].tolist(), strict=True),
    )
    clusters = replace(clusters, refused=link[clusters.refused])
    floor = np.floor(scores.weight).astype(int) if len(left) else np.zeros(1, int)
    scoring = Scoring(
        pairs=pairs,
        pair_count=len(left),
        patterns=PatternCounts(levels=np.empty((0, 0), np.int8), counts=np.empty(0, np.int64)),
        bins_from=int(floor.min()),
        bins=np.bincount(floor - floor.min()) if len(left) else np.zeros(1, np.int64),
    )
    return Deduplication(
        records=encoded, candidates=candidates, scoring=scoring, clusters=clusters, rules=rules, warnings=()
    )
