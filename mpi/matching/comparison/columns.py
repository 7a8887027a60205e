"""Records as columns: per field the value each record is compared by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.features import FEATURES
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet


@dataclass(slots=True, kw_only=True)
class Column:
    """One value per record (None = missing), and on demand the same as codes of distinct values."""

    values: list[Any]
    _codes: npt.NDArray[np.int32] | None = field(default=None, repr=False)
    _distinct: list[Any] = field(default_factory=list, repr=False)

    def codes(self) -> tuple[npt.NDArray[np.int32], list[Any]]:
        """Per record the position of its value among the distinct ones (−1 = missing), and those."""
        if self._codes is None:
            positions: dict[Any, int] = {}
            coded = [
                -1 if value is None else positions.setdefault(value, len(positions)) for value in self.values
            ]
            self._distinct = list(positions)
            self._codes = np.array(coded, dtype=np.int32)
        return self._codes, self._distinct


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What a rule set compares of a sequence of records. Built once, compared for any pairs of positions."""

    record_count: int
    columns: Mapping[str, Column]


def encode(records: Sequence[NormalizedRecord], rules: RuleSet) -> Columns:
    """The columns that ``rules`` compares, one value per record and field."""
    fields = [comparison.field for comparison in rules.comparisons]
    columns = {name: Column(values=list(map(FEATURES[name], records))) for name in (*fields, "names")}
    return Columns(record_count=len(records), columns=columns)
