"""Many pairs at once: a record's codes side by side, gathered for some thousand pairs at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.coded import CodedField, Codes, Levels, Positions
from mpi.matching.comparison.columns import NAMES, Columns
from mpi.matching.comparison.comparators import comparators_of
from mpi.matching.comparison.distinct import several_of
from mpi.matching.comparison.screens import SCREENS
from mpi.matching.comparison.traits import UNKNOWN
from mpi.matching.rules import FrequencyTable, RuleSet

Floats = npt.NDArray[np.float64]

#: So many pairs are compared at a time: their codes stay in the processor's cache.
_SLICE: Final = 1 << 15

#: So many int32 make a line of the processor's cache.
_LINE: Final = 16

#: The fields that whole names are made of: their values are numbered in one list.
_NAME_FIELDS: Final = ("family", "given", "middle")


class Found(NamedTuple):
    """What comparing many pairs finds, but for what whole names tell."""

    levels: Levels
    #: NaN where values of several elements agree.
    frequencies: dict[int, Floats]
    #: The pairs in which a part of the one name may be another part of the other's.
    crossing: Positions
    #: How many given names of a pair begin with the letter that is the other's middle name (1, 2) → the pairs
    #: not among ``crossing``.
    initials: dict[int, Positions]


class _Open(NamedTuple):
    """Pairs of a field that its comparator has to see, with their codes."""

    pairs: Positions
    a: Codes
    b: Codes


class CodedRecords:
    """The fields of a rule set, of all records, as codes."""

    def __init__(self, columns: Columns, rules: RuleSet) -> None:
        self._row_of = {comparison.field: row for row, comparison in enumerate(rules.comparisons)}
        self._names = _Names(columns, [field for field in _NAME_FIELDS if field in self._row_of])
        self._whole_names = columns.columns[NAMES]
        name_codes, distinct_names = self._whole_names.codes()
        self._has_several = np.append(several_of(distinct_names), False)[name_codes]
        self._codes = _table(columns.record_count, len(self._row_of))
        self._fields: list[CodedField] = []
        self._shares: dict[int, Floats] = {}
        for field, row in self._row_of.items():
            traits = None
            if field in self._names.codes:
                codes, distinct, traits = self._names.codes[field], self._names.distinct, self._names.traits
            else:
                codes, distinct = columns.columns[field].codes()
            self._codes[:, row] = codes
            self._fields.append(CodedField(field, codes, distinct, comparators_of(rules)[field], traits))
            frequency = rules.comparisons[row].frequency
            if frequency is not None:
                self._shares[row] = _shares(codes, distinct, rules.frequencies[frequency])

    def compare(self, left: Positions, right: Positions) -> Found:
        """Levels, frequencies and crossing names of the pairs."""
        levels = np.empty((len(self._fields), len(left)), dtype=np.int8)
        frequencies = {row: np.empty(len(left)) for row in self._shares}
        still: list[list[_Open]] = [[] for _ in self._fields]
        crossing = [np.empty(0, dtype=np.intp)]
        initials: dict[int, list[Positions]] = {1: crossing[:], 2: crossing[:]}
        for start in range(0, len(left), _SLICE):
            here = slice(start, start + _SLICE)
            a, b = (self._gathered(side[here]) for side in (left, right))
            for row, field in enumerate(self._fields):
                levels[row, here] = reached = field.levels(a[row], b[row])
                if field.is_tabled:
                    continue
                asked = np.flatnonzero(reached == UNKNOWN)
                still[row].append(_Open(asked + start, a[row].take(asked), b[row].take(asked)))
            for row, shares in self._shares.items():
                frequencies[row][here] = _agreed(shares, levels[row, here], a[row], b[row])
            crosses = self._crossing(a, b)
            crossing.append(np.flatnonzero(crosses) + start)
            for count, pairs in self._initials(a, b, ~crosses).items():
                initials[count].append(pairs + start)
        called = {count: np.concatenate(pairs) for count, pairs in initials.items()}
        found = Found(levels, frequencies, np.concatenate(crossing), called)
        for row, asked_for in enumerate(still):
            if asked_for:
                self._settle(found, row, asked_for)
        return found

    def _gathered(self, positions: Positions) -> Codes:
        """The codes of some records, shape (fields, records)."""
        rows = self._codes.take(positions, axis=0)
        return np.ascontiguousarray(rows[:, : len(self._fields)].T)

    def _settle(self, found: Found, row: int, asked_for: list[_Open]) -> None:
        """The levels of the pairs that are left to the comparator."""
        pairs, a, b = (np.concatenate(parts) for parts in zip(*asked_for, strict=True))
        found.levels[row, pairs] = reached = self._fields[row].compared(a, b)
        if row in self._shares:
            found.frequencies[row][pairs] = _agreed(self._shares[row], reached, a, b)

    def _crossing(self, a: Codes, b: Codes) -> npt.NDArray[np.bool_]:
        """Whether a part of the one name is another part of the other's, or one has several names."""
        rows = [self._row_of.get(field) for field in _NAME_FIELDS]
        if None in rows:
            return np.ones(a.shape[1], dtype=np.bool_)
        family_a, given_a, middle_a = (a[row] for row in rows)
        family_b, given_b, middle_b = (b[row] for row in rows)
        swapped = (given_a == family_b) & (family_a == given_b)
        crossing = (swapped | (given_a == middle_b)) & (given_a >= 0)
        crossing |= ((middle_a == family_b) | (middle_a == given_b)) & (middle_a >= 0)
        crossing |= (family_a == middle_b) & (family_a >= 0)
        for parts in (family_a, given_a, middle_a, family_b, given_b, middle_b):
            crossing |= parts >= self._names.single_count
        return np.asarray(crossing, dtype=np.bool_)

    def names_at(self, positions: Positions) -> list[Any]:
        """The names of some records, without suffixes, made of the texts of their parts."""
        if not all(field in self._row_of for field in _NAME_FIELDS):
            return self._whole_names.values_at(positions)
        rows = np.array([self._row_of[field] for field in ("given", "middle", "family")])
        texts = self._names.texts
        parts = self._codes[positions][:, rows].tolist()
        names: list[Any] = [((texts[g], texts[m], texts[f]),) for g, m, f in parts]
        several = np.flatnonzero(self._has_several[positions])
        for place, whole in zip(
            several.tolist(), self._whole_names.values_at(positions[several]), strict=True
        ):
            names[place] = whole
        return names

    def _initials(self, a: Codes, b: Codes, wanted: npt.NDArray[np.bool_]) -> dict[int, Positions]:
        """The wanted pairs by how many given names begin with the other's middle initial."""
        if not wanted.any():
            return {}
        given, middle = self._row_of["given"], self._row_of["middle"]
        first, letter = self._names.initials()
        one = first.take(a[given]) == letter.take(b[middle])
        other = first.take(b[given]) == letter.take(a[middle])
        pairs = np.flatnonzero((one | other) & wanted)
        both = one.take(pairs) & other.take(pairs)
        return {1: pairs[~both], 2: pairs[both]}


class _Names:
    """The values of the name fields in one list: those of one name first, then those of several."""

    def __init__(self, columns: Columns, fields: Sequence[str]) -> None:
        coded = {field: columns.columns[field].codes() for field in fields}
        listed = {field: list(distinct) for field, (_, distinct) in coded.items()}
        numbers: dict[Any, int] = {}
        for values in listed.values():
            for value in values:
                if len(value) == 1:
                    numbers.setdefault(value, len(numbers))
        self.single_count = len(numbers)
        #: Per field the number of each record's value; −1 = missing.
        self.codes: dict[str, Codes] = {}
        for field, values in listed.items():
            numbered = [numbers.setdefault(value, len(numbers)) for value in values]
            self.codes[field] = np.array([*numbered, -1], dtype=np.int32)[coded[field][0]]
        self.distinct: Sequence[Any] = list(numbers)
        #: The text of each number; the last, which −1 reads, is empty.
        self.texts = [*(value[0] for value in self.distinct), ""]
        self._traits: Any = None
        self._initials: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]] | None = None

    def initials(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Per number the letter that its name begins with, and the letter that is all of it; made once.

        Where there is none, and for values of several names, two numbers that never are equal.
        """
        if self._initials is None:
            singles = [value[0] for value in self.distinct[: self.single_count]]
            first = np.zeros(len(self.distinct) + 1, dtype=np.uint8)
            letter = np.full(len(self.distinct) + 1, 255, dtype=np.uint8)
            first[: len(singles)] = [min(ord(name[0]), 254) for name in singles]
            letter[: len(singles)] = [min(ord(name), 254) if len(name) == 1 else 255 for name in singles]
            self._initials = first, letter
        return self._initials

    def traits(self) -> Any:
        """What the screens of names look at, made once."""
        if self._traits is None:
            self._traits = SCREENS["given"].traits(self.distinct)
        return self._traits


def _table(row_count: int, column_count: int) -> Codes:
    """An int32 table of which each row begins a line of the processor's cache, that it need not read two."""
    width = -(-column_count // _LINE) * _LINE
    memory = np.full(row_count * width + _LINE, -1, dtype=np.int32)
    first = -memory.ctypes.data // memory.itemsize % _LINE
    return memory[first : first + row_count * width].reshape(row_count, width)


def _shares(codes: Codes, distinct: Sequence[Any], table: FrequencyTable) -> Floats:
    """Of each value that a record has its share of people; NaN for several, of which the shared one must be
    found.
    """
    used = np.zeros(len(distinct), dtype=bool)
    used[codes[codes >= 0]] = True
    shares = np.full(len(distinct) + 1, np.nan)
    for code in np.flatnonzero(used).tolist():
        if len(distinct[code]) == 1:
            shares[code] = table.frequency(distinct[code][0])
    return shares


def _agreed(shares: Floats, levels: Levels, a: Codes, b: Codes) -> Floats:
    """The share of the value that the pairs agree on exactly: of two writings of it the more common one's."""
    exact = levels == 0
    agreed: Floats = np.where(exact, shares.take(a), 0.0)
    written = np.flatnonzero(exact & (a != b))
    agreed[written] = np.maximum(agreed[written], shares.take(b[written]))
    return agreed
