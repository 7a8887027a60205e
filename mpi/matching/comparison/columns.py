"""Records as columns: per field the value each record is compared by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.features import FEATURES
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet

#: A column that is read with ``family`` and ``given`` but is no field.
NAMES: Final = "names"

_Derived = TypeVar("_Derived")


@dataclass(slots=True, kw_only=True)
class Column:
    """One value per record (None = missing), and on demand the same as codes of distinct values."""

    values: list[Any]
    _derived: dict[str, Any] = field(default_factory=dict, repr=False)

    def derived(self, name: str, make: Callable[[], _Derived]) -> _Derived:
        """What was made of the column under this name, made once."""
        if name not in self._derived:
            self._derived[name] = make()
        found: _Derived = self._derived[name]
        return found

    def codes(self) -> tuple[npt.NDArray[np.int32], list[Any]]:
        """Per record the position of its value among the distinct ones (−1 = missing), and those."""
        return self.derived("codes", self._encode)

    def _encode(self) -> tuple[npt.NDArray[np.int32], list[Any]]:
        positions: dict[Any, int] = {}
        coded = [
            -1 if value is None else positions.setdefault(value, len(positions)) for value in self.values
        ]
        return np.array(coded, dtype=np.int32), list(positions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What a rule set compares of a sequence of records. Built once, compared for any pairs of positions."""

    record_count: int
    columns: Mapping[str, Column]


def encode(records: Sequence[NormalizedRecord], rules: RuleSet) -> Columns:
    """The columns that ``rules`` compares, one value per record and field."""
    fields = [comparison.field for comparison in rules.comparisons]
    columns = {name: Column(values=list(map(FEATURES[name], records))) for name in (*fields, NAMES)}
    return Columns(record_count=len(records), columns=columns)
