"""Levels packed into patterns: what depends on the levels alone is computed per pattern and looked up per
pair.

The comparisons are taken in groups of a few, so that a group has no more than some thousand patterns. A table
over (comparison, level) then becomes one table per group, and a pair costs one look-up per group and not per
field.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mpi.matching.rules import RuleSet

#: Patterns of one group: its table stays in the processor's cache.
_PATTERNS_MAX: Final = 1 << 14
_FEW: Final = 1024

Levels = npt.NDArray[np.int8]
Codes = npt.NDArray[np.int16]
Packed = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patterns:
    """How a rule set's comparisons are packed."""

    #: The comparisons of each group, by position.
    groups: tuple[tuple[int, ...], ...]
    #: Levels of each comparison, with missing.
    sizes: tuple[int, ...]

    #: The factor of each comparison in each group, shape (groups, comparisons).
    radix: Codes

    def codes(self, levels: Levels) -> Codes:
        """The pattern of each pair in each group, shape (groups, pairs); it fits 15 bits.

        Many pairs row by row: numpy's product of integers is slow, and the one of floats makes other cores
        spin.
        """
        if levels.shape[1] <= _FEW:
            product: Codes = self.radix @ (levels + np.int16(1))
            return product
        codes = np.empty((len(self.groups), levels.shape[1]), dtype=np.int16)
        for number, group in enumerate(self.groups):
            code = codes[number]
            code[:] = levels[group[-1]]
            code += 1
            for comparison in group[-2::-1]:
                code *= np.int16(self.sizes[comparison])
                code += levels[comparison]
                code += 1
        return codes

    def packed(self, levels: Levels) -> Packed:
        """The pattern of each pair over all comparisons, as one number."""
        return self.joined(self.codes(levels))

    def joined(self, codes: Codes) -> Packed:
        """The patterns of all groups made one number."""
        packed: Packed = codes[-1].astype(np.int64)
        for group, code in zip(self.groups[-2::-1], codes[-2::-1], strict=True):
            packed *= math.prod(self.sizes[comparison] for comparison in group)
            packed += code
        return packed

    def levels(self, packed: Packed) -> Levels:
        """The levels that packed patterns stand for, shape (comparisons, patterns); undoes ``packed``."""
        levels = np.empty((len(self.sizes), len(packed)), dtype=np.int8)
        for comparison, size in enumerate(self.sizes):
            levels[comparison] = packed % size - 1
            packed = packed // size
        return levels

    def tables(self, rows: list[npt.NDArray[Any]], fold: Callable[[Any, Any], Any]) -> list[npt.NDArray[Any]]:
        """One table per group from one per comparison, whose row 0 stands for missing and row ``level +
        1`` for a level.
        """
        made = []
        for group in self.groups:
            table = rows[group[0]]
            for comparison in group[1:]:
                row = rows[comparison]
                table = fold(table[None], row[:, None]).reshape(-1, *table.shape[1:])
            made.append(table)
        return made


@lru_cache(maxsize=16)
def patterns(rules: RuleSet) -> Patterns:
    """The packing for a rule set: its comparisons in order, as many to a group as fit."""
    sizes = tuple(1 + len(comparison.levels) for comparison in rules.comparisons)
    groups: list[list[int]] = []
    count = _PATTERNS_MAX + 1
    for comparison, size in enumerate(sizes):
        if count * size > _PATTERNS_MAX:
            groups.append([])
            count = 1
        groups[-1].append(comparison)
        count *= size
    radix = np.zeros((len(groups), len(sizes)), dtype=np.int16)
    for number, group in enumerate(groups):
        radix[number, group] = np.cumprod([1, *(sizes[comparison] for comparison in group[:-1])])
    return Patterns(groups=tuple(map(tuple, groups)), sizes=sizes, radix=radix)
