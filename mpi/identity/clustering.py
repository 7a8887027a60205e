"""From scored pairs to identities: edges in descending weight, never across what holds two records apart.

The same pairs give the same clusters whatever order they come in: edges are ranked by weight and then by the
two IDs. An edge that would join two clusters is refused, with its reason, when a person stated that two of
their records are different (through any chain), when a guard vetoed a pair between them, when all that was
compared between them speaks against it, or when the result would be too large.

One edge is one witness. Two clusters that one pair of records holds together and other pairs tell apart are
mostly two people (twins, a father and his son) and a record that could be either's, so the match weights of
all compared pairs between the two are heard: added up, as log odds are, and their mean. Adding up alone would
count nine times what the pairs of three records with three others repeat (the birth date and home of twins),
so the typical pair has to speak for one person, too. This is correlation clustering (Bansal, Blum and Chawla
2004) with the bound of average linkage (Sokal and Michener 1958), greedily from the surest edge down.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

_Ints = npt.NDArray[np.int64]

#: However much a pair weighs, it is one witness among the others: no more than this speaks for, or against.
FOR_MAX: Final = 20.0
AGAINST_MAX: Final = 10.0
#: What the pairs between two clusters must weigh on average, unless a link may weigh less: odds of 8 to 1.
TYPICAL_MIN: Final = 3.0
#: Weights are added up as integers of this fraction, so that the order of adding makes no difference.
_FRACTION: Final = 1 << 16
#: What pairs say is kept as one number: the sum of their weights, and in the lowest bits how many they are.
_COUNT_BITS: Final = 32
_COUNT: Final = (1 << _COUNT_BITS) - 1


class Compared(NamedTuple):
    """Pairs of positions that were compared, each once, and the match weight (log2) of each."""

    left: npt.ArrayLike
    right: npt.ArrayLike
    weight: npt.ArrayLike


class Refusal(StrEnum):
    """Why an edge at or above the link weight joined nothing: a person's statement, a guard, what else was
    compared between the two clusters, a different person whom one of the records links with as well, the
    size.
    """

    ASSERTED_DIFFERENT = "asserted_different"
    GUARD = "guard"
    EVIDENCE = "evidence"
    RIVAL = "rival"
    SIZE = "size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """Which records are together.

    ``cluster_of`` int64 [n]: for each record the least position of its cluster, so it does not depend on the
    order of the edges. ``refused`` int64 [m]: positions of the refused edges as they were given, in rank
    order; ``reasons`` [m].
    """

    cluster_of: _Ints
    refused: _Ints
    reasons: tuple[Refusal, ...]

    def groups(self) -> list[list[int]]:
        """The positions of each cluster, clusters and positions in order."""
        order = np.argsort(self.cluster_of, kind="stable")
        starts = np.flatnonzero(np.diff(self.cluster_of[order])) + 1
        return [group.tolist() for group in np.split(order, starts)] if len(order) else []


def cluster(
    n: int,
    left: npt.ArrayLike,
    right: npt.ArrayLike,
    weight: npt.ArrayLike,
    *,
    size_max: int,
    must_link: Iterable[tuple[int, int]] = (),
    cannot_link: Iterable[tuple[int, int]] = (),
    vetoed: Iterable[tuple[int, int]] = (),
    compared: Compared | None = None,
    evidence_min: float = 0.0,
    ids: Sequence[Any] | None = None,
) -> Clusters:
    """Join the records 0 … n-1 along the edges left[i] — right[i] of ``weight`` (log2), the heaviest first.

    Args:
        size_max: records in a cluster; must-links are joined beyond it, a person said so.
        must_link: pairs a person stated to be the same; joined first.
        cannot_link: pairs a person stated to be different.
        vetoed: pairs that a guard keeps apart. A must-link overrules a guard between the same clusters.
        compared: all pairs that were compared, the edges among them, light ones too. Without it one edge is
            enough.
        evidence_min: what the weights of all compared pairs between two clusters must add up to; the link
            weight, so that they have to say together what one pair says alone. On average they must be as
            much or ``TYPICAL_MIN``.
        ids: what ties are broken by, one per record; by default the positions.

    Raises ValueError for a position out of range, a weight that is no number, edges of unequal length, and
    must-links that contradict a cannot-link.
    """
    lefts, rights, weights = _checked(n, left, right, weight)
    forest = _Forest(n, size_max, evidence_min)
    if compared is not None:
        forest.hear(_checked(n, *compared))
    for a, b in sorted((min(pair), max(pair)) for pair in must_link):
        forest.join(forest.root(a), forest.root(b))
    forest.hold_apart(cannot_link, Refusal.ASSERTED_DIFFERENT)
    forest.hold_apart(vetoed, Refusal.GUARD)
    order = _rank(n, lefts, rights, weights, ids)
    refused, reasons = forest.join_along(order, lefts[order].tolist(), rights[order].tolist())
    return Clusters(
        cluster_of=forest.least_members(),
        refused=np.asarray(refused, dtype=np.int64),
        reasons=tuple(reasons),
    )


class _Forest:
    """Union-find with halved paths; per root its size, and the roots it may never be joined with."""

    def __init__(self, n: int, size_max: int, evidence_min: float) -> None:
        self.parent = list(range(n))
        self.size = [1] * n
        self.size_max = size_max
        #: Root → root it is held apart from → why; kept only for roots that are held apart from anybody.
        self.apart: dict[int, dict[int, Refusal]] = {}
        self.evidence_min = round(evidence_min * _FRACTION)
        self.typical_min = round(min(evidence_min, TYPICAL_MIN) * _FRACTION)
        self.voice_max = max(FOR_MAX, evidence_min)
        #: Root → root with which pairs were compared → what these say (``_COUNT_BITS``).
        self.voices: dict[int, dict[int, int]] = {}

    def root(self, item: int) -> int:
        parent = self.parent
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def join(self, a: int, b: int) -> None:
        """Join two roots; what either is held apart from, both are."""
        if a == b:
            return
        if self.size[a] < self.size[b]:
            a, b = b, a
        self.parent[b] = a
        self.size[a] += self.size[b]
        self._join_voices(a, b)
        held = self.apart.pop(b, None)
        if held is None:
            return
        mine = self.apart.setdefault(a, {})
        for other, reason in held.items():
            theirs = self.apart[other]
            del theirs[b]
            mine[other] = theirs[a] = _graver(reason, mine.get(other))

    def _join_voices(self, a: int, b: int) -> None:
        heard = self.voices.pop(b, None)
        if heard is None:
            return
        mine = self.voices.setdefault(a, {})
        mine.pop(b, None)
        for other, voice in heard.items():
            if other != a:
                theirs = self.voices[other]
                del theirs[b]
                mine[other] = theirs[a] = mine.get(other, 0) + voice

    def hear(self, compared: tuple[_Ints, _Ints, npt.NDArray[np.float64]]) -> None:
        """Note what each compared pair says."""
        lefts, rights, weights = compared
        voices = np.rint(np.clip(weights, -AGAINST_MAX, self.voice_max) * _FRACTION).astype(np.int64)
        for a, b, weight in zip(lefts.tolist(), rights.tolist(), voices.tolist(), strict=True):
            if a != b:
                voice = (weight << _COUNT_BITS) + 1
                self.voices.setdefault(a, {})[b] = voice
                self.voices.setdefault(b, {})[a] = voice

    def unconvinced(self, voice: int | None) -> bool:
        """Whether what the pairs between two clusters say is not enough; None: none was compared."""
        if voice is None:
            return False
        together, count = voice >> _COUNT_BITS, voice & _COUNT
        return together < self.evidence_min or together < self.typical_min * count

    def hold_apart(self, pairs: Iterable[tuple[int, int]], reason: Refusal) -> None:
        for left, right in pairs:
            a, b = self.root(left), self.root(right)
            if a != b:
                graver = _graver(reason, self.apart.get(a, {}).get(b))
                self.apart.setdefault(a, {})[b] = graver
                self.apart.setdefault(b, {})[a] = graver
            elif reason is Refusal.ASSERTED_DIFFERENT:
                raise ValueError("a must-link contradicts a cannot-link")

    def join_along(
        self, order: _Ints, lefts: list[int], rights: list[int]
    ) -> tuple[list[int], list[Refusal]]:
        """Join edge by edge; the positions of those refused, and why."""
        refused: list[int] = []
        reasons: list[Refusal] = []
        root, size, apart, voices = self.root, self.size, self.apart, self.voices
        for rank, (left, right) in enumerate(zip(lefts, rights, strict=True)):
            a, b = root(left), root(right)
            if a == b:
                continue
            reason = apart[a].get(b) if a in apart else None
            if reason is None and a in voices and self.unconvinced(voices[a].get(b)):
                reason = Refusal.EVIDENCE
            if reason is None and size[a] + size[b] > self.size_max:
                reason = Refusal.SIZE
            if reason is None:
                self.join(a, b)
            else:
                refused.append(int(order[rank]))
                reasons.append(reason)
        return refused, reasons

    def least_members(self) -> _Ints:
        n = len(self.parent)
        roots = np.fromiter((self.root(item) for item in range(n)), dtype=np.int64, count=n)
        least = np.full(n, n, dtype=np.int64)
        np.minimum.at(least, roots, np.arange(n))
        return np.asarray(least[roots], dtype=np.int64)


def _graver(reason: Refusal, other: Refusal | None) -> Refusal:
    return Refusal.ASSERTED_DIFFERENT if Refusal.ASSERTED_DIFFERENT in (reason, other) else reason


def _checked(
    n: int, left: npt.ArrayLike, right: npt.ArrayLike, weight: npt.ArrayLike
) -> tuple[_Ints, _Ints, npt.NDArray[np.float64]]:
    lefts, rights = np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64)
    weights = np.asarray(weight, dtype=np.float64)
    if not lefts.shape == rights.shape == weights.shape or lefts.ndim != 1:
        raise ValueError("left, right and weight are of equal length")
    if len(lefts) and (min(lefts.min(), rights.min()) < 0 or max(lefts.max(), rights.max()) >= n):
        raise ValueError(f"an edge names a position outside 0 … {n - 1}")
    if np.isnan(weights).any():
        raise ValueError("a weight is no number")
    return lefts, rights, weights


def _rank(
    n: int, lefts: _Ints, rights: _Ints, weights: npt.NDArray[np.float64], ids: Sequence[Any] | None
) -> _Ints:
    """The edges in descending weight, ties by the smaller and then the larger ID."""
    if ids is not None:
        place = np.empty(n, dtype=np.int64)
        place[np.array(sorted(range(n), key=ids.__getitem__), dtype=np.int64)] = np.arange(n)
        lefts, rights = place[lefts], place[rights]
    keys = (np.maximum(lefts, rights), np.minimum(lefts, rights), -weights)
    return np.asarray(np.lexsort(keys), dtype=np.int64)
