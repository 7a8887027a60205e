"""Why two records of a batch agree or not: the same parts as everywhere else, for some pairs picked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mpi.batch.encoded import EncodedRecords
from mpi.batch.shared_passes import shared_passes
from mpi.matching.comparison import Column, Columns
from mpi.matching.comparison.features import shown
from mpi.matching.decision import DECISIONS, field_parts, score_columns
from mpi.matching.rules import RuleSet

Pairs = npt.NDArray[np.int64]

#: A bijection of 64-bit numbers in which every bit depends on every other (Steele, Lea and Flood 2014).
_MIX: Final = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordShown:
    """A record as a report names it, with the values it is compared by."""

    source: str
    record_id: str
    #: Field → value as ``features.shown`` gives it, absent fields left out.
    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEvidence:
    """A pair with the parts that add up to its weight (log2)."""

    left: RecordShown
    right: RecordShown
    weight: float
    probability: float
    #: link, review, no_link.
    decision: str
    #: As in ``mpi.matching.decision.field_parts``: prior, the fields both have, household.
    fields: list[dict[str, Any]]
    #: Guards that fired: guard, effect, reason.
    guards: list[dict[str, Any]]
    #: Names of the blocking passes in which the two share a key.
    shared_passes: tuple[str, ...]


def pair_evidence(records: EncodedRecords, pairs: Pairs, rules: RuleSet) -> list[PairEvidence]:
    """The evidence of each pair; ``pairs`` are packed as ``mpi.batch.blocks.packed`` does."""
    if not len(pairs):
        return []
    left, right = pairs >> 32, pairs & 0xFFFFFFFF
    positions = np.unique(np.concatenate([left, right]))
    columns = picked(records.columns, positions)
    a, b = np.searchsorted(positions, left).tolist(), np.searchsorted(positions, right).tolist()
    scores = score_columns(columns, a, b, rules)
    fields = field_parts(columns, a, b, scores, range(len(pairs)), rules)
    people = records_shown(records, positions)
    passes = shared_passes(records, left, right, rules)
    return [
        PairEvidence(
            left=people[a[pair]],
            right=people[b[pair]],
            weight=float(scores.weight[pair]),
            probability=float(scores.probability[pair]),
            decision=DECISIONS[int(scores.decision[pair])],
            fields=fields[pair],
            guards=[hit._asdict() for hit in scores.guards[pair]],
            shared_passes=tuple(
                one.name for one, share in zip(rules.blocking_passes, passes[:, pair], strict=True) if share
            ),
        )
        for pair in range(len(pairs))
    ]


def records_shown(records: EncodedRecords, positions: npt.NDArray[np.integer]) -> list[RecordShown]:
    """The records at these positions with their values."""
    columns = picked(records.columns, positions).columns
    fields = [name for name in columns if name not in ("names", "placeholder_name")]
    return [
        RecordShown(
            source=records.sources[records.source_of[position]],
            record_id=str(records.record_ids[position]),
            values={
                name: shown(name, columns[name].values[place])
                for name in fields
                if columns[name].values[place] is not None
            },
        )
        for place, position in enumerate(positions.tolist())
    ]


def picked(columns: Columns, positions: npt.NDArray[np.integer]) -> Columns:
    """The columns of the records at some positions, value by value.

    To compare a few pairs of a large file: the kernel would make the values of all its records.
    """
    picked = {name: Column(values=_values(column, positions)) for name, column in columns.columns.items()}
    return Columns(record_count=len(positions), columns=picked)


def sampled(pairs: Pairs, count: int) -> Pairs:
    """At most ``count`` of the numbers, ascending; chosen by hash: the same whatever order they come in."""
    if len(pairs) > count:
        pairs = pairs[np.argpartition(_hashes(pairs), count)[:count]]
    return np.sort(pairs)


def _hashes(pairs: Pairs) -> npt.NDArray[np.uint64]:
    mixed = pairs.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in _MIX:
        mixed ^= mixed >> np.uint64(shift)
        mixed *= np.uint64(factor)
    return mixed


def _values(column: Column, positions: npt.NDArray[np.integer]) -> list[Any]:
    codes, distinct = column.codes()
    chosen: Sequence[int] = codes[positions].tolist()
    return [None if code < 0 else distinct[code] for code in chosen]
