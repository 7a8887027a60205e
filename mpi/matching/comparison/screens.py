"""Screens: which of many pairs of values need a comparator at all.

Most candidate pairs differ in most fields, and that two values are far apart can be seen without comparing
them: a letter that one lacks, another year, another beginning and another end. A screen is a necessary
condition for any level but the one it names; what passes goes to the comparator. So there is one
implementation of each comparator, and a property test holds every screen to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.comparators import GENERATION_YEARS
from mpi.matching.comparison.names import MISSING_LEVEL, level_positions, sound
from mpi.matching.normalization.nicknames import nickname_roots

Codes = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]
#: Arrays over the distinct values of a column.
Traits = dict[str, npt.NDArray[Any]]


class Screen(NamedTuple):
    """``traits`` of a column's distinct values; ``sift`` of pairs of them, by position.

    ``sift`` gives which pairs need the comparator, and the level (one, or one each) of those that do not.
    """

    traits: Callable[[Sequence[Any]], Traits]
    sift: Callable[[Traits, Codes, Codes], tuple[Mask, Any]]


_LONG: Final = 31
_DATE, _ADDRESS = level_positions("birth_date"), level_positions("address")
_DIFFERENT = {
    field: level_positions(field)["different"] for field in ("family", "given", "middle", "mother_maiden")
}


def _single(values: Sequence[Any]) -> tuple[list[Any], npt.NDArray[np.bool_]]:
    """The only element of each tuple (the first of several), and which have several: those are never
    screened.
    """
    return [value[0] for value in values], np.array([len(value) > 1 for value in values], dtype=bool)


def _letters(texts: Sequence[str]) -> Traits:
    """Which characters a text has, as bits of one integer, and its length (at most 31 are looked at)."""
    raw = np.array([text.encode("ascii", "replace") for text in texts], dtype=f"S{_LONG}")
    characters = raw.view(np.uint8).reshape(len(texts), _LONG).astype(np.uint64)
    bits = np.where(
        characters > 0,
        np.left_shift(np.uint64(1), (characters * np.uint64(11)) % np.uint64(61)),
        np.uint64(0),
    )
    lengths = np.array([len(text) for text in texts], dtype=np.int16)
    return {"letters": np.bitwise_or.reduce(bits, axis=1), "length": lengths}


class _Apart(NamedTuple):
    """Of each pair of texts: how many distinct characters of the one the other lacks, both ways, and the
    lengths.
    """

    only_a: npt.NDArray[np.int16]
    only_b: npt.NDArray[np.int16]
    length_a: npt.NDArray[np.int16]
    length_b: npt.NDArray[np.int16]


def _apart(t: Traits, a: Codes, b: Codes) -> _Apart:
    left, right = t["letters"].take(a), t["letters"].take(b)
    both = left & right
    only_a, only_b = np.bitwise_count(left ^ both), np.bitwise_count(right ^ both)
    return _Apart(only_a.astype(np.int16), only_b.astype(np.int16), t["length"].take(a), t["length"].take(b))


def _close(apart: _Apart, *, share: float, edits: int) -> Mask:
    """Whether two texts may be alike.

    By Jaro: the matching characters, as shares of the two lengths, add up to ``share`` or more. Or by at most
    ``edits`` edits. Of texts longer than 31 characters nothing is known.
    """
    only_a, only_b, length_a, length_b = apart
    matching = (length_a - only_a) * length_b + (length_b - only_b) * length_a
    longer, shorter = np.maximum(length_a, length_b), np.minimum(length_a, length_b)
    few = (np.maximum(only_a, only_b) <= edits) & (longer - shorter <= edits)
    close: Mask = (matching >= share * (length_a * length_b)) | few | (longer > _LONG)
    return close


def _name_traits(names: list[str], several: Mask) -> Traits:
    sounds: dict[str, int] = {}
    roots = [sum({1 << hash_bit(root) for root in nickname_roots(name)}) for name in names]
    return {
        **_letters(names),
        "sound": np.array([sounds.setdefault(sound(name), len(sounds)) for name in names], dtype=np.int32),
        "roots": np.array(roots, dtype=np.uint64),
        "first": np.array([ord(name[0]) for name in names], dtype=np.int16),
        "always": several | np.array([" " in name for name in names], dtype=bool),
    }


def hash_bit(text: str) -> int:
    """A bit of 64 for a text, the same in every process."""
    return sum(position * ord(character) for position, character in enumerate(text, start=1)) % 64


def _names_sift(field: str) -> Callable[[Traits, Codes, Codes], tuple[Mask, int]]:
    """Jaro–Winkler ≥ 0.9 needs Jaro ≥ 5/6 and so shares of 1.5; at most two edits; the same sound or a
    nickname.
    """

    def sift(t: Traits, a: Codes, b: Codes) -> tuple[Mask, int]:
        apart = _apart(t, a, b)
        passed = _close(apart, share=1.5, edits=2) | (t["sound"].take(a) == t["sound"].take(b))
        passed |= t["always"].take(a) | t["always"].take(b)
        if field in ("given", "middle"):
            passed |= (t["roots"].take(a) & t["roots"].take(b)) > 0
            passed |= (t["first"].take(a) == t["first"].take(b)) & ((apart.only_a == 0) | (apart.only_b == 0))
        return passed, _DIFFERENT[field]

    return sift


def _date_traits(values: Sequence[Any]) -> Traits:
    parts = np.array(values, dtype=np.int16).reshape(len(values), 3)
    day = parts[:, 1].astype(np.int16) * 32 + parts[:, 2]
    return {"year": parts[:, 0].copy(), "day": day, "always": (parts == 0).any(axis=1)}


def _date_sift(t: Traits, a: Codes, b: Codes) -> tuple[Mask, Any]:
    """Two full dates of different years, and of different days of the year, are different or a generation
    apart.
    """
    year_a, year_b = t["year"].take(a), t["year"].take(b)
    passed = (
        (year_a == year_b)
        | (t["day"].take(a) == t["day"].take(b))
        | t["always"].take(a)
        | t["always"].take(b)
    )
    apart = np.abs(year_a - year_b) >= GENERATION_YEARS
    return passed, np.where(apart, _DATE["generation_apart"], _DATE["different"]).astype(np.int8)


def _ends(texts: Sequence[str], start: int, end: int) -> Traits:
    """Beginnings and ends as numbers: one slip, or one edit, leaves one of the two as it is.

    That holds for texts longer than both together; shorter ones are always compared.
    """
    heads: dict[str, int] = {}
    tails: dict[str, int] = {}
    return {
        "head": np.array([heads.setdefault(text[:start], len(heads)) for text in texts], dtype=np.int32),
        "tail": np.array([tails.setdefault(text[-end:], len(tails)) for text in texts], dtype=np.int32),
        "short": np.array([len(text) <= start + end for text in texts], dtype=bool),
    }


def _ends_sift(level: int) -> Callable[[Traits, Codes, Codes], tuple[Mask, int]]:
    def sift(t: Traits, a: Codes, b: Codes) -> tuple[Mask, int]:
        same = (t["head"].take(a) == t["head"].take(b)) | (t["tail"].take(a) == t["tail"].take(b))
        return same | t["always"].take(a) | t["always"].take(b), level

    return sift


def _ssn_traits(values: Sequence[Any]) -> Traits:
    texts, several = _single(values)
    traits = _ends(texts, 3, 3)
    # Of the last four digits the last three are compared like anybody's.
    four = np.array([len(text) == 4 for text in texts], dtype=bool)
    return {**traits, "always": several | (traits["short"] & ~four)}


def _phone_traits(values: Sequence[Any]) -> Traits:
    texts, several = _single(values)
    traits = _ends([text[-10:] for text in texts], 6, 3)
    return {**traits, "always": several | traits["short"]}


def _email_traits(values: Sequence[Any]) -> Traits:
    texts, several = _single(values)
    return {**_letters(texts), "always": several}


def _email_sift(t: Traits, a: Codes, b: Codes) -> tuple[Mask, int]:
    """Jaro–Winkler ≥ 0.95 needs Jaro ≥ 11/12 and so shares of 1.75; or at most two edits."""
    return _close(_apart(t, a, b), share=1.75, edits=2) | t["always"].take(a) | t["always"].take(b), 2


def _identifier_traits(values: Sequence[Any]) -> Traits:
    singles, several = _single(values)
    kinds: dict[Any, int] = {}
    authorities: dict[str, int] = {}
    return {
        **_ends([one[2] for one in singles], 3, 2),
        "authority": np.array(
            [authorities.setdefault(one[0], len(authorities)) for one in singles], np.int32
        ),
        "kind": np.array([kinds.setdefault(one[:2], len(kinds)) for one in singles], np.int32),
        "always": several,
    }


def _identifier_sift(shared: str, level: int) -> Callable[[Traits, Codes, Codes], tuple[Mask, Any]]:
    """Numbers that are not of one ``shared`` (authority, kind) cannot be compared; else they are at
    ``level``.
    """

    def sift(t: Traits, a: Codes, b: Codes) -> tuple[Mask, Any]:
        one = t[shared].take(a) == t[shared].take(b)
        ends = (t["head"].take(a) == t["head"].take(b)) | (t["tail"].take(a) == t["tail"].take(b))
        passed = (
            (one & (ends | t["short"].take(a) | t["short"].take(b)))
            | t["always"].take(a)
            | t["always"].take(b)
        )
        return passed, np.where(one, level, MISSING_LEVEL).astype(np.int8)

    return sift


def _address_traits(values: Sequence[Any]) -> Traits:
    singles, several = _single(values)
    columns: dict[str, list[str]] = {
        "street": [one.street for one in singles],
        "number": [one.street.partition(" ")[0] for one in singles],
        "city": [one.city for one in singles],
        "state": [one.state for one in singles],
        "zip": [one.zip[:5] for one in singles],
    }
    traits: Traits = {"always": several}
    for name, texts in columns.items():
        # 0 is the empty text.
        numbers: dict[str, int] = {"": 0}
        traits[name] = np.array([numbers.setdefault(text, len(numbers)) for text in texts], dtype=np.int32)
    traits |= {f"street_{name}": trait for name, trait in _letters(columns["street"]).items()}
    traits |= {f"city_{name}": trait for name, trait in _letters(columns["city"]).items()}
    return traits


def _address_sift(t: Traits, a: Codes, b: Codes) -> tuple[Mask, Any]:
    """Streets are compared where they may be alike and the ZIP or city agrees; ZIP and city by number."""
    both = {
        name: (t[name].take(a) > 0) & (t[name].take(b) > 0) for name in ("street", "city", "zip", "state")
    }
    equal = {
        name: t[name].take(a) == t[name].take(b) for name in ("street", "number", "city", "zip", "state")
    }
    same_zip = both["zip"] & equal["zip"]
    one_state = ~both["state"] | equal["state"]
    city = {name.removeprefix("city_"): trait for name, trait in t.items() if name.startswith("city_")}
    # Jaro–Winkler ≥ 0.92 needs Jaro ≥ 13/15 and so shares of 1.6.
    like_city = both["city"] & one_state & ~equal["city"] & _close(_apart(city, a, b), share=1.6, edits=0)
    same_city = both["city"] & one_state & equal["city"]
    street = {name.removeprefix("street_"): trait for name, trait in t.items() if name.startswith("street_")}
    like_street = equal["number"] | _close(_apart(street, a, b), share=2.1, edits=2)
    passed = like_city | (both["street"] & (equal["street"] | ((same_zip | same_city) & like_street)))
    compared = both["street"] | both["zip"] | both["city"]
    level = np.where(compared, _ADDRESS["different"], MISSING_LEVEL)
    level = np.where(same_zip, _ADDRESS["zip"], np.where(same_city, _ADDRESS["city"], level))
    return passed | t["always"].take(a) | t["always"].take(b), level.astype(np.int8)


def _tuple_names(values: Sequence[Any]) -> Traits:
    return _name_traits(*_single(values))


def _plain_names(values: Sequence[Any]) -> Traits:
    return _name_traits(list(values), np.zeros(len(values), dtype=bool))


#: Field → its screen; the other fields have few distinct values and need none.
SCREENS: Final[dict[str, Screen]] = {
    "family": Screen(_tuple_names, _names_sift("family")),
    "given": Screen(_tuple_names, _names_sift("given")),
    "middle": Screen(_tuple_names, _names_sift("middle")),
    "mother_maiden": Screen(_plain_names, _names_sift("mother_maiden")),
    "birth_date": Screen(_date_traits, _date_sift),
    "ssn": Screen(_ssn_traits, _ends_sift(level_positions("ssn")["different"])),
    "national_id": Screen(_identifier_traits, _identifier_sift("kind", 2)),
    "record_number": Screen(_identifier_traits, _identifier_sift("authority", MISSING_LEVEL)),
    "phone": Screen(_phone_traits, _ends_sift(2)),
    "email": Screen(_email_traits, _email_sift),
    "address": Screen(_address_traits, _address_sift),
}
