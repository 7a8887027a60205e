"""Kinds of mistakes, seen on pairs of people that are told apart by one thing each."""

from __future__ import annotations

import numpy as np
import pytest

from mpi.batch.evaluation import KINDS, kind_of
from mpi.matching.decision import score_pairs
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import load_rules
from people import ELSEWHERE, HOME, a_newborn, a_person

RULES = load_rules()
JANE = a_person(middle="ANN", ssn="219458813", phone="12065550100", home=HOME)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("newborn", a_newborn(home=HOME), a_person(home=HOME)),
        ("twins", a_person("LUIS", home=HOME), a_person("MARTIN", home=HOME)),
        ("twins", a_person(birth_order=1), a_person(birth_order=2)),
        ("generation", a_person(suffix="JR"), a_person(suffix="SR")),
        ("generation", a_person(born=(1984, 3, 17)), a_person(born=(1951, 8, 2))),
        ("household", a_person(home=HOME), a_person("TOMAS", born=(1951, 8, 2), home=HOME)),
        ("junk", a_person(born=None), a_person(home=HOME)),
        ("junk", a_person(""), a_person()),
        ("swapped_names", a_person("JANE", "PRUITT"), a_person("PRUITT", "JANE")),
        ("changed_surname", a_person(family="LINDQVIST", home=HOME), a_person(home=ELSEWHERE)),
        ("date_error", a_person(ssn="219458813"), a_person(born=(1984, 3, 18), ssn="219458813")),
        ("namesake", a_person(), a_person(born=(1980, 7, 2))),
        ("spelling", a_person(family="PRUIT"), a_person()),
        ("number_conflict", a_person(ssn="219458813"), a_person(ssn="402661207")),
        ("moved", a_person(home=HOME), a_person(home=ELSEWHERE)),
        ("few_fields", a_person(), a_person()),
        ("agreeing", JANE, JANE),
        ("unlike", a_person(), a_person("TOMAS", "OKONKWO", born=(1990, 1, 2))),
    ],
)  # fmt: skip
def test_a_pair_is_of_the_kind_that_tells_it_apart(
    kind: str, one: NormalizedRecord, other: NormalizedRecord
) -> None:
    for pair in ([one, other], [other, one]):
        levels = score_pairs(pair, [0], [1], RULES).agreement.levels
        assert list(KINDS)[kind_of(levels, RULES)[0]] == kind


def test_every_combination_of_levels_is_of_some_kind() -> None:
    draw = np.random.default_rng(1)
    rows = [draw.integers(-1, len(one.levels), 5000) for one in RULES.comparisons]
    kinds = kind_of(np.array(rows, dtype=np.int8), RULES)
    assert kinds.min() >= 0 and kinds.max() < len(KINDS)
    assert kind_of(np.empty((len(rows), 0), np.int8), RULES).shape == (0,)
