"""The screen of addresses: most are told apart, and many found alike, by the numbers of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.distinct import parts_of, several_of
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

_ADDRESS = level_positions("address")
_PARTS = 5


class _Traits(NamedTuple):
    #: Numbers of street, city, state and ZIP, int32 [addresses, 4]; 0 = none, a negative street = several
    #: addresses.
    places: Codes
    #: Of each address's street and city, and the street's house number.
    street: TextTraits
    city: TextTraits
    house: Integers


def address_traits(values: Sequence[Any]) -> _Traits:
    """What the screen looks at, of distinct features."""
    street, _, city, state, zip_code = parts_of(values, _PARTS)
    places = [coded_numbers(street), coded_numbers(city), numbers(state), numbers(zip_code, _five)]
    places[0][several_of(values)] = -1
    return _Traits(
        places=np.stack(places, axis=1).astype(np.int32),
        street=text_traits(street),
        city=text_traits(city),
        house=street.spread(first_word(street.packed())),
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


def address_sift(traits: _Traits, a: Codes, b: Codes) -> Levels:
    """Streets that may be spellings of one, and cities where the ZIP does not agree, are compared."""
    left, right = traits.places.take(a, axis=0), traits.places.take(b, axis=0)
    both = (left > 0) & (right > 0)
    equal = left == right
    street, city, state, zip_code = (both & equal).T
    both_street, both_city, both_state, both_zip = both.T
    city = city & (state | ~both_state)
    level = np.where(
        both_street | both_city | both_zip, np.int8(_ADDRESS["different"]), np.int8(MISSING_LEVEL)
    )
    np.copyto(level, _ADDRESS["city"], where=city)
    np.copyto(level, _ADDRESS["zip"], where=zip_code)
    placed = zip_code | city
    np.copyto(level, _ADDRESS["street"], where=street)
    np.copyto(level, _ADDRESS["exact"], where=street & placed)
    _pass_cities(level, traits, (a, b), both_city & (state | ~both_state) & ~placed)
    _pass_streets(level, traits, (a, b), both_street & ~street & placed)
    level[(left[:, 0] | right[:, 0]) < 0] = UNKNOWN
    return level


def _pass_cities(level: Levels, traits: _Traits, sides: tuple[Codes, Codes], pairs: Mask) -> None:
    """Jaro–Winkler ≥ 0.92 needs Jaro ≥ 13/15 and so shares of 1.6."""
    asked = np.flatnonzero(pairs)
    a, b = (side.take(asked) for side in sides)
    level[asked[close_texts(traits.city, a, b, share=1.6, edits=0)]] = UNKNOWN


def _pass_streets(level: Levels, traits: _Traits, sides: tuple[Codes, Codes], pairs: Mask) -> None:
    """One house number, or at most two edits; more is not alike, whatever the number (shares above 2)."""
    asked = np.flatnonzero(pairs)
    a, b = (side.take(asked) for side in sides)
    like = traits.house.take(a) == traits.house.take(b)
    like |= close_texts(traits.street, a, b, share=2.1, edits=2)
    level[asked[like]] = UNKNOWN
