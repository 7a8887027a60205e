"""All candidates held against the truth: blocking recall, precision by weight, and calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.blocks import packed
from mpi.batch.evaluation.intervals import wilson
from mpi.batch.evaluation.quality import UNKNOWN, Labels
from mpi.batch.scored import Scoring
from mpi.matching.scoring import probability

#: Calibration looks at candidates from this weight on: a probability of one in a thousand.
WEIGHT_MIN: Final = -10.0
#: Bands of weight are one wide, from here to there; what is beyond is in the outermost.
BAND_FROM, BAND_TO = -40, 80
#: Bins of the reliability diagram.
BINS: Final = 10
_SLICE: Final = 1_000_000

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """Pairs of about one stated probability, and the share that is one person's, with its interval."""

    low: float
    high: float
    pairs: int
    stated: float
    found: float
    found_low: float
    found_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Whether probabilities mean what they say.

    ``error`` is the expected calibration error: the mean distance of stated and found, weighted by pairs.
    """

    bins: tuple[ReliabilityBin, ...]
    pairs: int
    error: float
    #: Only candidates of at least this weight (log2) are counted.
    weight_min: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightBand:
    """The candidates whose weight is in [low, low + 1), and how many are one person's."""

    low: int
    pairs: int
    same: int
    share: float
    share_low: float
    share_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedCandidates:
    """What one pass over all candidates finds."""

    #: The candidates that are one person's: packed, ascending.
    true_pairs: Counts
    bands: tuple[WeightBand, ...]
    calibration: Calibration


def weigh_candidates(scoring: Scoring, truth: Labels) -> WeighedCandidates:
    """Go through all scored candidates once; pairs with a record of unknown truth count nowhere."""
    true_pairs = [np.empty(0, np.int64)]
    sums = _Sums()
    for pairs in (scoring.pairs, scoring.light):
        for start in range(0, len(pairs.left), _SLICE):
            part = slice(start, start + _SLICE)
            left, right, weight = pairs.left[part], pairs.right[part], pairs.weight[part]
            first, second = truth[left], truth[right]
            known = (first != UNKNOWN) & (second != UNKNOWN)
            same = (first == second) & known
            true_pairs.append(packed(left[same], right[same]))
            sums.add(weight[known].astype(np.float64), same[known])
    found = np.concatenate(true_pairs)
    found.sort()
    return WeighedCandidates(true_pairs=found, bands=sums.bands(), calibration=sums.calibration())


class _Sums:
    """Running counts by band of weight and bin of probability."""

    def __init__(self) -> None:
        self._bands = np.zeros((2, BAND_TO - BAND_FROM), dtype=np.int64)
        self._bins = np.zeros((2, BINS), dtype=np.int64)
        self._stated = np.zeros(BINS)

    def add(self, weights: npt.NDArray[np.float64], same: npt.NDArray[np.bool_]) -> None:
        band = np.clip(np.floor(weights).astype(np.int64), BAND_FROM, BAND_TO - 1) - BAND_FROM
        self._bands += _counted(band, same, BAND_TO - BAND_FROM)
        likely = weights >= WEIGHT_MIN
        probabilities = probability(weights[likely])
        place = np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
        self._bins += _counted(place, same[likely], BINS)
        self._stated += np.bincount(place, weights=probabilities, minlength=BINS)

    def bands(self) -> tuple[WeightBand, ...]:
        pairs, same = self._bands
        low, high = wilson(same, pairs)
        return tuple(
            WeightBand(
                low=BAND_FROM + place,
                pairs=int(pairs[place]),
                same=int(same[place]),
                share=float(same[place] / pairs[place]),
                share_low=float(low[place]),
                share_high=float(high[place]),
            )
            for place in np.flatnonzero(pairs).tolist()
        )

    def calibration(self) -> Calibration:
        pairs, same = self._bins
        low, high = wilson(same, pairs)
        bins = tuple(
            ReliabilityBin(
                low=place / BINS,
                high=(place + 1) / BINS,
                pairs=int(pairs[place]),
                stated=float(self._stated[place] / pairs[place]),
                found=float(same[place] / pairs[place]),
                found_low=float(low[place]),
                found_high=float(high[place]),
            )
            for place in np.flatnonzero(pairs).tolist()
        )
        total = int(pairs.sum())
        error = float(np.abs(self._stated - same).sum() / total) if total else 0.0
        return Calibration(bins=bins, pairs=total, error=error, weight_min=WEIGHT_MIN)


def _counted(places: Counts, same: npt.NDArray[np.bool_], size: int) -> Counts:
    """All and the same ones by place, shape [2, size]."""
    return np.array([np.bincount(places, minlength=size), np.bincount(places[same], minlength=size)])
