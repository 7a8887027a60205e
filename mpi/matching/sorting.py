"""Many integers at once: the distinct ones, and a memory of what is known of them.

By sort and difference: ``np.unique`` is a hundred times slower on integers (numpy 2.4).
"""

from __future__ import annotations

from copy import copy
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

#: Spreads integers over all places (Knuth's multiplicative hashing, 2^64 over the golden ratio).
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)


class DistinctIntegers(NamedTuple):
    """``values[place_of]`` are the integers asked about; ``values`` ascend."""

    values: Integers
    place_of: npt.NDArray[np.intp]


def distinct_integers(integers: Integers) -> DistinctIntegers:
    """The distinct ones, and the place of each among them."""
    order = np.argsort(integers)
    ordered = integers[order]
    first = _first(ordered)
    place_of = np.empty(len(integers), dtype=np.intp)
    place_of[order] = np.cumsum(first) - 1
    return DistinctIntegers(ordered[first], place_of)


def counted_integers(integers: Integers) -> tuple[Integers, Integers]:
    """The distinct ones, ascending, and how often each is there."""
    ordered = np.sort(integers)
    starts = np.flatnonzero(_first(ordered))
    return ordered[starts], np.diff(starts, append=len(ordered))


def _first(ordered: Integers) -> npt.NDArray[np.bool_]:
    """Which of ascending integers differ from the one before."""
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return first


class IntegerMemory:
    """A small value for each of the integers kept last: each has one place, where the next to come pushes it
    out.
    """

    __slots__ = ("_keys", "_shift", "_unknown", "_values")

    def __init__(self, bits: int, dtype: npt.DTypeLike, unknown: int) -> None:
        """``2 ** bits`` places; the integers are not negative. ``unknown`` is the value of those not kept."""
        self._keys = np.full(1 << bits, -1, dtype=np.int64)
        self._values = np.full(1 << bits, unknown, dtype=dtype)
        self._shift = np.uint64(64 - bits)
        self._unknown = self._values[0]

    def _places(self, integers: Integers) -> Integers:
        spread = integers.view(np.uint64) * _SPREAD
        spread >>= self._shift
        return spread.view(np.int64)

    def values(self, integers: Integers) -> npt.NDArray[Any]:
        """What is kept of each."""
        places = self._places(integers)
        return np.where(self._keys.take(places) == integers, self._values.take(places), self._unknown)

    def copy(self) -> IntegerMemory:
        """One of its own: threads that share a memory replace it by a copy with more in it, never write."""
        made = copy(self)
        made._keys, made._values = self._keys.copy(), self._values.copy()
        return made

    def keep(self, integers: Integers, values: npt.NDArray[Any]) -> None:
        """Keep the values of distinct integers; of those with one place one."""
        # Distinct places first, so that an integer and its value come from the same one.
        places = self._places(integers)
        order = np.argsort(places)
        kept = order[_first(places[order])]
        self._keys[places[kept]] = integers[kept]
        self._values[places[kept]] = values[kept]
