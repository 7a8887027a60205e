"""Screens: which of many pairs of values need a comparator at all.

Most candidate pairs differ in most fields, and that two values are far apart can be seen without comparing
them: a letter that one lacks, another year, another beginning and another end. A screen gives the level of
such pairs; what it cannot tell goes to the comparator. So there is one implementation of each comparator, and
a property test holds every screen to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.address_screen import address_asked, address_sift, address_traits, plain_address
from mpi.matching.comparison.date_screen import date_asked, date_sift, date_traits, plain_date
from mpi.matching.comparison.distinct import Part, Texts, parts_of, several_of
from mpi.matching.comparison.names import MISSING_LEVEL, all_misspelt, level_positions, sound
from mpi.matching.comparison.traits import (
    DIGITS_MAX,
    LENGTH_SHIFT,
    UNKNOWN,
    TextTraits,
    beyond_ascii,
    close,
    close_texts,
    digits,
    letters,
    numbers,
    slips,
    text_traits,
)
from mpi.matching.normalization.nicknames import is_known_given, nickname_roots

Codes = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.int8]
Integers = npt.NDArray[np.int64]


class Screen(NamedTuple):
    """What is known of pairs of a column's distinct values without comparing them."""

    #: Of the distinct values, whatever ``sift`` looks at.
    traits: Callable[[Sequence[Any]], Any]
    #: Traits and the positions of different values, pair by pair → levels, or ``UNKNOWN``.
    sift: Callable[[Any, Codes, Codes], Levels]
    #: Which distinct values are at level 0 with themselves; None = all.
    plain: Callable[[Sequence[Any]], Mask] | None = None
    #: Like ``sift``, for the pairs that it left unknown: what can be asked of a part of the values.
    asked: Callable[[Any, Codes, Codes], Levels] | None = None


_DIFFERENT = {
    field: level_positions(field)["different"] for field in ("family", "given", "middle", "mother_maiden")
}


def _levels(passed: Mask, otherwise: int) -> Levels:
    """``UNKNOWN`` where passed, else the level."""
    return np.where(passed, np.int8(UNKNOWN), np.int8(otherwise))


_SIMILAR, _PHONETIC = (level_positions("family")[level] for level in ("similar", "phonetic"))

# Bits of the third trait of names.
_ALWAYS: Final = 1 << 15
_LENGTH: Final = _ALWAYS - 1


class _NameTraits(NamedTuple):
    #: Letters, nickname roots, and sound · first letter · always · length; int64 [names, 3].
    rows: Integers
    #: The (first) name of each value.
    texts: list[str]


def _name_traits(values: Sequence[Any]) -> _NameTraits:
    (part,) = parts_of(values, 1)
    texts = part.packed()
    listed = list(texts)
    bits = letters(texts)
    lengths = np.minimum(texts.lengths, _LENGTH)
    firsts = np.array([ord(text[0]) & 0xFF for text in listed], dtype=np.int64)
    always = several_of(values) | part.spread(beyond_ascii(texts) | ((bits & letters(Texts.of([" "]))) != 0))
    roots = np.array([_root_bits(text) for text in listed], dtype=np.int64)
    small = (numbers(Part(listed), sound) << 32) | (firsts << 16) | lengths
    columns = part.spread(bits), part.spread(roots), part.spread(small) | always * _ALWAYS
    return _NameTraits(np.stack(columns, axis=1), part.spread(np.array(listed, dtype=object)).tolist())


def _root_bits(name: str) -> int:
    """The names that it may be short for, as bits; a name not on the lists meets no other one's."""
    if not is_known_given(name):
        return 0
    bits = 0
    for root in nickname_roots(name):
        bits |= 1 << (sum(place * ord(letter) for place, letter in enumerate(root, start=1)) % 63)
    return bits


class _Alike(NamedTuple):
    """How two names may be alike other than by their spelling."""

    #: One of them cannot be told from its traits.
    always: Mask
    sound: Mask
    #: A nickname, an initial, or one name the beginning of the other.
    short: Mask


def _alike(left: Integers, right: Integers) -> _Alike:
    """Of rows of traits, pair by pair."""
    differ = left[:, 2] ^ right[:, 2]
    both = left[:, 0] & right[:, 0]
    begins = ((differ & 0xFF0000) == 0) & ((both == left[:, 0]) | (both == right[:, 0]))
    return _Alike(
        always=((left[:, 2] | right[:, 2]) & _ALWAYS) > 0,
        sound=(differ >> 32) == 0,
        short=begins | ((left[:, 1] & right[:, 1]) > 0),
    )


def _otherwise(field: str, alike: _Alike) -> Mask:
    """Whether the two may be at a level of the field that has nothing to do with spelling."""
    passed = alike.always
    if field in ("family", "given"):
        passed = passed | alike.sound
    return passed | alike.short if field in ("given", "middle") else passed


def _names_sift(field: str) -> Callable[[_NameTraits, Codes, Codes], Levels]:
    """Jaro–Winkler ≥ 0.9 needs Jaro ≥ 5/6 and so shares of 1.5; or at most two edits."""

    def sift(traits: _NameTraits, a: Codes, b: Codes) -> Levels:
        left, right = traits.rows.take(a, axis=0), traits.rows.take(b, axis=0)
        lengths = left[:, 2] & _LENGTH, right[:, 2] & _LENGTH
        passed = close((left[:, 0], right[:, 0]), lengths, share=1.5, edits=2)
        passed |= _otherwise(field, _alike(left, right))
        return _levels(passed, _DIFFERENT[field])

    return sift


def _names_asked(field: str) -> Callable[[_NameTraits, Codes, Codes], Levels]:
    """Spellings are compared together; where they are not alike and nothing else is, names are different.

    Of family names without spaces spelling and sound are all there is.
    """

    def asked(traits: _NameTraits, a: Codes, b: Codes) -> Levels:
        alike = _alike(traits.rows.take(a, axis=0), traits.rows.take(b, axis=0))
        levels = np.full(len(a), UNKNOWN, dtype=np.int8)
        plain = np.flatnonzero(~alike.always & (a != b))
        one, other = ([traits.texts[code] for code in side.take(plain).tolist()] for side in (a, b))
        spelt = all_misspelt(one, other)
        if field == "family":
            sounds = np.where(alike.sound[plain], np.int8(_PHONETIC), np.int8(_DIFFERENT[field]))
            levels[plain] = np.where(spelt, np.int8(_SIMILAR), sounds)
        else:
            levels[plain] = _levels(spelt | _otherwise(field, alike)[plain], _DIFFERENT[field])
        return levels

    return asked


def _plain_name(values: Sequence[Any]) -> Mask:
    """A first word of more than a letter."""
    (part,) = parts_of(values, 1)
    listed = [len(text) > 1 and text[1] != " " for text in part.texts]
    found: Mask = part.spread(np.array(listed, dtype=bool))
    return found


#: In the place of ``digits``: a value of several elements.
_SEVERAL: Final = np.int64(-1)


def _number_traits(
    length_max: int, *, place: int = 0, part_count: int = 1
) -> Callable[[Sequence[Any]], Integers]:
    """The digits of the part at ``place``."""

    def traits(values: Sequence[Any]) -> Integers:
        part = parts_of(values, part_count)[place]
        return np.where(several_of(values), _SEVERAL, part.spread(digits(part.packed(), length_max)))

    return traits


def _alike_digits(left: Integers, right: Integers) -> Mask:
    """Of texts of one length: at most two places differ, or only the last three do."""
    alike: Mask = ((left ^ right) & ~0xFFF == 0) | (slips(left, right) <= 2)
    alike &= left >> LENGTH_SHIFT == right >> LENGTH_SHIFT
    return alike


def _several(left: Integers, right: Integers) -> Mask:
    found: Mask = (left == _SEVERAL) | (right == _SEVERAL)
    return found


def _ssn_sift(traits: Integers, a: Codes, b: Codes) -> Levels:
    """Nine digits by their slips, four by the last four; numbers of other lengths are always compared."""
    left, right = traits.take(a), traits.take(b)
    lengths = left >> LENGTH_SHIFT, right >> LENGTH_SHIFT
    four = (lengths[0] == 4) | (lengths[1] == 4)
    nine = (lengths[0] == 9) & (lengths[1] == 9)
    passed = np.where(nine, _alike_digits(left, right), ~four | ((left ^ right) & 0xFFFF == 0))
    return _levels(passed | _several(left, right), level_positions("ssn")["different"])


def _plain_ssn(values: Sequence[Any]) -> Mask:
    (part,) = parts_of(values, 1)
    found: Mask = part.spread(part.packed().lengths != 4)
    return found


def _phone_sift(traits: Integers, a: Codes, b: Codes) -> Levels:
    left, right = traits.take(a), traits.take(b)
    return _levels(_alike_digits(left, right) | _several(left, right), 2)


class _Identifiers(NamedTuple):
    digits: Integers
    #: Number of the authority, and of the authority and kind.
    authority: Integers
    kind: Integers


def _identifier_traits(values: Sequence[Any]) -> _Identifiers:
    authority, kind = (numbers(part) for part in parts_of(values, 3)[:2])
    return _Identifiers(
        digits=_number_traits(DIGITS_MAX, place=2, part_count=3)(values),
        authority=authority,
        kind=(authority << 32) | kind,
    )


def _national_sift(traits: _Identifiers, a: Codes, b: Codes) -> Levels:
    """Of one authority and kind they are near when their lengths are, and few places differ, or their ends.

    An edit that adds a character leaves the last ones as they are, or moves all but those.
    """
    left, right = traits.digits.take(a), traits.digits.take(b)
    one = traits.kind.take(a) == traits.kind.take(b)
    passed = (one & (_alike_digits(left, right) | _lengths_differ(left, right))) | _several(left, right)
    return np.where(passed, np.int8(UNKNOWN), np.where(one, np.int8(2), np.int8(MISSING_LEVEL)))


def _lengths_differ(left: Integers, right: Integers) -> Mask:
    differ: Mask = left >> LENGTH_SHIFT != right >> LENGTH_SHIFT
    return differ


def _record_sift(traits: _Identifiers, a: Codes, b: Codes) -> Levels:
    """Numbers of one authority that differ in more say nothing, and so do those of two."""
    left, right = traits.digits.take(a), traits.digits.take(b)
    one = traits.authority.take(a) == traits.authority.take(b)
    return _levels((one & _alike_digits(left, right)) | _several(left, right), MISSING_LEVEL)


def _email_traits(values: Sequence[Any]) -> TextTraits:
    (part,) = parts_of(values, 1)
    found = text_traits(part)
    return found._replace(beyond=found.beyond | several_of(values))


def _email_sift(traits: TextTraits, a: Codes, b: Codes) -> Levels:
    """Jaro–Winkler ≥ 0.95 needs Jaro ≥ 11/12 and so shares of 1.75; or at most two edits."""
    return _levels(close_texts(traits, a, b, share=1.75, edits=2), 2)


#: Field → its screen; the other fields have few distinct values and need none.
SCREENS: Final[dict[str, Screen]] = {
    "family": Screen(_name_traits, _names_sift("family"), None, _names_asked("family")),
    "given": Screen(_name_traits, _names_sift("given"), _plain_name, _names_asked("given")),
    "middle": Screen(_name_traits, _names_sift("middle"), _plain_name, _names_asked("middle")),
    "mother_maiden": Screen(_name_traits, _names_sift("mother_maiden")),
    "birth_date": Screen(date_traits, date_sift, plain_date, date_asked),
    "ssn": Screen(_number_traits(DIGITS_MAX), _ssn_sift, _plain_ssn),
    "national_id": Screen(_identifier_traits, _national_sift),
    "record_number": Screen(_identifier_traits, _record_sift),
    "phone": Screen(_number_traits(10), _phone_sift),
    "email": Screen(_email_traits, _email_sift),
    "address": Screen(address_traits, address_sift, plain_address, address_asked),
}
