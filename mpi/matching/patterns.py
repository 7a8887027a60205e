"""Levels packed into patterns: what depends on the levels alone is computed per pattern and looked up per
pair.

The comparisons are taken in groups of a few, so that a group has no more than some thousand patterns. A table
over (comparison, level) then becomes one table per group, and a pair costs one look-up per group and not per
field.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mpi.matching.rules import RuleSet

#: Patterns of one group; below 2²⁴, up to which single precision counts exactly.
_PATTERNS_MAX: Final = 1 << 14

Levels = npt.NDArray[np.int8]
Codes = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patterns:
    """How a rule set's comparisons are packed: ``radix`` has the factor of each comparison in each group."""

    groups: tuple[tuple[int, ...], ...]
    #: Levels of each comparison, with missing.
    sizes: tuple[int, ...]
    #: Shape (groups, comparisons).
    radix: npt.NDArray[np.float32]
    #: Missing is −1 in the levels and 0 in a pattern.
    offset: npt.NDArray[np.float32]

    def codes(self, levels: Levels) -> Codes:
        """The pattern of each pair in each group, shape (groups, pairs)."""
        packed = self.radix @ levels.astype(np.float32) + self.offset
        return packed.astype(np.intp)

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
    radix = np.zeros((len(groups), len(sizes)), dtype=np.float32)
    for number, group in enumerate(groups):
        factor = 1
        for comparison in group:
            radix[number, comparison] = factor
            factor *= sizes[comparison]
    offset = radix.sum(axis=1, keepdims=True)
    return Patterns(groups=tuple(map(tuple, groups)), sizes=sizes, radix=radix, offset=offset)
