"""Latent classes over agreement levels: what a pair of records may be, and how likely each level is then.

The classes of a rule set are, in this order: two records of one person, two strangers, and one class per
relation (household, twins, …). Fields are independent within a class, as in ``mpi.matching.scoring``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpi.matching.rules import RuleSet

Floats = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int8]

#: The first two classes; relations follow.
SAME, STRANGERS = 0, 1

#: No level is taken for impossible or for certain.
PROBABILITY_MIN = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatentClasses:
    """Shares of the classes and the probability of each level in each.

    Levels of all comparisons stand side by side: those of comparison ``c`` are the columns ``starts[c]`` to
    ``starts[c + 1]``. A missing value is no level, so the columns of one comparison add up to 1.
    """

    #: [classes], adding up to 1: of all pairs of records.
    shares: Floats
    #: [classes, levels of all comparisons].
    probabilities: Floats
    #: [comparisons + 1].
    starts: npt.NDArray[np.int64]

    @property
    def level_counts(self) -> npt.NDArray[np.int64]:
        """How many levels each comparison has."""
        return np.diff(self.starts)

    def columns(self, comparison: int) -> slice:
        """Where the levels of a comparison stand."""
        return slice(int(self.starts[comparison]), int(self.starts[comparison + 1]))


def classes_of(rules: RuleSet) -> LatentClasses:
    """The classes as a rule set describes them."""
    names = [relation.name for relation in rules.relations]
    rows = [
        [level.m_probability, level.u_probability, *(level.related_probabilities[name] for name in names)]
        for comparison in rules.comparisons
        for level in comparison.levels
    ]
    odds = float(np.exp2(rules.prior_weight))
    same = odds / (1 + odds)
    related = [(1 - same) * relation.probability for relation in rules.relations]
    sizes = [len(comparison.levels) for comparison in rules.comparisons]
    return LatentClasses(
        shares=np.array([same, 1 - same - sum(related), *related]),
        probabilities=np.array(rows).T.copy(),
        starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
    )
