"""Why a plan's steps have to happen: the pair of records that speaks most for each, and what came later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from mpi.identity.change import Evidence
from mpi.identity.clustering import Refusal
from mpi.identity.relinking import Ints, Partition, Regrouping


class Ground(StrEnum):
    """What a step rests on."""

    #: The pair links.
    LINK = "link"
    #: A guard holds the pair apart.
    GUARD = "guard"
    #: What was compared between the two groups speaks against it as a whole.
    EVIDENCE = "evidence"
    #: Together they would be too many for the machine to link.
    SIZE = "size"
    #: A person stated that they are different people.
    ASSERTED_DIFFERENT = "asserted_different"
    #: No pair across weighs enough for a link.
    WEIGHT = "weight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The scored pairs, by position; shapes [k]."""

    left: Ints
    right: Ints
    #: Total match weight, log2.
    weight: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]
    #: 0 no_link, 1 review, 2 link.
    decision: npt.NDArray[np.int8]
    #: The names of the guards that fired on a pair.
    guards: Callable[[int], tuple[str, ...]]
    #: Pair → why clustering refused it.
    refused: dict[int, Refusal]
    #: Whether the two carry a number that one person alone has; None: no pair was looked at for that.
    shared: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why one step has to happen. ``evidence`` None: no pair across was scored high enough to be kept."""

    ground: Ground
    evidence: Evidence | None
    #: Of the pair (without one: of the identities concerned) the record whose content arrived last.
    later_record_id: int


def reasons(
    plan: Sequence[Regrouping], partition: Partition, pairs: Pairs, arrived: npt.NDArray[np.int64]
) -> list[list[Reason]]:
    """Per regrouping the reason of each of its steps. ``arrived`` [n]: when each record's content came.

    What joins is told by the heaviest pair between those who come and those who are there or come too; what
    parts by the heaviest pair across the cut.
    """
    best = _strongest(plan, partition, pairs)
    place = _places(plan, partition)
    found, number = [], 0
    for regrouping in plan:
        concerned = [record for part in regrouping.parts for record in part.record_ids]
        of_steps = []
        for step in regrouping.steps:
            of_steps.append(
                _reason(step.kind == "split", best.get(number), concerned, place, partition, pairs, arrived)
            )
            number += 1
        found.append(of_steps)
    return found


def _reason(
    parts: bool,
    pair: int | None,
    concerned: Sequence[int],
    place: dict[int, int],
    partition: Partition,
    pairs: Pairs,
    arrived: npt.NDArray[np.int64],
) -> Reason:
    if pair is None:
        later = max(concerned, key=lambda record: (arrived[place[record]], record))
        return Reason(ground=Ground.WEIGHT, evidence=None, later_record_id=later)
    ends = (int(pairs.left[pair]), int(pairs.right[pair]))
    last = max(ends, key=lambda end: (arrived[end], partition.record_ids[end]))
    left, right = (int(partition.record_ids[end]) for end in ends)
    guards = pairs.guards(pair)
    if not parts:
        ground = Ground.LINK
    elif pair in pairs.refused:
        ground = Ground(pairs.refused[pair].value)
    else:
        ground = Ground.GUARD if guards else Ground.WEIGHT
    return Reason(
        ground=ground,
        evidence=Evidence(
            record_ids=(left, right),
            weight=float(pairs.weight[pair]),
            probability=float(pairs.probability[pair]),
            guards=guards,
        ),
        later_record_id=int(partition.record_ids[last]),
    )


def _places(plan: Sequence[Regrouping], partition: Partition) -> dict[int, int]:
    """Record ID → position, of the records concerned."""
    concerned = [record for regrouping in plan for part in regrouping.parts for record in part.record_ids]
    order = np.argsort(partition.record_ids)
    found = order[np.searchsorted(partition.record_ids, concerned, sorter=order)] if concerned else order[:0]
    return dict(zip(concerned, found.tolist(), strict=True))


def _strongest(plan: Sequence[Regrouping], partition: Partition, pairs: Pairs) -> dict[int, int]:
    """Step, numbered over the whole plan → the pair that speaks most for it."""
    place = _places(plan, partition)
    part_of = np.full(len(partition.record_ids), -1)
    step_of = np.full(len(partition.record_ids), -1)
    splits: list[bool] = []
    part_count = 0
    for regrouping in plan:
        for n, part in enumerate(regrouping.parts):
            part_of[[place[record] for record in part.record_ids]] = part_count + n
        for step in regrouping.steps:
            step_of[[place[record] for record in step.record_ids]] = len(splits)
            splits.append(step.kind == "split")
        part_count += len(regrouping.parts)
    near = np.flatnonzero((part_of[pairs.left] >= 0) & (part_of[pairs.right] >= 0))
    left, right = pairs.left[near], pairs.right[near]
    together = part_of[left] == part_of[right]
    was_together = partition.home[left] == partition.home[right]
    steps, chosen = [], []
    is_split = np.array([*splits, False])
    for ends in (step_of[left], step_of[right]):
        across = np.where(is_split[ends], was_together & ~together, together & ~was_together)
        kept = np.flatnonzero((ends >= 0) & across)
        steps.append(ends[kept])
        chosen.append(near[kept])
    number, pair = np.concatenate(steps), np.concatenate(chosen)
    order = np.lexsort((pair, -pairs.weight[pair], number))
    number, pair = number[order], pair[order]
    first = np.ones(len(number), dtype=bool)
    first[1:] = number[1:] != number[:-1]
    return dict(zip(number[first].tolist(), pair[first].tolist(), strict=True))
