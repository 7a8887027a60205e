"""The estimate: what the pairs of a file say about m, u, the relations and the prior.

Classes compete in absolute terms. Candidates hold nearly all pairs of one person and of one household, but
of the strangers only those that share a blocking key, and these are not typical: a class of strangers fitted
to candidates would learn what the blocking passes ask for. So u is measured on random pairs, all pairs of
records are counted as strangers until shown otherwise, and a candidate is of one person when that explains it
better than so many strangers do. See docs/matching.md, section Training.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.scored import PatternCounts
from mpi.batch.training.counting import RandomPairs
from mpi.batch.training.em import (
    ITERATIONS_MAX,
    Expectations,
    Fit,
    expectation_maximisation,
    one_hot,
    proportions,
    rows_of,
)
from mpi.batch.training.fields import FieldUse
from mpi.batch.training.latent import SAME, STRANGERS, Floats, LatentClasses, classes_of
from mpi.batch.training.starting import household_patterns, starting_posteriors
from mpi.batch.training.strangers import stranger_probabilities
from mpi.matching.rules import RuleSet

#: The rule set's own value of a level counts as much as so many pairs seen at it.
SEEN: Final = 5.0
#: u is measured again with what was found, until no level's moves by more than this share of itself. Random
#: pairs being strangers, that is soon.
_U_MOVES: Final = 0.01
_ROUNDS_MAX: Final = 5
#: A relation with fewer pairs is not measured.
RELATED_MIN: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labelled:
    """Pairs that a reviewer decided, as patterns: [patterns] each."""

    patterns: PatternCounts
    same: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate:
    """The classes found, and how."""

    classes: LatentClasses
    fit: Fit
    #: The unlabelled patterns, to which the first rows of ``fit.counts`` belong.
    patterns: PatternCounts
    iterations: int
    #: Whether recordlinkage's ECM gave the start, or the rule set did as too few fields vary.
    started_by_ecm: bool
    #: Relations with too few pairs to be measured.
    unmeasured: tuple[str, ...]


def estimate(
    patterns: PatternCounts,
    random: RandomPairs,
    rules: RuleSet,
    use: FieldUse,
    *,
    all_pairs: float,
    labelled: Labelled | None = None,
    iterations_max: int = ITERATIONS_MAX,
) -> Estimate:
    """Fit the classes of ``rules`` to the patterns of the candidates.

    Args:
        all_pairs: pairs of records that there are, n (n − 1) / 2.
        labelled: their class is known; they are not among ``patterns``.
    """
    patterns = _only(patterns, use)
    random = replace(random, patterns=_only(random.patterns, use))
    believed = classes_of(rules)
    lineage = Lineage.of(rules)
    beliefs = Expectations(
        probabilities=believed.probabilities, seen=np.full(believed.probabilities.shape, SEEN)
    )
    if labelled is not None:
        labelled = replace(labelled, patterns=_only(labelled.patterns, use))
    together, allowed = _with_labels(patterns, labelled, len(believed.shares))
    unknown = np.full(believed.probabilities.shape[1], np.inf)
    classes, by_ecm = _start(patterns, believed, beliefs, lineage, rules, use)
    classes = _with_strangers(classes, random, unknown, believed, all_pairs)
    iterations = 0
    for _ in range(_ROUNDS_MAX):
        fit = expectation_maximisation(
            together,
            lineage.inherited(classes),
            free=lineage.free,
            beliefs=beliefs,
            allowed=allowed,
            stranger_logs=rarity_logs(together, classes, rules),
            pair_count=all_pairs,
            iterations_max=iterations_max,
        )
        iterations += fit.iterations
        before = classes.probabilities[STRANGERS]
        classes = _with_strangers(fit.classes, random, _related(together, fit), believed, all_pairs)
        if np.abs(classes.probabilities[STRANGERS] / before - 1).max() < _U_MOVES:
            break
    kept, unmeasured = _relations_kept(lineage.inherited(classes), fit, believed, lineage)
    return Estimate(
        classes=kept,
        fit=fit,
        patterns=patterns,
        iterations=iterations,
        started_by_ecm=by_ecm,
        unmeasured=tuple(rules.relations[number].name for number in unmeasured),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lineage:
    """Which classes are free, and from which class each takes the comparisons that it says nothing about.

    Pairs of one person and relations that stand on their own are free. A relation that is ``like`` another is
    too rare and too near to it to be told apart by its levels: its columns stay, and its share is estimated.
    """

    #: [classes]
    free: npt.NDArray[np.bool_]
    #: Per class and comparison the class whose column counts; int64 [classes, comparisons].
    column_of: npt.NDArray[np.int64]

    @classmethod
    def of(cls, rules: RuleSet) -> Lineage:
        free = np.array([True, False, *(relation.like is None for relation in rules.relations)])
        names = [relation.name for relation in rules.relations]
        column_of = np.tile(np.arange(len(free))[:, None], (1, len(rules.comparisons)))
        for number, relation in enumerate(rules.relations, start=STRANGERS + 1):
            if relation.like is not None:
                parent = names.index(relation.like) + STRANGERS + 1
                unstated = ~stated(rules, relation.name)
                column_of[number, unstated] = column_of[parent, unstated]
        return cls(free=free, column_of=column_of)

    def inherited(self, classes: LatentClasses) -> LatentClasses:
        """The classes with the columns that follow another's taken from there."""
        found = classes.probabilities.copy()
        for number, row in enumerate(self.column_of):
            for comparison in np.flatnonzero(row != number):
                columns = classes.columns(int(comparison))
                found[number, columns] = classes.probabilities[row[comparison], columns]
        return replace(classes, probabilities=found)


def stated(rules: RuleSet, relation: str) -> npt.NDArray[np.bool_]:
    """Which comparisons of the rule set's text have a column for the relation, [comparisons]."""
    entries = tomllib.loads(rules.content)["comparisons"]
    said = {entry["field"]: any(relation in cell for cell in entry["levels"].values()) for entry in entries}
    return np.array([said[comparison.field] for comparison in rules.comparisons], dtype=np.bool_)


def rarity_logs(patterns: PatternCounts, classes: LatentClasses, rules: RuleSet) -> Floats:
    """By how much the names agreed on are rarer than usual, as the natural log of what that makes of the
    pattern's probability between strangers, [patterns].
    """
    logs = np.zeros(len(patterns.counts))
    if patterns.rarity is None:
        return logs
    for place, comparison in enumerate(rules.comparisons):
        if comparison.frequency is not None:
            usual = classes.probabilities[STRANGERS, classes.columns(place)][0]
            logs -= np.where(patterns.levels[:, place] == 0, np.log(usual), 0.0)
    found: Floats = np.where(patterns.rarity > 0, logs - np.log(2.0) * patterns.rarity, 0.0)
    return found


def _only(patterns: PatternCounts, use: FieldUse) -> PatternCounts:
    """The same patterns, with the fields that are not estimated missing."""
    levels = np.full_like(patterns.levels, -1)
    levels[:, use.estimated] = patterns.levels[:, use.estimated]
    return replace(patterns, levels=levels)


def _with_labels(
    patterns: PatternCounts, labelled: Labelled | None, class_count: int
) -> tuple[PatternCounts, npt.NDArray[np.bool_] | None]:
    """All patterns, and which classes each may be of."""
    if labelled is None or not len(labelled.same):
        return patterns, None
    together = PatternCounts(
        levels=np.concatenate([patterns.levels, labelled.patterns.levels]),
        counts=np.concatenate([patterns.counts, labelled.patterns.counts]),
        rarity=_end_to_end(patterns.rarity, labelled.patterns.rarity),
    )
    allowed = np.ones((len(together.counts), class_count), dtype=np.bool_)
    allowed[len(patterns.counts) :] = ~labelled.same[:, None]
    allowed[len(patterns.counts) :, SAME] = labelled.same
    return together, allowed


def _end_to_end(
    first: npt.NDArray[np.int8] | None, second: npt.NDArray[np.int8] | None
) -> npt.NDArray[np.int8] | None:
    return None if first is None or second is None else np.concatenate([first, second])


def _start(
    patterns: PatternCounts,
    believed: LatentClasses,
    beliefs: Expectations,
    lineage: Lineage,
    rules: RuleSet,
    use: FieldUse,
) -> tuple[LatentClasses, bool]:
    """m from ECM's posteriors, the household's column from household pairs, the rest as believed."""
    indicator = one_hot(patterns.levels, believed)
    found = believed.probabilities.copy()
    posteriors = starting_posteriors(patterns, use.estimated)
    if posteriors is not None:
        at_levels = indicator.T @ (posteriors * patterns.counts)
        found[SAME] = proportions(at_levels[None], believed, rows_of(beliefs, [SAME]))[0]
    home = household_patterns(patterns, rules)
    chosen_by = {"given", "birth_date", "address", "phone"}  # what the pairs were chosen by is not measured
    for number in np.flatnonzero(lineage.free[STRANGERS + 1 :])[:1] + STRANGERS + 1:
        at_levels = indicator.T @ (home * patterns.counts)
        made = proportions(at_levels[None], believed, rows_of(beliefs, [number]))[0]
        for place, comparison in enumerate(rules.comparisons):
            if comparison.field not in chosen_by:
                found[number, believed.columns(place)] = made[believed.columns(place)]
    return replace(believed, probabilities=found), posteriors is not None


def _with_strangers(
    classes: LatentClasses, random: RandomPairs, related: Floats, believed: LatentClasses, all_pairs: float
) -> LatentClasses:
    found = classes.probabilities.copy()
    found[STRANGERS] = stranger_probabilities(
        random, classes, related, believed.probabilities[STRANGERS], SEEN, all_pairs
    )
    return replace(classes, probabilities=found)


def _related(patterns: PatternCounts, fit: Fit) -> Floats:
    """Pairs of one person or one family expected at each level."""
    others = fit.counts.sum(axis=1) - fit.counts[:, STRANGERS]
    found: Floats = one_hot(patterns.levels, fit.classes).T @ others
    return found


def _relations_kept(
    classes: LatentClasses, fit: Fit, believed: LatentClasses, lineage: Lineage
) -> tuple[LatentClasses, list[int]]:
    """A relation with too few pairs keeps its proportion to the one that stands on its own, which keeps its
    share.
    """
    shares = classes.shares.copy()
    unmeasured = [number for number in range(STRANGERS + 1, len(shares)) if fit.masses[number] < RELATED_MIN]
    root = STRANGERS + 1
    for number in unmeasured:
        ratio = believed.shares[number] / believed.shares[root]
        shares[number] = believed.shares[number] if lineage.free[number] else shares[root] * ratio
    return replace(classes, shares=shares / shares.sum()), [number - STRANGERS - 1 for number in unmeasured]
