"""Candidates from keys that were made already, and pairs that somebody names besides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.blocks import Blocks
from mpi.batch.candidates import BLOCK_MAX, CHUNK_PAIRS, Candidates, Positions
from mpi.batch.pair_keys import PairKeys
from mpi.matching.blocking import BROAD_MAX, BlockingKey

#: Of a block that is too large to compare all with all, so many are compared with each record.
NEIGHBOURS: Final = 5

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


def sharing_keys(keys: Sequence[Sequence[BlockingKey]]) -> Candidates:
    """Pairs of records that share a key, from the keys of each as ``mpi.matching.blocking`` makes them.

    Of a block of more than ``BLOCK_MAX`` records each is paired with the next ``NEIGHBOURS`` only, so that
    records which are alike in everything still come together; one of a broad pass brings nothing then.
    """
    narrow, broad = (
        _blocks([[k.key for k in one if k.broad == wanted] for one in keys]) for wanted in (False, True)
    )
    pairs = PairKeys()
    for found in chain(
        narrow.within(BLOCK_MAX).pairs(),
        islice(narrow.beyond(BLOCK_MAX).pairs(), NEIGHBOURS),
        broad.within(BROAD_MAX).pairs(),
    ):
        pairs.add(found)
    ascending = pairs.finished()

    def chunks() -> Iterator[tuple[Positions, Positions]]:
        for start in range(0, len(ascending), CHUNK_PAIRS):
            yield _positions(ascending[start : start + CHUNK_PAIRS])

    return Candidates(pair_count=len(ascending), per_pass={}, capped=(), chunks=chunks)


def _blocks(keys: Sequence[Sequence[int]]) -> Blocks:
    """The records, by their place, that have the same key."""
    counts = np.array([len(one) for one in keys], dtype=np.int64)
    every = np.fromiter((key for one in keys for key in one), np.int64, int(counts.sum()))
    rows = np.repeat(np.arange(len(keys), dtype=np.int32), counts)
    order = np.lexsort((rows, every))
    every, rows = every[order], rows[order]
    starts = np.flatnonzero(np.diff(every, prepend=every[:1] - 1))
    return Blocks(members=rows, starts=starts, sizes=np.diff(np.append(starts, len(every))))
