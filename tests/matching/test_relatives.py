"""Twins and fathers and sons, by the ten thousand: none of them is ever linked by the machine."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mpi.matching.decision import LINK, score_pairs
from mpi.matching.record import NormalizedAddress, NormalizedName, NormalizedRecord, PartialDate
from mpi.matching.rules import load_rules
from people import a_person

PAIRS = 10_000
Pair = tuple[NormalizedRecord, NormalizedRecord]
Relatives = Callable[[random.Random], Pair]


RULES = load_rules("default")
FAMILIES = list(RULES.frequencies["family"].values)[:5000]
GIVENS = list(RULES.frequencies["given"].values)[:2000]


def a_family(draw: random.Random) -> NormalizedRecord:
    """Somebody with a home, and perhaps a phone, an e-mail, a middle name and an SSN."""
    street = f"{draw.randint(1, 9999)} {draw.choice(FAMILIES)} ST"
    return a_person(
        draw.choice(GIVENS),
        draw.choice(FAMILIES),
        middle=draw.choice(("", "", draw.choice("ABCDEFGHJKLM"), draw.choice(GIVENS[:500]))),
        born=(draw.randint(1930, 2015), draw.randint(1, 12), draw.randint(1, 28)),
        sex=draw.choice("MF"),
        ssn=draw.choice((None, str(draw.randint(100_000_001, 899_999_998)))),
        mrn=str(draw.randint(1_000_000, 9_000_000)),
        phone=draw.choice((None, f"1206555{draw.randint(1000, 9999)}")),
        email=draw.choice((None, f"family{draw.randint(1, 99999)}@example.org")),
        home=NormalizedAddress(street, "", "SEATTLE", "WA", "98118"),
    )


def next_numbers(draw: random.Random, record: NormalizedRecord) -> NormalizedRecord:
    """The same record with the SSN and record number issued next; sometimes without the SSN."""
    later = [i._replace(value=str(int(i.value) + 1)) for i in record.identifiers]
    return replace(record, identifiers=tuple(later if draw.random() < 0.7 else later[-1:]))


def twins(draw: random.Random) -> Pair:
    """Two given names, alike in half of the pairs; all else in common, but perhaps sex and middle name."""
    first = a_family(draw)
    name = first.names[0]
    others = [other for other in draw.sample(GIVENS, 200) if other != name.given]
    alike = [other for other in others if other[:2] == name.given[:2] or other[-3:] == name.given[-3:]]
    given = draw.choice(alike if alike and draw.random() < 0.5 else others)
    middle = draw.choice((name.middle, "", draw.choice(GIVENS)))
    second = replace(
        next_numbers(draw, first),
        names=(NormalizedName(given, middle, name.family, ""),),
        sex=draw.choice((first.sex, "M", "F")),
    )
    return first, second


def father_and_son(draw: random.Random) -> Pair:
    """Of one name, at one home; the suffix on both, on one or on none; the son born 15 to 45 years later."""
    father = replace(a_family(draw), sex="M")
    name, born = father.names[0], father.birth_date or PartialDate(1950, 1, 1)
    senior, junior = draw.choice((("SR", "JR"), ("", "JR"), ("", ""), ("II", "III")))
    date = PartialDate(born.year + draw.randint(15, 45), draw.randint(1, 12), draw.randint(1, 28))
    another = tuple(i._replace(value=str(draw.randint(10**8, 9 * 10**8))) for i in father.identifiers)
    son = replace(father, names=(name._replace(suffix=junior),), birth_date=date, identifiers=another)
    return replace(father, names=(name._replace(suffix=senior),)), son


@pytest.mark.parametrize("relatives", [twins, father_and_son])
def test_relatives_are_never_linked(relatives: Relatives) -> None:
    draw = random.Random(20)
    pairs = [relatives(draw) for _ in range(PAIRS)]
    records = [record for pair in pairs for record in pair]
    scores = score_pairs(records, np.arange(0, 2 * PAIRS, 2), np.arange(1, 2 * PAIRS, 2), RULES)
    linked = np.flatnonzero(scores.decision == LINK)
    assert [scores.agreement.levels[:, pair].tolist() for pair in linked[:5]] == []
    assert len(linked) == 0
