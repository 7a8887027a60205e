"""Which blocking passes bring two known records together, and what the others lack."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.encoded import EncodedRecords, KeyValues
from mpi.matching.rules import RuleSet

Booleans = npt.NDArray[np.bool_]
States = npt.NDArray[np.int8]

#: How two records stand in a key part: they share a value, both have one, one or both have none.
SHARED: Final = 0
DIFFERS: Final = 1
MISSING: Final = 2


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
    states = part_states(records, left, right, rules)
    passes = [
        np.logical_and.reduce([states[part] == SHARED for part in blocking_pass.key])
        for blocking_pass in rules.blocking_passes
    ]
    return np.array(passes, dtype=bool).reshape(len(rules.blocking_passes), len(left))


def part_states(
    records: EncodedRecords,
    left: npt.NDArray[np.integer],
    right: npt.NDArray[np.integer],
    rules: RuleSet,
) -> dict[str, States]:
    """Key part → how the records at ``left[i]`` and ``right[i]`` stand in it."""
    parts = sorted({part for blocking_pass in rules.blocking_passes for part in blocking_pass.key})
    return {part: _states(records.keys[part], left, right) for part in parts}


def _states(values: KeyValues, left: npt.NDArray[np.integer], right: npt.NDArray[np.integer]) -> States:
    """Values are compared by their places: the first of the one with the first of the other, and so on."""
    states = np.full(len(left), MISSING, dtype=np.int8)
    counts = np.append(np.diff(values.starts), 0)
    first, second = values.group_of[left], values.group_of[right]
    present = np.flatnonzero((counts[first] > 0) & (counts[second] > 0))
    if not len(present):
        return states
    states[present] = DIFFERS
    first, second = first[present], second[present]
    for i in range(int(counts[first].max())):
        for j in range(int(counts[second].max())):
            both = np.flatnonzero((counts[first] > i) & (counts[second] > j))
            a = values.hashes[values.starts[first[both]] + i]
            b = values.hashes[values.starts[second[both]] + j]
            states[present[both[a == b]]] = SHARED
    return states
