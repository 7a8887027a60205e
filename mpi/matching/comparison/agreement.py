"""The kernel: for many pairs of records at once, the agreement level of each field.

A comparator is a scalar function. A handful of pairs (one record and its candidates) is compared value by
value; many are compared by the codes of their values (``bulk``), with the same comparators.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.bulk import CodedRecords, Found
from mpi.matching.comparison.columns import NAMES, Columns
from mpi.matching.comparison.comparators import comparators_of
from mpi.matching.comparison.names import (
    CALLED_BY_INITIAL,
    MISSING_LEVEL,
    level_positions,
    maiden_as_middle,
    middle_used,
    swapped_names,
)
from mpi.matching.rules import FrequencyTable, RuleSet

#: Up to so many pairs, comparing each costs less than finding the distinct ones.
_DIRECT_MAX: Final = 256

_FAMILY, _GIVEN = level_positions("family"), level_positions("given")

Levels = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]
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
    if len(first) <= _DIRECT_MAX:
        found = _directly(columns, first, second, rules)
        _refine_names(found.levels, columns.columns[NAMES].values_at, found.crossing, (first, second), rules)
    else:
        coded = coded_records(columns, rules)
        found = coded.compare(first, second)
        _refine_names(found.levels, coded.names_at, found.crossing, (first, second), rules)
        _note_initials(found, rules)
        _share_several(found, columns, (first, second), rules)
    _tell_sex_once(found.levels, rules)
    return Agreement(levels=found.levels, frequencies=found.frequencies)


def _share_several(
    found: Found, columns: Columns, sides: tuple[Positions, Positions], rules: RuleSet
) -> None:
    """The shares of people where values of several elements agree."""
    for row, shares in found.frequencies.items():
        asked = np.flatnonzero(np.isnan(shares))
        comparison = rules.comparisons[row]
        column, table = columns.columns[comparison.field], rules.frequencies[comparison.frequency or ""]
        values = (column.values_at(side[asked]) for side in sides)
        shares[asked] = [_agreed_share(a, b, table) for a, b in zip(*values, strict=True)]


def coded_records(columns: Columns, rules: RuleSet) -> CodedRecords:
    """The columns made ready for many pairs; call it before processes part.

    Once for all rule sets with the same fields and frequency tables: levels depend on nothing else, so a
    trained rule set finds what its training compared.
    """
    read = tuple(
        (one.field, one.frequency and rules.frequencies[one.frequency].hash) for one in rules.comparisons
    )
    return columns.derived((CodedRecords, read), lambda: CodedRecords(columns, rules))


def _directly(columns: Columns, left: Positions, right: Positions, rules: RuleSet) -> Found:
    """Few pairs value by value."""
    pairs = list(zip(left.tolist(), right.tolist(), strict=True))
    levels = np.empty((len(rules.comparisons), len(pairs)), dtype=np.int8)
    comparators = comparators_of(rules)
    frequencies = {}
    for row, comparison in enumerate(rules.comparisons):
        level, values = comparators[comparison.field], columns.columns[comparison.field].values
        levels[row] = [
            MISSING_LEVEL if (a := values[i]) is None or (b := values[j]) is None else level(a, b)
            for i, j in pairs
        ]
        if comparison.frequency is not None:
            table = rules.frequencies[comparison.frequency]
            shares = frequencies[row] = np.zeros(len(pairs))
            for pair in np.flatnonzero(levels[row] == 0).tolist():
                i, j = pairs[pair]
                shares[pair] = _agreed_share(values[i], values[j], table)
    return Found(levels, frequencies, np.arange(len(pairs)), {})


def _refine_names(
    levels: Levels,
    names_at: Callable[[Positions], list[Any]],
    crossing: Positions,
    sides: tuple[Positions, Positions],
    rules: RuleSet,
) -> None:
    """What only the whole name tells: names that changed places, a middle name in use, a maiden name."""
    rows = {comparison.field: row for row, comparison in enumerate(rules.comparisons)}
    given, family, middle = (
        levels[rows[field]] if field in rows else np.full(levels.shape[1], MISSING_LEVEL, np.int8)
        for field in ("given", "family", "middle")
    )
    unlike = (given[crossing] == _GIVEN["different"]) | (family[crossing] == _FAMILY["different"])
    pairs = crossing[unlike]
    for pair, a, b in zip(pairs.tolist(), *(names_at(side[pairs]) for side in sides), strict=True):
        if given[pair] == _GIVEN["different"]:
            if family[pair] == _FAMILY["different"] and swapped_names(a, b):
                family[pair], given[pair] = _FAMILY["swapped"], _GIVEN["swapped"]
            elif (called := middle_used(a, b)) is not None:
                given[pair], middle[pair] = called
        if family[pair] == _FAMILY["different"] and maiden_as_middle(a, b):
            family[pair], middle[pair] = _FAMILY["part"], MISSING_LEVEL


def _note_initials(found: Found, rules: RuleSet) -> None:
    """Of the pairs whose given names are still different, those with an initial that may be the other's."""
    rows = {comparison.field: row for row, comparison in enumerate(rules.comparisons)}
    for initials, pairs in found.initials.items():
        called = CALLED_BY_INITIAL[initials]
        if called is not None:
            unlike = pairs[found.levels[rows["given"], pairs] == _GIVEN["different"]]
            found.levels[rows["given"], unlike] = called.given
            found.levels[rows["middle"], unlike] = called.middle


def _tell_sex_once(levels: Levels, rules: RuleSet) -> None:
    """A given name tells the sex nearly always: where it is the same the sex is no further evidence.

    Neither for: among strangers of one given name it is the same too. Nor against: of them, and of one
    person's records, those that differ are mistakes in the one field.
    """
    rows = {comparison.field: row for row, comparison in enumerate(rules.comparisons)}
    if "sex" in rows and "given" in rows:
        levels[rows["sex"]][levels[rows["given"]] == _GIVEN["exact"]] = MISSING_LEVEL


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
