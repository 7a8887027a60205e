"""The screen of addresses: most are told apart, and many found alike, by the numbers of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.comparators import similar_street
from mpi.matching.comparison.distinct import distinct_pairs, parts_of, several_of, values_at
from mpi.matching.comparison.names import MISSING_LEVEL, level_positions
from mpi.matching.comparison.traits import (
    UNKNOWN,
    Integers,
    Mask,
    TextTraits,
    close_texts,
    coded_numbers,
    first_word,
    numbers,
    text_traits,
)

Codes = npt.NDArray[np.int32]
Levels = npt.NDArray[np.int8]
Positions = npt.NDArray[np.intp]

_ADDRESS = level_positions("address")
_DIFFERENT = _ADDRESS["different"]
_PARTS = 5


class _Traits(NamedTuple):
    #: Numbers of street, city, state and ZIP, int32 [addresses, 4]; 0 = none, a negative street = several
    #: addresses.
    places: Codes
    #: Of each address's street and city, and the street's house number.
    street: TextTraits
    city: TextTraits
    house: Integers
    #: The streets, and where among them each number of a street stands.
    streets: Sequence[str]
    street_place: Positions


def address_traits(values: Sequence[Any]) -> _Traits:
    """What the screen looks at, of distinct features."""
    street, _, city, state, zip_code = parts_of(values, _PARTS)
    places = [coded_numbers(street), coded_numbers(city), numbers(state), numbers(zip_code, _five)]
    place = np.zeros(int(places[0].max(initial=0)) + 1, dtype=np.intp)
    place[places[0]] = np.arange(len(values)) if street.codes is None else street.codes
    places[0][several_of(values)] = -1
    return _Traits(
        places=np.stack(places, axis=1).astype(np.int32),
        street=text_traits(street),
        city=text_traits(city),
        house=street.spread(first_word(street.packed())),
        streets=street.texts,
        street_place=place,
    )


def _five(zip_code: str) -> str:
    return zip_code[:5]


def plain_address(values: Sequence[Any]) -> Mask:
    """A street with a ZIP or city."""
    street, _, city, _, zip_code = (
        part.spread(part.packed().lengths > 0) for part in parts_of(values, _PARTS)
    )
    found: Mask = street & (zip_code | city)
    return found


class _Told(NamedTuple):
    """What the numbers of the parts tell of pairs of addresses."""

    #: The level, unless the streets or cities that are asked for are alike.
    level: Levels
    #: Streets that differ where ZIP or city agrees; cities that differ where it matters.
    streets: Mask
    cities: Mask
    #: One side has several addresses.
    several: Mask


def _told(traits: _Traits, a: Codes, b: Codes) -> _Told:
    left, right = (np.ascontiguousarray(traits.places.take(side, axis=0).T) for side in (a, b))
    both = (left > 0) & (right > 0)
    street, city, state, zip_code = both & (left == right)
    both_street, both_city, both_state, both_zip = both
    one_state = state | ~both_state
    placed = zip_code | (city & one_state)
    level = np.where(both_street | both_city | both_zip, np.int8(_DIFFERENT), np.int8(MISSING_LEVEL))
    np.copyto(level, _ADDRESS["city"], where=placed)
    np.copyto(level, _ADDRESS["zip"], where=zip_code)
    np.copyto(level, _ADDRESS["street"], where=street)
    np.copyto(level, _ADDRESS["exact"], where=street & placed)
    several = (left[0] | right[0]) < 0
    return _Told(level, both_street & ~street & placed, both_city & one_state & ~placed, several)


def address_sift(traits: _Traits, a: Codes, b: Codes) -> Levels:
    """Streets that may be spellings of one, and cities where the ZIP does not agree, are compared.

    A city's Jaro–Winkler ≥ 0.92 needs Jaro ≥ 13/15 and so shares of 1.6. Streets have one house number or at
    most two edits; beyond these none is alike, whatever its letters (shares above 2).
    """
    level, streets, cities, several = _told(traits, a, b)
    asked = np.flatnonzero(cities)
    alike = close_texts(traits.city, a.take(asked), b.take(asked), share=1.6, edits=0)
    level[asked[alike]] = UNKNOWN
    asked = np.flatnonzero(streets)
    one, other = a.take(asked), b.take(asked)
    alike = traits.house.take(one) == traits.house.take(other)
    alike |= close_texts(traits.street, one, other, share=2.1, edits=2)
    level[asked[alike]] = UNKNOWN
    level[several] = UNKNOWN
    return level


def address_asked(traits: _Traits, a: Codes, b: Codes) -> Levels:
    """The levels of pairs that differ in their streets alone; the others stay ``UNKNOWN``.

    Many pairs of addresses ask about one pair of streets.
    """
    level, streets, cities, several = _told(traits, a, b)
    asked = np.flatnonzero(streets & ~cities & ~several)
    distinct = distinct_pairs(*(traits.places[:, 0].take(side.take(asked)) for side in (a, b)))
    sides = (values_at(traits.streets, traits.street_place[side]) for side in (distinct.low, distinct.high))
    alike = np.array(list(map(similar_street, *sides)), dtype=bool)
    levels = np.full(len(a), UNKNOWN, dtype=np.int8)
    levels[asked] = np.where(alike[distinct.place_of], np.int8(_ADDRESS["similar"]), level[asked])
    return levels
