"""Where the iterations begin: recordlinkage's ECM on binary agreement, and pairs of one household."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.scored import PatternCounts
from mpi.batch.training.latent import Floats
from mpi.matching.rules import RuleSet
from mpi.matching.rules.vocabulary import FIELD_LEVELS

#: Rows that stand for all pairs; ECM takes pairs, not counts.
_ROWS: Final = 10_000
#: ECM runs into a probability of 0 when it goes on for long about a field that nearly always agrees.
_ITERATIONS: Final = (100, 20, 5)

Binary = npt.NDArray[np.bool_]


def starting_posteriors(patterns: PatternCounts, comparisons: npt.NDArray[np.int64]) -> Floats | None:
    """How likely a pair of each pattern is of one person, by ``recordlinkage.ECMClassifier`` on whether each
    of the ``comparisons`` agrees exactly (a missing value does not). None when fewer than two of them vary,
    or ECM finds no classes.

    [patterns]. ECM is Fellegi and Sunter's model with two free classes, fitted as Winkler (1988) does.
    """
    agree = patterns.levels[:, comparisons] == 0
    weights = patterns.counts.astype(np.float64)
    share = weights @ agree / weights.sum()
    agree = agree[:, (share > 0.5 / _ROWS) & (share < 1 - 0.5 / _ROWS)]
    if agree.shape[1] < 2:
        return None
    codes = agree @ (1 << np.arange(agree.shape[1], dtype=np.int64))
    order = np.argsort(codes, kind="stable")
    first = np.flatnonzero(np.diff(codes[order], prepend=-1))
    number = np.empty(len(codes), dtype=np.int64)
    number[order] = np.repeat(np.arange(len(first)), np.diff(first, append=len(order)))
    counts = np.bincount(number, weights=weights).astype(np.float64)
    found = _by_ecm(agree[order[first]], counts)
    return None if found is None else found[number]


def _by_ecm(agree: Binary, counts: Floats) -> Floats | None:
    """The posterior of each row of ``agree``, which stands for so many pairs; None when ECM finds none."""
    # As many rows in all as ECM can digest, each pattern by its share; the rounding does not accumulate.
    ends = np.rint(np.cumsum(counts) * (_ROWS / counts.sum())).astype(np.int64)
    rows = np.repeat(agree, np.diff(ends, prepend=0), axis=0)
    varied = rows.any(axis=0) & ~rows.all(axis=0)
    if varied.sum() < 2:
        return None
    for iterations in _ITERATIONS:
        found = _fitted(rows[:, varied], agree[:, varied], iterations)
        if np.isfinite(found).all():
            return found
    return None


def _fitted(rows: Binary, asked: Binary, iterations: int) -> Floats:
    import pandas as pd
    from recordlinkage import ECMClassifier  # takes a second to load

    classifier = ECMClassifier(max_iter=iterations)
    with np.errstate(divide="ignore", invalid="ignore"), _unheard():
        classifier.fit(pd.DataFrame(rows.astype(np.int8)))
        found = classifier.prob(pd.DataFrame(asked.astype(np.int8)))
    return np.asarray(found, dtype=np.float64)


@contextmanager
def _unheard() -> Iterator[None]:
    """recordlinkage warns by the root logger, which would also set that up; its outcome is looked at here."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def household_patterns(patterns: PatternCounts, rules: RuleSet) -> Binary:
    """Patterns of pairs who share a home or a phone and differ clearly in given name and in birth date:
    people of one household, hardly ever one person. [patterns]
    """
    shared = _at(patterns, rules, "address", ("exact",)) | _at(patterns, rules, "phone", ("exact",))
    names = _at(patterns, rules, "given", ("different",))
    dates = _at(patterns, rules, "birth_date", ("same_year", "different", "generation_apart"))
    found: Binary = shared & names & dates
    return found


def _at(patterns: PatternCounts, rules: RuleSet, field: str, levels: tuple[str, ...]) -> Binary:
    for place, comparison in enumerate(rules.comparisons):
        if comparison.field == field:
            wanted = [FIELD_LEVELS[field].index(level) for level in levels]
            return np.isin(patterns.levels[:, place], wanted)
    return np.zeros(len(patterns.counts), dtype=np.bool_)
