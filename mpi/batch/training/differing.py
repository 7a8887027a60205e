"""How many fields differ in two records of one person: whether slips come together or one at a time.

With fields independent, the number of fields that do not agree exactly has a distribution that follows from
their m (a sum of unlike coin tosses, Poisson's binomial). Where records were taken down well or badly as a
whole, none and many are more frequent than that; where each copy carries one slip, one is. What is measured
is by how much, for each number of fields that both records have.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.scored import PatternCounts
from mpi.batch.training.latent import SAME, Floats, LatentClasses

#: Pairs as expected that count beside those found: few pairs change little.
_SEEN: Final = 10.0
#: No number of differing fields says more (log2), whatever was found.
WEIGHT_MAX: Final = 2.0
#: Fewer pairs of one person with so many fields say nothing.
PAIRS_MIN: Final = 50.0
_ROUNDS: Final = 15

Numbers = npt.NDArray[np.int64]


def differing_weights(
    patterns: PatternCounts, weights: Floats, classes: LatentClasses, comparisons: Numbers
) -> tuple[dict[int, tuple[float, ...]], Floats]:
    """Number of fields on both sides → the weight (log2) of 0, 1, 2, … differing; and what it adds to each
    pattern.

    ``weights`` [patterns]: the total weights without; ``comparisons``: the positions of the fields counted.
    Which pairs are one person's depends on the outcome, and is asked again until that stays.
    """
    levels = patterns.levels[:, comparisons]
    there, differ = (levels >= 0).sum(axis=1), (levels > 0).sum(axis=1)
    exact = classes.probabilities[SAME, classes.starts[comparisons]]
    expected_of, fields_of, set_of = _expected(levels >= 0, exact)
    size = len(comparisons) + 1
    added = np.zeros(len(weights))
    for _ in range(_ROUNDS):
        same = patterns.counts / (1 + np.exp2(-np.clip(weights + added, -500, 500)))
        found = np.zeros((size, size))
        np.add.at(found, (there, differ), same)
        masses = np.bincount(set_of, weights=same, minlength=len(expected_of))
        expected = np.zeros((size, size))
        np.add.at(expected, fields_of, masses[:, None] * expected_of)
        table = np.clip(np.log2((found + _SEEN) / (expected + _SEEN)), -WEIGHT_MAX, WEIGHT_MAX)
        table[found.sum(axis=1) < PAIRS_MIN] = 0.0
        table = np.round(table, 2)
        before, added = added, table[there, differ]
        if np.array_equal(before, added):
            break
    rows = np.flatnonzero(table.any(axis=1)).tolist()
    return {row: tuple((table[row, : row + 1] + 0.0).tolist()) for row in rows}, added


def _expected(there: npt.NDArray[np.bool_], exact: Floats) -> tuple[Floats, Numbers, Numbers]:
    """Per set of fields that occurs the probability of 0, 1, 2, … differing and how many fields it has; and
    the set of each pattern.
    """
    codes = there @ (1 << np.arange(there.shape[1], dtype=np.int64))
    sets, set_of = np.unique(codes, return_inverse=True)
    chances = np.zeros((len(sets), there.shape[1] + 1))
    chances[:, 0] = 1.0
    for field, agrees in enumerate(exact.tolist()):
        holds = (sets >> field & 1).astype(np.bool_)
        chances[holds, 1:] = chances[holds, 1:] * agrees + chances[holds, :-1] * (1 - agrees)
        chances[holds, 0] *= agrees
    fields_of = (sets[:, None] >> np.arange(there.shape[1]) & 1).sum(axis=1)
    return chances, fields_of, set_of
