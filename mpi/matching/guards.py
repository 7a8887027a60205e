"""Guards: what holds a pair back whatever it weighs, each with its reason.

A guard is a condition on agreement levels, declared in the rule set. Every condition has a bit; a pair's
levels give the conditions it meets as one integer, and that decides which guards fire.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from mpi.matching.patterns import Codes, patterns
from mpi.matching.rules import RuleSet
from mpi.matching.rules.vocabulary import FIELD_LEVELS, MISSING

Conditions = npt.NDArray[np.int64]


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Compiled:
    """``groups``: per group of comparisons the conditions that a pattern meets."""

    groups: list[Conditions]
    masks: tuple[_Mask, ...]


@lru_cache(maxsize=16)
def _compiled(rules: RuleSet) -> _Compiled:
    rows = {comparison.field: row for row, comparison in enumerate(rules.comparisons)}
    bits = [np.zeros(1 + len(comparison.levels), dtype=np.int64) for comparison in rules.comparisons]
    places: dict[tuple[str, frozenset[str]], int] = {}
    masks = []
    for guard in rules.guards:
        mask = {"all": 0, "any": 0, "unless": 0}
        for clause, field, levels in guard.conditions():
            bit = 1 << places.setdefault((field, levels), len(places))
            mask[clause] |= bit
            for level in levels:
                bits[rows[field]][0 if level == MISSING else 1 + FIELD_LEVELS[field].index(level)] |= bit
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


@lru_cache(maxsize=65536)
def fired(met: int, rules: RuleSet) -> tuple[GuardHit, ...]:
    """The guards that fire on a pair that meets these conditions, in the order of the rule set."""
    return tuple(
        mask.hit
        for mask in _compiled(rules).masks
        if met & mask.all == mask.all and (not mask.any or met & mask.any) and not met & mask.unless
    )
