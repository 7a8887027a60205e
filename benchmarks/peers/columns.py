"""What a prepared file holds: columns with values, and those that make blocks one can afford."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

SINGLE = ("given", "family", "birth_date", "ssn", "street", "zip", "phone")
#: Pairs of records that agree on a column, for it to be a block of its own.
PAIRS_MAX = 2_000_000


def single_columns(table: pa.Table) -> list[str]:
    """Columns that are blocks by themselves, as in the documentation's examples of a few thousand records.

    A column on which too many pairs agree, or none, is none.
    """
    return [name for name in SINGLE if 0 < pairs_within(table[name]) <= PAIRS_MAX]


def filled(table: pa.Table, share_min: float = 0.0) -> set[str]:
    """Columns that more than this share of the records have."""
    return {name for name in table.column_names if 1 - table[name].null_count / len(table) > share_min}


def pairs_within(column: pa.ChunkedArray) -> int:
    counts = pc.value_counts(column.drop_null()).field("counts").to_numpy()
    return int((counts * (counts - 1) // 2).sum())
