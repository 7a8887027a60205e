"""Data drawn from known m, u, household columns and shares gives them back."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from mpi.batch.scored import PatternCounts
from mpi.batch.training import classes_of, estimate, expectation_maximisation
from mpi.batch.training.counting import RandomPairs
from mpi.batch.training.estimating import Labelled, Lineage
from mpi.batch.training.fields import FieldUse
from mpi.batch.training.latent import SAME, STRANGERS, LatentClasses
from mpi.matching.rules import RuleSet, load_rules

HOUSEHOLD = STRANGERS + 1
#: Of probabilities from 0.05 up the relative error, of smaller ones the absolute one.
RELATIVE, ABSOLUTE = 0.02, 0.003

#: Pairs of records that there are, and of each field the share of pairs in which a side lacks it.
ALL_PAIRS, MISSING = 100_000_000, 0.05

Levels = npt.NDArray[np.int8]
Kinds = npt.NDArray[np.int64]


#: Fields that the pairs have; of these, the levels before this one are a shared blocking key.
KEYS = {"family": 2, "birth_date": 5, "ssn": 2, "phone": 1, "address": 3}
FIELDS = (*KEYS, "given")


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules()


@pytest.fixture(scope="module")
def truth(rules: RuleSet) -> LatentClasses:
    """Classes unlike those of the rule set: every level up to three times as likely or as unlikely, and other
    shares.
    """
    believed = classes_of(rules)
    found = believed.probabilities.copy()
    found[: HOUSEHOLD + 1] *= 3 ** np.random.default_rng(10).uniform(-1, 1, (HOUSEHOLD + 1, found.shape[1]))
    sums = np.add.reduceat(found, believed.starts[:-1], axis=1)
    found /= np.repeat(sums, believed.level_counts, axis=1)
    related = np.array([2e-3, 0, 3e-3, 2e-5, 1.5e-5])
    related[STRANGERS] = 1 - related.sum()
    return Lineage.of(rules).inherited(replace(believed, probabilities=found, shares=related))


@pytest.fixture(scope="module")
def use(rules: RuleSet) -> FieldUse:
    fields = [comparison.field for comparison in rules.comparisons]
    return FieldUse(
        estimated=np.array([fields.index(field) for field in fields if field in FIELDS], dtype=np.int64),
        held=(),
        absent=tuple(field for field in fields if field not in FIELDS),
        constant=(),
    )


@pytest.fixture(scope="module")
def sharing_a_key(rules: RuleSet, truth: LatentClasses) -> tuple[Levels, Kinds]:
    """The candidates of 10⁸ pairs of records, 1.2 million, and the class of each."""
    random = np.random.default_rng(11)
    levels, kinds = [], []
    for number, share in enumerate(truth.shares):
        count = int(random.poisson(share * ALL_PAIRS))
        drawn = (
            strangers(rules, truth, count, random)
            if number == STRANGERS
            else pairs_of(rules, truth, number, count, random)
        )
        shared = drawn[has_key(rules, drawn)]
        if number != STRANGERS:
            assert len(shared) > 0.97 * count
        levels.append(shared)
        kinds.append(np.full(len(shared), number))
    return np.concatenate(levels), np.concatenate(kinds)


def pairs_of(
    rules: RuleSet, truth: LatentClasses, number: int, count: int, random: np.random.Generator
) -> Levels:
    """Patterns of so many pairs of one class; of each field one value in twenty is missing."""
    levels = np.full((count, len(rules.comparisons)), -1, dtype=np.int8)
    for place, comparison in enumerate(rules.comparisons):
        if comparison.field in FIELDS:
            levels[:, place] = values(truth.probabilities[number, truth.columns(place)], count, random)
    return levels


def values(probabilities: npt.NDArray[np.float64], count: int, random: np.random.Generator) -> Levels:
    drawn = random.choice(len(probabilities), size=count, p=probabilities / probabilities.sum())
    return np.where(random.random(count) < MISSING, -1, drawn).astype(np.int8)


def strangers(rules: RuleSet, truth: LatentClasses, count: int, random: np.random.Generator) -> Levels:
    """Of so many pairs of strangers those that share a key. Key by key: how many share this one and none
    before it; the fields before are drawn again until they share none.
    """
    places = {comparison.field: place for place, comparison in enumerate(rules.comparisons)}
    found, left = [], count
    for number, field in enumerate(KEYS):
        columns = truth.probabilities[STRANGERS, truth.columns(places[field])]
        shared = columns[: KEYS[field]]
        hits = int(random.binomial(left, (1 - MISSING) * shared.sum()))
        left -= hits
        levels = pairs_of(rules, truth, STRANGERS, hits, random)
        levels[:, places[field]] = random.choice(len(shared), size=hits, p=shared / shared.sum())
        for earlier in list(KEYS)[:number]:
            again = np.flatnonzero(at_key(levels[:, places[earlier]], earlier))
            while len(again):
                column = truth.probabilities[STRANGERS, truth.columns(places[earlier])]
                levels[again, places[earlier]] = values(column, len(again), random)
                again = again[at_key(levels[again, places[earlier]], earlier)]
        found.append(levels)
    return np.concatenate(found)


def at_key(levels: Levels, field: str) -> npt.NDArray[np.bool_]:
    return (levels >= 0) & (levels < KEYS[field])


def has_key(rules: RuleSet, levels: Levels) -> npt.NDArray[np.bool_]:
    places = {comparison.field: place for place, comparison in enumerate(rules.comparisons)}
    return np.any([at_key(levels[:, places[field]], field) for field in KEYS], axis=0)


def counted(levels: Levels) -> PatternCounts:
    distinct, counts = np.unique(levels, axis=0, return_counts=True)
    return PatternCounts(levels=distinct, counts=counts.astype(np.int64))


@pytest.fixture(scope="module")
def random_sample(rules: RuleSet, truth: LatentClasses) -> RandomPairs:
    """Random pairs of the same population."""
    random = np.random.default_rng(12)
    counts = random.multinomial(400_000, truth.shares)
    levels = np.concatenate(
        [pairs_of(rules, truth, number, int(n), random) for number, n in enumerate(counts)]
    )
    nothing = np.zeros(int(truth.starts[-1]))
    return RandomPairs(patterns=counted(levels), identical=nothing, identical_all=nothing)


def check(
    found: LatentClasses, truth: LatentClasses, number: int, comparisons: npt.NDArray[np.int64]
) -> None:
    for comparison in comparisons.tolist():
        columns = truth.columns(comparison)
        expected, actual = truth.probabilities[number, columns], found.probabilities[number, columns]
        common = expected >= 0.05
        np.testing.assert_allclose(actual[common], expected[common], rtol=RELATIVE)
        np.testing.assert_allclose(actual[~common], expected[~common], atol=ABSOLUTE)


def shown(truth: LatentClasses, number: int, levels: Levels) -> LatentClasses:
    """The truth as far as these pairs of one class show it."""
    found = truth.probabilities.copy()
    for place, count in enumerate(truth.level_counts):
        there = levels[:, place][levels[:, place] >= 0]
        if len(there):
            found[number, truth.columns(place)] = np.bincount(there, minlength=count) / len(there)
    return replace(truth, probabilities=found)


def test_candidates_and_random_pairs_give_back_what_they_were_drawn_from(
    rules: RuleSet,
    truth: LatentClasses,
    use: FieldUse,
    sharing_a_key: tuple[Levels, Kinds],
    random_sample: RandomPairs,
) -> None:
    levels, kinds = sharing_a_key
    assert len(levels) > 1_000_000
    found = estimate(counted(levels), random_sample, rules, use, all_pairs=ALL_PAIRS)
    assert found.fit.converged
    for number in (SAME, STRANGERS):
        check(found.classes, truth, number, use.estimated)
    # One household in fifty shares no key, and differs in telephone and address: nobody can see it.
    check(found.classes, shown(truth, HOUSEHOLD, levels[kinds == HOUSEHOLD]), HOUSEHOLD, use.estimated)
    np.testing.assert_allclose(found.classes.shares[SAME], truth.shares[SAME], rtol=RELATIVE)
    expected = np.bincount(kinds)
    np.testing.assert_allclose(found.fit.masses[: HOUSEHOLD + 1], expected[: HOUSEHOLD + 1], rtol=RELATIVE)


def test_free_classes_are_found_from_another_start(rules: RuleSet, truth: LatentClasses) -> None:
    random = np.random.default_rng(13)
    three = replace(truth, probabilities=truth.probabilities[:3], shares=np.array([0.2, 0.5, 0.3]))
    levels = np.concatenate(
        [
            pairs_of(rules, three, number, count, random)
            for number, count in enumerate((60_000, 150_000, 90_000))
        ]
    )
    start = replace(three, probabilities=classes_of(rules).probabilities[:3].copy(), shares=np.full(3, 1 / 3))
    found = expectation_maximisation(counted(levels), start, free=np.ones(3, dtype=bool))
    assert found.converged
    places = [place for place, one in enumerate(rules.comparisons) if one.field in FIELDS]
    for number in range(3):
        check(found.classes, three, number, np.array(places))
    np.testing.assert_allclose(found.classes.shares, three.shares, rtol=RELATIVE)


def test_the_likelihood_never_falls(rules: RuleSet, truth: LatentClasses) -> None:
    random = np.random.default_rng(14)
    levels = np.concatenate([pairs_of(rules, truth, number, 3_000, random) for number in range(3)])
    start = replace(
        truth, probabilities=classes_of(rules).probabilities[:3], shares=np.array([0.1, 0.8, 0.1])
    )
    reached = [
        expectation_maximisation(
            counted(levels), start, free=np.ones(3, dtype=bool), iterations_max=count
        ).log_likelihood
        for count in range(0, 12)
    ]
    assert all(after >= before - 1e-6 for before, after in pairwise(reached))


def test_decided_pairs_teach_what_few_others_cannot(
    rules: RuleSet,
    truth: LatentClasses,
    use: FieldUse,
    sharing_a_key: tuple[Levels, Kinds],
    random_sample: RandomPairs,
) -> None:
    levels, kinds = sharing_a_key
    chosen = np.random.default_rng(15).permutation(len(levels))
    known, unknown = chosen[:10_000], chosen[10_000:12_000]
    labelled = Labelled(
        patterns=PatternCounts(levels=levels[known], counts=np.ones(len(known), dtype=np.int64)),
        same=kinds[known] == SAME,
    )
    few = counted(levels[unknown])
    alone = estimate(few, random_sample, rules, use, all_pairs=ALL_PAIRS)
    taught = estimate(few, random_sample, rules, use, all_pairs=ALL_PAIRS, labelled=labelled)

    def error(classes: LatentClasses) -> float:
        columns = [classes.columns(place) for place in use.estimated.tolist()]
        both = (one.probabilities[SAME] for one in (classes, truth))
        found, expected = (np.concatenate([row[one] for one in columns]) for row in both)
        return float(np.abs(found - expected).sum())

    assert error(taught.classes) < 0.7 * error(alone.classes)
    assert taught.fit.masses[SAME] >= (kinds[known] == SAME).sum()
