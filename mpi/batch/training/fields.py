"""Which fields the data can say something about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison import Columns
from mpi.matching.rules import Comparison, RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldUse:
    """What becomes of each comparison; positions in ``rules.comparisons``."""

    #: Estimated.
    estimated: npt.NDArray[np.int64]
    #: Without weight by the rule set's own will: there for guards only. Left as they are.
    held: tuple[str, ...]
    #: No record has a value, or all have the same: no weight.
    absent: tuple[str, ...]
    constant: tuple[str, ...]

    @property
    def left_out(self) -> frozenset[str]:
        return frozenset((*self.absent, *self.constant))


def field_use(columns: Columns, rules: RuleSet) -> FieldUse:
    """Look at the values that there are."""
    estimated, held, absent, constant = [], [], [], []
    for place, comparison in enumerate(rules.comparisons):
        codes = columns.columns[comparison.field].codes()[0]
        lowest = int(codes[codes >= 0].min(initial=np.iinfo(np.int32).max))
        highest = int(codes.max(initial=-1))
        if weightless(comparison):
            held.append(comparison.field)
        elif highest < 0:
            absent.append(comparison.field)
        elif lowest == highest:
            constant.append(comparison.field)
        else:
            estimated.append(place)
    return FieldUse(
        estimated=np.array(estimated, dtype=np.int64),
        held=tuple(held),
        absent=tuple(absent),
        constant=tuple(constant),
    )


def weightless(comparison: Comparison) -> bool:
    """No level of it says anything."""
    return all(
        level.m_probability == level.u_probability == other
        for level in comparison.levels
        for other in (level.u_probability, *level.related_probabilities.values())
    )
