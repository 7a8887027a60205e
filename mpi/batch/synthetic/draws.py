"""Chance that is the same on every machine: the one place where the generator draws random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]


class Draws:
    """A stream of draws named by ``seed`` and ``stream``: equal names give equal draws.

    Of NumPy's methods only ``random`` is used (the top 53 bits of each raw word); the others may change
    between NumPy versions. Everything here is made of comparisons and products of these numbers.
    """

    def __init__(self, seed: int, *stream: int) -> None:
        self._generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *stream])))

    def uniform(self, count: int, low: float = 0.0, high: float = 1.0) -> Floats:
        """``count`` numbers in [low, high)."""
        return low + self._generator.random(count) * (high - low)

    def triangular(self, count: int, low: float, high: float) -> Floats:
        """``count`` numbers in [low, high), the middle most likely."""
        return low + (self._generator.random(count) + self._generator.random(count)) * (0.5 * (high - low))

    def chance(self, count: int, probability: float | Floats) -> Bools:
        """True with the probability given, one for all or one per place."""
        return self._generator.random(count) < probability

    def below(self, count: int, bound: int | Ints) -> Ints:
        """Whole numbers from 0 to below ``bound``; 0 where the bound is 0."""
        return (self._generator.random(count) * bound).astype(np.int64)

    def weighted(self, count: int, cumulative: Ints) -> Ints:
        """Places of a list, each as likely as its step in ``cumulative``."""
        return np.searchsorted(cumulative, self.below(count, int(cumulative[-1])), side="right")

    def kind(self, count: int, shares: Sequence[float | Floats]) -> Ints:
        """Which of several exclusive things happens: 0 the first, … ; -1 where none does."""
        number = self._generator.random(count)
        happened = np.full(count, -1, dtype=np.int64)
        limit = np.zeros(count)
        for place, share in enumerate(shares):
            below = limit + share
            happened[(number >= limit) & (number < below)] = place
            limit = below
        return happened


def cumulative(weights: Sequence[int] | Ints) -> Ints:
    """Running total of whole-number weights, as ``Draws.weighted`` wants it."""
    return np.cumsum(np.asarray(weights, dtype=np.int64))
