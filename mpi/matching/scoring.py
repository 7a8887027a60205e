"""Fellegi–Sunter match weights with agreement levels, value frequencies and families.

Two records are of one person (M) or of two. Two people are strangers or related in one of the rule set's ways
(household, twins, namesakes), each a way to agree on much without being one. Fields are taken as independent
within each of these, so that a pair's total weight is

    prior_weight + log2 P(levels | M) / P(levels | U),
    P(levels | U) = (1 − Σ ε) · Π u(level) + Σ over relations of ε · Π u_relation(level).

It is presented as a sum: the prior, one weight log2(m/u) per field as between strangers, and one
``household`` part that takes back what agreement on family name, address, phone or birth date is worth
between people of one family. Slips of one person's two records may come together (one of them was taken down
badly) or one at a time; where a rule set knows it, a ``differing`` part says what the number of fields that
differ is worth beside each field. The model is Fellegi and Sunter's (1969), frequencies after Winkler (2000),
the mixture is ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison import Agreement
from mpi.matching.patterns import Codes, patterns
from mpi.matching.rules import Comparison, RuleSet

Floats = npt.NDArray[np.float64]

#: Beyond this a probability is 0 or 1 in double precision.
_WEIGHT_MAX: Final = 1000.0
#: So many pairs are scored at a time: their numbers stay in the processor's cache.
_SLICE: Final = 1 << 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The match weight of each pair (log2), with its parts."""

    prior_weight: float
    #: Shape (pairs,): what being of one family takes back.
    household_weight: Floats
    #: Shape (pairs,): what the number of differing fields says.
    differing_weight: Floats
    total_weight: Floats
    #: The pattern of each pair in each group of comparisons.
    codes: Codes = field(repr=False)
    _agreement: Agreement = field(repr=False)
    _rules: RuleSet = field(repr=False)

    @property
    def weights(self) -> Floats:
        """The weight of each field, shape (comparisons, pairs); 0 where it is missing. Made anew at each
        call.
        """
        levels, frequencies = self._agreement.levels, self._agreement.frequencies
        made = np.zeros(levels.shape)
        for row, ratios in enumerate(_tables(self._rules).ratios):
            made[row] = ratios[levels[row] + 1, 0]
            if row in frequencies:
                exact = np.flatnonzero(frequencies[row])
                made[row, exact] += _rarity(frequencies[row][exact], self._rules, row)
        return made

    @property
    def probability(self) -> Floats:
        """2ʷ / (1 + 2ʷ) of the total weight."""
        return probability(self.total_weight)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tables:
    """A rule set as arrays of log2.

    The last axis is 1 + relations long: m/u, then each relation's probability of the level / u. Where the
    rule set knows how many fields differ, one more column counts them (``_counts``).
    """

    #: Per comparison, shape (1 + levels, 1 + relations); row 0 = missing.
    ratios: list[Floats]
    #: The same per group of comparisons, added up.
    groups: list[Floats]
    #: log2 of each relation's probability, and what is left for strangers.
    relations: Floats
    strangers: float
    #: The weight of so many fields there and so many differing, by ``_THERE`` times the one plus the other.
    differing: Floats


#: How a field that is there counts; one that differs counts one more.
_THERE: Final = 64


@lru_cache(maxsize=16)
def _tables(rules: RuleSet) -> _Tables:
    names = [relation.name for relation in rules.relations]
    ratios = []
    for comparison in rules.comparisons:
        table = np.zeros((1 + len(comparison.levels), 1 + len(names)))
        for row, level in enumerate(comparison.levels, start=1):
            numerators = [level.m_probability, *(level.related_probabilities[name] for name in names)]
            table[row] = np.log2(numerators) - np.log2(level.u_probability)
        ratios.append(np.column_stack([table, _counts(comparison)]) if rules.differing else table)
    shares = [relation.probability for relation in rules.relations]
    return _Tables(
        ratios=ratios,
        groups=patterns(rules).tables(ratios, np.add),
        relations=np.log2(np.array(shares)),
        strangers=1 - sum(shares),
        differing=_differing_table(rules),
    )


def _counts(comparison: Comparison) -> Floats:
    """Per level, the missing one first, how it counts among the fields that are there and those that differ.
    A field without weight is not counted.
    """
    if all(level.m_probability == level.u_probability for level in comparison.levels):
        return np.zeros(1 + len(comparison.levels))
    return np.array([0.0, _THERE, *[_THERE + 1.0] * (len(comparison.levels) - 1)])


def _differing_table(rules: RuleSet) -> Floats:
    if not rules.differing:
        return np.empty(0)
    table = np.zeros((_THERE, _THERE))
    for there, weights in rules.differing.items():
        table[there, : len(weights)] = weights
    return table.ravel()


def differing_weights(levels: npt.NDArray[np.int8], rules: RuleSet) -> Floats:
    """What the number of differing fields says of each pair; ``levels`` [comparisons, pairs]."""
    if not rules.differing:
        return np.zeros(levels.shape[1])
    counts = np.zeros(levels.shape[1])
    for row, comparison in enumerate(rules.comparisons):
        counts += _counts(comparison)[levels[row] + 1]
    return _tables(rules).differing[counts.astype(np.intp)]


def score(agreement: Agreement, rules: RuleSet) -> Score:
    """The match weight of every pair."""
    codes = patterns(rules).codes(agreement.levels)
    pair_count = codes.shape[1]
    fields, household, differing = np.empty(pair_count), np.empty(pair_count), np.zeros(pair_count)
    for start in range(0, pair_count, _SLICE):
        _score_slice(slice(start, start + _SLICE), codes, agreement, rules, fields, household, differing)
    return Score(
        prior_weight=rules.prior_weight,
        household_weight=household,
        differing_weight=differing,
        total_weight=rules.prior_weight + fields + household + differing,
        codes=codes,
        _agreement=agreement,
        _rules=rules,
    )


def _score_slice(
    pairs: slice,
    codes: Codes,
    agreement: Agreement,
    rules: RuleSet,
    fields: Floats,
    household: Floats,
    differing: Floats,
) -> None:
    """The sum of the field weights, the household weight and that of the differing fields of some pairs,
    written into ``fields``, ``household`` and ``differing``.
    """
    tables = _tables(rules)
    rows = tables.groups[0].take(codes[0, pairs], axis=0)
    for group, code in zip(tables.groups[1:], codes[1:], strict=True):
        rows += group.take(code[pairs], axis=0)
    sums = np.ascontiguousarray(rows.T)
    if rules.differing:
        differing[pairs] = tables.differing.take(sums[-1].astype(np.intp))
        sums = sums[:-1]
    for row, shares in agreement.frequencies.items():
        # Where they do not agree exactly the share is 0, and log2 1 is what it adds.
        usual = rules.comparisons[row].levels[0].u_probability
        sums += np.log2(usual / np.where(shares[pairs] > 0, shares[pairs], usual))
    related = sums[1:]
    related += tables.relations[:, None]
    np.exp2(np.minimum(related, _WEIGHT_MAX, out=related), out=related)
    fields[pairs] = sums[0]
    household[pairs] = -np.log2(related.sum(axis=0) + tables.strangers)


def _rarity(shares: Floats, rules: RuleSet, row: int) -> Floats:
    """What the value's own frequency adds to the weight of the exact level: log2 of the average u over the
    share.
    """
    rarity: Floats = np.log2(rules.comparisons[row].levels[0].u_probability / shares)
    return rarity


def probability(weight: Floats) -> Floats:
    """2ʷ / (1 + 2ʷ), without overflow."""
    result: Floats = 1 / (1 + np.exp2(-np.clip(weight, -_WEIGHT_MAX, _WEIGHT_MAX)))
    return result
