import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpi.identity.clustering import Compared, Refusal, cluster

N = 8
pairs = st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)).filter(lambda pair: pair[0] != pair[1])
edges = st.lists(st.tuples(pairs, st.sampled_from([3.0, 5.0, 5.0, 9.0])), max_size=16)


def clustered(edges, n=N, size_max=N, **constraints):
    left, right, weight = zip(*[(a, b, w) for (a, b), w in edges], strict=True) if edges else ((), (), ())
    return cluster(n, left, right, weight, size_max=size_max, **constraints)


def partition(clusters, names=None):
    names = names or list(range(N))
    return {frozenset(names[i] for i in group) for group in clusters.groups()}


def test_edges_join_and_who_has_none_stays_alone():
    clusters = clustered([((0, 1), 9.0), ((1, 2), 8.0)], n=4)
    assert clusters.cluster_of.tolist() == [0, 0, 0, 3]
    assert clusters.groups() == [[0, 1, 2], [3]]


def test_the_heaviest_edge_decides_who_is_held_apart():
    edges = [((0, 1), 5.0), ((1, 2), 9.0)]
    clusters = clustered(edges, n=3, cannot_link=[(0, 2)])
    assert clusters.groups() == [[0], [1, 2]]
    assert (clusters.refused.tolist(), clusters.reasons) == ([0], (Refusal.ASSERTED_DIFFERENT,))


def test_different_holds_through_a_chain():
    edges = [((0, 1), 9.0), ((1, 2), 8.0), ((2, 3), 7.0)]
    assert clustered(edges, n=4, cannot_link=[(0, 3)]).groups() == [[0, 1, 2], [3]]


def test_a_guard_holds_apart_and_says_so():
    clusters = clustered([((0, 1), 9.0), ((1, 2), 8.0)], n=3, vetoed=[(0, 2)])
    assert clusters.groups() == [[0, 1], [2]]
    assert clusters.reasons == (Refusal.GUARD,)


def test_what_a_person_stated_outranks_a_guard():
    assert clustered([], n=2, must_link=[(0, 1)], vetoed=[(0, 1)]).groups() == [[0, 1]]
    both = clustered([((0, 1), 9.0)], n=2, cannot_link=[(0, 1)], vetoed=[(0, 1)])
    assert both.reasons == (Refusal.ASSERTED_DIFFERENT,)


def test_a_cluster_stops_at_its_size_and_says_so():
    clusters = clustered([((0, 1), 9.0), ((1, 2), 8.0), ((2, 3), 7.0)], n=4, size_max=2)
    assert clusters.groups() == [[0, 1], [2, 3]]
    assert clusters.reasons == (Refusal.SIZE,)


def test_must_links_join_first_and_beyond_the_size():
    assert clustered([], n=3, size_max=2, must_link=[(0, 1), (1, 2)]).groups() == [[0, 1, 2]]


def test_statements_that_contradict_each_other_are_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="contradicts"):
        clustered([], must_link=[(0, 1), (1, 2)], cannot_link=[(0, 2)])


@pytest.mark.parametrize(
    ("left", "right", "weight"),
    [([0], [9], [1.0]), ([-1], [0], [1.0]), ([0], [1, 2], [1.0]), ([0], [1], [np.nan])],
)
def test_nonsense_is_refused(left, right, weight):
    with pytest.raises(ValueError, match=r"outside|equal length|no number"):
        cluster(3, left, right, weight, size_max=3)


def test_nothing_is_no_cluster():
    assert clustered([], n=0).groups() == []


@given(edges, st.lists(pairs, max_size=4), st.integers(1, N))
def test_clusters_hold_every_constraint_and_refused_edges_have_their_reason(edges, cannot, size_max):
    clusters = clustered(edges, size_max=size_max, cannot_link=cannot)
    groups = partition(clusters)
    assert all(len(group) <= size_max for group in groups)
    assert not any({a, b} <= group for a, b in cannot for group in groups)
    together = {frozenset(pair) for group in groups for pair in [(a, b) for a in group for b in group]}
    for position, ((a, b), _) in enumerate(edges):
        assert (position in clusters.refused.tolist()) <= (frozenset((a, b)) not in together)


@given(edges, st.lists(pairs, max_size=4), st.integers(1, N))
def test_it_is_what_joining_by_hand_gives(edges, cannot, size_max):
    groups = [{i} for i in range(N)]
    for (a, b), _ in sorted(edges, key=lambda e: (-e[1], min(e[0]), max(e[0]))):
        one, other = (next(g for g in groups if x in g) for x in (a, b))
        joined = one | other
        if one is other or len(joined) > size_max or any({*pair} <= joined for pair in cannot):
            continue
        groups = [g for g in groups if g not in (one, other)] + [joined]
    assert partition(clustered(edges, size_max=size_max, cannot_link=cannot)) == {
        frozenset(g) for g in groups
    }


@given(edges, st.lists(pairs, max_size=4), st.permutations(range(N)), st.randoms())
def test_neither_the_order_of_the_edges_nor_of_the_records_matters(edges, cannot, places, random):
    names = [f"R{i}" for i in range(N)]
    expected = partition(clustered(edges, size_max=4, cannot_link=cannot, ids=names), names)
    shuffled = [((places[a], places[b])[:: random.choice((1, -1))], w) for (a, b), w in edges]
    random.shuffle(shuffled)
    moved = [names[places.index(i)] for i in range(N)]
    held = [(places[a], places[b]) for a, b in cannot]
    assert partition(clustered(shuffled, size_max=4, cannot_link=held, ids=moved), moved) == expected


def heard(edges, light, **constraints):
    """Clustered with all that was compared: the edges, and the lighter pairs."""
    every = [*edges, *light]
    left, right, weight = zip(*[(a, b, w) for (a, b), w in every], strict=True)
    return clustered(edges, compared=Compared(left, right, weight), **constraints)


def test_what_speaks_against_two_clusters_outweighs_the_one_pair_that_holds_them_together():
    # A record without a given name could be either twin's.
    edges, light = [((0, 1), 9.0), ((2, 3), 9.0), ((1, 2), 4.0)], [((0, 2), -6.0), ((0, 3), -6.0)]
    clusters = heard(edges, light, n=4)
    assert clusters.groups() == [[0, 1], [2, 3]]
    assert (clusters.refused.tolist(), clusters.reasons) == ([2], (Refusal.EVIDENCE,))
    assert clustered(edges, n=4).groups() == [[0, 1, 2, 3]]


def test_much_evidence_for_outweighs_a_little_against():
    edges = [((0, 1), 9.0), ((1, 2), 9.0)]
    assert heard(edges, [((0, 2), -6.0)], n=3).groups() == [[0, 1, 2]]


def test_no_pair_speaks_louder_than_the_others_together_may_answer():
    edges, light = [((0, 1), 9.0), ((1, 2), 60.0)], [((0, 2), -11.0)]
    assert heard(edges, light, n=3).reasons == (Refusal.EVIDENCE,)


def test_voices_are_joined_when_clusters_are_whoever_is_joined_to_whom():
    for order in ((0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)):
        place = dict(enumerate(order))
        edges = [((0, 1), 9.0), ((1, 2), 8.0), ((2, 3), 5.0)]
        light = [((0, 3), -4.0), ((1, 3), -4.0)]
        moved = [((place[a], place[b]), w) for (a, b), w in edges]
        against = [((place[a], place[b]), w) for (a, b), w in light]
        groups = heard(moved, against, n=4).groups()
        assert sorted(map(len, groups)) == [1, 3]
        assert [place[3]] in groups


@given(edges, st.lists(st.tuples(pairs, st.sampled_from([-9.0, -3.0, 1.0])), max_size=12), st.randoms())
def test_the_order_of_what_was_compared_makes_no_difference(edges, light, random):
    every = dict(sorted({tuple(sorted(pair)): w for pair, w in [*light, *edges]}.items()))
    links = [(pair, w) for pair, w in every.items() if w >= 3]
    shuffled = random.sample(list(every.items()), len(every))
    one = clustered(links, compared=voices(every.items()))
    other = clustered(random.sample(links, len(links)), compared=voices(shuffled))
    assert one.cluster_of.tolist() == other.cluster_of.tolist()


def voices(compared):
    compared = list(compared)
    return Compared(*zip(*[(a, b, w) for (a, b), w in compared], strict=True)) if compared else None


def test_many_pairs_say_together_what_one_pair_must_say_alone():
    edges, light = [((0, 1), 9.0), ((1, 2), 5.0)], [((0, 2), -2.0)]
    assert heard(edges, light, n=3).groups() == [[0, 1, 2]]
    assert heard(edges, light, n=3, evidence_min=4.0).groups() == [[0, 1], [2]]
    assert heard(edges, [], n=3, evidence_min=5.0).groups() == [[0, 1, 2]]


def test_many_pairs_that_repeat_each_other_do_not_do_what_none_does_alone():
    # Two records of one twin, two of the other, and one of whom the given name is like both.
    alike = {(a, b): 2.0 for a in (0, 1) for b in (2, 3)}
    edges = [((0, 1), 15.0), ((2, 3), 15.0), ((0, 2), 5.0)]
    light = [(pair, weight) for pair, weight in alike.items() if pair != (0, 2)]
    clusters = heard(edges, light, n=4, evidence_min=4.0)
    assert clusters.groups() == [[0, 1], [2, 3]], "they add up to 11, and are less than 3 on average"
    assert clusters.reasons == (Refusal.EVIDENCE,)
    assert heard(edges, light, n=4, evidence_min=2.0).groups() == [[0, 1, 2, 3]]


def test_one_sure_pair_may_outweigh_others_that_say_little():
    # A married name: the number is the same, the older record has the other family name.
    edges, light = [((0, 1), 12.0), ((1, 2), 18.0)], [((0, 2), -3.0)]
    assert heard(edges, light, n=3, evidence_min=4.0).groups() == [[0, 1, 2]]
