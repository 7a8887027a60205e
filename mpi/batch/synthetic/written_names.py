"""Names as clerks write them: short, misheard, out of date, in the wrong field, or not known at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mpi.batch.synthetic.draws import Bools, Ints
from mpi.batch.synthetic.family_names import HYPHENATED, SPACED
from mpi.batch.synthetic.given_names import SUFFIXES
from mpi.batch.synthetic.mistakes import misspelled
from mpi.batch.synthetic.registration import Registration
from mpi.batch.synthetic.text import Text, cut, either, joined, replaced, taken, upper, without

#: How much more often someone who goes by a nickname, or by the middle name, is written so.
NICKNAME_FACTORS = (0.5, 6.0)
MIDDLE_FACTORS = (1.0, 60.0)
NAME_LAG_DAYS = 1_100
#: Fillers for people whose name is not known: given and family, men's then women's.
NAME_PLACEHOLDERS = (
    (("Unknown", "Unknown"), ("John", "Doe"), ("Unk", "Unk"), ("Test", "Patient"), ("Trauma", "Unknown")),
    (("Unknown", "Unknown"), ("Jane", "Doe"), ("Unk", "Unk"), ("Test", "Patient"), ("Trauma", "Unknown")),
)
#: Ways to write two family names: both, only the first, only the second, both with the other separator.
DOUBLE_NAME_SHARES = (0.45, 0.2, 0.35)
FIRST_ONLY, SECOND_ONLY, OTHER_SEPARATOR = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The name columns of some records."""

    given: Text
    middle: Text
    family: Text
    suffix: Text


def written_names(desk: Registration) -> Names:
    """The names of every record."""
    given_word, middle_word = given_words(desk)
    words = desk.vocabulary.words
    given = misspelled(desk.draws, taken(words.text, given_word), desk.happens("given_typo_rate"))
    family = misspelled(desk.draws, family_text(desk), desk.happens("family_typo_rate"))
    middle = middle_text(desk, middle_word)
    both = desk.happens("middle_in_given_rate") & (middle_word >= 0)
    given = either(both, joined(" ", given, taken(words.text, middle_word)), given)
    given = either(desk.happens("given_initial_rate"), cut(given, 1), given)
    swapped = desk.happens("names_swapped_rate")
    given, family = either(swapped, family, given), either(swapped, given, family)
    given, family = shortened(desk, given), shortened(desk, family)
    family, suffix = suffixed(desk, family)
    unnamed = desk.encounters.unnamed
    given = replaced(given, unnamed, newborn_names(desk))
    nameless = desk.happens("name_placeholder_rate") & ~unnamed
    given, family = name_placeholders(desk, nameless, given, family)
    bare = unnamed | nameless
    middle, suffix = without(middle, both | bare), without(suffix, bare)
    return Names(
        given=cased(desk, given),
        middle=cased(desk, middle),
        family=cased(desk, family),
        suffix=cased(desk, suffix),
    )


def given_words(desk: Registration) -> tuple[Ints, Ints]:
    """Given and middle name by number, with nicknames and middle names that someone goes by."""
    names, words, person = desk.people.given, desk.vocabulary.words, desk.person
    given, middle = names.given[person], names.middle[person]
    new_name = desk.encounters.day >= desk.people.family.changed_day[person]
    maiden = desk.people.family.maiden_middle[person]
    middle = np.where(new_name & (maiden >= 0), maiden, middle)
    nickname = names.nickname[person]
    factor = np.where(names.goes_by_nickname[person], NICKNAME_FACTORS[1], NICKNAME_FACTORS[0])
    given = np.where(desk.happens("nickname_rate", factor) & (nickname >= 0), nickname, given)
    factor = np.where(names.goes_by_middle[person], MIDDLE_FACTORS[1], MIDDLE_FACTORS[0])
    by_middle = desk.happens("middle_as_given_rate", factor) & (middle >= 0) & (middle < words.family_start)
    moved = np.where(desk.draws.chance(len(desk), 0.5), given, -1)
    given, middle = np.where(by_middle, middle, given), np.where(by_middle, moved, middle)
    given = np.where(desk.happens("accents_rate"), words.accented[given], given)
    return given, middle


def middle_text(desk: Registration, word: Ints) -> Text:
    """Middle names in full, as an initial or not at all, as each source does."""
    text = taken(desk.vocabulary.words.text, word)
    text = misspelled(desk.draws, text, desk.happens("given_typo_rate", 0.7))
    complete = 1 - desk.hurried * 0.3
    rates = (desk.rate("middle_full_rate") * complete, desk.rate("middle_initial_rate") * complete)
    form = desk.draws.kind(len(desk), rates)
    return without(either(form == 1, cut(text, 1), text), form < 0)


def family_text(desk: Registration) -> Text:
    """Family names on the day of the record or, where the source lags behind, of some time before."""
    family, words, person = desk.people.family, desk.vocabulary.words, desk.person
    lag = desk.happens("name_lag_rate") * (30 + desk.draws.below(len(desk), NAME_LAG_DAYS))
    row = (desk.encounters.day - lag >= family.changed_day[person]).astype(np.int64)
    # A newborn without a name is filed under the mother's.
    mother = desk.people.guardian[person]
    person = np.where(desk.encounters.unnamed, mother, person)
    row = np.where(desk.encounters.unnamed, desk.encounters.day >= family.changed_day[mother], row)
    first, second, form = family.family[row, person], family.second[row, person], family.joined[row, person]
    accents = desk.happens("accents_rate")
    bare = desk.draws.chance(len(desk), 0.35)
    first, second = (
        np.where(bare, words.unpunctuated[word], np.where(accents, words.accented[word], word)) * (word >= 0)
        - (word < 0)
        for word in (first, second)
    )
    return double_name(desk, first, second, form)


def double_name(desk: Registration, first: Ints, second: Ints, form: Ints) -> Text:
    """One family name, or two in one of the ways that sources write them."""
    text = desk.vocabulary.words.text
    out = taken(text, first)
    two = np.flatnonzero(second >= 0)
    if not len(two):
        return out
    changed = desk.happens("double_name_change_rate")[two]
    way = np.where(changed, desk.draws.kind(len(two), DOUBLE_NAME_SHARES), -1)
    separator = np.where(way == OTHER_SEPARATOR, HYPHENATED + SPACED - form[two], form[two])
    left, right = taken(text, first[two]), taken(text, second[two])
    both = either(separator == HYPHENATED, joined("-", left, right), joined(" ", left, right))
    both = either(way == FIRST_ONLY, left, either(way == SECOND_ONLY, right, both))
    return replaced(out, second >= 0, both)


def shortened(desk: Registration, name: Text) -> Text:
    """Names cut where the source's field ends."""
    longest = desk.rate("name_length_max")
    for length in sorted(set(longest.tolist())):
        name = either(longest == length, cut(name, int(length)), name)
    return name


def suffixed(desk: Registration, family: Text) -> tuple[Text, Text]:
    """Family name and suffix, the suffix in the field or behind the name, where it is written at all."""
    number = desk.people.given.suffix[desk.person]
    written = desk.has("suffix_rate") & (number > 0) & ~desk.encounters.unnamed
    text = pa.array(SUFFIXES).take(number)
    behind = written & desk.habit("suffix_in_family")
    return either(behind, joined(" ", family, text), family), without(text, ~written | behind)


def newborn_names(desk: Registration) -> Text:
    """What stands in for a name: ``BoyMary``, ``Girl1Mary``, ``Baby Boy A``, ``Judy Girl A``.

    The forms of the AHIMA and of the Joint Commission (NPSG.01.01.01) and the older one that names nobody.
    """
    places = np.flatnonzero(desk.encounters.unnamed)
    person = desk.person[places]
    people, words = desk.people, desk.vocabulary.words
    mothers = taken(words.text, people.given.given[people.guardian[person]]).to_pylist()
    form = desk.draws.kind(len(places), (0.45, 0.4, 0.15))
    names = []
    rows = zip(mothers, people.female[person], people.birth_order[person], form, strict=True)
    for mother, female, order, way in rows:
        child = "Girl" if female else "Boy"
        letter = " " + "AB"[order - 1] if order else ""
        ways = (f"{child}{order or ''}{mother}", f"Baby {child}{letter}", f"{mother} {child}{letter}")
        names.append(ways[way])
    return pa.array(names, pa.string())


def name_placeholders(desk: Registration, nameless: Bools, given: Text, family: Text) -> tuple[Text, Text]:
    """Fillers for people whose name nobody knew."""
    female = desk.people.female[desk.person[nameless]]
    choice = desk.draws.below(len(female), len(NAME_PLACEHOLDERS[0]))
    pairs = [NAME_PLACEHOLDERS[int(sex)][which] for sex, which in zip(female, choice, strict=True)]
    given = replaced(given, nameless, pa.array([pair[0] for pair in pairs], pa.string()))
    return given, replaced(family, nameless, pa.array([pair[1] for pair in pairs], pa.string()))


def cased(desk: Registration, text: Text) -> Text:
    """In capitals where the source writes so."""
    capitals = desk.habit("upper_case")
    return either(capitals, upper(text), text) if capitals.any() else text
