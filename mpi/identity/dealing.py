"""Deals questions to reviewers so that everybody ends up with as equal a load as there is work for."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence


def deal(task_ids: Sequence[int], loads: Mapping[str, int], each_max: int) -> dict[str, list[int]]:
    """Who gets which question, in turn: the next goes to whoever has fewest.

    Args:
        task_ids: in the order in which they should be answered.
        loads: reviewer → open questions that are theirs already; equal loads are served in the order given.
        each_max: a reviewer gets at most so many in this round.

    >>> deal([1, 2, 3, 4, 5], {"ada": 0, "ben": 2}, each_max=3)
    {'ada': [1, 2, 3], 'ben': [4, 5]}
    >>> deal([1, 2, 3, 4], {"ada": 0, "ben": 0}, each_max=9)
    {'ada': [1, 3], 'ben': [2, 4]}
    """
    dealt: dict[str, list[int]] = {name: [] for name in loads}
    waiting = (
        [(load, place, name) for place, (name, load) in enumerate(loads.items())] if each_max > 0 else []
    )
    heapq.heapify(waiting)
    for task_id in task_ids:
        if not waiting:
            break
        load, place, name = heapq.heappop(waiting)
        dealt[name].append(task_id)
        if len(dealt[name]) < each_max:
            heapq.heappush(waiting, (load + 1, place, name))
    return dealt
