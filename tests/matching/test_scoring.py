"""The match weight: its parts, its symmetry, and that batch and online give the same."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from mpi.matching.comparison import compare, encode
from mpi.matching.decision import score_pairs
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet, load_rules
from mpi.matching.scoring import probability, score
from people import ELSEWHERE, HOME, a_name, a_person, random_people


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules("default")


def weight(a: NormalizedRecord, b: NormalizedRecord, rules: RuleSet) -> float:
    return float(score_pairs([a, b], [0], [1], rules).weight[0])


def test_batch_and_online_give_the_same_weight_to_1e_9(rules: RuleSet) -> None:
    people = random_people(60)
    left, right = (np.array(side) for side in zip(*combinations(range(60), 2), strict=True))
    batch = score_pairs(people, left.tolist(), right.tolist(), rules)
    assert len(left) > 1000  # far beyond what is compared value by value
    for start in range(0, 60, 7):
        pairs = np.flatnonzero(left == start)
        candidates = [people[start], *(people[i] for i in right[pairs])]
        online = score_pairs(candidates, [0] * len(pairs), list(range(1, len(pairs) + 1)), rules)
        np.testing.assert_allclose(online.weight, batch.weight[pairs], rtol=0, atol=1e-9)
        np.testing.assert_array_equal(online.decision, batch.decision[pairs])
        assert list(online.guards) == [batch.guards[pair] for pair in pairs]


def test_batch_and_online_read_initials_alike(rules: RuleSet) -> None:
    names = [("GRACE", "M"), ("MARY", ""), ("MARY", "G"), ("M", ""), ("G", "M"), ("GRACE", "MARY"), ("", "G")]
    names += [("MAE", "GRACE"), ("RUTH", "A"), ("ANNE", "R")]
    people = [a_person(given, middle=middle) for given, middle in names]
    people += [a_person("OLGA", middle="M", aliases=(a_name("GRACE", "MILLER"),))]
    left, right = (side.ravel() for side in np.indices((len(people), len(people))))
    many = score_pairs(people, np.tile(left, 3), np.tile(right, 3), rules)
    assert many.agreement.pair_count > 256, "as few pairs they would be compared as online"
    for place, (a, b) in enumerate(zip(left, right, strict=True)):
        one = score_pairs([people[a], people[b]], [0], [1], rules)
        assert one.agreement.levels[:, 0].tolist() == many.agreement.levels[:, place].tolist()


def test_order_of_the_two_records_does_not_matter(rules: RuleSet) -> None:
    people = random_people(40, seed=11)
    left, right = zip(*combinations(range(40), 2), strict=True)
    forth, back = score_pairs(people, left, right, rules), score_pairs(people, right, left, rules)
    np.testing.assert_allclose(forth.weight, back.weight, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(forth.agreement.levels, back.agreement.levels)


@pytest.mark.parametrize("field", ["phones", "emails", "addresses", "identifiers", "birth_date", "sex"])
def test_a_missing_field_adds_no_weight_of_its_own(rules: RuleSet, field: str) -> None:
    full = a_person(ssn="532810447", phone="12065550101", email="jp@example.org", home=HOME, sex="F")
    empty: Any = {"birth_date": None, "sex": ""}.get(field, ())
    scores = score_pairs([full, replace(full, **{field: empty})], [0], [1], rules)
    names = {"phones": "phone", "emails": "email", "addresses": "address", "identifiers": "ssn"}
    row = [comparison.field for comparison in rules.comparisons].index(names.get(field, field))
    assert scores.agreement.levels[row, 0] == -1
    assert scores.score.weights[row, 0] == 0


def test_parts_add_up_to_the_total(rules: RuleSet) -> None:
    people = random_people(30, seed=5)
    left, right = zip(*combinations(range(30), 2), strict=True)
    scored = score_pairs(people, left, right, rules).score
    total = scored.prior_weight + scored.weights.sum(axis=0) + scored.household_weight
    np.testing.assert_allclose(total, scored.total_weight, rtol=0, atol=1e-9)


def test_weight_is_the_log_of_the_mixture_computed_by_hand(rules: RuleSet) -> None:
    columns = encode([a_person(home=HOME, sex="F"), a_person("ANNA", home=HOME, sex="F")], rules)
    agreement = compare(columns, [0], [1], rules)
    m = u = 1.0
    related = {relation.name: relation.probability for relation in rules.relations}
    for row, comparison in enumerate(rules.comparisons):
        if (position := int(agreement.levels[row, 0])) >= 0:
            level = comparison.levels[position]
            m *= level.m_probability
            u *= agreement.frequencies.get(row, np.zeros(1))[0] or level.u_probability
            related = {name: share * level.related_probabilities[name] for name, share in related.items()}
    strangers = 1 - sum(relation.probability for relation in rules.relations)
    expected = rules.prior_weight + np.log2(m / (strangers * u + sum(related.values())))
    assert score(agreement, rules).total_weight[0] == pytest.approx(expected, abs=1e-9)


def test_agreeing_on_a_rare_name_weighs_more_than_on_a_common_one(rules: RuleSet) -> None:
    common, rare = a_person(family="SMITH"), a_person(family="PRUITTAKIS")
    assert weight(rare, rare, rules) > weight(common, common, rules) + 3


def test_one_home_is_no_proof_between_people_who_share_it(rules: RuleSet) -> None:
    jane, anna = (
        a_person(home=HOME, phone="12065550101"),
        a_person("ANNA", home=HOME, phone="12065550101", born=(1986, 7, 2)),
    )
    assert weight(jane, anna, rules) < rules.thresholds.review_weight
    again = a_person(home=HOME, phone="12065550101")
    assert weight(jane, again, rules) > rules.thresholds.link_weight
    assert weight(jane, again, rules) > weight(jane, a_person(home=ELSEWHERE, phone="15035550199"), rules)


def test_the_best_of_several_values_counts_once(rules: RuleSet) -> None:
    one = a_person(phone="12065550101")
    many = replace(one, phones=("15035550199", "12065550101", "14155550111"))
    assert weight(one, many, rules) == pytest.approx(weight(one, one, rules))


def test_probability_neither_overflows_nor_leaves_0_to_1() -> None:
    np.testing.assert_allclose(probability(np.array([-5000.0, 0.0, 5000.0])), [0, 0.5, 1], atol=1e-12)
