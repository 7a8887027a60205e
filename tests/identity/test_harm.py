"""Expected harm: probability of being wrong if ignored, times consequence; and dealing evenly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpi.identity.change import TaskKind
from mpi.identity.dealing import deal
from mpi.identity.harm import SHARED_IDENTIFIER, consequence, expected_harm, wrong_if_ignored

DUPLICATE, OVERLAP = TaskKind.POTENTIAL_DUPLICATE, TaskKind.POTENTIAL_OVERLAP


def test_it_is_the_product_of_its_two_parts():
    for kind in (DUPLICATE, OVERLAP):
        harm = expected_harm(kind, 0.7, record_count=4, quiet_days=30)
        assert harm == round(100 * wrong_if_ignored(0.7, ()) * consequence(kind, 4, 30))


@pytest.mark.parametrize("kind", TaskKind)
def test_recent_activity_and_more_records_weigh_more(kind):
    quiet = [expected_harm(kind, 0.5, quiet_days=days) for days in (0, 30, 400)]
    assert quiet == sorted(quiet, reverse=True) and len(set(quiet)) == 3
    sizes = [expected_harm(kind, 0.5, record_count=n, quiet_days=400) for n in (2, 4, 16, 5_000)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[1] < sizes[2] == sizes[3], "bounded"


def test_a_split_chart_in_one_source_is_worse_than_between_two_and_two_people_in_one_worst():
    ranked = sorted(TaskKind, key=lambda kind: consequence(kind, 2, 400))
    assert ranked == [OVERLAP, DUPLICATE, TaskKind.LINK_IN_DOUBT, TaskKind.POTENTIAL_OVERLAY]


def test_a_guard_makes_it_less_likely_and_a_shared_number_never_unlikely():
    assert wrong_if_ignored(0.8, ("twins",)) < wrong_if_ignored(0.8, ())
    assert wrong_if_ignored(1e-9, (SHARED_IDENTIFIER,)) == 0.5
    assert wrong_if_ignored(0.99, (SHARED_IDENTIFIER,)) == pytest.approx(0.594)


@given(
    st.sampled_from(TaskKind),
    st.none() | st.floats(0, 1),
    st.integers(0, 10_000),
    st.floats(0, 10_000),
)
def test_it_stays_on_its_scale(kind, probability, record_count, quiet_days):
    harm = expected_harm(kind, probability, record_count=record_count, quiet_days=quiet_days)
    assert 0 <= harm <= 100


@given(
    st.lists(st.integers(1, 10**6), unique=True, max_size=60),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 30), min_size=1),
    st.integers(1, 20),
)
def test_dealing_levels_the_loads(task_ids, loads, each_max):
    dealt = deal(task_ids, loads, each_max)
    given_ids = [task_id for ids in dealt.values() for task_id in ids]
    assert sorted(given_ids) == sorted(task_ids[: len(given_ids)]), "from the top, none twice"
    assert len(given_ids) == min(len(task_ids), each_max * len(loads))
    assert all(ids == [t for t in task_ids if t in ids] for ids in dealt.values()), "each in order"
    total = {name: loads[name] + len(ids) for name, ids in dealt.items()}
    able = [name for name, ids in dealt.items() if len(ids) > 0]
    unfilled = [name for name, ids in dealt.items() if len(ids) < each_max]
    for name in able:
        for other in unfilled:
            assert total[name] - 1 <= total[other], "nobody gets one while another has fewer"
