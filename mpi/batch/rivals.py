"""Links of a record that could be either of two people's: neither is sure.

A newborn without a name links with each of two twins who were named since; a father's record without a birth
date with him and with his son. Each link weighs as if the other were not there. Where the other two records
are different people, the record is one's or the other's, and the odds of each are shared: what speaks for the
rival is added to what speaks against the link.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.identity.clustering import Compared

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

#: Two records that were compared are taken for different people below this weight (log2): odds of 1 to 1000.
#: Records of one person, badly taken down, weigh less than nothing, too.
APART_WEIGHT: Final = -10.0
#: Of a record's links so many are looked at, in the order of their partners; nobody has more rivals.
_LINKS_MAX: Final = 64
#: Odds beyond this are as good as certain.
_WEIGHT_MAX: Final = 60.0


def shared_weights(left: Indices, right: Indices, weight: Floats, compared: Compared) -> Floats:
    """The weight of each link (log2) once the odds of its strongest rival at either end are counted against
    it.

    ``left``, ``right``, ``weight`` of the links, each pair once, and all pairs that were ``compared``.
    """
    rival_odds = np.zeros(len(left))
    apart = _apart(left, right, compared)
    if len(apart):
        ends = np.concatenate([left, right]).astype(np.int64)
        partner = np.concatenate([right, left]).astype(np.int64)
        order = np.lexsort((partner, ends))
        ends, partner, link = ends[order], partner[order], order % len(left)
        odds = np.exp2(np.minimum(weight, _WEIGHT_MAX))
        for step in range(1, min(_LINKS_MAX, len(ends))):
            one = np.flatnonzero(ends[step:] == ends[:-step])
            if not len(one):
                break
            other = one + step
            rivals = _among(_keys(partner[one], partner[other]), apart)
            a, b = link[one[rivals]], link[other[rivals]]
            np.maximum.at(rival_odds, a, odds[b])
            np.maximum.at(rival_odds, b, odds[a])
    shared: Floats = weight - np.log2(1 + rival_odds)
    return shared


def _apart(left: Indices, right: Indices, compared: Compared) -> Indices:
    """The pairs of linked records that are different people, as ascending keys."""
    a, b, weight = (np.asarray(one) for one in compared)
    against = np.flatnonzero(weight < APART_WEIGHT)
    if not len(against) or not len(left):
        return np.empty(0, np.int64)
    linked = np.zeros(int(max(a.max(), b.max(), left.max(), right.max())) + 1, dtype=np.bool_)
    linked[left] = linked[right] = True
    against = against[linked[a[against]] & linked[b[against]]]
    return np.sort(_keys(a[against], b[against]))


def _keys(a: npt.NDArray[np.integer], b: npt.NDArray[np.integer]) -> Indices:
    """Pairs of positions as numbers, whichever comes first."""
    keys: Indices = (np.minimum(a, b).astype(np.int64) << 32) | np.maximum(a, b).astype(np.int64)
    return keys


def _among(keys: Indices, ascending: Indices) -> npt.NDArray[np.bool_]:
    place = np.minimum(np.searchsorted(ascending, keys), len(ascending) - 1)
    found: npt.NDArray[np.bool_] = ascending[place] == keys
    return found
