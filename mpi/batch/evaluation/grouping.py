"""Pairs of records of one group: of one person, of one cluster."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.blocks import Blocks
from mpi.batch.evaluation.quality import Labels

#: Of a larger group only the pairs of its first records are looked at one by one.
MEMBERS_MAX: Final = 64

Pairs = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


def pairs_within(labels: Labels, chosen: Booleans) -> Pairs:
    """The pairs of equal label among the chosen records, packed, ascending.

    Of a group of more than ``MEMBERS_MAX`` the pairs of its first so many records.
    """
    positions = np.flatnonzero(chosen)
    order = positions[np.argsort(labels[positions], kind="stable")].astype(np.int32)
    starts = np.flatnonzero(np.diff(labels[order], prepend=-2))
    sizes = np.minimum(np.diff(starts, append=len(order)), MEMBERS_MAX)
    groups = Blocks(members=order, starts=starts[sizes > 1], sizes=sizes[sizes > 1])
    pairs = np.concatenate([np.empty(0, np.int64), *groups.pairs()])
    pairs.sort()
    return pairs


def of_several(groups: Labels, parts: Labels) -> Booleans:
    """Marks the records whose group holds more than one part, e.g. a person spread over clusters. Shape [n].

    Negative labels are in no group.
    """
    known = np.flatnonzero(groups >= 0)
    marked = np.zeros(len(groups), dtype=bool)
    if len(known):
        least = np.full(int(groups.max()) + 1, np.iinfo(np.int64).max)
        np.minimum.at(least, groups[known], parts[known])
        mixed = np.zeros(len(least), dtype=bool)
        mixed[groups[known][parts[known] != least[groups[known]]]] = True
        marked[known] = mixed[groups[known]]
    return marked


def found_in(pairs: Pairs, ascending: Pairs) -> Booleans:
    """Whether each pair is among the ascending ones."""
    if not len(ascending):
        return np.zeros(len(pairs), dtype=bool)
    places = np.minimum(np.searchsorted(ascending, pairs), len(ascending) - 1)
    found: Booleans = ascending[places] == pairs
    return found
