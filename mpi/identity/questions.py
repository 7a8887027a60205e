"""What is to be asked about pairs of identities, when all pairs of records have been scored at once.

The same rules as for one record on its way in: between two identities the heaviest pair decides; a link that
joined nothing, because of a guard or the size, is a question too; a number that one person alone has, on
both, is always one. Nothing is asked twice, and nothing that a person has answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpi.identity.assignment import TASKS_MAX
from mpi.identity.change import Task, TaskKind
from mpi.identity.harm import SHARED_IDENTIFIER, expected_harm
from mpi.identity.neighbourhood import pair_of
from mpi.identity.relink_evidence import Pairs
from mpi.identity.relinking import Ints

#: Two identities by place, in order.
PlacePair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Pairs of identities that some pair of records raises a question about, the heaviest first; shapes [q].

    ``pair`` is the place in ``Pairs`` of the heaviest, ``shared`` whether it is asked on account of a number.
    """

    left: Ints
    right: Ints
    pair: Ints
    shared: npt.NDArray[np.bool_]

    def keys(self) -> list[PlacePair]:
        """The identities asked about."""
        return list(zip(self.left.tolist(), self.right.tolist(), strict=True))


def questions(identity_of: Ints, pairs: Pairs) -> Questions:
    """Every pair of identities that the scored pairs raise a question about.

    Args:
        identity_of: int64 [n]: the place of each record's identity.
    """
    a, b = identity_of[pairs.left], identity_of[pairs.right]
    across = np.flatnonzero(a != b)
    low, high = np.minimum(a, b)[across], np.maximum(a, b)[across]
    order = np.lexsort((across, -pairs.weight[across], high, low))
    low, high, pair = low[order], high[order], across[order]
    first = np.ones(len(pair), dtype=bool)
    first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    starts = np.flatnonzero(first)
    shared = np.zeros(len(pair), dtype=bool) if pairs.shared is None else pairs.shared[pair]
    any_shared = np.logical_or.reduceat(shared, starts) if len(starts) else shared
    decided = pairs.decision[pair[starts]] > 0
    asked = np.flatnonzero(decided | any_shared)
    heaviest = asked[np.lexsort((pair[starts][asked], -pairs.weight[pair[starts][asked]]))]
    return Questions(
        left=low[starts][heaviest],
        right=high[starts][heaviest],
        pair=pair[starts][heaviest],
        shared=(~decided & any_shared)[heaviest],
    )


def unasked(
    found: Questions, settled: Collection[PlacePair], asked: Iterable[PlacePair]
) -> tuple[list[int], int]:
    """Places in ``found`` of what is still to be asked, and how many were left out.

    Args:
        settled: pairs of identities that a person has answered.
        asked: those that an open task asks about.

    One identity has at most ``TASKS_MAX`` questions open, the heaviest: a record that resembles everybody
    would fill the queue.
    """
    known = set(asked)
    open_questions = Counter(identity for pair in known for identity in pair)
    chosen, left_out = [], 0
    for n, pair in enumerate(found.keys()):
        if pair in known or pair in settled:
            continue
        if max(open_questions[identity] for identity in pair) >= TASKS_MAX:
            left_out += 1
            continue
        open_questions.update(pair)
        chosen.append(n)
    return chosen, left_out


def task(
    task_id: int,
    identities: tuple[str, str],
    record_ids: tuple[int, int],
    pairs: Pairs,
    pair: int,
    *,
    shared: bool,
    same_source: bool,
) -> Task:
    """The task that asks about ``identities``, of which ``record_ids`` are the records of the heaviest
    pair.
    """
    guards = (*pairs.guards(pair), *([SHARED_IDENTIFIER] if shared else []))
    probability = float(pairs.probability[pair])
    identity_a, identity_b = pair_of(*identities)
    kind = TaskKind.POTENTIAL_DUPLICATE if same_source else TaskKind.POTENTIAL_OVERLAP
    return Task(
        task_id=task_id,
        kind=kind,
        identity_a=identity_a,
        identity_b=identity_b,
        record_ids=record_ids if identities == (identity_a, identity_b) else record_ids[::-1],
        weight=float(pairs.weight[pair]),
        probability=probability,
        guards=guards,
        priority=expected_harm(kind, probability, guards=guards),
    )
