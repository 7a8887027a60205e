"""Which blocking passes bring two records together, asked of pairs that are already known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mpi.batch.encoded import EncodedRecords, KeyValues
from mpi.matching.rules import RuleSet

Booleans = npt.NDArray[np.bool_]


def shared_passes(
    records: EncodedRecords,
    left: npt.NDArray[np.integer],
    right: npt.NDArray[np.integer],
    rules: RuleSet,
) -> Booleans:
    """Whether the records at ``left[i]`` and ``right[i]`` share a key of each pass; shape [passes, pairs].

    Two records share a key of a pass when they share a value of every part of it. That a record has no more
    keys than the rule set allows is not considered here.
    """
    parts = {part for blocking_pass in rules.blocking_passes for part in blocking_pass.key}
    shared = {part: _share_a_value(records.keys[part], left, right) for part in sorted(parts)}
    passes = [
        np.logical_and.reduce([shared[part] for part in blocking_pass.key])
        for blocking_pass in rules.blocking_passes
    ]
    return np.array(passes, dtype=bool).reshape(len(rules.blocking_passes), len(left))


def _share_a_value(
    values: KeyValues, left: npt.NDArray[np.integer], right: npt.NDArray[np.integer]
) -> Booleans:
    """By the places of the values: the first of the one with the first of the other, and so on."""
    shared = np.zeros(len(left), dtype=bool)
    first, second = values.group_of[left], values.group_of[right]
    present = np.flatnonzero((first >= 0) & (second >= 0))
    if not len(present):
        return shared
    counts = np.diff(values.starts)
    first, second = first[present], second[present]
    for i in range(int(counts[first].max())):
        for j in range(int(counts[second].max())):
            both = np.flatnonzero((counts[first] > i) & (counts[second] > j))
            a = values.hashes[values.starts[first[both]] + i]
            b = values.hashes[values.starts[second[both]] + j]
            shared[present[both[a == b]]] = True
    return shared
