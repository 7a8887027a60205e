"""Which enterprise ID each group of records keeps, when records are grouped anew: as few as possible change
theirs.

A group keeps the ID of at most one identity and an identity's ID stays with at most one group. Of all such
choices one is taken by which the most records keep their ID; ties go to the older identity and then to the
group that comes first. This is the assignment problem, solved exactly by shortest augmenting paths (Jonker
and Volgenant 1987) on the sparse graph of who overlaps with whom.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heappop, heappush

Overlaps = Mapping[tuple[int, int], int]


def kept_identities(overlaps: Overlaps) -> dict[int, int]:
    """Group → the identity whose ID it keeps; groups that need a new one are left out.

    Args:
        overlaps: (identity, group) → how many records they share, at least one. Both are numbered from 0, the
            older identity first.

    Returns the pairs of a choice that keeps the most records; the same for the same overlaps.
    """
    identities = sorted({identity for identity, _ in overlaps})
    groups = sorted({group for _, group in overlaps})
    if len(identities) == 1 or len(groups) == 1:
        identity, group = min(overlaps, key=lambda pair: (-overlaps[pair], pair))
        return {group: identity}
    return _cheapest(_costs(overlaps, identities, groups))


def _costs(overlaps: Overlaps, identities: list[int], groups: list[int]) -> dict[int, dict[int, int]]:
    """Identity → group → cost; each shared record outweighs every preference of age together."""
    identity_rank = {identity: len(identities) - n for n, identity in enumerate(identities)}
    group_rank = {group: len(groups) - n for n, group in enumerate(groups)}
    record = len(identities) * (len(identities) + 1) * (len(groups) + 1)
    costs: dict[int, dict[int, int]] = {identity: {} for identity in identities}
    for (identity, group), shared in sorted(overlaps.items()):
        preference = identity_rank[identity] * (len(groups) + 1) + group_rank[group]
        costs[identity][group] = -(shared * record + preference)
    return costs


def _cheapest(costs: dict[int, dict[int, int]]) -> dict[int, int]:
    """Group → identity of a cheapest assignment, in which an identity may also stay without a group."""
    keeper: dict[int, int] = {}
    identity_price: dict[int, int] = {}
    group_price: dict[int, int] = {}
    alone = {identity: -1 - n for n, identity in enumerate(costs)}
    edges = {identity: {**row, alone[identity]: 0} for identity, row in costs.items()}
    for start, row in edges.items():
        identity_price[start] = min(cost - group_price.get(group, 0) for group, cost in row.items())
        reached, end, reached_from = _shortest_path(start, edges, keeper, identity_price, group_price)
        length = reached[end]
        for group, distance in reached.items():
            if group != end:
                group_price[group] = group_price.get(group, 0) + distance - length
                identity_price[keeper[group]] += length - distance
        identity_price[start] += length
        _take_over(keeper, end, reached_from, start)
    return {group: identity for group, identity in sorted(keeper.items()) if group >= 0}


def _shortest_path(
    start: int,
    edges: Mapping[int, Mapping[int, int]],
    keeper: Mapping[int, int],
    identity_price: Mapping[int, int],
    group_price: Mapping[int, int],
) -> tuple[dict[int, int], int, dict[int, int]]:
    """From an identity to the nearest group that nobody keeps: distances of the groups passed, that group,
    and from which identity each was reached.
    """
    best: dict[int, int] = {}
    reached: dict[int, int] = {}
    reached_from: dict[int, int] = {}
    heap: list[tuple[int, int]] = []
    identity, length = start, 0
    while True:
        for group, cost in edges[identity].items():
            distance = length + cost - identity_price[identity] - group_price.get(group, 0)
            if group not in reached and (group not in best or distance < best[group]):
                best[group], reached_from[group] = distance, identity
                heappush(heap, (distance, group))
        length, group = heappop(heap)
        while group in reached:
            length, group = heappop(heap)
        reached[group] = length
        if group not in keeper:
            return reached, group, reached_from
        identity = keeper[group]


def _take_over(keeper: dict[int, int], end: int, reached_from: Mapping[int, int], start: int) -> None:
    """Along the path each identity leaves its group to the one before it."""
    group = end
    while True:
        identity = reached_from[group]
        left = next((g for g, holder in keeper.items() if holder == identity), None)
        keeper[group] = identity
        if identity == start:
            return
        assert left is not None
        group = left
