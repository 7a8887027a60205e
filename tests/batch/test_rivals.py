"""Links of a record that could be either of two people's."""

import numpy as np
import pytest

from mpi.batch.rivals import shared_weights
from mpi.identity.clustering import Compared


def shared(links: dict[tuple[int, int], float], others: dict[tuple[int, int], float]) -> list[float]:
    left, right = np.array(list(links)).T
    every = {**links, **others}
    a, b = np.array(list(every)).T
    weight = np.array(list(links.values()))
    return shared_weights(left, right, weight, Compared(a, b, np.array(list(every.values())))).tolist()


def test_a_link_without_a_rival_weighs_what_it_weighs() -> None:
    assert shared({(0, 1): 6.0, (1, 2): 5.0}, {}) == [6.0, 5.0]


def test_a_newborn_that_could_be_either_twin_is_neither_for_sure() -> None:
    found = shared({(0, 1): 6.0, (0, 2): 6.0}, {(1, 2): -12.0})
    assert found == pytest.approx([0.0, 0.0], abs=0.03), "one to one"


def test_the_surer_link_stays_sure() -> None:
    strong, weak = shared({(0, 1): 20.0, (0, 2): 6.0}, {(1, 2): -12.0})
    assert strong == pytest.approx(14.0, abs=0.03)
    assert weak == pytest.approx(-14.0, abs=0.03)


def test_two_records_of_one_person_are_no_rivals() -> None:
    assert shared({(0, 1): 6.0, (0, 2): 6.0}, {(1, 2): -1.0}) == [6.0, 6.0]


def test_two_records_never_compared_are_no_rivals() -> None:
    assert shared({(0, 1): 6.0, (0, 2): 6.0}, {}) == [6.0, 6.0]


def test_the_strongest_rival_counts_whoever_of_the_two_records_has_it() -> None:
    found = shared({(0, 1): 6.0, (0, 2): 4.0, (1, 3): 8.0}, {(1, 2): -12.0, (0, 3): -12.0})
    assert found[0] == pytest.approx(-2.0, abs=0.03)


def test_no_links_have_no_weights() -> None:
    nothing = np.empty(0, np.int64)
    assert shared_weights(nothing, nothing, np.empty(0), Compared([1], [2], [-9.0])).tolist() == []
