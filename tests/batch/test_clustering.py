"""Clusters of many links are those of ``mpi.identity.clustering``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deduplications import deduplicated
from mpi.batch.clustering import cluster_links, held_apart
from mpi.identity.clustering import Refusal, cluster
from mpi.matching.rules import load_rules
from people import ELSEWHERE, HOME, a_person

N = 12
pairs = st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)).filter(lambda pair: pair[0] != pair[1])
edges = st.lists(st.tuples(pairs, st.sampled_from([3.0, 5.0, 5.0, 9.0])), max_size=20)
some = st.lists(pairs, max_size=4)


def as_array(listed: list[tuple[int, int]]) -> np.ndarray:
    return np.array(listed, dtype=np.int64).reshape(-1, 2)


@given(edges, some, some, some, st.integers(1, N))
def test_the_quick_way_gives_what_the_careful_way_gives(edges, vetoed, must, cannot, size_max) -> None:
    left, right = [a for (a, _), _ in edges], [b for (_, b), _ in edges]
    weight = [w for _, w in edges]
    try:
        careful = cluster(
            N, left, right, weight, size_max=size_max, must_link=must, cannot_link=cannot, vetoed=vetoed
        )
    except ValueError:
        with pytest.raises(ValueError, match="contradicts"):
            cluster_links(
                N, left, right, weight,
                size_max=size_max, must_link=as_array(must), cannot_link=as_array(cannot),
            )  # fmt: skip
        return
    quick = cluster_links(
        N, left, right, weight,
        size_max=size_max, must_link=as_array(must), cannot_link=as_array(cannot), vetoed=as_array(vetoed),
    )  # fmt: skip
    assert quick.cluster_of.tolist() == careful.cluster_of.tolist()
    assert quick.refused.tolist() == careful.refused.tolist()
    assert quick.reasons == careful.reasons


def test_nobody_is_in_no_cluster() -> None:
    assert cluster_links(0, [], [], [], size_max=5).cluster_of.tolist() == []


def test_size_is_a_reason() -> None:
    clusters = cluster_links(4, [0, 1, 2], [1, 2, 3], [9.0, 8.0, 7.0], size_max=2)
    assert clusters.groups() == [[0, 1], [2, 3]]
    assert clusters.reasons == (Refusal.SIZE,)


def test_father_and_son_are_held_apart_and_a_record_of_which_little_is_known_is_not() -> None:
    """Jr and Sr contradict each other; of a name and a date at two addresses too little is known to link."""
    rules = load_rules()
    senior = a_person(suffix="SR", ssn="219458813", home=HOME)
    junior = a_person(suffix="JR", ssn="219458813", home=HOME)
    moved = a_person(middle="", home=ELSEWHERE)
    pairs = deduplicated([senior, junior, moved]).scoring.pairs
    guarded = [bool(pairs.guard_sets[one]) for one in pairs.guard_set]
    assert [(int(pairs.left[pair]), int(pairs.right[pair])) for pair in held_apart(pairs, rules)] == [(0, 1)]
    assert sum(guarded) == 3
