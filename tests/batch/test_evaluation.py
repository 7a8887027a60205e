"""Pairwise precision, recall and F1 against hand-counted truth."""

from __future__ import annotations

from mpi.batch.evaluation import after_perfect_reviewer, pairwise

TRUTH = ["ann", "ann", "ann", "bob", "bob", "cy"]
#: Two of Ann's three records together; Bob's two together, with Cy.
FOUND = [1, 1, 2, 3, 3, 3]


def test_pairs_are_counted() -> None:
    quality = pairwise(FOUND, TRUTH)
    assert (quality.true_pairs, quality.predicted_pairs, quality.correct_pairs) == (4, 4, 2)
    assert (quality.precision, quality.recall, quality.f1, quality.wrong_pairs) == (0.5, 0.5, 0.5, 2)


def test_a_perfect_reviewer_merges_one_person_and_nobody_else() -> None:
    reviewed = after_perfect_reviewer(FOUND, TRUTH, [(0, 2), (2, 3)])
    assert reviewed.recall == 1.0
    assert reviewed.wrong_pairs == pairwise(FOUND, TRUTH).wrong_pairs


def test_nobody_alike_is_perfect() -> None:
    quality = pairwise([1, 2], ["a", "b"])
    assert (quality.precision, quality.recall, quality.f1) == (1.0, 1.0, 1.0)
