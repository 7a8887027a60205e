"""Training: from records to a rule set that knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.candidates import Candidates, candidate_pairs
from mpi.batch.encoded import EncodedRecords
from mpi.batch.progress import Progress, silent
from mpi.batch.scored import PatternCounts
from mpi.batch.training.counting import (
    RandomPairs,
    candidate_patterns,
    packed_counts,
    pair_patterns,
    random_pairs,
)
from mpi.batch.training.decisions import Decisions
from mpi.batch.training.differing import differing_weights
from mpi.batch.training.em import one_hot
from mpi.batch.training.estimating import Estimate, Labelled, estimate, rarity_logs
from mpi.batch.training.fields import FieldUse, field_use
from mpi.batch.training.latent import SAME, STRANGERS, Floats, LatentClasses, classes_of
from mpi.batch.training.names import learned_frequencies
from mpi.batch.training.thresholds import expected_link_weight, link_weight_for
from mpi.batch.training.trained import Trained, TrainingReport, made
from mpi.errors import CannotTrain
from mpi.matching.rules import FrequencyTable, RuleSet
from mpi.matching.scoring import probability

#: With less of these there is nothing to learn from.
RECORDS_MIN: Final = 100
MATCHES_MIN: Final = 30
FIELDS_MIN: Final = 2
#: Mean probability that a pair taken for one person's is that; below it the classes run into each other.
SEPARATION_MIN: Final = 0.7
#: A field on which one person's records seldom disagree by the rule set, but mostly do in what was found.
_SELDOM, _MOSTLY = 0.2, 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Samples:
    """The pairs that are learned from."""

    patterns: PatternCounts
    step: int
    random: RandomPairs
    labelled: Labelled | None


def train(
    records: EncodedRecords,
    rules: RuleSet,
    *,
    name: str = "trained",
    candidates: Candidates | None = None,
    patterns: PatternCounts | None = None,
    record_count: int | None = None,
    decisions: Decisions | None = None,
    decision_weight: int = 1,
    precision: float | None = None,
    progress: Progress = silent,
) -> Trained:
    """A rule set with the shape of ``rules`` and the numbers of ``records``.

    Args:
        name: of the rule set, and of the files of its name frequencies.
        candidates: where they were found already; with the blocking passes of ``rules``.
        patterns: of all candidates, where those were compared elsewhere; ``records`` may then be an even
            sample of the ``record_count`` records that the candidates are pairs of.
        decisions: pairs whose class a reviewer knows, each counting as ``decision_weight`` pairs.
        precision: choose the link weight for this precision of automatic links, shown by the decisions.

    Raises CannotTrain with the reason when the records cannot support a model.
    """
    if records.record_count < RECORDS_MIN:
        raise CannotTrain(f"{records.record_count} records are too few to train on: at least {RECORDS_MIN}")
    if precision is not None and not decisions:
        raise CannotTrain("a precision cannot be shown without reviewers' decisions", field="precision")
    use = field_use(records.columns, rules)
    if len(use.estimated) < FIELDS_MIN:
        raise CannotTrain(
            f"fewer than {FIELDS_MIN} fields have values that differ: there is nothing to compare"
        )
    learned = learned_frequencies(records.columns, rules)
    named = rules.with_frequencies(learned)
    candidates = candidates or candidate_pairs(records, named, progress=progress)
    if candidates.pair_count == 0:
        raise CannotTrain("no two records share a blocking key: there are no pairs to learn from")
    count = record_count or records.record_count
    samples = _samples(records, candidates, patterns, count, named, decisions, decision_weight, progress)
    progress("estimating", 0, 1)
    found = estimate(
        samples.patterns,
        samples.random,
        named,
        use,
        all_pairs=count * (count - 1) / 2,
        labelled=samples.labelled,
    )
    progress("estimating", 1, 1)
    report = _report(count, candidates, samples, use, found, named)
    _check(report, found, named, use)
    return _finished(found, rules, use, learned, report, name, records, decisions, precision)


def _finished(
    found: Estimate,
    rules: RuleSet,
    use: FieldUse,
    learned: Mapping[str, FrequencyTable],
    report: TrainingReport,
    name: str,
    records: EncodedRecords,
    decisions: Decisions | None,
    precision: float | None,
) -> Trained:
    trained = made(found, rules, use, learned, report, name=name)
    if precision is None or decisions is None:
        return trained
    shown = link_weight_for(precision, decisions, records, trained.rules)
    return made(found, rules, use, learned, replace(report, precision=shown), name=name)


def _samples(
    records: EncodedRecords,
    candidates: Candidates,
    patterns: PatternCounts | None,
    record_count: int,
    rules: RuleSet,
    decisions: Decisions | None,
    decision_weight: int,
    progress: Progress,
) -> _Samples:
    step = 1
    if patterns is None:
        patterns, step = candidate_patterns(records.columns, candidates, rules, progress=progress)
    progress("comparing random pairs", 0, 1)
    random = random_pairs(records.columns, rules, classes_of(rules), record_count=record_count)
    labelled = None
    if decisions:
        decided = pair_patterns(records.columns, decisions.left, decisions.right, rules)
        counts = np.full(len(decisions), decision_weight, dtype=np.int64)
        labelled = Labelled(patterns=replace(decided, counts=counts), same=decisions.same)
        patterns = _without(patterns, decided, rules)
    return _Samples(patterns=patterns, step=step, random=random, labelled=labelled)


def _without(patterns: PatternCounts, decided: PatternCounts, rules: RuleSet) -> PatternCounts:
    """Take the decided pairs out of the counts, which hold them too: each is counted once."""
    place = {pattern: number for number, pattern in enumerate(packed_counts(patterns, rules).tolist())}
    counts = patterns.counts.copy()
    for pattern in packed_counts(decided, rules).tolist():
        number = place.get(pattern)
        if number is not None and counts[number] > 0:
            counts[number] -= 1
    return replace(patterns, counts=counts)


def _report(
    record_count: int,
    candidates: Candidates,
    samples: _Samples,
    use: FieldUse,
    found: Estimate,
    rules: RuleSet,
) -> TrainingReport:
    same = found.fit.counts[: len(samples.patterns.counts), SAME]
    counts = np.maximum(samples.patterns.counts, 1)
    alone = weights_of(found.patterns, found.classes, rules)
    differing, added = differing_weights(found.patterns, alone, found.classes, use.estimated)
    pairs = samples.patterns.counts.astype(np.float64)
    link_weight, wrong = expected_link_weight(alone + added, pairs, pairs * probability(alone + added))
    return TrainingReport(
        records=record_count,
        candidate_pairs=candidates.pair_count,
        candidate_step=samples.step,
        random_pairs=samples.random.pair_count,
        decided_pairs=0 if samples.labelled is None else len(samples.labelled.same),
        iterations=found.iterations,
        converged=found.fit.converged,
        log_likelihood=found.fit.log_likelihood,
        started_by_ecm=found.started_by_ecm,
        expected_matches=float(found.fit.masses[SAME]),
        separation=float((same * same / counts).sum() / max(same.sum(), 1e-9)),
        link_weight=max(link_weight, rules.thresholds.review_weight),
        wrong_links_expected=wrong,
        differing={str(fields): weights for fields, weights in differing.items()},
        fields_absent=use.absent,
        fields_constant=use.constant,
        relations_unmeasured=found.unmeasured,
    )


def weights_of(patterns: PatternCounts, classes: LatentClasses, rules: RuleSet) -> Floats:
    """The total weight of each pattern (log2), [patterns]."""
    logs = one_hot(patterns.levels, classes) @ np.log2(classes.probabilities.T) + np.log2(classes.shares)
    logs[:, STRANGERS] += rarity_logs(patterns, classes, rules) / np.log(2.0)
    others = np.logaddexp2.reduce(logs[:, STRANGERS:], axis=1)
    found: Floats = logs[:, SAME] - others
    return found


def _check(report: TrainingReport, found: Estimate, rules: RuleSet, use: FieldUse) -> None:
    """Refuse what is no model of one person's records."""
    if report.expected_matches < MATCHES_MIN:
        raise CannotTrain(
            f"about {report.expected_matches:.0f} pairs look like one person's: "
            f"at least {MATCHES_MIN} are needed"
        )
    if report.separation < SEPARATION_MIN:
        raise CannotTrain(
            "the fields cannot tell one person's records from different people's: a pair taken for one "
            f"person's is that with probability {report.separation:.2f} on average, "
            f"at least {SEPARATION_MIN} is needed"
        )
    if odd := _disagreeing(found.classes, rules, use):
        raise CannotTrain(
            f"what was found is not one person's records, for they mostly disagree in {', '.join(odd)}: "
            "there may be no duplicates among these records",
            field=odd[0],
        )


def _disagreeing(classes: LatentClasses, rules: RuleSet, use: FieldUse) -> list[str]:
    """Fields on which one person's records seldom disagree, but those found mostly do."""
    odd = []
    for place in use.estimated.tolist():
        comparison = rules.comparisons[place]
        against = _against([(level.m_probability, level.u_probability) for level in comparison.levels])
        before = sum(level.m_probability for level, no in zip(comparison.levels, against, strict=True) if no)
        after = float(classes.probabilities[SAME, classes.columns(place)][against].sum())
        if before <= _SELDOM and after >= _MOSTLY:
            odd.append(comparison.field)
    return odd


def _against(levels: list[tuple[float, float]]) -> npt.NDArray[np.bool_]:
    """Which levels speak against one person."""
    return np.array([m < u for m, u in levels], dtype=np.bool_)
