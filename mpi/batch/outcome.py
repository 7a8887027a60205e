"""The outcome of a deduplication as tables: a row per record, a row per pair that somebody may ask about."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mpi.batch.encoded import EncodedRecords
from mpi.batch.scored import ScoredPairs
from mpi.identity.clustering import Clusters, Refusal
from mpi.matching.decision import DECISIONS, REVIEW
from mpi.matching.rules import RuleSet
from mpi.matching.scoring import differing_weights

Indices = npt.NDArray[np.int64]

_REFUSALS: Final = tuple(Refusal)


def cluster_table(records: EncodedRecords, clusters: Clusters) -> pa.Table:
    """``source, record_id, cluster_id``, one row per record in canonical order.

    Clusters are numbered from 1 in the order of their first records.
    """
    return pa.table(
        {
            "source": _sources(records, np.arange(records.record_count)),
            "record_id": _record_ids(records, np.arange(records.record_count)),
            "cluster_id": pa.array(cluster_numbers(clusters)),
        }
    )


def cluster_numbers(clusters: Clusters) -> Indices:
    """Per record the number of its cluster, from 1 in the order of the clusters' first records."""
    firsts = clusters.cluster_of == np.arange(len(clusters.cluster_of))
    numbers: Indices = np.cumsum(firsts)[clusters.cluster_of]
    return numbers


def pair_table(records: EncodedRecords, pairs: ScoredPairs, clusters: Clusters, rules: RuleSet) -> pa.Table:
    """Every pair that weighs enough for a review, with what speaks for and against it.

    ``decision`` is review for a link that clustering refused, and ``refused_by`` says why it did:
    asserted_different, guard, evidence, rival or size. ``weight_FIELD`` is null where one of the two has no
    value; the weights of the fields, ``weight_household``, ``weight_differing`` where the rule set has it,
    and its prior weight add up to ``weight``, all in log2.
    """
    refusals = np.full(len(pairs.left), -1, dtype=np.int8)
    refusals[clusters.refused] = [_REFUSALS.index(reason) for reason in clusters.reasons]
    columns: dict[str, Any] = {
        "source_a": _sources(records, pairs.left),
        "record_id_a": _record_ids(records, pairs.left),
        "source_b": _sources(records, pairs.right),
        "record_id_b": _record_ids(records, pairs.right),
        "weight": pa.array(pairs.weight),
        "probability": pa.array(pairs.probability),
        "decision": _words(settled(pairs, clusters), DECISIONS),
        "refused_by": _words(refusals, _REFUSALS),
    }
    for row, comparison in enumerate(rules.comparisons):
        columns[f"weight_{comparison.field}"] = pa.array(pairs.weights[row], mask=pairs.levels[row] < 0)
    columns["weight_household"] = pa.array(pairs.household_weight)
    if rules.differing:
        columns["weight_differing"] = pa.array(differing_weights(pairs.levels, rules).astype(np.float32))
    sets = pa.array([[hit.guard for hit in hits] for hits in pairs.guard_sets], type=pa.list_(pa.string()))
    columns["guards"] = sets.take(pairs.guard_set)
    return pa.table(columns).replace_schema_metadata(
        {"rule_set": rules.name, "rule_set_hash": rules.hash, "prior_weight": str(rules.prior_weight)}
    )


def settled(pairs: ScoredPairs, clusters: Clusters) -> npt.NDArray[np.int8]:
    """The decision of each pair once clustering is done: a link that it refused is a review."""
    decision = pairs.decision.copy()
    decision[clusters.refused] = REVIEW
    return decision


def _sources(records: EncodedRecords, positions: npt.NDArray[np.integer]) -> pa.Array[Any]:
    return _words(records.source_of[positions], records.sources)


def _record_ids(records: EncodedRecords, positions: npt.NDArray[np.integer]) -> pa.Array[Any]:
    return pa.array(records.record_ids[positions], type=pa.string())


def _words(codes: npt.NDArray[np.integer], words: tuple[str, ...]) -> pa.Array[Any]:
    """Each code's word; null for −1."""
    return pa.array(list(map(str, words)), type=pa.string()).take(pa.array(codes, mask=codes < 0))
