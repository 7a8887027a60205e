"""The screen of birth dates: what the comparator finds for two days of a year, or for two years, is kept.

Of two full dates in one year the level depends on months and days alone, and of two on one day of the year on
the years alone. Dates that agree in neither are different, or a generation apart. Partial dates are told by
the parts that both have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.comparators import GENERATION_YEARS, birth_date
from mpi.matching.comparison.names import MISSING_LEVEL, level_positions
from mpi.matching.comparison.traits import UNKNOWN, Mask
from mpi.matching.record import PartialDate
from mpi.matching.sorting import distinct_integers

Codes = npt.NDArray[np.int32]
Levels = npt.NDArray[np.int8]

_DATE = level_positions("birth_date")

#: Month and day, and years from 1700 on, as numbers below 512.
_BITS: Final = 9
_BELOW: Final = (1 << _BITS) - 1
_YEARS_FROM: Final = 1700


class _Dates:
    """Of the distinct dates: year and day of the year; and the levels met so far."""

    def __init__(self, dates: Sequence[PartialDate]) -> None:
        parts = _parts(dates)
        self.parts = parts
        # −1: not full, or of a year out of range.
        years = parts[:, 0] - _YEARS_FROM
        told = (parts > 0).all(axis=1) & (years >= 0) & (years <= _BELOW)
        self.packed: Codes = np.where(told, (years << _BITS) | (parts[:, 1] << 5) | parts[:, 2], -1)
        #: By two days of a year, then by two years.
        self.levels = np.full(2 << (2 * _BITS), UNKNOWN, dtype=np.int8)

    def cells(self, a: Codes, b: Codes) -> Codes:
        """Where ``levels`` has those of full dates that agree in the year or in the day of the year."""
        by_days = ((a & _BELOW) << _BITS) | (b & _BELOW)
        by_years = (1 << (2 * _BITS)) | ((a >> _BITS) << _BITS) | (b >> _BITS)
        return np.where(a >> _BITS == b >> _BITS, by_days, by_years)


def date_traits(values: Sequence[Any]) -> _Dates:
    """What the screen looks at, of distinct dates."""
    return _Dates(values)


def _parts(dates: Sequence[PartialDate]) -> Codes:
    return np.array(dates, dtype=np.int32).reshape(len(dates), 3)


def plain_date(values: Sequence[Any]) -> Mask:
    """Full, and not the first of January."""
    parts = _parts(values)
    full: Mask = (parts > 0).all(axis=1) & ((parts[:, 1] != 1) | (parts[:, 2] != 1))
    return full


def date_sift(traits: _Dates, a: Codes, b: Codes) -> Levels:
    """Dates in one year, or on one day of the year, as kept; others by the years between them."""
    left, right = traits.packed.take(a), traits.packed.take(b)
    apart = np.abs((left >> _BITS) - (right >> _BITS)) >= GENERATION_YEARS
    levels = np.where(apart, np.int8(_DATE["generation_apart"]), np.int8(_DATE["different"]))
    differ = left ^ right
    near = np.flatnonzero(((differ <= _BELOW) | (differ & _BELOW == 0)) & ((left | right) >= 0))
    levels[near] = traits.levels.take(traits.cells(left.take(near), right.take(near)))
    partial = np.flatnonzero((left | right) < 0)
    levels[partial] = _partial(
        traits.parts.take(a.take(partial), axis=0), traits.parts.take(b.take(partial), axis=0)
    )
    return levels


def _partial(left: Codes, right: Codes) -> Levels:
    """Of different dates, one of which lacks a part, by the parts that both have."""
    known = (left > 0) & (right > 0)
    both_years = known[:, 0]
    agree = ((left == right) | ~known).all(axis=1)
    years = np.abs(left[:, 0] - right[:, 0])
    levels = np.full(len(left), _DATE["different"], dtype=np.int8)
    levels[both_years & (years == 0)] = _DATE["same_year"]
    levels[both_years & (years >= GENERATION_YEARS)] = _DATE["generation_apart"]
    levels[agree] = MISSING_LEVEL
    levels[agree & both_years] = _DATE["partial"]
    # Full ones of years that are out of range.
    levels[(left > 0).all(axis=1) & (right > 0).all(axis=1)] = UNKNOWN
    return levels


def date_asked(traits: _Dates, a: Codes, b: Codes) -> Levels:
    """The levels of full dates that were left unknown, each cell asked once; others stay ``UNKNOWN``."""
    left, right = traits.packed.take(a), traits.packed.take(b)
    levels = np.full(len(a), UNKNOWN, dtype=np.int8)
    told = np.flatnonzero(((left | right) >= 0) & (left != right))
    left, right = left.take(told), right.take(told)
    cells, place_of = distinct_integers(traits.cells(left, right).astype(np.int64))
    example = np.empty(len(cells), dtype=np.intp)
    example[place_of] = np.arange(len(told))
    sides = ([_date(packed) for packed in side.take(example).tolist()] for side in (left, right))
    found = np.array(list(map(birth_date, *sides)), dtype=np.int8)
    for one, other in ((left, right), (right, left)):
        traits.levels[traits.cells(one.take(example), other.take(example))] = found
    levels[told] = found[place_of]
    return levels


def _date(packed: int) -> PartialDate:
    return PartialDate((packed >> _BITS) + _YEARS_FROM, packed >> 5 & 15, packed & 31)
