"""What people are called by their parents, with Juniors and twins, and what they are called by others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpi.batch.synthetic.demographics import DAYS_A_YEAR, Demographics
from mpi.batch.synthetic.draws import Bools, Draws, Ints
from mpi.batch.synthetic.households import CHILDREN_MAX, ELDER, FIRST_CHILD, HEAD, Households
from mpi.batch.synthetic.vocabulary import DECADES, Words

#: Suffixes by number.
SUFFIXES = ("", "Jr", "Sr", "II", "III", "IV")
NO_SUFFIX, JUNIOR, SENIOR, SECOND, THIRD, FOURTH = range(6)
REDRAWS = 6
#: The suffix of a son who bears the name of a father with the suffix at this place.
NEXT_SUFFIX = np.array([JUNIOR, THIRD, JUNIOR, THIRD, FOURTH, FOURTH])


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenNames:
    """One entry per person: words by number, -1 where there is none."""

    given: Ints
    middle: Ints
    #: Number of a suffix.
    suffix: Ints
    nickname: Ints
    goes_by_nickname: Bools
    goes_by_middle: Bools


def name_people(
    draws: Draws, households: Households, hispanic: Bools, bears: Bools, rates: Demographics, words: Words
) -> GivenNames:
    """Given names by sex and decade; ``hispanic`` per household, ``bears`` (the family name) per place."""
    household, place = np.nonzero(households.present)
    female = households.female[household, place].astype(np.int64)
    decade = decade_of(households.birth_day[household, place])
    spanish = hispanic[household] & draws.chance(len(household), 0.5)

    def drawn(chosen: Ints) -> Ints:
        """New given names for the people with these numbers."""
        usual = words.given.pick(draws, decade[chosen] * 2 + female[chosen])
        return np.where(spanish[chosen], words.hispanic_given.pick(draws, female[chosen]), usual)

    given = drawn(np.arange(len(household)))
    middle = middle_names(draws, female, decade, rates, words)
    twin = np.flatnonzero(households.twin[household, place])
    alike = draws.chance(len(twin), rates.twin_initial_rate)
    for _ in range(REDRAWS):
        again = twin[alike & (words.initials[given[twin]] != words.initials[given[twin - 1]])]
        given[again] = drawn(again)
    suffix = namesakes(draws, households, bears, given, middle, rates)
    is_child = (place >= FIRST_CHILD) & (place < ELDER)
    for _ in range(REDRAWS):
        again = repeated(household * np.int64(1 << 32) + given, is_child & (suffix == NO_SUFFIX))
        given[again] = drawn(again)
    middle[middle == given] = -1
    nickname = words.nicknames.pick(draws, given)
    return GivenNames(
        given=given,
        middle=middle,
        suffix=suffix,
        nickname=nickname,
        goes_by_nickname=draws.chance(len(given), rates.goes_by_nickname_rate) & (nickname >= 0),
        goes_by_middle=draws.chance(len(given), rates.goes_by_middle_rate) & (middle >= 0),
    )


def decade_of(birth_day: Ints) -> Ints:
    """Place of the decade of birth in ``DECADES``, the nearest for others."""
    year = 1970 + np.floor(birth_day / DAYS_A_YEAR).astype(np.int64)
    return np.clip((year - DECADES[0]) // 10, 0, len(DECADES) - 1)


def middle_names(draws: Draws, female: Ints, decade: Ints, rates: Demographics, words: Words) -> Ints:
    """Half from the names everybody has in the middle, half given names of twenty years before; -1 = none."""
    count = len(female)
    older = words.given.pick(draws, np.maximum(decade - 2, 0) * 2 + female)
    common = words.middle.pick(draws, female)
    middle = np.where(draws.chance(count, 0.45), common, older)
    middle[~draws.chance(count, rates.middle_name_rate)] = -1
    return middle


def namesakes(
    draws: Draws, households: Households, bears: Bools, given: Ints, middle: Ints, rates: Demographics
) -> Ints:
    """Gives some first sons their father's name in ``given`` and ``middle``; answers the suffixes."""
    person = np.full(households.present.shape, -1, dtype=np.int64)
    person[households.present] = np.arange(len(given))
    male = ~households.female[households.present]
    inherited = draws.kind(len(given), (0.024, 0.0, 0.006, 0.006))
    suffix = np.where(male & (inherited >= 0), inherited + 1, NO_SUFFIX)
    rows = np.arange(len(person))
    father, son = households.father, first_son(households)
    pairs = (
        (
            np.full(len(person), ELDER),
            np.full(len(person), HEAD),
            ~households.female[:, [ELDER, HEAD]].any(axis=1),
        ),
        (father, son, (father >= 0) & (son >= 0)),
    )
    for elder, younger, possible in pairs:
        chosen = possible & draws.chance(len(rows), rates.namesake_rate)
        chosen &= (person[rows, elder] >= 0) & (person[rows, younger] >= 0)
        chosen &= bears[rows, elder] & bears[rows, younger]
        first, second = person[rows, elder][chosen], person[rows, younger][chosen]
        given[second] = given[first]
        middle[second] = np.where(draws.chance(len(first), 0.9), middle[first], middle[second])
        suffix[second] = NEXT_SUFFIX[suffix[first]]
        senior = (suffix[first] == NO_SUFFIX) & draws.chance(len(first), 0.4)
        suffix[first[senior]] = SENIOR
    return suffix


def first_son(households: Households) -> Ints:
    """Place of the first son of each household who is not a twin; -1 without."""
    son = np.full(len(households.present), -1, dtype=np.int64)
    for place in range(FIRST_CHILD + CHILDREN_MAX - 1, FIRST_CHILD - 1, -1):
        of_twins = households.twin[:, place] | households.twin[:, place + 1]
        son[households.present[:, place] & ~households.female[:, place] & ~of_twins] = place
    return son


def repeated(key: Ints, eligible: Bools) -> Ints:
    """Places of entries whose key an earlier entry has; only ``eligible`` ones are answered."""
    order = np.argsort(key, kind="stable")
    same = np.zeros(len(key), dtype=np.bool_)
    same[order[1:]] = key[order[1:]] == key[order[:-1]]
    return np.flatnonzero(same & eligible)
