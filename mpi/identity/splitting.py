"""Where an identity would come apart: what holds its records together, and the cuts that suggest themselves.

The records of an identity and the match weights between them are a graph. Its maximum spanning tree is what
holds it together: every other pair is held by pairs at least as heavy. The lightest edge of the tree is the
weakest link, and cutting it parts the records in the two that have least in common (single linkage).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

#: A pair of positions, the smaller first.
Place = tuple[int, int]


class Split(NamedTuple):
    """A proposal: ``part`` (positions) leaves where ``edge`` is cut; ``apart`` is the pair that a guard holds
    apart, None where the weakest link is cut.
    """

    part: tuple[int, ...]
    edge: Place
    weight: float
    apart: Place | None


def spanning_tree(count: int, weights: Mapping[Place, float]) -> list[Place]:
    """The maximum spanning tree of ``count`` records, heaviest edge first (Kruskal 1956)."""
    home = list(range(count))

    def root(place: int) -> int:
        while home[place] != place:
            home[place] = home[home[place]]
            place = home[place]
        return place

    tree = []
    for edge in sorted(weights, key=lambda edge: (-weights[edge], edge)):
        left, right = root(edge[0]), root(edge[1])
        if left != right:
            home[max(left, right)] = min(left, right)
            tree.append(edge)
    return tree


def proposals(
    count: int, weights: Mapping[Place, float], apart: Iterable[Place], *, limit: int = 4
) -> list[Split]:
    """At most ``limit`` ways to part the records, the most telling first: for each pair that a guard holds
    apart the weakest link between the two, then the weakest link of all. What leaves is the smaller part; of
    two equal ones that without the first record.
    """
    tree = spanning_tree(count, weights)
    if not tree:
        return []
    found: dict[tuple[int, ...], Split] = {}
    for pair in sorted(apart, key=lambda pair: (weights.get(pair, 0.0), pair)):
        edge = min(_path(tree, *pair), key=lambda edge: (weights[edge], edge), default=None)
        if edge is not None:
            _propose(found, count, tree, edge, weights, pair)
    weakest = min(tree, key=lambda edge: (weights[edge], edge))
    _propose(found, count, tree, weakest, weights, None)
    return list(found.values())[:limit]


def _propose(
    found: dict[tuple[int, ...], Split],
    count: int,
    tree: Sequence[Place],
    edge: Place,
    weights: Mapping[Place, float],
    apart: Place | None,
) -> None:
    kept = [other for other in tree if other != edge]
    one = _reached(kept, edge[0])
    other = _reached([*kept, edge], edge[0]) - one
    part = tuple(sorted(other if (len(other), 0 in other) < (len(one), 0 in one) else one))
    if 0 < len(part) < count:
        found.setdefault(part, Split(part, edge, weights[edge], apart))


def _reached(edges: Iterable[Place], start: int) -> set[int]:
    return set(_ways(edges, start))


def _path(edges: Iterable[Place], start: int, end: int) -> list[Place]:
    """The edges between two positions; none where they are not connected."""
    came_from = _ways(edges, start)
    path: list[Place] = []
    while end in came_from and end != start:
        before = came_from[end]
        path.append((min(before, end), max(before, end)))
        end = before
    return path


def _ways(edges: Iterable[Place], start: int) -> dict[int, int]:
    """Each position reached from ``start`` → the one before it."""
    beside = defaultdict(list)
    for left, right in edges:
        beside[left].append(right)
        beside[right].append(left)
    came_from, waiting = {start: start}, [start]
    while waiting:
        place = waiting.pop()
        for other in beside[place]:
            if other not in came_from:
                came_from[other] = place
                waiting.append(other)
    return came_from


def tree_order(count: int, tree: Iterable[Place]) -> list[int]:
    """Every position once, neighbours in the tree close to each other: an order to draw them in."""
    edges = list(tree)
    order: list[int] = []
    for start in range(count):
        if start not in order:
            order += [place for place in _depth_first(edges, start) if place not in order]
    return order


def _depth_first(edges: Iterable[Place], start: int) -> list[int]:
    beside = defaultdict(list)
    for left, right in edges:
        beside[left].append(right)
        beside[right].append(left)
    order, waiting = [], [start]
    while waiting:
        place = waiting.pop()
        if place not in order:
            order.append(place)
            waiting += sorted(beside[place], reverse=True)
    return order
