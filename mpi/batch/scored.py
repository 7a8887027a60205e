"""Scored pairs: what scoring all candidates leaves for clustering, the report and training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpi.matching.guards import GuardHit

Positions = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternCounts:
    """How many pairs show each combination of agreement levels.

    ``levels`` int8 [patterns, comparisons] in the order of the rule set, −1 = missing; ``counts`` int64
    [patterns].
    """

    levels: npt.NDArray[np.int8]
    counts: npt.NDArray[np.int64]
    #: How rare the names are that agree exactly: −log2 of their shares, added up, in whole bits; int8
    #: [patterns]. Pairs of one combination of levels and several rarities are several patterns. None where
    #: they were not told apart.
    rarity: npt.NDArray[np.int8] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPairs:
    """The pairs at or above the review weight, or stopped by a guard there; in ascending order of position.

    Shapes [k], ``levels`` and ``weights`` [comparisons, k].
    """

    left: Positions
    right: Positions
    #: Total match weight, log2.
    weight: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]
    #: 0 no_link, 1 review, 2 link.
    decision: npt.NDArray[np.int8]
    levels: npt.NDArray[np.int8]
    #: Weight per field, log2; 0 where missing.
    weights: npt.NDArray[np.float32]
    household_weight: npt.NDArray[np.float32]
    #: Per pair the position of its set of fired guards in ``guard_sets``; the first set is empty.
    guard_set: npt.NDArray[np.int16]
    guard_sets: tuple[tuple[GuardHit, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LightPairs:
    """The pairs below the review weight: what speaks against putting two clusters together. Shapes [k]."""

    left: Positions
    right: Positions
    #: Total match weight, log2.
    weight: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """Everything that scoring all candidates found."""

    pairs: ScoredPairs
    light: LightPairs
    pair_count: int
    patterns: PatternCounts
    #: Candidates by total weight: counts int64 of bins one wide, the first of which begins at ``bins_from``.
    bins_from: int
    bins: npt.NDArray[np.int64]
