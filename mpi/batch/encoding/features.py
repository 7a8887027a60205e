"""Features that nearly always have one element, and those few that have more, of all records at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mpi.batch.encoded import Codes, KeyValues
from mpi.batch.encoding.hashing import Hashed, gathered, key_values


@dataclass(frozen=True, slots=True)
class Features:
    """Per record a tuple of elements, each a position among distinct elements in ascending order.

    ``codes`` is the feature of each record, −1 = none. Feature ``f`` has the first element ``firsts[f]``, and
    where it has several, ``several[f]`` is all of them. Features ascend as tuples of elements do.
    """

    codes: Codes
    firsts: Codes
    several: dict[int, tuple[int, ...]]

    def keys(self, hashed: Hashed) -> KeyValues:
        """The records' keys, from those of each element."""
        if not self.several and len(self.firsts) + 1 == len(hashed.starts):
            return key_values(self.codes, hashed)
        counts = np.ones(len(self.firsts), dtype=np.int64)
        for feature, elements in self.several.items():
            counts[feature] = len(elements)
        starts = np.concatenate([[0], np.cumsum(counts)])
        members = np.empty(int(starts[-1]), dtype=np.int32)
        members[starts[:-1]] = self.firsts
        for feature, elements in self.several.items():
            members[starts[feature] : starts[feature + 1]] = elements
        return key_values(self.codes, gathered(starts, members, hashed))


def features(
    elements: Codes, element_count: int, rare: npt.NDArray[np.int32] | None, tuples: Sequence[tuple[int, ...]]
) -> Features:
    """The features of records whose only element is ``elements[i]`` (−1 = none).

    Where ``rare[i]`` is not −1 the record has the elements ``tuples[rare[i]]`` instead.
    """
    singles = np.arange(element_count, dtype=np.int32)
    if rare is None or not any(len(one) > 1 for one in tuples):
        codes = elements if rare is None else _replaced(elements, rare, tuples)
        return Features(codes, singles, {})
    elements = _replaced(elements, rare, tuples)
    distinct = sorted({one for one in tuples if len(one) > 1})
    heads = np.array([one[0] for one in distinct], dtype=np.int64)
    # A tuple stands after its first element alone, and before the next element.
    places = heads + 1 + np.arange(len(distinct))
    position = {one: int(place) for one, place in zip(distinct, places, strict=True)}
    shift = np.searchsorted(heads, np.arange(element_count), side="left").astype(np.int32)
    firsts = np.empty(element_count + len(distinct), dtype=np.int32)
    firsts[singles + shift] = singles
    firsts[places] = heads
    codes = np.append(singles + shift, np.int32(-1)).take(elements, mode="wrap").astype(np.int32)
    of_tuple = np.array([position.get(one, -1) for one in tuples], dtype=np.int32)
    found = of_tuple.take(rare, mode="wrap")
    codes = np.where((rare >= 0) & (found >= 0), found, codes).astype(np.int32)
    return Features(codes, firsts, {place: one for one, place in position.items()})


def _replaced(elements: Codes, rare: Codes, tuples: Sequence[tuple[int, ...]]) -> Codes:
    """The only element of each record, −1 where there is none (or several)."""
    if not len(tuples):
        return elements
    only = np.array([one[0] if len(one) == 1 else -1 for one in tuples], dtype=np.int32)
    return np.where(rare >= 0, only.take(rare, mode="wrap"), elements).astype(np.int32)


def combined(codes: Sequence[tuple[npt.NDArray[Any], int]]) -> npt.NDArray[np.int64]:
    """One number for each combination of codes (−1 included), which ascends as the combinations do.

    Each is given with how many different ones there can be; where the numbers would grow too large, they
    are made dense in between.
    """
    keys = np.zeros(len(codes[0][0]), dtype=np.int64)
    bound = 1
    for part, count in codes:
        if bound * (count + 1) >= 2**62:
            dense, distinct = densely(keys)
            keys, bound = dense.astype(np.int64), len(distinct)
        keys = keys * (count + 1) + (part + 1)
        bound *= count + 1
    return keys


def densely(keys: npt.NDArray[np.int64]) -> tuple[Codes, npt.NDArray[np.intp]]:
    """Keys as codes of the distinct ones in ascending order, and for each of these a place where it stands.

    By sort and difference: ``np.unique`` is a hundred times slower on integers (numpy 2.4).
    """
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    steps = np.ones(len(keys), dtype=bool)
    steps[1:] = ordered[1:] != ordered[:-1]
    codes = np.empty(len(keys), dtype=np.int32)
    codes[order] = np.cumsum(steps) - 1
    return codes, order[steps]
