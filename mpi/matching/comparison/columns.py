"""Records as columns: per field the value each record is compared by."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.distinct import values_at
from mpi.matching.comparison.features import FEATURES
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet

#: A column that is read with ``family`` and ``given`` but is no field.
NAMES: Final = "names"

_Derived = TypeVar("_Derived")


class Column:
    """One value per record (None = missing): as they are, or as codes of distinct values.

    Few records are compared value by value; many by their codes. Each form is made from the other when first
    asked for.
    """

    __slots__ = ("_codes", "_values")

    def __init__(self, *, values: list[Any]) -> None:
        self._values: list[Any] | None = values
        self._codes: tuple[npt.NDArray[np.int32], Sequence[Any]] | None = None

    @classmethod
    def coded(cls, codes: npt.NDArray[np.int32], distinct: Sequence[Any]) -> Column:
        """From the position of each record's value among ``distinct`` (−1 = missing)."""
        column = cls(values=[])
        column._values, column._codes = None, (codes, distinct)
        return column

    @property
    def values(self) -> list[Any]:
        if self._values is None:
            codes, distinct = self.codes()
            self._values = [None if code < 0 else distinct[code] for code in codes.tolist()]
        return self._values

    def values_at(self, positions: npt.NDArray[np.signedinteger]) -> list[Any]:
        """The values of some records."""
        if self._values is not None:
            return [self._values[position] for position in positions.tolist()]
        codes, distinct = self.codes()
        wanted = codes[positions]
        if not len(distinct):
            return [None] * len(wanted)
        values = values_at(distinct, np.maximum(wanted, 0))
        for place in np.flatnonzero(wanted < 0).tolist():
            values[place] = None
        return values

    def codes(self) -> tuple[npt.NDArray[np.int32], Sequence[Any]]:
        """Per record the position of its value among the distinct ones (−1 = missing), and those."""
        if self._codes is None:
            self._codes = self._encode()
        return self._codes

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
    _derived: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def derived(self, name: Hashable, make: Callable[[], _Derived]) -> _Derived:
        """What was made of the columns under this name, made once."""
        if name not in self._derived:
            self._derived[name] = make()
        found: _Derived = self._derived[name]
        return found


def encode(records: Sequence[NormalizedRecord], rules: RuleSet) -> Columns:
    """The columns that ``rules`` compares, one value per record and field."""
    fields = [comparison.field for comparison in rules.comparisons]
    columns = {name: Column(values=list(map(FEATURES[name], records))) for name in (*fields, NAMES)}
    return Columns(record_count=len(records), columns=columns)
