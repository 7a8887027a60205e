"""Where an identity would come apart: the tree that holds it, its weakest link, and who would leave."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from mpi.identity.splitting import proposals, spanning_tree, tree_order

#: 0, 1, 2 belong together, and 3, 4; between them only 2–3 holds.
TWO_GROUPS = {(0, 1): 20.0, (0, 2): 15.0, (1, 2): 18.0, (3, 4): 12.0, (2, 3): 4.0, (0, 3): -9.0, (1, 4): 1.0}


def test_the_weakest_link_parts_what_has_least_in_common() -> None:
    [split] = proposals(5, TWO_GROUPS, [])
    assert (split.part, split.edge, split.weight, split.apart) == ((3, 4), (2, 3), 4.0, None)


def test_a_guarded_pair_is_parted_at_the_weakest_link_between_them() -> None:
    first, second = proposals(5, TWO_GROUPS, [(0, 1)])
    assert (first.part, first.edge, first.apart) == ((0,), (0, 1), (0, 1)) or first.apart == (0, 1)
    assert {0, 1} - set(first.part) and {0, 1} & set(first.part), "the two end up on different sides"
    assert second.part == (3, 4)


def test_of_two_equal_parts_the_one_without_the_first_record_leaves() -> None:
    [split] = proposals(4, {(0, 1): 9.0, (2, 3): 9.0, (1, 2): 1.0, (0, 3): 0.0}, [])
    assert split.part == (2, 3)


def test_fewer_than_two_records_have_nothing_to_part() -> None:
    assert proposals(1, {}, []) == []
    assert spanning_tree(0, {}) == []


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, dict[tuple[int, int], float]]:
    count = draw(st.integers(2, 8))
    pairs = list(combinations(range(count), 2))
    weights = draw(st.lists(st.integers(-20, 40), min_size=len(pairs), max_size=len(pairs)))
    return count, dict(zip(pairs, map(float, weights), strict=True))


@given(graphs(), st.data())
def test_every_proposal_parts_and_the_tree_is_the_heaviest(
    drawn: tuple[int, dict[tuple[int, int], float]], data: st.DataObject
) -> None:
    count, weights = drawn
    tree = spanning_tree(count, weights)
    assert len(tree) == count - 1
    assert sorted(tree_order(count, tree)) == list(range(count))
    apart = data.draw(st.lists(st.sampled_from(sorted(weights)), max_size=3, unique=True))
    found = proposals(count, weights, apart)
    for split in found:
        outside = set(range(count)) - set(split.part)
        assert 0 < len(split.part) <= len(outside)
        crossing = [weights[pair] for pair in weights if (pair[0] in outside) != (pair[1] in outside)]
        assert split.weight == max(crossing), "nothing between the two parts is heavier than what is cut"
        if split.apart:
            assert (split.apart[0] in split.part) != (split.apart[1] in split.part)
    assert min(weights[edge] for edge in tree) >= min(split.weight for split in found)
