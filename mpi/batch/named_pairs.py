"""Candidates with pairs that somebody names besides those that share a key, or without some that nobody asks
about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from mpi.batch.candidates import Candidates, Positions

_Keys = npt.NDArray[np.int64]


def with_named(candidates: Candidates, named: npt.NDArray[np.int64]) -> Candidates:
    """The candidates and the pairs of ``named`` (positions int64 [pairs, 2]), each pair once."""
    if not len(named):
        return candidates
    low, high = named.min(axis=1), named.max(axis=1)
    keys = np.unique((low << 32 | high)[low != high])
    new = _not_among(keys, candidates)
    if not len(new):
        return candidates

    def chunks() -> Iterator[tuple[Positions, Positions]]:
        rest = new
        for left, right in candidates.chunks():
            found = left.astype(np.int64) << 32 | right
            mine, rest = np.split(rest, [np.searchsorted(rest, found[-1])])
            yield _positions(np.sort(np.concatenate([found, mine])) if len(mine) else found)
        if len(rest):
            yield _positions(rest)

    return replace(candidates, pair_count=candidates.pair_count + len(new), chunks=chunks)


def _not_among(keys: _Keys, candidates: Candidates) -> _Keys:
    """Those of ``keys``, ascending, that are no candidates."""
    there = np.zeros(len(keys), dtype=bool)
    for left, right in candidates.chunks():
        found = left.astype(np.int64) << 32 | right
        start, end = np.searchsorted(keys, [found[0], found[-1] + 1])
        mine = keys[start:end]
        there[start:end] = found[np.minimum(np.searchsorted(found, mine), len(found) - 1)] == mine
    return keys[~there]


def _positions(keys: _Keys) -> tuple[Positions, Positions]:
    return (keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.int32)


def touching(candidates: Candidates, is_asked: npt.NDArray[np.bool_]) -> Candidates:
    """Those candidates of which one record at least is asked about: bool [n]. ``pair_count`` stays an upper
    bound.
    """

    def chunks() -> Iterator[tuple[Positions, Positions]]:
        for left, right in candidates.chunks():
            asked = is_asked[left] | is_asked[right]
            if asked.any():
                yield left[asked], right[asked]

    return replace(candidates, chunks=chunks)
