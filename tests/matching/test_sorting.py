"""Integers by sort and difference, and the memory of what is known of them."""

from __future__ import annotations

import numpy as np
import pytest

from mpi.matching.sorting import IntegerMemory, counted_integers, distinct_integers


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_distinct_integers_are_numpys(count: int) -> None:
    integers = np.random.default_rng(count).integers(0, 99, count)
    values, place_of = distinct_integers(integers)
    np.testing.assert_array_equal(values, np.unique(integers))
    np.testing.assert_array_equal(values[place_of], integers)
    found, counts = counted_integers(integers)
    expected = np.unique(integers, return_counts=True)
    np.testing.assert_array_equal(found, expected[0])
    np.testing.assert_array_equal(counts, expected[1])


def test_a_memory_gives_what_was_kept_or_that_it_does_not_know() -> None:
    draw = np.random.default_rng(3)
    memory = IntegerMemory(6, np.int8, -2)
    for _ in range(20):
        # Far more integers than places: most push another out.
        integers = np.unique(draw.integers(0, 2**62, 200))
        memory.keep(integers, (integers % 100).astype(np.int8))
        found = memory.values(integers)
        assert 0 < (found == -2).sum() < 200
        np.testing.assert_array_equal(found[found != -2], (integers % 100)[found != -2])
    assert memory.values(np.array([5])).tolist() == [-2]


def test_a_copy_does_not_change_what_it_was_made_of() -> None:
    memory = IntegerMemory(4, np.int16, -1)
    other = memory.copy()
    other.keep(np.array([7]), np.array([3], np.int16))
    assert memory.values(np.array([7])).tolist() == [-1]
    assert other.values(np.array([7])).tolist() == [3]
