"""Normalized records, with all the values they have, encoded for bulk work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from mpi.batch.encoded import EncodedRecords
from mpi.batch.encoding.hashing import record_keys
from mpi.matching.comparison import Column, Columns
from mpi.matching.comparison.columns import NAMES
from mpi.matching.comparison.features import FEATURES
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet
from mpi.matching.stored import to_stored


def encode_records(
    ids: Sequence[str], sources: Sequence[str], records: Sequence[NormalizedRecord], rules: RuleSet
) -> EncodedRecords:
    """Records that were normalized already, e.g. those of the index, in canonical order.

    ``ids``, ``sources`` and ``records`` are equally long; ``rows`` of the result tells which of them each
    position is.
    """
    order = sorted(range(len(ids)), key=lambda row: (sources[row], ids[row]))
    _settle_ties(order, ids, sources, records)
    ordered = [records[row] for row in order]
    names = tuple(sorted(set(sources)))
    places = {name: place for place, name in enumerate(names)}
    fields = dict.fromkeys((*(comparison.field for comparison in rules.comparisons), NAMES))
    parts = dict.fromkeys(part for one in rules.blocking_passes for part in one.key)
    return EncodedRecords(
        source_of=np.array([places[sources[row]] for row in order], dtype=np.int16),
        sources=names,
        record_ids=np.array([ids[row] for row in order], dtype=object),
        columns=Columns(
            record_count=len(ordered),
            columns={field: _column([FEATURES[field](record) for record in ordered]) for field in fields},
        ),
        keys={part: record_keys(part, ordered) for part in parts},
        dropped=Counter((out.field, out.reason) for record in ordered for out in record.dropped),
        rows=np.array(order, dtype=np.int32),
    )


def _settle_ties(
    order: list[int], ids: Sequence[str], sources: Sequence[str], records: Sequence[NormalizedRecord]
) -> None:
    """Puts records of one source and ID, which stand together, in the order of their content."""
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and _reference(order, end, ids, sources) == _reference(
            order, start, ids, sources
        ):
            end += 1
        if end > start + 1:
            order[start:end] = sorted(order[start:end], key=lambda row: repr(to_stored(records[row])))
        start = end


def _reference(order: list[int], place: int, ids: Sequence[str], sources: Sequence[str]) -> tuple[str, str]:
    return sources[order[place]], ids[order[place]]


def _column(values: list[Any]) -> Column:
    """The values as codes of the distinct ones in ascending order."""
    distinct = sorted({value for value in values if value is not None})
    positions = {value: place for place, value in enumerate(distinct)}
    codes = [-1 if value is None else positions[value] for value in values]
    return Column.coded(np.array(codes, dtype=np.int32), distinct)
