"""What scoring left, as the core reads it: pairs that resemble each other, and pairs that share a number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from mpi.batch.encoded import EncodedRecords
from mpi.batch.scored import ScoredPairs
from mpi.identity.clustering import Clusters
from mpi.identity.relink_evidence import Pairs
from mpi.identity.relinking import Ints
from mpi.matching.comparison.features import numbers_held_alone
from mpi.matching.decision import score_columns
from mpi.matching.record import NormalizedIdentifier, NormalizedRecord
from mpi.matching.rules import RuleSet

#: Records that share a number which one person alone should have. More of them say that it is a placeholder
#: which no list knows.
SHARING_MAX = 60


def sharing_numbers(records: Sequence[NormalizedRecord]) -> list[list[int]]:
    """The positions that carry one number which a person has alone, when they are several."""
    carriers: dict[NormalizedIdentifier, list[int]] = defaultdict(list)
    for position, record in enumerate(records):
        for number in numbers_held_alone(record):
            carriers[number].append(position)
    return [found for found in carriers.values() if 1 < len(found) <= SHARING_MAX]


def across(sharing: Sequence[Sequence[int]], cluster_of: Ints) -> list[tuple[int, int]]:
    """A pair of records for any two clusters of which some share a number."""
    pairs: dict[tuple[int, int], tuple[int, int]] = {}
    for found in sharing:
        first = {int(cluster_of[position]): position for position in reversed(found)}
        for (a, left), (b, right) in combinations(sorted(first.items()), 2):
            pairs.setdefault((a, b), (left, right))
    return [pairs[key] for key in sorted(pairs)]


def as_pairs(
    records: EncodedRecords,
    scored: ScoredPairs,
    clusters: Clusters,
    sharing: list[tuple[int, int]],
    rules: RuleSet,
) -> Pairs:
    """The scored pairs, and after them those of ``sharing``, that share a number."""
    names = [tuple(hit.guard for hit in hits) for hits in scored.guard_sets]
    left, right = np.array(sharing, dtype=np.int64).reshape(-1, 2).T
    more = score_columns(records.columns, left, right, rules) if sharing else None
    count = len(scored.left)

    def guards(pair: int) -> tuple[str, ...]:
        if pair < count:
            return names[int(scored.guard_set[pair])]
        return tuple(hit.guard for hit in more.guards[pair - count]) if more else ()

    return Pairs(
        left=np.concatenate([scored.left, left]).astype(np.int64),
        right=np.concatenate([scored.right, right]).astype(np.int64),
        weight=np.concatenate([scored.weight, more.weight]) if more else scored.weight,
        probability=np.concatenate([scored.probability, more.probability]) if more else scored.probability,
        decision=np.concatenate([scored.decision, more.decision]) if more else scored.decision,
        guards=guards,
        refused=dict(zip(clusters.refused.tolist(), clusters.reasons, strict=True)),
        shared=np.arange(count + len(left)) >= count,
    )
