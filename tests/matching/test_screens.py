"""Screens only spare work: with codes and screens every field has the level its comparator gives."""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mpi.matching.comparison.coded import CodedField
from mpi.matching.comparison.columns import Column
from mpi.matching.comparison.comparators import COMPARATORS
from mpi.matching.comparison.features import FEATURES
from mpi.matching.comparison.traits import UNKNOWN
from mpi.matching.record import NormalizedAddress, NormalizedIdentifier, NormalizedRecord, PartialDate
from mpi.matching.rules import load_rules
from mpi.matching.rules.vocabulary import FIELD_LEVELS
from people import a_name, a_person, random_people


def slip(draw: random.Random, text: str, alphabet: str) -> str:
    """The text with one or two slips: a character wrong, lost, doubled, or two exchanged; or cut short."""
    for _ in range(draw.choice((1, 1, 2))):
        if len(text) < 2:
            return text
        at = draw.randrange(len(text) - 1)
        text = draw.choice(
            (
                text[:at] + draw.choice(alphabet) + text[at + 1 :],
                text[:at] + text[at + 1 :],
                text[:at] + text[at] + text[at:],
                text[:at] + text[at + 1] + text[at] + text[at + 2 :],
                text[: at + 1],
            )
        )
    return text.strip() or "A"


def families_of(draw: random.Random, text: str, alphabet: str) -> list[str]:
    return [text, *(slip(draw, text, alphabet) for _ in range(4))]


def people_with_slips(draw: random.Random) -> list[NormalizedRecord]:
    """Forty people, each written five times with slips in every field."""
    rules = load_rules("default")
    given, family = (
        draw.sample(list(rules.frequencies[name].values)[:900], 40) for name in ("given", "family")
    )
    people: list[NormalizedRecord] = []
    for one, other in zip(given, family, strict=True):
        ssn = str(draw.randint(10**8, 10**9 - 1))[: draw.choice((9, 9, 7, 4))]
        phone = f"1{draw.choice((206, 503))}555{draw.randint(1000, 9999)}"[: draw.choice((11, 11, 8))]
        street = f"{draw.randint(1, 999)} {draw.choice(family)} {draw.choice(('ST', 'AVE'))}"
        writings = zip(
            families_of(draw, one, string.ascii_uppercase),
            families_of(draw, other, string.ascii_uppercase + " "),
            families_of(draw, ssn, string.digits),
            families_of(draw, phone, string.digits),
            families_of(draw, f"{one}.{other}@example.org".lower(), string.ascii_lowercase),
            families_of(draw, street, string.ascii_uppercase + string.digits),
            families_of(draw, draw.choice(("TROY", "NEW YORK", "SPRINGFIELD", "")), string.ascii_uppercase),
            strict=True,
        )
        for g, f, s, p, e, a, c in writings:
            date = PartialDate(draw.choice((0, 1948, 1984, 1985)), draw.randint(0, 12), draw.randint(0, 12))
            home = NormalizedAddress(
                a, "", c, draw.choice(("", "NY", "IL")), draw.choice(("", "12180", "62701"))
            )
            number = NormalizedIdentifier(draw.choice(("A", "B")), draw.choice(("MR", "DL")), s)
            person = a_person(
                g, f, middle=draw.choice(("", g[0], f.split()[0], g)), ssn=s, phone=p, email=e, home=home,
                mother_maiden=f, identifiers=(number,),
            )  # fmt: skip
            several: Any = (
                {"names": (*person.names, a_name(f, g)), "phones": (p, phone)} if draw.random() < 0.1 else {}
            )
            people.append(replace(person, birth_date=date, **several))
    return people


@pytest.mark.parametrize("made", [people_with_slips, lambda draw: random_people(200, seed=4)])
@pytest.mark.parametrize("field", FIELD_LEVELS)
def test_levels_are_the_comparators(
    field: str, made: Callable[[random.Random], list[NormalizedRecord]]
) -> None:
    people = made(random.Random(31))
    values = [FEATURES[field](person) for person in people]
    left, right = (side.ravel() for side in np.indices((len(people), len(people))))
    level = COMPARATORS[field]
    codes, distinct = Column(values=values).codes()
    coded = CodedField(field, codes, distinct, level)
    a, b = codes[left], codes[right]
    found = coded.levels(a, b)
    asked = np.flatnonzero(found == UNKNOWN)
    found[asked] = coded.compared(a[asked], b[asked])
    expected = [
        -1 if a is None or b is None else level(a, b)
        for a, b in ((values[i], values[j]) for i, j in zip(left.tolist(), right.tolist(), strict=True))
    ]
    wrong = np.flatnonzero(found != np.array(expected))
    assert [(values[left[k]], values[right[k]], expected[k], int(found[k])) for k in wrong[:5]] == []
    again = coded.levels(a, b)
    remembered = again != UNKNOWN
    np.testing.assert_array_equal(again[remembered], found[remembered])
