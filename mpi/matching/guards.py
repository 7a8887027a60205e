"""Guards: what holds a pair back whatever it weighs, each with its reason.

A guard is a condition on agreement levels, declared in the rule set. Every condition has a bit; a pair's
levels give the conditions it meets as one integer, and that decides which guards fire.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from mpi.matching.patterns import Codes, patterns
from mpi.matching.rules import RuleSet
from mpi.matching.rules.vocabulary import FIELD_LEVELS, MISSING
from mpi.matching.sorting import IntegerMemory, distinct_integers

Conditions = npt.NDArray[np.int64]

#: So many combinations of conditions are remembered, as a power of two.
_MEMORY_BITS: Final = 14
#: The guards of so few pairs are looked up one by one.
_FEW: Final = 64


class GuardHit(NamedTuple):
    """A guard that fired; the reason speaks of fields, never of values."""

    guard: str
    effect: Literal["review", "no_link"]
    reason: str


class _Mask(NamedTuple):
    hit: GuardHit
    all: int
    any: int
    unless: int


@dataclass(slots=True, kw_only=True, eq=False)
class _Compiled:
    """``groups``: per group of comparisons the conditions that a pattern meets."""

    groups: list[Conditions]
    masks: tuple[_Mask, ...]
    #: The sets of guards that were seen to fire, and conditions met → the number of their set. Threads share
    #: both: the list only grows, the memory is replaced as a whole.
    sets: list[tuple[GuardHit, ...]] = field(default_factory=list)
    set_of: IntegerMemory = field(default_factory=lambda: IntegerMemory(_MEMORY_BITS, np.int16, -1))

    def number(self, hits: tuple[GuardHit, ...]) -> int:
        if hits not in self.sets:
            self.sets.append(hits)
        return self.sets.index(hits)


@lru_cache(maxsize=16)
def _compiled(rules: RuleSet) -> _Compiled:
    rows = {comparison.field: row for row, comparison in enumerate(rules.comparisons)}
    bits = [np.zeros(1 + len(comparison.levels), dtype=np.int64) for comparison in rules.comparisons]
    places: dict[tuple[str, frozenset[str]], int] = {}
    masks = []
    for guard in rules.guards:
        mask = {"all": 0, "any": 0, "unless": 0}
        for clause, name, levels in guard.conditions():
            bit = 1 << places.setdefault((name, levels), len(places))
            mask[clause] |= bit
            for level in levels:
                bits[rows[name]][0 if level == MISSING else 1 + FIELD_LEVELS[name].index(level)] |= bit
        hit = GuardHit(guard=guard.name, effect=guard.effect, reason=guard.reason)
        masks.append(_Mask(hit, mask["all"], mask["any"], mask["unless"]))
    return _Compiled(groups=patterns(rules).tables(bits, np.bitwise_or), masks=tuple(masks))


def conditions(codes: Codes, rules: RuleSet) -> Conditions:
    """Per pair the conditions that its patterns (``Score.codes``) meet, as bits."""
    groups = _compiled(rules).groups
    met: Conditions = groups[0].take(codes[0])
    for group, code in zip(groups[1:], codes[1:], strict=True):
        met |= group.take(code)
    return met


class FiredSets(NamedTuple):
    """The sets of guards that fire on pairs; the first set is empty."""

    #: int16 [pairs]: the position of each pair's set in ``sets``.
    set_of: npt.NDArray[np.int16]
    sets: tuple[tuple[GuardHit, ...], ...]


def fired_sets(met: Conditions, rules: RuleSet) -> FiredSets:
    """The guards that fire on many pairs, by the conditions that they meet."""
    if len(met) <= _FEW:
        each = [fired(one, rules) for one in met.tolist()]
        few: list[tuple[GuardHit, ...]] = sorted({(), *each}) if any(each) else [()]
        return FiredSets(np.array([few.index(one) for one in each], dtype=np.int16), tuple(few))
    compiled = _compiled(rules)
    set_of = compiled.set_of.values(met)
    unknown = np.flatnonzero(set_of < 0)
    if len(unknown):
        asked, place_of = distinct_integers(met.take(unknown))
        found = np.array([compiled.number(fired(one, rules)) for one in asked.tolist()], dtype=np.int16)
        memory = compiled.set_of.copy()
        memory.keep(asked, found)
        compiled.set_of = memory
        set_of[unknown] = found[place_of]
    # Numbers depend on what was asked before: those of one answer are given anew, in the order of the guards.
    numbers = np.flatnonzero(np.bincount(set_of, minlength=1))
    sets = [compiled.sets[number] for number in numbers.tolist()]
    ordered = sorted({(), *sets})
    places = np.zeros(len(compiled.sets), dtype=np.int16)
    places[numbers] = [ordered.index(one) for one in sets]
    return FiredSets(places.take(set_of), tuple(ordered))


@lru_cache(maxsize=65536)
def fired(met: int, rules: RuleSet) -> tuple[GuardHit, ...]:
    """The guards that fire on a pair that meets these conditions, in the order of the rule set."""
    return tuple(
        mask.hit
        for mask in _compiled(rules).masks
        if met & mask.all == mask.all and (not mask.any or met & mask.any) and not met & mask.unless
    )
