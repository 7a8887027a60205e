"""The kernel: for many pairs of records at once, the agreement level of each field.

A comparator is a scalar function, called once per distinct pair of values: a handful of pairs (one record and
its candidates) is compared value by value, millions are first reduced to their distinct pairs of codes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.columns import Column, Columns
from mpi.matching.comparison.comparators import (
    COMPARATORS,
    MISSING_LEVEL,
    maiden_as_middle,
    middle_used,
    swapped_names,
    two_names,
)
from mpi.matching.rules import FrequencyTable, RuleSet
from mpi.matching.rules.vocabulary import FIELD_LEVELS

#: From this many pairs on, reducing them to distinct pairs of values costs less than it saves.
_DIRECT_MAX: Final = 512

_FAMILY = {name: level for level, name in enumerate(FIELD_LEVELS["family"])}
_GIVEN = {name: level for level, name in enumerate(FIELD_LEVELS["given"])}

Levels = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]


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


def compare(
    columns: Columns,
    left: Sequence[int] | npt.NDArray[np.signedinteger],
    right: Sequence[int] | npt.NDArray[np.signedinteger],
    rules: RuleSet,
) -> Agreement:
    """Compare the records at positions ``left`` with those at ``right``, pair by pair (equally long)."""
    direct = len(left) <= _DIRECT_MAX
    pairs = (list(left), list(right)) if direct else (np.asarray(left, np.intp), np.asarray(right, np.intp))
    apply: Callable[..., Any] = _directly if direct else _by_distinct_pair
    rows = [
        apply(columns.columns[c.field], *pairs, COMPARATORS[c.field], MISSING_LEVEL)
        for c in rules.comparisons
    ]
    levels = np.array(rows, dtype=np.int8).reshape(len(rows), len(left))
    _refine_names(levels, columns, pairs, rules)
    frequencies = {}
    for position, comparison in enumerate(rules.comparisons):
        if comparison.frequency is not None:
            exact = levels[position] == 0
            table = rules.frequencies[comparison.frequency]
            frequencies[position] = _frequencies(columns.columns[comparison.field], pairs, exact, table)
    return Agreement(levels=levels, frequencies=frequencies)


def _directly(
    column: Column, left: list[int], right: list[int], level: Callable[[Any, Any], Any], missing: Any
) -> list[Any]:
    values = column.values
    return [
        missing if (a := values[i]) is None or (b := values[j]) is None else level(a, b)
        for i, j in zip(left, right, strict=True)
    ]


def _by_distinct_pair(
    column: Column, left: Positions, right: Positions, level: Callable[[Any, Any], Any], missing: Any
) -> npt.NDArray[Any]:
    """The same through each distinct pair of codes once; sort and difference, not ``np.unique`` (100 ×
    slower).
    """
    codes, distinct = column.codes()
    a, b = codes[left], codes[right]
    present = (a >= 0) & (b >= 0)
    keys = a[present].astype(np.int64) * len(distinct) + b[present]
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.empty(len(ordered), dtype=bool)
    first[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    pairs = zip(*(part.tolist() for part in np.divmod(ordered[first], max(len(distinct), 1))), strict=True)
    found = np.array([level(distinct[i], distinct[j]) for i, j in pairs], dtype=np.array(missing).dtype)
    reached = np.empty(len(ordered), dtype=found.dtype)
    if len(ordered):
        reached[order] = found[np.cumsum(first) - 1]
    result = np.full(len(a), missing, dtype=found.dtype)
    result[present] = reached
    return result


def _refine_names(levels: Levels, columns: Columns, pairs: tuple[Any, Any], rules: RuleSet) -> None:
    """What only the whole name tells: names that changed places, a middle name in use, two names that are
    alike.
    """
    rows = {comparison.field: row for row, comparison in enumerate(rules.comparisons)}
    if "given" not in rows:
        return
    given, names = levels[rows["given"]], columns.columns["names"].values
    family = levels[rows["family"]] if "family" in rows else np.full_like(given, MISSING_LEVEL)
    for pair in np.flatnonzero(given == _GIVEN["different"]).tolist():
        a, b = names[pairs[0][pair]], names[pairs[1][pair]]
        if family[pair] == _FAMILY["different"] and swapped_names(a, b):
            family[pair], given[pair] = _FAMILY["swapped"], _GIVEN["swapped"]
        elif (middle := middle_used(a, b)) is not None:
            given[pair] = _GIVEN["middle_used"]
            if "middle" in rows:
                levels[rows["middle"], pair] = middle
    for pair in np.flatnonzero(family == _FAMILY["different"]).tolist():
        if maiden_as_middle(names[pairs[0][pair]], names[pairs[1][pair]]):
            family[pair] = _FAMILY["part"]
            if "middle" in rows:
                levels[rows["middle"], pair] = MISSING_LEVEL
    frequency = rules.comparisons[rows["given"]].frequency
    if frequency is not None:
        known = rules.frequencies[frequency].values
        for pair in np.flatnonzero((given == _GIVEN["similar"]) | (given == _GIVEN["phonetic"])).tolist():
            if two_names(names[pairs[0][pair]], names[pairs[1][pair]], known):
                given[pair] = _GIVEN["alike"]


def _frequencies(
    column: Column, pairs: tuple[Any, Any], exact: npt.NDArray[np.bool_], table: FrequencyTable
) -> Floats:
    """How common the value is that the exactly agreeing pairs share; of several shared ones the rarest
    counts.
    """
    result = np.zeros(len(exact), dtype=np.float64)
    values, shares = column.values, table.frequency
    for pair in np.flatnonzero(exact).tolist():
        a, b = values[pairs[0][pair]], values[pairs[1][pair]]
        result[pair] = shares(a[0]) if len(a) == 1 else min(map(shares, set(a).intersection(b) or a))
    return result
