"""Fellegi–Sunter match weights with agreement levels, value frequencies and families.

Two records are of one person (M) or of two. Two people are strangers or related in one of the rule set's ways
(household, twins, namesakes), each a way to agree on much without being one. Fields are taken as independent
within each of these, so that a pair's total weight is

    prior_weight + log2 P(levels | M) / P(levels | U),
    P(levels | U) = (1 − Σ ε) · Π u(level) + Σ over relations of ε · Π u_relation(level).

It is presented as a sum: the prior, one weight log2(m/u) per field as between strangers, and one
``household`` part that takes back what agreement on family name, address, phone or birth date is worth
between people of one family. The model is Fellegi and Sunter's (1969), frequencies after Winkler (2000), the
mixture is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison import Agreement
from mpi.matching.rules import RuleSet
from mpi.matching.rules.vocabulary import FIELD_LEVELS

Floats = npt.NDArray[np.float64]

#: Beyond this a probability is 0 or 1 in double precision.
_WEIGHT_MAX = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The parts of the match weight of each pair (log2) and their total."""

    prior_weight: float
    #: Shape (comparisons, pairs); 0 where a field is missing.
    weights: Floats
    #: Shape (pairs,): what being of one family takes back.
    household_weight: Floats
    total_weight: Floats

    @property
    def probability(self) -> Floats:
        """2ʷ / (1 + 2ʷ) of the total weight."""
        return probability(self.total_weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tables:
    """A rule set as arrays of log2; column 0 stands for missing, column ``level + 1`` for a level.

    Shape (1 + relations, comparisons, levels + 1): first m/u, then for each relation its probability / u.
    """

    ratios: Floats
    rows: npt.NDArray[np.intp]
    #: (1 + relations, comparisons): the numerators of the first level, whose u a frequency may stand in for.
    exact: Floats
    #: log2 of each relation's probability, shape (relations, 1), and of what is left for strangers.
    relations: Floats
    strangers: float


@lru_cache(maxsize=16)
def _tables(rules: RuleSet) -> _Tables:
    width = 1 + max(len(levels) for levels in FIELD_LEVELS.values())
    names = [relation.name for relation in rules.relations]
    ratios = np.zeros((1 + len(names), len(rules.comparisons), width))
    exact = np.zeros((1 + len(names), len(rules.comparisons)))
    for row, comparison in enumerate(rules.comparisons):
        for column, level in enumerate(comparison.levels, start=1):
            numerators = np.log2(
                [level.m_probability, *(level.related_probabilities[name] for name in names)]
            )
            ratios[:, row, column] = numerators - np.log2(level.u_probability)
            if column == 1:
                exact[:, row] = numerators
    shares = [relation.probability for relation in rules.relations]
    return _Tables(
        ratios=ratios,
        rows=np.arange(len(rules.comparisons))[:, None],
        exact=exact,
        relations=np.log2(np.array(shares).reshape(-1, 1)),
        strangers=1 - sum(shares),
    )


def score(agreement: Agreement, rules: RuleSet) -> Score:
    """The match weight of every pair, in its parts."""
    tables = _tables(rules)
    ratios = tables.ratios[:, tables.rows, agreement.levels + 1]
    for row, shares in agreement.frequencies.items():
        exact = np.flatnonzero(shares)
        if len(exact):
            ratios[:, row, exact] = tables.exact[:, row, None] - np.log2(shares[exact])
    weights = ratios[0]
    relations = np.exp2(np.minimum(ratios[1:].sum(axis=1) + tables.relations, _WEIGHT_MAX))
    household_weight = -np.log2(tables.strangers + relations.sum(axis=0))
    return Score(
        prior_weight=rules.prior_weight,
        weights=weights,
        household_weight=household_weight,
        total_weight=rules.prior_weight + weights.sum(axis=0) + household_weight,
    )


def probability(weight: Floats) -> Floats:
    """2ʷ / (1 + 2ʷ), without overflow."""
    result: Floats = 1 / (1 + np.exp2(-np.clip(weight, -_WEIGHT_MAX, _WEIGHT_MAX)))
    return result
