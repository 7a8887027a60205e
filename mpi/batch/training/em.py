"""Expectation maximisation for latent classes on pattern counts.

Fellegi and Sunter's model (1969) with several levels per field, fitted as Winkler (1988) and Larsen and Rubin
(2001) do: the class of each pair is missing data. It runs on distinct patterns with their counts, so that an
iteration costs the same for a thousand pairs and for a billion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from mpi.batch.scored import PatternCounts
from mpi.batch.training.latent import PROBABILITY_MIN, STRANGERS, Floats, LatentClasses, Levels

#: More iterations are not made; that the end was not reached is reported.
ITERATIONS_MAX: Final = 500
#: An iteration that raises the log-likelihood by less, per pair counted, is the last.
_GAIN_MIN: Final = 1e-8
_NEWTON_STEPS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expectations:
    """What is believed before any pair is seen, and how firmly.

    Each level is as if ``seen`` [classes, levels] pairs at it had been met where ``probabilities`` [classes,
    levels] lets one expect that many. So a level of one in a million needs as many pairs to be moved as one
    in ten, and one that was never met keeps a probability. (A Dirichlet prior would divide the probability of
    a level that few pairs can have shown by the number of pairs.)
    """

    probabilities: Floats
    seen: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """Where the iterations ended."""

    classes: LatentClasses
    #: Pairs expected in each class at each pattern, [patterns, classes].
    counts: Floats
    #: Natural logarithm, of the counted pairs.
    log_likelihood: float
    iterations: int
    converged: bool

    @property
    def masses(self) -> Floats:
        """Counted pairs expected in each class."""
        found: Floats = self.counts.sum(axis=0)
        return found


def expectation_maximisation(
    patterns: PatternCounts,
    start: LatentClasses,
    *,
    free: npt.NDArray[np.bool_],
    beliefs: Expectations | None = None,
    allowed: npt.NDArray[np.bool_] | None = None,
    stranger_logs: Floats | None = None,
    pair_count: float | None = None,
    iterations_max: int = ITERATIONS_MAX,
) -> Fit:
    """The classes that make the patterns most likely, from ``start`` on.

    Args:
        free: [classes] whose level probabilities may move; shares always may.
        beliefs: prior expectations of the level probabilities; none: the plain maximum of the likelihood.
        allowed: [patterns, classes] false where a pattern cannot be of a class, as its pairs were labelled.
        stranger_logs: [patterns] what is added to the natural log of a pattern's probability between
            strangers, as the values agreed on are rarer or more common than usual; strangers are not free.
        pair_count: of all pairs of records; those that the patterns do not count are strangers. By default
            the patterns count all.

    Shares are of ``pair_count``. A level that nothing missing is conditional on both values being there.
    """
    indicator = one_hot(patterns.levels, start)
    transposed = indicator.T.tocsr()
    weights = patterns.counts.astype(np.float64)
    uncounted = max(0.0, (pair_count or weights.sum()) - weights.sum())
    added = np.zeros((len(weights), len(start.shares)))
    if allowed is not None:
        added[~allowed] = -np.inf
    if stranger_logs is not None:
        added[:, STRANGERS] += stranger_logs
    classes, before, converged, iteration = start, -np.inf, False, 0
    while True:
        posteriors, each = _expect(indicator, classes, added)
        counts = posteriors * weights[:, None]
        reached = float(weights @ each) + _penalty(classes, beliefs, free) + _of_uncounted(classes, uncounted)
        converged = bool(reached - before < _GAIN_MIN * max(1.0, float(weights.sum())))
        if converged or iteration == iterations_max:
            break
        classes, before = _maximise(transposed, counts, uncounted, classes, beliefs, free), reached
        iteration += 1
    likelihood = float(weights @ each)
    return Fit(
        classes=classes, counts=counts, log_likelihood=likelihood, iterations=iteration, converged=converged
    )


def one_hot(levels: Levels, classes: LatentClasses) -> csr_array:
    """[patterns, levels of all comparisons]: 1 at each pattern's levels, nothing where one is missing."""
    row, comparison = np.nonzero(levels >= 0)
    column = classes.starts[comparison] + levels[row, comparison]
    shape = (len(levels), int(classes.starts[-1]))
    starts = np.concatenate([[0], np.cumsum((levels >= 0).sum(axis=1))])
    return csr_array((np.ones(len(row)), column, starts), shape=shape)


def posteriors_of(levels: Levels, classes: LatentClasses) -> Floats:
    """How likely a pair of each pattern is of each class, [patterns, classes]."""
    return _expect(one_hot(levels, classes), classes, None)[0]


def _expect(indicator: csr_array, classes: LatentClasses, added: Floats | None) -> tuple[Floats, Floats]:
    """Posteriors [patterns, classes] and the log-likelihood of a pair of each pattern."""
    logs: Floats = indicator @ np.log(classes.probabilities.T) + np.log(classes.shares)
    if added is not None:
        logs += added
    highest = logs.max(axis=1, keepdims=True)
    posteriors = np.exp(logs - highest)
    totals = posteriors.sum(axis=1, keepdims=True)
    posteriors /= totals
    return posteriors, (highest + np.log(totals))[:, 0]


def _of_uncounted(classes: LatentClasses, uncounted: float) -> float:
    return uncounted * float(np.log(classes.shares[STRANGERS])) if uncounted else 0.0


def _penalty(classes: LatentClasses, beliefs: Expectations | None, free: npt.NDArray[np.bool_]) -> float:
    """Log of the prior density, up to a constant."""
    if beliefs is None:
        return 0.0
    probabilities, seen = classes.probabilities[free], beliefs.seen[free]
    return float((seen * (np.log(probabilities) - probabilities / beliefs.probabilities[free])).sum())


def _maximise(
    transposed: csr_array,
    counts: Floats,
    uncounted: float,
    classes: LatentClasses,
    beliefs: Expectations | None,
    free: npt.NDArray[np.bool_],
) -> LatentClasses:
    masses = counts.sum(axis=0)
    masses[STRANGERS] += uncounted
    shares = np.maximum(masses, PROBABILITY_MIN)
    found = classes.probabilities.copy()
    at_levels: Floats = (transposed @ counts[:, free]).T
    kept = None if beliefs is None else rows_of(beliefs, free)
    found[free] = proportions(at_levels, classes, kept)
    return replace(classes, shares=shares / shares.sum(), probabilities=found)


def rows_of(beliefs: Expectations, rows: npt.NDArray[np.bool_] | list[int]) -> Expectations:
    """The beliefs of some classes."""
    return Expectations(probabilities=beliefs.probabilities[rows], seen=beliefs.seen[rows])


def proportions(at_levels: Floats, classes: LatentClasses, beliefs: Expectations | None) -> Floats:
    """Level probabilities from how many pairs are at each level, [rows, levels], and what was believed.

    With c pairs at a level and a believed to be seen at probability p it becomes (c + a) / (λ + a / p), where
    λ makes the levels of a comparison add up to 1. Without beliefs λ is the number of pairs.
    """
    starts = classes.starts[:-1]
    seen = np.full_like(at_levels, PROBABILITY_MIN) if beliefs is None else beliefs.seen
    rates = (
        seen * np.repeat(classes.level_counts, classes.level_counts)
        if beliefs is None
        else seen / beliefs.probabilities
    )
    above = at_levels + seen
    spread = np.repeat(np.arange(len(starts)), classes.level_counts)
    level = np.zeros((len(at_levels), len(starts)))
    for _ in range(_NEWTON_STEPS):
        parts = above / (level[:, spread] + rates)
        excess = np.add.reduceat(parts, starts, axis=1) - 1
        slope = np.add.reduceat(parts / (level[:, spread] + rates), starts, axis=1)
        # Newton on 1 / sum, which is nearly straight in λ, and never overshoots.
        step = excess * (1 + excess) / slope
        level += step
        if float(np.abs(step).max()) <= 1e-12 * float(level.max() + 1):
            break
    found = np.clip(above / (level[:, spread] + rates), PROBABILITY_MIN, None)
    total = np.add.reduceat(found, starts, axis=1)[:, spread]
    made: Floats = found / total
    return made
