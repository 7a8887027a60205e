"""A field's values as codes, so that of many pairs each distinct pair of values is compared once, and most
not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.comparators import Comparator
from mpi.matching.comparison.distinct import values_at
from mpi.matching.comparison.names import MISSING_LEVEL
from mpi.matching.comparison.screens import SCREENS
from mpi.matching.comparison.traits import UNKNOWN, Mask
from mpi.matching.sorting import IntegerMemory, distinct_integers

Codes = npt.NDArray[np.int32]
Levels = npt.NDArray[np.int8]
Positions = npt.NDArray[np.intp]

#: A field with no more distinct values than this has the levels of all pairs of them in one table.
_TABLE_MAX: Final = 64

#: Of names so many of the most common ones have the levels of all their pairs in one table, filled as they
#: come.
_COMMON_MAX: Final = 4096
_COMMON_FIELDS: Final = ("family", "given", "middle")

#: At most so many pairs that were compared are remembered, as a power of two.
_MEMORY_BITS: Final = 20


class CodedField:
    """The levels of pairs of a field's values, by code; a negative code is a missing value."""

    def __init__(
        self,
        field: str,
        codes: Codes,
        distinct: Sequence[Any],
        comparator: Comparator,
        traits: Callable[[], Any] | None = None,
    ) -> None:
        """``codes`` of all records; ``distinct`` may hold values that no record has.

        ``traits`` gives those of the field's screen where another field with the same values has them.
        """
        self._distinct = distinct
        self._comparator = comparator
        self._table = self._common = None
        if len(distinct) <= _TABLE_MAX:
            self._table = self._all_levels()
            return
        screen = SCREENS[field]
        self._traits = traits() if traits else screen.traits(distinct)
        self._sift, self._asked = screen.sift, screen.asked
        # Of each value with itself; the place of a missing one, −1, is the last.
        self._own = np.zeros(len(distinct) + 1, dtype=np.int8)
        self._own[-1] = MISSING_LEVEL
        self._all_plain = screen.plain is None
        if screen.plain is not None:
            self._own[:-1][~screen.plain(distinct)] = UNKNOWN
        bits = min(_MEMORY_BITS, 4 + len(distinct).bit_length())
        self._remembered = IntegerMemory(bits, np.int8, UNKNOWN)
        if field in _COMMON_FIELDS:
            self._common = _CommonPairs(codes, len(distinct))

    def _all_levels(self) -> Levels:
        """Level by the codes of the two values; the last row and column, read by −1, are missing."""
        size = len(self._distinct)
        table = np.full((size + 1, size + 1), MISSING_LEVEL, dtype=np.int8)
        values = list(self._distinct)
        for i, one in enumerate(values):
            for j, other in enumerate(values[: i + 1]):
                table[i, j] = table[j, i] = self._comparator(one, other)
        return table

    @property
    def is_tabled(self) -> bool:
        """Whether ``levels`` knows all of them."""
        return self._table is not None

    def levels(self, a: Codes, b: Codes) -> Levels:
        """The level of each pair that can be told without its comparator, else ``UNKNOWN``."""
        if self._table is not None:
            if len(self._table) == 1:
                return np.full(len(a), MISSING_LEVEL, dtype=np.int8)
            # −1 wraps around into the last row, or into the last column of the row before: all missing.
            return self._table.take(a * np.int32(len(self._table)) + b, mode="wrap")
        missing = ((a | b) >> 31).astype(np.int8)
        apart = np.flatnonzero((a != b) & (missing == 0))
        levels = missing
        if not self._all_plain:
            levels = self._own.take(a)
            levels |= missing
        levels[apart] = self._apart(a.take(apart), b.take(apart))
        return levels

    def _apart(self, a: Codes, b: Codes) -> Levels:
        """The levels of pairs of different values."""
        if self._common is None:
            return self._sift(self._traits, a, b)
        cells, rare = self._common.cells(a, b)
        levels = self._common.levels.take(cells)
        asked = np.flatnonzero(levels == UNKNOWN)
        levels[asked] = found = self._sift(self._traits, a.take(asked), b.take(asked))
        self._common.keep(cells.take(asked), rare.take(asked), found)
        return levels

    def compared(self, a: Codes, b: Codes) -> Levels:
        """The levels of pairs by the comparator, once for each distinct pair that is not remembered."""
        if not len(a):
            return np.empty(0, dtype=np.int8)
        keys = (np.minimum(a, b).astype(np.int64) << 32) | np.maximum(a, b)
        levels = self._remembered.values(keys)
        fresh = np.flatnonzero(levels == UNKNOWN)
        distinct, place_of = distinct_integers(keys.take(fresh))
        found = self._by_comparator((distinct >> 32).astype(np.int32), distinct.astype(np.int32))
        self._remembered.keep(distinct, found)
        levels[fresh] = found[place_of]
        return levels

    def _by_comparator(self, a: Codes, b: Codes) -> Levels:
        levels = np.full(len(a), UNKNOWN, dtype=np.int8)
        if self._asked is not None:
            levels = self._asked(self._traits, a, b)
        still = np.flatnonzero(levels == UNKNOWN)
        sides = (values_at(self._distinct, side.take(still)) for side in (a, b))
        levels[still] = list(map(self._comparator, *sides))
        if self._common is not None:
            self._common.keep(*self._common.cells(a, b), levels)
        same = a == b
        self._own[a[same]] = levels[same]
        return levels


class _CommonPairs:
    """A table of the levels of all pairs of a field's most common values; ``UNKNOWN`` until met."""

    def __init__(self, codes: Codes, distinct_count: int) -> None:
        counts = np.bincount(codes[codes >= 0], minlength=distinct_count)
        common = np.argsort(-counts, kind="stable")[:_COMMON_MAX]
        self._size = len(common) + 1
        #: The row of each value; rare ones share the last, which stays unknown.
        self._row = np.full(distinct_count, len(common), dtype=np.int32)
        self._row[common] = np.arange(len(common), dtype=np.int32)
        self.levels = np.full(self._size * self._size, UNKNOWN, dtype=np.int8)

    def cells(self, a: Codes, b: Codes) -> tuple[Codes, Mask]:
        """The cell of each pair, and whether it is that of rare values."""
        row, column = self._row.take(a), self._row.take(b)
        rare = np.maximum(row, column) == self._size - 1
        return row * np.int32(self._size) + column, rare

    def keep(self, cells: Codes, rare: Mask, levels: Levels) -> None:
        """Write the levels of some cells, and of those of the same pairs the other way round."""
        kept = np.flatnonzero(~rare)
        row, column = np.divmod(cells.take(kept), np.int32(self._size))
        self.levels[row * self._size + column] = self.levels[column * self._size + row] = levels.take(kept)
