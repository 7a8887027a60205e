"""Evaluation against hand-counted truth, and against the definitions written down naively."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest

from candidate_reference import encoded
from deduplications import deduplicated
from mpi.batch.blocks import packed
from mpi.batch.evaluation import after_perfect_reviewer, evaluate, figures, pairwise, quality, wilson
from mpi.batch.evaluation.grouping import MEMBERS_MAX, of_several, pairs_within
from mpi.batch.evaluation.nearest import never_compared
from mpi.batch.evaluation.quality import codes
from mpi.batch.evaluation.thresholds import with_link_weight
from mpi.batch.reviewing import count_tasks
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import load_rules
from people import ELSEWHERE, HOME, a_newborn, a_person, random_people

RULES = load_rules()
TRUTH = ["ann", "ann", "ann", "bob", "bob", "cy"]
#: Two of Ann's three records together; Bob's two together, with Cy.
FOUND = [1, 1, 2, 3, 3, 3]


def test_pairs_are_counted() -> None:
    counted = pairwise(FOUND, TRUTH)
    assert (counted.true_pairs, counted.predicted_pairs, counted.correct_pairs) == (4, 4, 2)
    assert (counted.precision, counted.recall, counted.f1, counted.wrong_pairs) == (0.5, 0.5, 0.5, 2)


def test_records_are_averaged() -> None:
    by_record = quality(codes(FOUND), codes(TRUTH)).bcubed
    # Ann 1, 1, 1; Bob 2/3 twice; Cy 1/3.
    assert by_record.precision == pytest.approx((3 + 2 * 2 / 3 + 1 / 3) / 6)
    # Ann 2/3 twice and 1/3; Bob 1 twice; Cy 1.
    assert by_record.recall == pytest.approx((2 * 2 / 3 + 1 / 3 + 3) / 6)


def test_a_perfect_reviewer_merges_one_person_and_nobody_else() -> None:
    reviewed = after_perfect_reviewer(FOUND, TRUTH, [(0, 2), (2, 3)])
    assert reviewed.recall == 1.0
    assert reviewed.wrong_pairs == pairwise(FOUND, TRUTH).wrong_pairs


def test_nobody_alike_is_perfect() -> None:
    counted = pairwise([1, 2], ["a", "b"])
    assert (counted.precision, counted.recall, counted.f1) == (1.0, 1.0, 1.0)
    assert quality(codes([]), codes([])).bcubed.f1 == 1.0


@pytest.mark.parametrize("seed", range(20))
def test_random_partitions_are_counted_as_the_definitions_say(seed: int) -> None:
    draw = random.Random(seed)
    count = draw.randint(1, 40)
    clusters = [draw.randrange(count) for _ in range(count)]
    truth = [draw.choice((None, *range(8))) for _ in range(count)]
    counted = quality(codes(clusters), codes(truth))
    known = [place for place in range(count) if truth[place] is not None]
    pairs = list(combinations(known, 2))
    together = [clusters[a] == clusters[b] for a, b in pairs]
    same = [truth[a] == truth[b] for a, b in pairs]
    assert counted.pairwise.true_pairs == sum(same)
    assert counted.pairwise.predicted_pairs == sum(together)
    assert counted.pairwise.correct_pairs == sum(t and s for t, s in zip(together, same, strict=True))
    precision = recall = 0.0
    for record in known:
        mates = [other for other in known if clusters[other] == clusters[record]]
        selves = [other for other in known if truth[other] == truth[record]]
        both = len(set(mates) & set(selves))
        precision += both / len(mates) / len(known)
        recall += both / len(selves) / len(known)
    if known:
        assert counted.bcubed.precision == pytest.approx(precision)
        assert counted.bcubed.recall == pytest.approx(recall)


@pytest.mark.parametrize("seed", range(10))
def test_pairs_of_groups_and_the_groups_of_several_parts(seed: int) -> None:
    draw = random.Random(seed)
    labels = np.array([draw.randrange(6) - 1 for _ in range(30)])
    parts = np.array([draw.randrange(3) for _ in range(30)])
    found = pairs_within(labels, labels >= 0)
    wanted = [(a, b) for a, b in combinations(range(30), 2) if labels[a] == labels[b] >= 0]
    left, right = np.array(wanted, dtype=np.int64).reshape(-1, 2).T
    assert found.tolist() == packed(left, right).tolist()
    for place, several in enumerate(of_several(labels, parts).tolist()):
        mates = {int(parts[other]) for other in range(30) if labels[other] == labels[place]}
        assert several == (labels[place] >= 0 and len(mates) > 1)


def test_of_a_very_large_group_the_first_members_are_looked_at() -> None:
    labels = np.zeros(1000, dtype=np.int64)
    assert len(pairs_within(labels, labels == 0)) == MEMBERS_MAX * (MEMBERS_MAX - 1) // 2


def test_a_task_is_a_pair_of_clusters_however_many_pairs_ask() -> None:
    first, second = np.array([1, 2, 1, 5, 3]), np.array([2, 1, 2, 5, 1])
    assert count_tasks(first, second) == 2


def test_the_interval_of_a_share() -> None:
    low, high = wilson([0, 8, 10, 0], [10, 10, 10, 0])
    assert low.tolist() == pytest.approx([0, 0.4902, 0.7225, 0], abs=1e-4)
    assert high.tolist() == pytest.approx([0.2775, 0.9433, 1, 1], abs=1e-4)


#: Jane three times, once reviewers have to look and once blocking cannot see it; her newborn; a stranger.
PEOPLE = [
    a_person(ssn="219458813", home=HOME),
    a_person(ssn="219458813", home=HOME),
    a_person(given="JOAN", ssn="219458813", home=HOME),
    a_person(given="", family="LINDQVIST", born=None, home=ELSEWHERE),
    a_newborn(born=(2014, 5, 6), home=HOME),
    a_person("TOMAS", "OKONKWO", born=(1951, 9, 30), ssn="402661207"),
]
WHO = ["jane", "jane", "jane", "jane", "baby", "tomas"]


def test_an_evaluation_adds_up() -> None:
    dedup = deduplicated(PEOPLE)
    found = evaluate(dedup, WHO)
    assert (found.records, found.labelled, found.people) == (6, 6, 3)
    assert found.blocking.true_pairs == 6
    # Two of the records share their SSN and more with the third; nothing leads to the fourth.
    assert found.blocking.found_pairs == 3
    assert found.blocking.missed.reasons == {"no_shared_key": 3}
    (why,) = found.blocking.never_compared.counts()
    assert why == ("nothing in common", "")
    assert found.missed.count == sum(kind.count for kind in found.missed.kinds)
    assert found.missed.count == 6 - found.automatic.pairwise.correct_pairs
    assert found.automatic.pairwise.correct_pairs >= 1
    assert found.reviewed.pairwise.correct_pairs >= found.automatic.pairwise.correct_pairs
    assert found.wrong.count == found.automatic.pairwise.wrong_pairs == 0
    junk = next(kind for kind in found.blocking.missed.kinds if kind.kind == "junk")
    example = junk.examples[0]
    assert sum(part["weight"] for part in example.evidence.fields) == pytest.approx(example.evidence.weight)
    assert example.evidence.shared_passes == ()


def test_records_of_unknown_truth_count_nowhere() -> None:
    dedup = deduplicated(PEOPLE)
    found = evaluate(dedup, ["jane", "jane", None, "", "baby", float("nan")])
    assert (found.labelled, found.people, found.blocking.true_pairs) == (3, 2, 1)
    assert found.blocking.recall == found.automatic.pairwise.recall == 1.0


def test_as_many_labels_as_records() -> None:
    with pytest.raises(ValueError, match="5 labels for 6 records"):
        evaluate(deduplicated(PEOPLE), WHO[:5])


def test_a_block_that_was_capped_is_the_reason() -> None:
    givens = ["".join(letters) for letters in product("ABCDEFGHKL", "AEIOU", "LMNRSTVZ")]
    crowd = [a_person(given, "", born=None, phone="12065550100") for given in givens]
    who = [str(n % 200) for n in range(400)]
    found = evaluate(deduplicated(crowd), who)
    assert found.blocking.missed.count
    assert set(found.blocking.missed.reasons) == {"block_capped"}


def test_figures_agree_with_the_scored_pairs() -> None:
    people = random_people(300)
    draw = random.Random(3)
    truth = [draw.randrange(60) for _ in people]
    dedup = deduplicated(people)
    found = evaluate(dedup, truth)
    candidates = [
        (int(a), int(b))
        for left, right in dedup.candidates.chunks()
        for a, b in zip(left.tolist(), right.tolist(), strict=True)
    ]
    assert found.blocking.found_pairs == sum(truth[a] == truth[b] for a, b in candidates)
    assert sum(band.pairs for band in found.bands) == len(candidates)
    assert sum(band.same for band in found.bands) == found.blocking.found_pairs
    heavy = sum(band.pairs for band in found.bands if band.low >= dedup.rules.thresholds.review_weight)
    assert heavy == len(dedup.scoring.pairs.left)
    by_weight = [point.link_weight for point in found.curve]
    assert by_weight == sorted(by_weight)
    link_weight = dedup.rules.thresholds.link_weight
    at_home = next(point for point in found.curve if point.link_weight == link_weight)
    assert (with_link_weight(dedup, link_weight - 1e-12) == dedup.clusters.cluster_of).all()
    assert (at_home.f1, at_home.wrong_pairs) == (found.automatic.pairwise.f1, found.wrong.count)
    assert at_home.tasks_per_1000_records == found.tasks.per_1000_records
    assert found.wrong.count == sum(kind.count for kind in found.wrong.kinds)
    assert {"automatic", "blocking", "calibration", "threshold_curve"} <= set(figures(found))


@pytest.mark.parametrize("people", [[], PEOPLE[:1]])
def test_next_to_nothing_is_evaluated_too(people: list) -> None:  # type: ignore[type-arg]
    found = evaluate(deduplicated(people), WHO[: len(people)])
    assert found.automatic.pairwise.f1 == 1.0
    assert found.tasks.tasks == 0


def test_why_a_pair_was_never_compared_is_told_pass_by_pass() -> None:
    jane = a_person("JANE", "PRUITT", born=(1984, 3, 17))
    others = [
        a_person("", "PRUITT", born=(1951, 9, 30)),
        a_person("JANE", "", born=None),
        NormalizedRecord(),
    ]
    records = encoded([jane, *others], RULES)
    place = np.argsort(records.rows)
    pairs = packed(np.minimum(place[0], place[1:]), np.maximum(place[0], place[1:]))
    rules = replace(RULES, blocking_passes=tuple(one for one in RULES.blocking_passes if not one.broad))
    found = never_compared(records, np.asarray(pairs), rules)
    assert found.told() == [
        "birth_date_family: birth_date differs",
        "birth_date_given: birth_date missing",
        "nothing in common",
    ]
    assert set(found.reasons) == {"no_shared_key"}
