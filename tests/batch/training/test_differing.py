"""Slips that come together, or one at a time, are seen; slips that do neither are left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from mpi.batch.scored import PatternCounts
from mpi.batch.training.differing import WEIGHT_MAX, differing_weights
from mpi.batch.training.latent import LatentClasses
from mpi.matching.comparison import Agreement
from mpi.matching.rules import RuleSet, load_rules
from mpi.matching.rules.loading import parse_rules
from mpi.matching.scoring import differing_weights as weights_of_pairs
from mpi.matching.scoring import score

EXACT = np.array([0.9, 0.8, 0.7, 0.6])
PAIRS = 100_000

Levels = npt.NDArray[np.int8]


def found(levels: Levels) -> dict[int, tuple[float, ...]]:
    """The weights learned from pairs that are all one person's; level 0 is the exact agreement."""
    distinct, counts = np.unique(levels, axis=0, return_counts=True)
    share = (levels == 0).sum(axis=0) / np.maximum((levels >= 0).sum(axis=0), 1)
    classes = LatentClasses(
        shares=np.array([0.5, 0.5]),
        probabilities=np.tile(np.stack([share, 1 - share], axis=1).ravel(), (2, 1)),
        starts=np.arange(0, 2 * levels.shape[1] + 1, 2),
    )
    sure = np.full(len(counts), 40.0)
    table, added = differing_weights(
        PatternCounts(levels=distinct, counts=counts), sure, classes, np.arange(levels.shape[1])
    )
    there, differ = (distinct >= 0).sum(axis=1), (distinct > 0).sum(axis=1)
    for n, k, weight in zip(there.tolist(), differ.tolist(), added.tolist(), strict=True):
        assert weight == (table[n][k] if n in table else 0.0)
    return table


def independent() -> Levels:
    levels = (np.random.default_rng(1).random((PAIRS, 4)) >= EXACT).astype(np.int8)
    levels[np.random.default_rng(2).random((PAIRS, 4)) < 0.1] = -1
    return levels


def test_independent_slips_say_nothing() -> None:
    assert all(abs(weight) < 0.2 for row in found(independent()).values() for weight in row)


def test_slips_that_come_one_at_a_time_make_two_of_them_unlikely() -> None:
    field = np.random.default_rng(3).integers(0, 4, PAIRS)
    levels = np.zeros((PAIRS, 4), dtype=np.int8)
    levels[np.arange(PAIRS), field] = 1
    none, one, two, *_ = found(levels)[4]
    # Of four fields that each differ once in four, one does with probability 0.42.
    assert one == pytest.approx(np.log2(1 / (4 * 0.25 * 0.75**3)), abs=0.02)
    assert none == two == -WEIGHT_MAX


def test_records_taken_down_badly_make_many_slips_likely() -> None:
    random = np.random.default_rng(4)
    bad = random.random(PAIRS) < 0.2
    levels = (random.random((PAIRS, 4)) < np.where(bad, 0.7, 0.05)[:, None]).astype(np.int8)
    none, one, *_, all_four = found(levels)[4]
    assert none > 0.2 and one < -0.2 and all_four > 1


def test_few_pairs_say_nothing() -> None:
    assert found(independent()[:40]) == {}


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules()


def test_the_part_is_one_of_those_that_add_up(rules: RuleSet) -> None:
    text = rules.content + "\n[differing]\n2 = [0.5, -0.25, -1.5]\n"
    knowing = parse_rules(text, name="knowing", frequencies=rules.frequencies)
    assert knowing.hash != rules.hash
    rows = {comparison.field: row for row, comparison in enumerate(rules.comparisons)}
    levels = np.full((len(rows), 4), -1, dtype=np.int8)
    levels[rows["sex"]] = [0, 0, 1, 0]
    levels[rows["phone"]] = [0, 1, 2, 0]
    levels[rows["email"]] = [-1, -1, -1, 0]
    levels[rows["placeholder_name"]] = 1  # without weight, and not counted
    agreement = Agreement(levels=levels, frequencies={})
    before, after = score(agreement, rules), score(agreement, knowing)
    assert after.differing_weight.tolist() == [0.5, -0.25, -1.5, 0.0]
    np.testing.assert_allclose(after.total_weight, before.total_weight + after.differing_weight)
    np.testing.assert_allclose(after.weights, before.weights)
    assert weights_of_pairs(levels, knowing).tolist() == after.differing_weight.tolist()
    assert not before.differing_weight.any() and not weights_of_pairs(levels, rules).any()


@pytest.mark.parametrize("line", ["2 = [0.5, 1.0]", "2 = [0, 0, 99]", "x = [1]", '1 = [0, "a"]', "1 = 2"])
def test_nonsense_is_refused(rules: RuleSet, line: str) -> None:
    from mpi.errors import InvalidRuleSet

    with pytest.raises(InvalidRuleSet, match="differing"):
        parse_rules(f"{rules.content}\n[differing]\n{line}\n", name="odd", frequencies=rules.frequencies)


def test_a_rule_set_is_trained_again_with_a_table_of_its_own(rules: RuleSet) -> None:
    from mpi.batch.training.text import NewNumbers, rewritten

    numbers = NewNumbers(
        prior_weight=-11.0, link_weight=3.0, relations={one.name: one.probability for one in rules.relations},
        levels={}, frequencies={}, differing={"1": (0.25, -0.5)}, provenance={"parent": "default"},
    )  # fmt: skip
    once = rewritten(rules.content, numbers)
    assert once.count("[differing]") == 1 and "1 = [0.25, -0.5]" in once
    assert rewritten(once, replace(numbers, differing={})).count("[differing]") == 0
    assert rewritten(once, numbers) == once
