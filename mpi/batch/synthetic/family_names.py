"""Family names: whose is handed down, who takes or keeps which at marriage, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpi.batch.synthetic.demographics import DAYS_A_YEAR, FIRST_DAY, LAST_DAY, Demographics
from mpi.batch.synthetic.draws import Bools, Draws, Ints
from mpi.batch.synthetic.households import ELDER, FIRST_CHILD, HEAD, PARTNER, Households
from mpi.batch.synthetic.vocabulary import Words

#: How two family names are written together: only the first, ``Smith-Jones``, ``Garcia Lopez``.
ALONE, HYPHENATED, SPACED = range(3)
LATE_WEDDINGS, HYPHENATED_AT_BIRTH = 0.12, 0.01
#: A day before all others.
ALWAYS = -(10**6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Where family names come from."""

    #: Per household, the name it is known by.
    family: Ints
    #: Per household and place: a name of one's own, from outside the household.
    own: Ints
    #: Per household and place: born with the household's name.
    bears: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyNames:
    """Family names per person, row 0 until the day before ``changed_day`` and row 1 from then on.

    Words by number; -1 where there is none. ``maiden_middle`` is the middle name that row 1 brings, else -1.
    """

    family: Ints
    second: Ints
    joined: Ints
    maiden_middle: Ints
    changed_day: Ints
    #: The day of marriage of those who moved into the household with it, else a day before all others.
    joined_day: Ints


def draw_lineage(draws: Draws, households: Households, words: Words) -> Lineage:
    """Names for households and for those who marry into them."""
    shape = households.present.shape
    count = len(households.kind)
    family = words.family_start + draws.weighted(count, words.family_weights)
    own = words.family_start + draws.weighted(shape[0] * shape[1], words.family_weights).reshape(shape)
    spanish = words.hispanic[family][:, None] & draws.chance(own.size, 0.7).reshape(shape)
    own[spanish] = words.hispanic_families.pick(draws, np.zeros(int(spanish.sum()), dtype=np.int64))
    bears = np.ones(shape, dtype=np.bool_)
    woman_heads = households.couple & households.female[:, HEAD] & ~households.female[:, PARTNER]
    bears[:, HEAD] = ~woman_heads
    bears[:, PARTNER] = woman_heads
    bears[:, FIRST_CHILD:ELDER] = draws.chance(count * (ELDER - FIRST_CHILD), 0.96).reshape(count, -1)
    for place in range(FIRST_CHILD + 1, ELDER):
        bears[:, place] = np.where(households.twin[:, place], bears[:, place - 1], bears[:, place])
    mother = households.mother
    from_mother = np.where(mother >= 0, own[np.arange(count), mother], own[:, FIRST_CHILD])
    own[:, FIRST_CHILD:ELDER] = from_mother[:, None]
    bears[:, ELDER] = draws.chance(count, 0.6)
    return Lineage(family=family, own=own, bears=bears)


def name_families(
    draws: Draws, households: Households, lineage: Lineage, rates: Demographics, words: Words
) -> FamilyNames:
    """The family names of everybody over time."""
    household, place = np.nonzero(households.present)
    count = len(household)
    base, own = lineage.family[household], lineage.own[household, place]
    bears = lineage.bears[household, place]
    born = np.where(bears, base, own)
    family = np.stack([born, born])
    birth_second, birth_joined = double_names(draws, born, own, household, rates, words)
    second, joined = np.stack([birth_second] * 2), np.stack([birth_joined] * 2)
    couple = households.couple[household]
    female = households.female[household, place]
    wife = couple & ~bears & (place <= PARTNER) & female
    marriage_day, kind = weddings(draws, households.birth_day[household, place], wife, rates)
    takes, hyphenates = kind == 0, kind == 1
    family[1, takes], second[1, takes], joined[1, takes] = base[takes], -1, ALONE
    second[1, hyphenates], joined[1, hyphenates] = base[hyphenates], HYPHENATED
    other_day = single_changes(draws, family, female & ~wife & ~couple & (place != ELDER), base, own, rates)
    maiden_middle = np.where(takes & draws.chance(count, rates.maiden_as_middle_rate), born, -1)
    return FamilyNames(
        family=family,
        second=second,
        joined=joined,
        maiden_middle=maiden_middle,
        changed_day=np.where(wife, np.where(kind >= 0, marriage_day, ALWAYS), other_day),
        joined_day=np.where(wife, marriage_day, ALWAYS),
    )


def weddings(draws: Draws, birth_day: Ints, wife: Bools, rates: Demographics) -> tuple[Ints, Ints]:
    """The day of marriage and what the wife does: 0 takes the name, 1 joins both; -1 for all others.

    Some married late or again, in the time that the records are from.
    """
    count = len(birth_day)
    day = birth_day + np.floor(draws.triangular(count, 20, 38) * DAYS_A_YEAR).astype(np.int64)
    late = draws.chance(count, LATE_WEDDINGS) & (day < FIRST_DAY)
    day[late] = FIRST_DAY + draws.below(int(late.sum()), LAST_DAY - FIRST_DAY)
    kind = draws.kind(count, (rates.takes_name_rate, rates.hyphenates_rate))
    kind[~wife | (day > LAST_DAY)] = -1
    return day, kind


def single_changes(
    draws: Draws, family: Ints, eligible: Bools, base: Ints, own: Ints, rates: Demographics
) -> Ints:
    """Marriages and divorces of women who live without a partner, in ``family``; answers the days."""
    count = len(eligible)
    changed = eligible & draws.chance(count, rates.single_name_change_rate)
    divorced = draws.chance(count, 0.4)
    family[0] = np.where(changed & ~divorced, own, family[0])
    family[1] = np.where(changed & divorced, own, family[1])
    return np.where(changed, FIRST_DAY + draws.below(count, LAST_DAY - FIRST_DAY), ALWAYS)


def double_names(
    draws: Draws, born: Ints, own: Ints, household: Ints, rates: Demographics, words: Words
) -> tuple[Ints, Ints]:
    """The mother's name beside the father's where that is custom, and how both are written."""
    custom = draws.uniform(int(household[-1]) + 1)[household]
    spanish = words.hispanic[born] & (custom < rates.second_family_rate) & (own != born)
    hyphenated = ~spanish & (custom > 1 - HYPHENATED_AT_BIRTH) & (own != born)
    joined = np.where(spanish, SPACED, np.where(hyphenated, HYPHENATED, ALONE))
    return np.where(joined == ALONE, -1, own), joined
