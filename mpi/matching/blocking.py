"""Blocking: the keys two records must share, one at least, to be compared at all.

A pass is a compound of key parts; a record has one key per combination of its values. Keys are 64-bit hashes,
so that the database holds numbers and nothing about a person can be read from them without the record itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

import jellyfish
from nicknames import name_triplets

from mpi.matching.normalization.nicknames import nickname_roots
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet

#: Of one pass a record has at most so many keys: its first (current) values.
_KEYS_PER_PASS_MAX: Final = 6

#: A short form of many names stands for the usual ones: those that have the most short forms.
_ROOTS_MAX: Final = 4
_SHORT_FORMS: Final = Counter(triplet.name1.upper() for triplet in name_triplets())

Part = Callable[[NormalizedRecord], Sequence[str]]


class BlockingKey(NamedTuple):
    """A signed 64-bit hash of the pass name and the values."""

    pass_name: str
    key: int


def blocking_keys(record: NormalizedRecord, rules: RuleSet) -> tuple[BlockingKey, ...]:
    """The record's distinct keys in the order of the passes, at most ``rules.keys_max``."""
    values: dict[str, Sequence[str]] = {}
    keys: dict[BlockingKey, None] = {}
    for pass_name, *parts in ((one.name, *one.key) for one in rules.blocking_passes):
        texts = [pass_name]
        for part in parts:
            found = values.get(part)
            if found is None:
                found = KEY_PARTS[part](record)
                values[part] = found = found if len(found) < 2 else tuple(dict.fromkeys(found))
            if len(found) == 1:
                last = found[0]
                texts = [f"{text}\x1f{last}" for text in texts]
            elif found:
                texts = [f"{text}\x1f{value}" for text in texts for value in found][:_KEYS_PER_PASS_MAX]
            else:
                break
        else:
            for text in texts:
                keys[BlockingKey(pass_name, _hash(text))] = None
    return tuple(keys)[: rules.keys_max]


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


def _families(record: NormalizedRecord) -> list[str]:
    return [word for name in record.names if name.family for word in _family_words(name.family)]


def _givens(record: NormalizedRecord) -> list[str]:
    """First words of the given names."""
    return [name.given.split(" ", 1)[0] for name in record.names if name.given]


@lru_cache(maxsize=1 << 16)
def _roots(given: str) -> tuple[str, ...]:
    others = nickname_roots(given) - {given}
    return (given, *sorted(others, key=lambda root: (-_SHORT_FORMS[root], root))[: _ROOTS_MAX - 1])


def _names_sorted(record: NormalizedRecord) -> list[str]:
    """Given and family name by sound, in alphabetical order: the same when they changed places."""
    pairs = [(name.given, name.family) for name in record.names if name.given and name.family]
    return [
        " ".join(sorted((_phonetic(given.split(" ", 1)[0]), _phonetic(family)))) for given, family in pairs
    ]


def _birth(form: Callable[[int, int, int], str | None]) -> Part:
    def part(record: NormalizedRecord) -> Sequence[str]:
        date = record.birth_date
        return () if date is None or (text := form(*date)) is None else (text,)

    return part


def _streets(record: NormalizedRecord) -> list[str]:
    """House number and the first word of the street."""
    return [" ".join(words[:2]) for a in record.addresses if len(words := a.street.split()) > 1]


#: Part → its values in a record; the words of the vocabulary, defined.
KEY_PARTS: Final[dict[str, Part]] = {
    "ssn": lambda r: [i[2] for i in r.identifiers if i[0] == "SSN" and i[1] != "SSN4"],
    "ssn4": lambda r: [i[2][-4:] for i in r.identifiers if i[0] == "SSN"],
    "identifier": lambda r: [f"{i[0]} {i[2]}" for i in r.identifiers if i[0] != "SSN"],
    "phone": lambda r: r.phones,
    "email": lambda r: r.emails,
    "birth_date": _birth(lambda y, m, d: f"{y:04}{m:02}{d:02}" if y and m and d else None),
    "birth_year": _birth(lambda y, m, d: str(y) if y else None),
    "birth_month_day": _birth(lambda y, m, d: f"{min(m, d):02}{max(m, d):02}" if m and d else None),
    "family": _families,
    "family_phonetic": lambda r: [_phonetic(family) for family in _families(r)],
    "family_prefix": lambda r: [family[:3] for family in _families(r)],
    "given": _givens,
    "given_phonetic": lambda r: [_phonetic(given) for given in _givens(r)],
    "given_root": lambda r: [root for given in _givens(r) for root in _roots(given)],
    "given_initial": lambda r: [given[0] for given in _givens(r)],
    "names_sorted": _names_sorted,
    "initials": lambda r: [
        "".join(sorted((n.given[0], n.family[0]))) for n in r.names if n.given and n.family
    ],
    "middle_initial": lambda r: [name.middle[0] for name in r.names if name.middle],
    "sex": lambda r: (r.sex,) if r.sex else (),
    "zip": lambda r: [a.zip[:5] for a in r.addresses if a.zip],
    "city": lambda r: [a.city for a in r.addresses if a.city],
    "street": _streets,
    "street_number": lambda r: [a.street.split(" ", 1)[0] for a in r.addresses if a.street[:1].isdigit()],
}
