"""recordlinkage's ECM as oracle: on binary comparisons and two free classes both find the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from recordlinkage import ECMClassifier

from mpi.batch.scored import PatternCounts
from mpi.batch.training import LatentClasses, expectation_maximisation
from mpi.batch.training.starting import starting_posteriors

M = np.array([0.95, 0.9, 0.85, 0.7, 0.98])
U = np.array([0.02, 0.1, 0.05, 0.01, 0.5])
#: Of both, as ECM stops when no probability moves by more than 1e-5.
TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def agree() -> npt.NDArray[np.int8]:
    random = np.random.default_rng(5)
    same, other = random.random((12_000, 5)) < M, random.random((28_000, 5)) < U
    return np.concatenate([same, other]).astype(np.int8)


def test_both_converge_to_the_same_m_and_u(agree: npt.NDArray[np.int8]) -> None:
    oracle = ECMClassifier(max_iter=2_000, atol=1e-8)
    oracle.fit(pd.DataFrame(agree))
    levels, counts = np.unique(1 - agree, axis=0, return_counts=True)  # level 0 is the agreement
    m, u = np.full(5, 0.9), np.full(5, 0.1)
    start = LatentClasses(
        shares=np.array([0.1, 0.9]),
        probabilities=np.array([np.stack([p, 1 - p], axis=1).ravel() for p in (m, u)]),
        starts=np.arange(0, 11, 2),
    )
    fit = expectation_maximisation(
        PatternCounts(levels=levels.astype(np.int8), counts=counts.astype(np.int64)),
        start,
        free=np.ones(2, dtype=bool),
        iterations_max=2_000,
    )
    ours = fit.classes.probabilities[:, ::2]
    theirs = [
        [np.exp(column[1]) for column in log.values()] for log in (oracle.log_m_probs, oracle.log_u_probs)
    ]
    np.testing.assert_allclose(ours, theirs, atol=TOLERANCE)
    np.testing.assert_allclose(fit.classes.shares[0], np.exp(oracle.log_p), atol=TOLERANCE)
    np.testing.assert_allclose(ours, [M, U], atol=0.03)


def test_the_start_is_what_ecm_says_of_the_expanded_pairs(agree: npt.NDArray[np.int8]) -> None:
    levels, counts = np.unique(1 - agree, axis=0, return_counts=True)
    patterns = PatternCounts(levels=levels.astype(np.int8), counts=counts.astype(np.int64))
    found = starting_posteriors(patterns, np.arange(5))
    assert found is not None
    oracle = ECMClassifier(max_iter=100)
    oracle.fit(pd.DataFrame(agree))
    expected = np.asarray(oracle.prob(pd.DataFrame(1 - levels)))
    likely = counts >= 20  # of rarer patterns a quarter of the pairs may round to none
    np.testing.assert_allclose(found[likely], expected[likely], atol=0.05)


def test_there_is_no_start_where_nothing_varies() -> None:
    levels = np.zeros((1, 3), dtype=np.int8)
    assert starting_posteriors(PatternCounts(levels=levels, counts=np.array([500])), np.arange(3)) is None
