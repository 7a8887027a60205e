"""Scoring all candidates gives what the kernel gives for each, in any number of processes."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from candidate_reference import crowd, encoded
from mpi.batch.candidates import CHUNK_PAIRS, Candidates, candidate_pairs
from mpi.batch.scored import Scoring
from mpi.batch.scoring import score_candidates
from mpi.batch.workers import shared_out
from mpi.errors import BadInput, WorkerLost
from mpi.matching.decision import score_columns
from mpi.matching.rules import load_rules

RULES = load_rules()


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mpi.batch.candidates.CHUNK_PAIRS", 700)


def all_pairs(candidates: Candidates) -> tuple[np.ndarray, np.ndarray]:
    chunks = list(candidates.chunks())
    return np.concatenate([left for left, _ in chunks]), np.concatenate([right for _, right in chunks])


def same(one: Scoring, other: Scoring) -> None:
    assert one.pair_count == other.pair_count
    assert one.pairs.guard_sets == other.pairs.guard_sets
    for name in ("left", "right", "weight", "probability", "decision", "levels", "weights", "guard_set"):
        assert np.array_equal(getattr(one.pairs, name), getattr(other.pairs, name)), name
    assert np.array_equal(one.patterns.levels, other.patterns.levels)
    assert np.array_equal(one.patterns.counts, other.patterns.counts)
    assert np.array_equal(one.bins, other.bins)


@pytest.mark.usefixtures("small_chunks")
def test_each_pair_is_scored_as_the_kernel_scores_it() -> None:
    records = encoded(crowd(300), RULES)
    candidates = candidate_pairs(records, RULES)
    found = score_candidates(records, candidates, RULES)
    left, right = all_pairs(candidates)
    plain = score_columns(records.columns, left, right, RULES)
    kept = np.flatnonzero(plain.weight >= RULES.thresholds.review_weight)
    pairs = found.pairs
    assert len(left) == found.pair_count > 2000
    assert np.array_equal(pairs.left, left[kept])
    assert np.array_equal(pairs.right, right[kept])
    assert np.allclose(pairs.weight, plain.weight[kept], rtol=0, atol=1e-9)
    assert np.array_equal(pairs.decision, plain.decision[kept])
    assert np.array_equal(pairs.levels, plain.agreement.levels[:, kept])
    assert [pairs.guard_sets[one] for one in pairs.guard_set] == [plain.guards[pair] for pair in kept]
    parts = pairs.weights.sum(axis=0) + pairs.household_weight + RULES.prior_weight
    assert np.allclose(parts, pairs.weight, atol=1e-3)
    expected = Counter(map(tuple, plain.agreement.levels.T.tolist()))
    patterns = zip(found.patterns.levels.tolist(), found.patterns.counts.tolist(), strict=True)
    assert {tuple(levels): count for levels, count in patterns} == expected
    assert found.bins.sum() == found.pair_count
    assert found.bins[int(0 - found.bins_from) :].sum() == len(kept)


@pytest.mark.usefixtures("small_chunks")
def test_any_number_of_processes_gives_the_same() -> None:
    records = encoded(crowd(300), RULES)
    candidates = candidate_pairs(records, RULES)
    alone = score_candidates(records, candidates, RULES)
    for processes in (2, 3):
        same(score_candidates(records, candidates, RULES, processes=processes), alone)


def test_no_pairs_leave_nothing() -> None:
    records = encoded(crowd(1), RULES)
    found = score_candidates(records, candidate_pairs(records, RULES), RULES)
    assert (found.pair_count, len(found.pairs.left), found.bins.sum()) == (0, 0, 0)
    assert found.patterns.levels.shape == (0, len(RULES.comparisons))
    assert CHUNK_PAIRS > 1


def test_progress_is_told_to_the_end() -> None:
    heard: list[tuple[str, int, int]] = []
    records = encoded(crowd(50), RULES)
    candidates = candidate_pairs(records, RULES)
    score_candidates(records, candidates, RULES, progress=lambda *said: heard.append(said))
    assert heard[-1] == ("scoring pairs", candidates.pair_count, candidates.pair_count)


def test_work_shared_out_comes_back_in_order() -> None:
    def share(number: int, workers: int) -> Iterator[int]:
        yield from range(number, 20, workers)

    for processes in (1, 2, 3, 30):
        assert list(shared_out(share, processes)) == list(range(20))


def test_a_worker_that_dies_is_an_error() -> None:
    def share(number: int, workers: int) -> Iterator[int]:
        yield number
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(WorkerLost):
        list(shared_out(share, 2))


def test_what_a_worker_refuses_is_refused() -> None:
    def share(number: int, workers: int) -> Iterator[int]:
        raise BadInput("not this")
        yield 0

    with pytest.raises(BadInput, match="not this"):
        list(shared_out(share, 2))


def test_no_worker_stays_when_nobody_wants_more() -> None:
    def share(number: int, workers: int) -> Iterator[int]:
        while True:
            yield os.getpid()

    results = shared_out(share, 2)
    pids = {next(results), next(results)}
    results.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
