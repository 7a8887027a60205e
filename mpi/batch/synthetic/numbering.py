"""Numbers that look drawn at random and never repeat: social security numbers and record numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mpi.batch.synthetic.draws import Ints

#: Areas 001–665 and 667–899, groups 01–99, serials 0001–9998: what the SSA could have issued.
SSN_AREAS, SSN_GROUPS, SSN_SERIALS = 898, 99, 9_998
#: Social security numbers come in pairs of neighbours, the second for a twin.
SSN_PAIRS = SSN_AREAS * SSN_GROUPS * SSN_SERIALS // 2
RECORD_NUMBERS = 10**10
ROUNDS = 4


def social_security_number(pair: Ints, second: Ints, seed: int) -> Ints:
    """The nine digits of the person with number ``pair``; ``second`` is 1 for the later of twins, else 0."""
    number = scattered(pair, SSN_PAIRS, seed) * 2 + second
    area, rest = np.divmod(number, SSN_GROUPS * SSN_SERIALS)
    group, serial = np.divmod(rest, SSN_SERIALS)
    area += 1
    area += area >= 666
    return (area * 100 + group + 1) * 10_000 + serial + 1


def scattered(number: Ints, bound: int, seed: int) -> Ints:
    """A permutation of 0 … bound - 1, another one for each seed: distinct numbers stay distinct.

    A Feistel network on the smallest even number of bits that holds ``bound``; a result outside goes through
    again.
    """
    half = np.uint64((bound - 1).bit_length() + 1 >> 1)
    keys = np.random.SeedSequence([seed, bound]).generate_state(ROUNDS, np.uint64).astype(np.uint64)
    result = feistel(number.astype(np.uint64), half, keys)
    outside = np.flatnonzero(result >= bound)
    while len(outside):
        result[outside] = feistel(result[outside], half, keys)
        outside = outside[result[outside] >= bound]
    return result.astype(np.int64)


def feistel(number: NDArray[np.uint64], half: np.uint64, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One pass of the network over numbers of 2 × ``half`` bits."""
    mask = np.uint64((1 << int(half)) - 1)
    left, right = number >> half, number & mask
    for key in keys:
        mixed = (right + key) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        left, right = right, left ^ (mixed >> np.uint64(32) & mask)
    return left << half | right
