"""The committed tables as arrays: words by number, and what is drawn by frequency."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pyarrow as pa

from mpi.batch.synthetic.draws import Bools, Draws, Ints, cumulative
from mpi.batch.synthetic.text import Bytes, Text

DECADES = tuple(range(1920, 2020, 10))
SEXES = ("M", "F")
#: The weight, in children, of a nickname that is nobody's given name.
RARE_NICKNAME = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Several weighted lists in one: group g's members are ``members[starts[g]:starts[g + 1]]``."""

    members: Ints
    starts: Ints
    #: Running total of the weights over all groups.
    running: Ints

    def pick(self, draws: Draws, group: Ints) -> Ints:
        """A member of each group named, as likely as its weight; -1 for an empty group."""
        before = np.concatenate(([0], self.running))
        low, high = before[self.starts[group]], before[self.starts[group + 1]]
        place = np.searchsorted(self.running, low + draws.below(len(group), high - low), side="right")
        return np.where(high > low, self.members[np.minimum(place, len(self.members) - 1)], -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Names. A word is known by its place in ``text``: given names, then family names."""

    text: Text
    #: The same words as an e-mail address has them: lower-case letters only.
    plain: Text
    #: The first byte of each word, upper case.
    initials: Bytes
    family_start: int
    family_weights: Ints
    #: True for surnames of Spanish origin.
    hispanic: Bools
    #: Group = place of the decade * 2 + sex (0 male, 1 female); the next three: group = sex, 0, sex.
    given: Groups
    hispanic_given: Groups
    hispanic_families: Groups
    middle: Groups
    #: Group = the word whose nicknames they are.
    nicknames: Groups
    #: The same word with its accents, or without its apostrophe; itself when it has none.
    accented: Ints
    unpunctuated: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """ZIP codes with what belongs to each."""

    zips: Text
    cities: Text
    states: Text
    weights: Ints
    #: Group = the place.
    area_codes: Groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Streets:
    """Street names and kinds; ``kinds`` holds all of them in full, then all in short."""

    names: Text
    name_weights: Ints
    kinds: Text
    kind_weights: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Everything that people and their addresses are made of."""

    words: Words
    places: Places
    streets: Streets
    #: Years of birth and a running total of the people alive of each.
    birth_years: Ints
    birth_year_weights: Ints


@cache
def vocabulary() -> Vocabulary:
    """The tables, read once."""
    years = rows("birth_years.csv.gz")
    return Vocabulary(
        words=read_words(),
        places=read_places(),
        streets=read_streets(),
        birth_years=np.array([int(row["year"]) for row in years], dtype=np.int64),
        birth_year_weights=cumulative([int(row["people"]) for row in years]),
    )


def read_words() -> Words:
    """Names of every kind, numbered."""
    words = WordList()
    given = given_groups(words)
    common = np.bincount(given.members, np.diff(given.running, prepend=0), minlength=len(words)).astype(int)
    nicknames: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in rows("nicknames.csv.gz"):
        name, nickname = words.add(row["name"]), words.add(row["nickname"])
        # A nickname that parents also christen with is a common one; the list has no counts of its own.
        weight = RARE_NICKNAME + (int(common[nickname]) if nickname < len(common) else 0)
        nicknames[name].append((nickname, weight))
    middle = rows("middle_names.csv")
    middle_lists = [
        [(words.add(r["name"]), int(r["weight"])) for r in middle if r["sex"] == sex] for sex in SEXES
    ]
    hispanic = rows("hispanic.csv")
    people = [[words.add(r["name"]) for r in hispanic if r["kind"] == sex] for sex in SEXES]
    accents = accented_pairs(words, [r for r in hispanic if r["kind"] in SEXES])
    family_start = len(words)
    surnames = rows("surnames.csv.gz")
    families = WordList(family_start)
    for row in surnames:
        families.add(row["name"])
    spanish = [families.add(r["name"]) for r in hispanic if r["kind"] == "family"]
    accents += accented_pairs(families, [r for r in hispanic if r["kind"] == "family"])
    apostrophes = [r["name"] for r in surnames if "'" in r["name"]]
    unpunctuated = [(families.add(name), families.add(name.replace("'", ""))) for name in apostrophes]
    every = words.list + families.list
    return Words(
        text=pa.array(every),
        plain=pa.array(["".join(c for c in word.lower() if "a" <= c <= "z") for word in every]),
        initials=np.array([ord(word[0]) if word.isascii() else 0 for word in every], dtype=np.uint8),
        family_start=family_start,
        family_weights=cumulative([int(r["count"]) for r in surnames]),
        hispanic=np.isin(np.arange(len(every)), spanish),
        given=given,
        hispanic_given=groups([by_rank(names, 100) for names in people]),
        hispanic_families=groups([by_rank(spanish, 1000)]),
        middle=groups(middle_lists),
        nicknames=groups([nicknames.get(word, []) for word in range(len(every))]),
        accented=redirected(len(every), accents),
        unpunctuated=redirected(len(every), unpunctuated),
    )


class WordList:
    """Distinct words in the order of arrival, each with its number."""

    def __init__(self, start: int = 0) -> None:
        self.list: list[str] = []
        self._start = start
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.list)

    def add(self, word: str) -> int:
        """The number of ``word``, a new one at its first arrival."""
        number = self._numbers.setdefault(word, self._start + len(self.list))
        if number == self._start + len(self.list):
            self.list.append(word)
        return number


def rows(table: str) -> list[dict[str, str]]:
    """One table of the folder ``tables``, a dict per row."""
    content = (files("mpi.batch.synthetic") / "tables" / table).read_bytes()
    text = (gzip.decompress(content) if table.endswith(".gz") else content).decode("utf-8")
    return list(csv.DictReader(text.splitlines()))


def groups(lists: list[list[tuple[int, int]]]) -> Groups:
    """Lists of (member, weight) laid end to end."""
    flat = [pair for pairs in lists for pair in pairs]
    return Groups(
        members=np.array([member for member, _ in flat], dtype=np.int64),
        starts=np.concatenate(([0], cumulative([len(pairs) for pairs in lists]))),
        running=cumulative([weight for _, weight in flat]),
    )


def redirected(count: int, pairs: list[tuple[int, int]]) -> Ints:
    """Each number to itself, but the first of every pair to the second."""
    out = np.arange(count, dtype=np.int64)
    for number, other in pairs:
        out[number] = other
    return out


def given_groups(words: WordList) -> Groups:
    """Given names by decade and sex, weighted by the children so named."""
    table = rows("given_names.csv.gz")
    numbers = [words.add(row["name"]) for row in table]
    lists: list[list[tuple[int, int]]] = []
    for decade in DECADES:
        for sex in SEXES:
            lists.append([
                (number, int(row[str(decade)]))
                for number, row in zip(numbers, table, strict=True)
                if row["sex"] == sex and row[str(decade)]
            ])  # fmt: skip
    return groups(lists)


def accented_pairs(words: WordList, table: list[dict[str, str]]) -> list[tuple[int, int]]:
    """Each plain word with its accented form, both numbered."""
    return [(words.add(row["name"]), words.add(row["accented"])) for row in table if row["accented"]]


def by_rank(members: list[int], weight: int) -> list[tuple[int, int]]:
    """Members in falling frequency, as names usually are: about one over the rank."""
    return [(member, weight // (rank + 3)) for rank, member in enumerate(members)]


def read_places() -> Places:
    """ZIP codes, their cities, states and area codes."""
    table = rows("places.csv.gz")
    return Places(
        zips=pa.array([row["zip"] for row in table]),
        cities=pa.array([row["city"] for row in table]),
        states=pa.array([row["state"] for row in table]),
        weights=cumulative([int(row["weight"]) for row in table]),
        area_codes=groups([[(int(c), 1) for c in row["area_codes"].split(";") if c] for row in table]),
    )


def read_streets() -> Streets:
    """Street names and the kinds of street."""
    names, kinds = rows("streets.csv"), rows("street_kinds.csv")
    return Streets(
        names=pa.array([row["name"] for row in names]),
        name_weights=cumulative([int(row["weight"]) for row in names]),
        kinds=pa.array([row["full"] for row in kinds] + [row["short"] for row in kinds]),
        kind_weights=cumulative([int(row["weight"]) for row in kinds]),
    )
