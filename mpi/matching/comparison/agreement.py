"""The kernel: for many pairs of records at once, the agreement level of each field.

A comparator is a scalar function. A handful of pairs (one record and its candidates) is compared value by
value; many are reduced to distinct pairs of codes first (``coded``), with the same comparators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.coded import levels_of
from mpi.matching.comparison.columns import NAMES, Column, Columns
from mpi.matching.comparison.comparators import COMPARATORS
from mpi.matching.comparison.names import (
    MISSING_LEVEL,
    Names,
    level_positions,
    maiden_as_middle,
    middle_used,
    swapped_names,
    two_names,
)
from mpi.matching.rules import FrequencyTable, RuleSet

#: Up to so many pairs, comparing each costs less than finding the distinct ones.
_DIRECT_MAX: Final = 256

#: A name that so many people are given stands for itself, whatever it is short for.
_USUAL_SHARE: Final = 0.0002

_FAMILY, _GIVEN = level_positions("family"), level_positions("given")

Levels = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]
Positions = npt.NDArray[np.intp]
PositionList = Sequence[int] | npt.NDArray[np.signedinteger]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Level per comparison and pair, shape (comparisons, pairs); −1 where either side has no value."""

    levels: Levels
    #: Position of a comparison → per pair the share of people who have the value agreed on; 0 where not
    #: exact.
    frequencies: dict[int, Floats]

    @property
    def pair_count(self) -> int:
        return int(self.levels.shape[1])


def compare(columns: Columns, left: PositionList, right: PositionList, rules: RuleSet) -> Agreement:
    """Compare the records at positions ``left`` with those at ``right``, pair by pair (equally long)."""
    first, second = np.asarray(left, np.intp), np.asarray(right, np.intp)
    levels = np.empty((len(rules.comparisons), len(first)), dtype=np.int8)
    if len(first) <= _DIRECT_MAX:
        pairs = list(zip(first.tolist(), second.tolist(), strict=True))
        for row, comparison in enumerate(rules.comparisons):
            levels[row] = _directly(comparison.field, columns.columns[comparison.field].values, pairs)
    else:
        for row, comparison in enumerate(rules.comparisons):
            levels[row] = levels_of(comparison.field, columns.columns[comparison.field], first, second)
    _refine_names(levels, columns, first, second, rules)
    frequencies = {}
    for row, comparison in enumerate(rules.comparisons):
        if comparison.frequency is not None:
            column, table = columns.columns[comparison.field], rules.frequencies[comparison.frequency]
            frequencies[row] = _frequencies(column, first, second, levels[row] == 0, table)
    return Agreement(levels=levels, frequencies=frequencies)


def _directly(field: str, values: list[Any], pairs: list[tuple[int, int]]) -> list[int]:
    level = COMPARATORS[field]
    return [
        MISSING_LEVEL if (a := values[i]) is None or (b := values[j]) is None else level(a, b)
        for i, j in pairs
    ]


def _refine_names(
    levels: Levels, columns: Columns, left: Positions, right: Positions, rules: RuleSet
) -> None:
    """What only the whole name tells: names that changed places, a middle name in use, two names that are
    alike.
    """
    rows = {comparison.field: row for row, comparison in enumerate(rules.comparisons)}
    given = levels[rows["given"]] if "given" in rows else np.full(len(left), MISSING_LEVEL, np.int8)
    family = levels[rows["family"]] if "family" in rows else np.full(len(left), MISSING_LEVEL, np.int8)
    middle = levels[rows["middle"]] if "middle" in rows else np.full(len(left), MISSING_LEVEL, np.int8)
    column = columns.columns[NAMES]
    names = column.values
    unlike = np.flatnonzero((given == _GIVEN["different"]) | (family == _FAMILY["different"]))
    for pair in _crossing(column, unlike, left, right).tolist():
        a, b = names[left[pair]], names[right[pair]]
        if given[pair] == _GIVEN["different"]:
            if family[pair] == _FAMILY["different"] and swapped_names(a, b):
                family[pair], given[pair] = _FAMILY["swapped"], _GIVEN["swapped"]
            elif (remaining := middle_used(a, b)) is not None:
                given[pair], middle[pair] = _GIVEN["middle_used"], remaining
        if family[pair] == _FAMILY["different"] and maiden_as_middle(a, b):
            family[pair], middle[pair] = _FAMILY["part"], MISSING_LEVEL
    frequency = rules.comparisons[rows["given"]].frequency if "given" in rows else None
    if frequency is not None:
        shares = rules.frequencies[frequency].values
        for pair in np.flatnonzero((given == _GIVEN["similar"]) | (given == _GIVEN["phonetic"])).tolist():
            if two_names(names[left[pair]], names[right[pair]], shares):
                given[pair] = _GIVEN["alike"]
        for pair in np.flatnonzero(given == _GIVEN["nickname"]).tolist():
            if two_names(names[left[pair]], names[right[pair]], shares, _USUAL_SHARE):
                given[pair] = _GIVEN["related"]


def _crossing(column: Column, pairs: Positions, left: Positions, right: Positions) -> Positions:
    """Of these pairs the ones in which a part of the one name may be another part of the other's."""
    if len(pairs) <= _DIRECT_MAX:
        return pairs
    given, middle, family, several = column.derived("parts", lambda: _parts(column.values))
    a, b = left[pairs], right[pairs]
    crossing = (given[a] == family[b]) | (given[a] == middle[b]) | (middle[a] == given[b])
    crossing |= (family[a] == middle[b]) | (middle[a] == family[b]) | several[a] | several[b]
    found: Positions = pairs[crossing]
    return found


def _parts(names: list[Names | None]) -> tuple[Codes, Codes, Codes, npt.NDArray[np.bool_]]:
    """Given, middle and family of each first name as numbers of one list, nothing as numbers that never
    agree.
    """
    numbers: dict[str, int] = {}
    parts = np.empty((3, len(names)), dtype=np.int32)
    for part in range(3):
        texts = [value[0][part] if value else "" for value in names]
        parts[part] = [numbers.setdefault(text, len(numbers)) if text else -1 - part for text in texts]
    several = np.array([value is not None and len(value) > 1 for value in names], dtype=bool)
    return parts[0], parts[1], parts[2], several


def _frequencies(
    column: Column, left: Positions, right: Positions, exact: npt.NDArray[np.bool_], table: FrequencyTable
) -> Floats:
    """How common the value is that the exactly agreeing pairs share."""
    result = np.zeros(len(exact), dtype=np.float64)
    pairs = np.flatnonzero(exact)
    values = column.values
    if len(pairs) > _DIRECT_MAX:
        shares = column.derived(f"shares {table.hash}", lambda: _shares(column, table))
        codes = column.codes()[0]
        a, b = shares[codes[left[pairs]]], shares[codes[right[pairs]]]
        result[pairs] = np.where((a > 0) & (b > 0), np.maximum(a, b), 0)
        pairs = pairs[result[pairs] == 0]
    for pair in pairs.tolist():
        result[pair] = _agreed_share(values[left[pair]], values[right[pair]], table)
    return result


def _agreed_share(a: tuple[str, ...], b: tuple[str, ...], table: FrequencyTable) -> float:
    """Of several values in common the rarest counts; of one value written in two ways the more common
    writing.
    """
    if a == b and len(a) == 1:
        return table.frequency(a[0])
    shared = set(a).intersection(b)
    if shared:
        return min(map(table.frequency, shared))
    return max(min(map(table.frequency, a)), min(map(table.frequency, b)))


def _shares(column: Column, table: FrequencyTable) -> Floats:
    """Of each distinct value its share of people; 0 for several values, of which the shared one must be
    found.
    """
    distinct = column.codes()[1]
    return np.array([table.frequency(value[0]) if len(value) == 1 else 0.0 for value in distinct], np.float64)
