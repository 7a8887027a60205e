"""How often two strangers agree, field by field: from random pairs, and from value counts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mpi.batch.training.counting import RandomPairs
from mpi.batch.training.em import Expectations, one_hot, posteriors_of, proportions
from mpi.batch.training.latent import STRANGERS, Floats, LatentClasses


def stranger_probabilities(
    pairs: RandomPairs,
    classes: LatentClasses,
    related: Floats,
    believed: Floats,
    seen: float,
    all_pairs: float,
) -> Floats:
    """u of every level, [levels of all comparisons].

    Random pairs are nearly all strangers; what each is expected not to be is taken off by ``classes``. Of
    pairs that have the very same value there are often too few among them, but these can be counted over all
    pairs of records: Σ c (c − 1) / 2 for the values' counts c, less the ``related`` ones [levels], which are
    one person's or one family's. Where those are the most (a social security number), the rest is no measure
    of coincidence, and the sample and what was ``believed`` decide.

    Args:
        seen: how firmly u is believed, in pairs seen at a level; see ``em.Expectations``.
        all_pairs: pairs of records that there are.
    """
    weights = posteriors_of(pairs.patterns.levels, classes)[:, STRANGERS] * pairs.patterns.counts
    sampled: Floats = one_hot(pairs.patterns.levels, classes).T @ weights
    counted = pairs.identical_all - related
    known = (pairs.identical_all > 0) & (counted > related)
    scale = pairs.pair_count / all_pairs
    at_levels = np.where(known, np.maximum(sampled - pairs.identical, 0) + counted * scale, sampled)
    firmness = np.where(known, seen * scale, seen)
    beliefs = Expectations(probabilities=believed[None], seen=_floored(firmness)[None])
    made: Floats = proportions(at_levels[None], classes, beliefs)[0]
    return made


def _floored(values: Floats) -> npt.NDArray[np.float64]:
    return np.maximum(values, 1e-6)
