"""Who lives together: households of couples, children, twins, elders, roommates; sex and day of birth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpi.batch.synthetic.demographics import (
    COUPLE,
    DAYS_A_YEAR,
    FAMILY,
    GROWN_CHILDREN,
    LAST_DAY,
    LONE_PARENT,
    ROOMMATES,
    SINGLE,
    WITH_ELDER,
    Demographics,
)
from mpi.batch.synthetic.draws import Bools, Draws, Floats, Ints
from mpi.batch.synthetic.vocabulary import Vocabulary

#: Places in a household: two adults, four children, an elder.
HEAD, PARTNER, FIRST_CHILD, ELDER = 0, 1, 2, 6
CHILDREN_MAX, PLACES = 4, 7
ADULT_YEARS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Households:
    """Matrices of one row per household and one column per place in it."""

    kind: Ints
    present: Bools
    female: Bools
    #: Days since 1970-01-01.
    birth_day: Ints
    #: True for the later of twins, in the place after the first.
    twin: Bools

    @property
    def couple(self) -> Bools:
        """Households whose two adults live as a couple."""
        together: Bools = self.present[:, PARTNER] & (self.kind != ROOMMATES)
        return together

    @property
    def father(self) -> Ints:
        """Place of the father of the household's children, or of the one man; -1 without."""
        return self._adult(female=False)

    @property
    def mother(self) -> Ints:
        """Place of the mother; -1 without."""
        return self._adult(female=True)

    def _adult(self, *, female: bool) -> Ints:
        partner = self.couple & (self.female[:, PARTNER] == female)
        return np.where(self.female[:, HEAD] == female, HEAD, np.where(partner, PARTNER, -1))


def form_households(draws: Draws, count: int, rates: Demographics, words: Vocabulary) -> Households:
    """``count`` households of every kind."""
    kind = draws.kind(count, rates.household_shares)
    kind[kind < 0] = SINGLE
    present = np.zeros((count, PLACES), dtype=np.bool_)
    present[:, HEAD] = True
    partner_rate = np.array([0, 1, 1, 0, 1, 0.7, 0.6])[kind]
    present[:, PARTNER] = draws.chance(count, partner_rate)
    present[:, ELDER] = kind == WITH_ELDER
    has_children = np.isin(kind, (FAMILY, LONE_PARENT, GROWN_CHILDREN))
    children = np.where(has_children, np.maximum(draws.kind(count, rates.children_shares), 0) + 1, 0)
    children[kind == GROWN_CHILDREN] = np.minimum(children[kind == GROWN_CHILDREN], 2)
    for child in range(CHILDREN_MAX):
        present[:, FIRST_CHILD + child] = children > child
    twin = twins(draws, present, rates)
    birth_day = birth_days(draws, kind, present, twin, words)
    present &= birth_day <= LAST_DAY
    return Households(
        kind=kind,
        present=present,
        female=sexes(draws, kind, present),
        birth_day=birth_day,
        twin=twin & present,
    )


def twins(draws: Draws, present: Bools, rates: Demographics) -> Bools:
    """Which children are the later of twins; never three of one day."""
    twin = np.zeros_like(present)
    for place in range(FIRST_CHILD + 1, FIRST_CHILD + CHILDREN_MAX):
        twin[:, place] = present[:, place] & draws.chance(len(present), rates.twin_rate) & ~twin[:, place - 1]
    return twin


def birth_days(draws: Draws, kind: Ints, present: Bools, twin: Bools, words: Vocabulary) -> Ints:
    """Days of birth that make parents old enough for their children."""
    count = len(kind)
    oldest_child = np.where(
        kind == GROWN_CHILDREN, draws.uniform(count, ADULT_YEARS, 38), draws.uniform(count, 0, ADULT_YEARS)
    )
    parent = oldest_child + draws.triangular(count, ADULT_YEARS, 42)
    with_children = present[:, FIRST_CHILD]
    head = np.where(with_children, parent, adult_age_years(draws, count, words))
    head = np.where(kind == WITH_ELDER, draws.uniform(count, 30, 66), head)
    age_years = np.zeros((count, PLACES))
    age_years[:, HEAD] = head
    youngest = np.where(with_children, oldest_child + 17, ADULT_YEARS)
    age_years[:, PARTNER] = np.maximum(head + draws.triangular(count, -8, 8), youngest)
    age_years[:, ELDER] = head + draws.triangular(count, ADULT_YEARS, 40)
    child = oldest_child
    for place in range(FIRST_CHILD, FIRST_CHILD + CHILDREN_MAX):
        age_years[:, place] = child
        gap = np.where(twin[:, min(place + 1, PLACES - 1)], 0.0, draws.triangular(count, 1.1, 5.0))
        child = child - gap
    return LAST_DAY - np.floor(age_years * DAYS_A_YEAR).astype(np.int64)


def adult_age_years(draws: Draws, count: int, words: Vocabulary) -> Floats:
    """Ages of adults as the living US population has them."""
    last_adult_birth = int(words.birth_years[-1]) - ADULT_YEARS - 1
    adults = words.birth_year_weights[words.birth_years <= last_adult_birth]
    year = words.birth_years[draws.weighted(count, adults)]
    age_years: Floats = words.birth_years[-1] + 0.49 - year - draws.uniform(count) * 0.99
    return age_years


def sexes(draws: Draws, kind: Ints, present: Bools) -> Bools:
    """True for women and girls; two in a hundred couples are of one sex."""
    count = len(kind)
    female = np.zeros_like(present)
    couples = np.isin(kind, (COUPLE, FAMILY)) | (
        np.isin(kind, (GROWN_CHILDREN, WITH_ELDER)) & present[:, PARTNER]
    )
    head_rate = np.where(kind == LONE_PARENT, 0.80, np.where(couples, 0.35, 0.53))
    female[:, HEAD] = draws.chance(count, head_rate)
    same = draws.chance(count, 0.02)
    female[:, PARTNER] = np.where(couples, female[:, HEAD] == same, draws.chance(count, 0.5))
    for place in range(FIRST_CHILD, PLACES):
        female[:, place] = draws.chance(count, 0.65 if place == ELDER else 0.488)
    return female
