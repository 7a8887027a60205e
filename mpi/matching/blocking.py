"""Blocking: the keys two records must share, one at least, to be compared at all.

A pass is a compound of key parts; a record has one key per combination of its values. Keys are 64-bit hashes,
so that the database holds numbers and nothing about a person can be read from them without the record itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import jellyfish
from nicknames import name_triplets

from mpi.matching.normalization.nicknames import nickname_roots
from mpi.matching.record import Dropped, NormalizedRecord, PartialDate
from mpi.matching.rules import RuleSet

#: Of one pass a record has at most so many keys: its first (current) values.
KEYS_PER_PASS_MAX: Final = 6

#: Parts whose values are one person's or one household's.
_OWN_VALUES: Final = ("ssn", "identifier", "phone", "email")
#: Why a value is not taken as evidence that is on the records of too many.
SHARED_BY_MANY: Final = "shared-by-many"
#: A key of a broad pass is used while no more records than these have it: a rare name finds somebody, the
#: name of a city does not.
BROAD_MAX: Final = 30

#: A short form of many names stands for the usual ones: those that have the most short forms.
_ROOTS_MAX: Final = 4
_SHORT_FORMS: Final = Counter(triplet.name1.upper() for triplet in name_triplets())


class WordsPart(NamedTuple):
    """The texts made of each value that ``reads`` names in ``VALUES``, wherever the value stands."""

    reads: str
    texts: Callable[[Any], Sequence[str]]

    def of(self, record: NormalizedRecord) -> list[str]:
        make = self.texts
        return [text for value in VALUES[self.reads](record) for text in make(value)]


class PiecePart(NamedTuple):
    """Each text that ``reads`` names in ``VALUES``, or a piece of it."""

    reads: str
    piece: slice = slice(None)

    def of(self, record: NormalizedRecord) -> list[str]:
        piece = self.piece
        return [text[piece] for text in VALUES[self.reads](record)]


class FirstWordsPart(NamedTuple):
    """The first ``words`` words of each text that ``reads`` names in ``VALUES``, where it has so many."""

    reads: str
    words: int

    def of(self, record: NormalizedRecord) -> list[str]:
        return [words for text in VALUES[self.reads](record) for words in self.first_words(text)]

    def first_words(self, text: str) -> tuple[str, ...]:
        split = text.split(" ", self.words)
        return (" ".join(split[: self.words]),) if len(split) >= self.words else ()


class IdentifierPart(NamedTuple):
    """Of the identifiers whose authority and type ``prefix`` answers with a text: that, and a piece of the
    value.
    """

    prefix: Callable[[str, str], str | None]
    piece: slice = slice(None)

    def of(self, record: NormalizedRecord) -> list[str]:
        piece = self.piece
        texts = []
        for authority, kind, value in record.identifiers:
            prefix = self.prefix(authority, kind)
            if prefix is not None:
                texts.append(prefix + value[piece])
        return texts


class EitherPart(NamedTuple):
    """The texts of the family name and those of the given name, of each name: one that stands in the other's
    place, or alone, is found too.
    """

    given: Callable[[str], Sequence[str]]
    family: Callable[[str], Sequence[str]]

    def of(self, record: NormalizedRecord) -> list[str]:
        return [text for name in record.names for text in self.of_name(name.given, name.family)]

    def of_name(self, given: str, family: str) -> list[str]:
        return [*(self.family(family) if family else ()), *(self.given(given) if given else ())]


class JointPart(NamedTuple):
    """One text of a given and a family name of one name, in alphabetical order: the same when they changed
    places.
    """

    given: Callable[[str], str]
    family: Callable[[str], str]
    separator: str

    def of(self, record: NormalizedRecord) -> list[str]:
        return [
            self.separator.join(sorted((self.given(name.given), self.family(name.family))))
            for name in record.names
            if name.given and name.family
        ]


KeyPart = WordsPart | PiecePart | FirstWordsPart | IdentifierPart | EitherPart | JointPart


class BlockingKey(NamedTuple):
    """A signed 64-bit hash of the pass name and the values."""

    pass_name: str
    key: int
    #: It counts only while few records have it: ``BROAD_MAX``.
    broad: bool = False


def blocking_keys(record: NormalizedRecord, rules: RuleSet) -> tuple[BlockingKey, ...]:
    """The record's distinct keys in the order of the passes, at most ``rules.keys_max``."""
    values: dict[str, Sequence[str]] = {}
    keys: dict[BlockingKey, None] = {}
    for one in rules.blocking_passes:
        texts = [one.name]
        for part in one.key:
            found = values.get(part)
            if found is None:
                found = KEY_PARTS[part].of(record)
                values[part] = found = found if len(found) < 2 else tuple(dict.fromkeys(found))
            if len(found) == 1:
                last = found[0]
                texts = [f"{text}\x1f{last}" for text in texts]
            elif found:
                texts = [f"{text}\x1f{value}" for text in texts for value in found][:KEYS_PER_PASS_MAX]
            else:
                break
        else:
            for text in texts:
                keys[BlockingKey(one.name, _hash(text), one.broad)] = None
    return tuple(keys)[: rules.keys_max]


def without_values(record: NormalizedRecord, keys: Container[int], rules: RuleSet) -> NormalizedRecord:
    """The record without the telephones, e-mails and numbers whose own keys are among ``keys``: values that
    too many records share to say anything of one. They stand in ``dropped`` as ``shared-by-many``.
    """
    found = {
        (one.key[0], text)
        for one in rules.blocking_passes
        if len(one.key) == 1 and one.key[0] in _OWN_VALUES
        for text in KEY_PARTS[one.key[0]].of(record)
        if _hash(f"{one.name}\x1f{text}") in keys
    }
    if not found:
        return record
    return replace(
        record,
        phones=tuple(phone for phone in record.phones if ("phone", phone) not in found),
        emails=tuple(email for email in record.emails if ("email", email) not in found),
        identifiers=tuple(
            one
            for one in record.identifiers
            if ("ssn", one.value) not in found and ("identifier", f"{one.authority} {one.value}") not in found
        ),
        dropped=(
            *record.dropped,
            *(Dropped(field, SHARED_BY_MANY) for field in sorted(dict(found))),
        ),
    )


def _hash(text: str) -> int:
    """Of the name of the pass and the values."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


@lru_cache(maxsize=1 << 17)
def _phonetic(name: str) -> str:
    """Metaphone of the name without spaces, at most six sounds; the name itself where there are none."""
    joined = name.replace(" ", "")
    return jellyfish.metaphone(joined).replace(" ", "")[:6] or joined


@lru_cache(maxsize=1 << 16)
def _family_words(family: str) -> tuple[str, ...]:
    """The name joined, and each of its words of three letters and more when there are several."""
    words = family.split()
    return (family,) if len(words) == 1 else ("".join(words), *(word for word in words if len(word) > 2))


@lru_cache(maxsize=1 << 16)
def _family_sounds(family: str) -> tuple[str, ...]:
    return tuple(_phonetic(word) for word in _family_words(family))


def _first_word(given: str) -> str:
    return given.split(" ", 1)[0]


@lru_cache(maxsize=1 << 16)
def _roots(given: str) -> tuple[str, ...]:
    """The first given name and what it may be short for."""
    word = _first_word(given)
    others = nickname_roots(word) - {word}
    return (word, *sorted(others, key=lambda root: (-_SHORT_FORMS[root], root))[: _ROOTS_MAX - 1])


@lru_cache(maxsize=1 << 16)
def _root_sounds(given: str) -> tuple[str, ...]:
    """The sounds of the first given name and of what it may be short for."""
    return tuple(dict.fromkeys(_phonetic(root) for root in _roots(given)))


def _user(email: str) -> tuple[str, ...]:
    """What stands before the @: a provider changes, and is misspelt, more often."""
    return (email.rsplit("@", 1)[0],)


def _birth(form: Callable[[int, int, int], str | None]) -> WordsPart:
    def texts(date: PartialDate) -> Sequence[str]:
        return () if (text := form(*date)) is None else (text,)

    return WordsPart("birth_date", texts)


#: What parts read → its values in a record, in their order.
VALUES: Final[dict[str, Callable[[NormalizedRecord], Sequence[Any]]]] = {
    "phone": lambda r: r.phones,
    "email": lambda r: r.emails,
    "birth_date": lambda r: () if r.birth_date is None else (r.birth_date,),
    "family": lambda r: [name.family for name in r.names if name.family],
    "given": lambda r: [name.given for name in r.names if name.given],
    "middle": lambda r: [name.middle for name in r.names if name.middle],
    "sex": lambda r: (r.sex,) if r.sex else (),
    "street": lambda r: [a.street for a in r.addresses if a.street],
    "city": lambda r: [a.city for a in r.addresses if a.city],
    "zip": lambda r: [a.zip for a in r.addresses if a.zip],
}

#: Part → its definition; the words of the vocabulary.
KEY_PARTS: Final[dict[str, KeyPart]] = {
    "ssn": IdentifierPart(lambda authority, kind: "" if authority == "SSN" and kind != "SSN4" else None),
    "ssn4": IdentifierPart(lambda authority, _: "" if authority == "SSN" else None, slice(-4, None)),
    "identifier": IdentifierPart(lambda authority, _: f"{authority} " if authority != "SSN" else None),
    "phone": PiecePart("phone"),
    "email": PiecePart("email"),
    "email_user": WordsPart("email", _user),
    "birth_date": _birth(lambda y, m, d: f"{y:04}{m:02}{d:02}" if y and m and d else None),
    "birth_year": _birth(lambda y, m, d: str(y) if y else None),
    "birth_year_month": _birth(lambda y, m, _: f"{y:04}{m:02}" if y and m else None),
    "birth_month_day": _birth(lambda y, m, d: f"{min(m, d):02}{max(m, d):02}" if m and d else None),
    "family": WordsPart("family", _family_words),
    "family_phonetic": WordsPart("family", _family_sounds),
    "family_prefix": WordsPart("family", lambda family: [word[:3] for word in _family_words(family)]),
    "given": WordsPart("given", lambda given: (_first_word(given),)),
    "given_phonetic": WordsPart("given", lambda given: (_phonetic(_first_word(given)),)),
    "given_root": WordsPart("given", _roots),
    "given_initial": PiecePart("given", slice(1)),
    # One name of either kind, by its sound; of a given name also what it is short for.
    "name": EitherPart(_root_sounds, _family_sounds),
    "names_sorted": JointPart(lambda given: _phonetic(_first_word(given)), _phonetic, " "),
    "initials": JointPart(lambda given: given[0], lambda family: family[0], ""),
    "middle_initial": PiecePart("middle", slice(1)),
    "sex": PiecePart("sex"),
    "zip": PiecePart("zip", slice(5)),
    "city": PiecePart("city"),
    # House number and the first word of the street.
    "street": FirstWordsPart("street", 2),
    "street_number": WordsPart(
        "street", lambda street: (street.split(" ", 1)[0],) if street[:1].isdigit() else ()
    ),
}
