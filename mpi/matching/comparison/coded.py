"""Many pairs at once: values as codes, so that each distinct pair of values is compared once, and most not
at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.columns import Column
from mpi.matching.comparison.comparators import COMPARATORS
from mpi.matching.comparison.names import MISSING_LEVEL
from mpi.matching.comparison.screens import SCREENS

Codes = npt.NDArray[np.int32]
Levels = npt.NDArray[np.int8]
Positions = npt.NDArray[np.intp]

#: A field with no more distinct values than this has the levels of all pairs of them in one table.
_TABLE_MAX: Final = 64


def levels_of(field: str, column: Column, left: Positions, right: Positions) -> Levels:
    """The level of each pair of records, the same as the field's comparator gives for their values."""
    codes, distinct = column.codes()
    levels = np.full(len(left), MISSING_LEVEL, dtype=np.int8)
    if not distinct:
        return levels
    a, b = codes.take(left), codes.take(right)
    if len(distinct) <= _TABLE_MAX:
        table = column.derived("table", lambda: _table(field, distinct))
        # A code of −1 wraps around into the last row, or into the last column of the row before: all missing.
        found: Levels = table.take(a * table.shape[1] + b, mode="wrap")
        return found
    present = (a >= 0) & (b >= 0)
    same = a == b
    equal = np.flatnonzero(present & same)
    levels[equal] = _own_levels(field, column, a.take(equal))
    unequal = np.flatnonzero(present & ~same)
    levels[unequal] = _unequal(field, column, a.take(unequal), b.take(unequal))
    return levels


def _table(field: str, distinct: Sequence[Any]) -> Levels:
    """Level by the codes of the two values; the last row and column, which −1 reads, stand for missing."""
    table = np.full((len(distinct) + 1, len(distinct) + 1), MISSING_LEVEL, dtype=np.int8)
    for i, one in enumerate(distinct):
        for j, other in enumerate(distinct):
            table[i, j] = COMPARATORS[field](one, other)
    return table


def _own_levels(field: str, column: Column, codes: Codes) -> Levels:
    """The level of values compared with themselves, each once."""
    distinct = column.codes()[1]
    known = column.derived("own", lambda: np.full(len(distinct), -2, dtype=np.int8))
    wanted = np.zeros(len(distinct), dtype=bool)
    wanted[codes] = True
    for code in np.flatnonzero(wanted & (known == -2)).tolist():
        known[code] = COMPARATORS[field](distinct[code], distinct[code])
    found: Levels = known[codes]
    return found


def _unequal(field: str, column: Column, a: Codes, b: Codes) -> Levels:
    distinct = column.codes()[1]
    comparator = COMPARATORS[field]
    screen = SCREENS.get(field)
    if screen is None:
        return by_distinct_pair(a, b, lambda i, j: comparator(distinct[i], distinct[j]), np.int8)
    traits = column.derived("traits", lambda: screen.traits(distinct))
    passed, otherwise = screen.sift(traits, a.astype(np.intp), b.astype(np.intp))
    levels: Levels = np.empty(len(a), dtype=np.int8)
    levels[:] = otherwise
    places = np.flatnonzero(passed)
    levels[places] = by_distinct_pair(
        a[places], b[places], lambda i, j: comparator(distinct[i], distinct[j]), np.int8
    )
    return levels


def by_distinct_pair(a: Codes, b: Codes, value: Callable[[int, int], Any], dtype: Any) -> npt.NDArray[Any]:
    """``value(i, j)`` for each pair of codes, called once per distinct pair, whichever side comes first.

    By sort and difference: ``np.unique`` is a hundred times slower on integers (numpy 2.4).
    """
    if not len(a):
        return np.empty(0, dtype=dtype)
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b)
    keys = (low << 32) | high
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    distinct = ordered[first]
    pairs = zip((distinct >> 32).tolist(), (distinct & 0xFFFFFFFF).tolist(), strict=True)
    found = np.array([value(i, j) for i, j in pairs], dtype=dtype)
    result = np.empty(len(keys), dtype=dtype)
    result[order] = found[np.cumsum(first) - 1]
    return result
