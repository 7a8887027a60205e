"""Records in blocks: those whose values hash to the same key, found by sorting.

What a key is, how many a record has and which come first is defined by ``mpi.matching.blocking``; this is the
same for all records at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from mpi.batch.encoded import Hashes, KeyValues
from mpi.matching.blocking import KEYS_PER_PASS_MAX

#: Odd and without a pattern: 2⁶⁴ divided by the golden ratio.
_SCATTER: Final = np.uint64(0x9E3779B97F4A7C15)
_FOLD: Final = np.uint64(29)

Positions = npt.NDArray[np.int32]
Indices = npt.NDArray[np.int64]
_Number = TypeVar("_Number", np.uint64, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassKeys:
    """The keys that one pass gives to records: ``keys[i]`` is one of the record at ``positions[i]``."""

    positions: Positions
    keys: Hashes


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The blocks of two records and more of one pass.

    Block ``b`` has the records ``members[starts[b]:starts[b] + sizes[b]]``, in ascending order.
    """

    members: Positions
    starts: Indices
    sizes: Indices

    def within(self, size_max: int) -> Blocks:
        """The blocks of at most ``size_max`` records."""
        return self._where(self.sizes <= size_max)

    def beyond(self, size_max: int) -> Blocks:
        """The blocks of more."""
        return self._where(self.sizes > size_max)

    def counts_by_size(self, size_max: int) -> Indices:
        """How many blocks have 0, 1, … ``size_max`` records."""
        return np.bincount(self.sizes[self.sizes <= size_max], minlength=size_max + 1)

    def _where(self, chosen: npt.NDArray[np.bool_]) -> Blocks:
        return Blocks(members=self.members, starts=self.starts[chosen], sizes=self.sizes[chosen])

    @property
    def pair_count(self) -> int:
        return int((self.sizes * (self.sizes - 1) // 2).sum())

    def pairs(self) -> Iterator[Indices]:
        """All pairs of each block as ``packed`` ones: those one apart, then two, and so on."""
        followers = self.sizes - 1
        total = int(followers.sum())
        ends = np.repeat(np.cumsum(followers), followers)
        left = np.repeat(self.starts, followers) + np.arange(total) - (ends - np.repeat(followers, followers))
        remaining = ends - np.arange(total)
        apart = 1
        while len(left):
            yield packed(self.members[left], self.members[left + apart])
            going_on = remaining > apart
            left, remaining = left[going_on], remaining[going_on]
            apart += 1


def size_limit(counts_by_size: Indices, pairs_max: int) -> int:
    """The size up to which all blocks together have no more than ``pairs_max`` pairs."""
    sizes = np.arange(len(counts_by_size))
    pairs = np.cumsum(counts_by_size * (sizes * (sizes - 1) // 2))
    return int(np.flatnonzero(pairs <= pairs_max)[-1])


def packed(left: npt.NDArray[np.integer], right: npt.NDArray[np.integer]) -> Indices:
    """One number per pair, by which pairs sort: left above right."""
    pairs = left.astype(np.int64)
    pairs <<= 32
    pairs |= right
    return pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class PartHashes:
    """One key part of every record: the hash of its first value, and how many it has."""

    values: KeyValues
    #: uint64 [records]; anything where there is no value.
    first: Hashes
    present: npt.NDArray[np.bool_]
    #: int64 [records], or None where no record has two values.
    counts: Indices | None


def part_hashes(values: KeyValues) -> PartHashes:
    """The values of a key part by record."""
    present = values.group_of >= 0
    counts = np.diff(values.starts)
    if not len(values.hashes):
        nothing = np.zeros(len(present), np.uint64)
        return PartHashes(values=values, first=nothing, present=np.zeros_like(present), counts=None)
    if not counts.all():
        present &= (counts > 0)[values.group_of]
    first = values.hashes.take(values.starts[:-1], mode="clip")
    return PartHashes(
        values=values,
        first=first[values.group_of],
        present=present,
        counts=counts[values.group_of] if counts.max() > 1 else None,
    )


def distinct(ascending: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """Each of the sorted numbers once."""
    repeated = ascending[1:] == ascending[:-1]
    return ascending[np.flatnonzero(np.concatenate(([True], ~repeated)))] if repeated.any() else ascending


def keys_of(parts: Sequence[PartHashes], room: npt.NDArray[np.int16] | None = None) -> PassKeys:
    """The keys of one pass: of each record the combinations of its parts' values, mixed into 64 bits.

    Of a record at most ``KEYS_PER_PASS_MAX`` combinations count, and at most as many as it has ``room`` for
    (int16 [records]), from which they are taken; the values listed first win.
    """
    present = np.logical_and.reduce([part.present for part in parts])
    if room is not None:
        present &= room > 0
        room -= present
    positions = [np.flatnonzero(present).astype(np.int32)]
    keys = [_mixed([part.first for part in parts])[present]]
    several = [part.counts > 1 for part in parts if part.counts is not None]
    if several:
        records = np.flatnonzero(np.logical_or.reduce(several) & present)
        for holders, more in _further_keys(parts, records, room):
            positions.append(holders)
            keys.append(more)
    return PassKeys(positions=np.concatenate(positions), keys=np.concatenate(keys))


def _further_keys(
    parts: Sequence[PartHashes], records: Indices, room: npt.NDArray[np.int16] | None
) -> Iterator[tuple[Positions, Hashes]]:
    """The second combination of those of ``records`` that have one, the third, and so on."""
    counts = [np.ones(len(records), np.int64) if p.counts is None else p.counts[records] for p in parts]
    starts = [part.values.starts[part.values.group_of[records]] for part in parts]
    combinations = np.minimum(np.multiply.reduce(counts), KEYS_PER_PASS_MAX)
    for turn in range(1, KEYS_PER_PASS_MAX):
        going_on = combinations > turn
        if room is not None:
            going_on &= room[records] > 0
            room[records[going_on]] -= 1
        chosen = np.flatnonzero(going_on)
        if not len(chosen):
            return
        rest = np.full(len(chosen), turn)
        hashes: list[Hashes] = []
        for part, start, count in zip(parts[::-1], starts[::-1], counts[::-1], strict=True):
            rest, place = np.divmod(rest, count[chosen])
            hashes.append(part.values.hashes[start[chosen] + place])
        yield records[chosen].astype(np.int32), _mixed(hashes[::-1])


def _mixed(hashes: Sequence[Hashes]) -> Hashes:
    """Several hashes made one, in which their order counts."""
    mixed: Hashes = hashes[0] * _SCATTER
    for part in hashes[1:]:
        mixed ^= mixed >> _FOLD
        mixed += part
        mixed *= _SCATTER
    mixed ^= mixed >> _FOLD
    mixed *= _SCATTER
    return mixed


def blocks_of(pass_keys: PassKeys, record_count: int) -> Blocks:
    """The records that share a key.

    Sorted are numbers of the key's upper bits and the position. So a key has 64 bits less those of a
    position: of n records about n² · 2⁻⁴¹ pairs (n = 10⁷) meet by chance, and are compared for nothing.
    """
    bits = np.uint64(max(record_count - 1, 1).bit_length())
    entries = pass_keys.keys >> bits
    entries <<= bits
    entries |= pass_keys.positions.view(np.uint32)
    entries.sort()
    entries = distinct(entries)
    members = (entries & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int32)
    entries >>= bits
    links = np.flatnonzero(entries[1:] == entries[:-1])
    breaks = np.flatnonzero(np.diff(links, prepend=-2) > 1)
    sizes = np.diff(breaks, append=len(links)) + 1
    return Blocks(members=members, starts=links[breaks], sizes=sizes)
