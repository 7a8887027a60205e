"""All candidate pairs compared, scored and decided, by the kernel that everything else uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mpi.batch.candidates import Candidates, Positions
from mpi.batch.encoded import EncodedRecords
from mpi.batch.progress import Progress, silent
from mpi.batch.scored import LightPairs, PatternCounts, ScoredPairs, Scoring
from mpi.batch.workers import shared_out
from mpi.matching.comparison import Agreement, Columns, coded_records, compare
from mpi.matching.decision import decide
from mpi.matching.guards import GuardHit
from mpi.matching.patterns import patterns
from mpi.matching.rules import RuleSet
from mpi.matching.scoring import probability, score

#: Total weights of this range are counted by their own bin; lighter and heavier ones by the outermost.
BINS_FROM: Final = -60
BINS_TO: Final = 90

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _ChunkScores:
    """What a chunk of candidates leaves: the pairs that are kept, and counts over all of them."""

    pair_count: int
    #: Of ScoredPairs the arrays named so.
    kept: dict[str, npt.NDArray[Any]]
    guard_sets: tuple[tuple[GuardHit, ...], ...]
    #: Of LightPairs the arrays named so.
    light: dict[str, npt.NDArray[Any]]
    #: Distinct packed patterns, ascending, and the pairs of each.
    packed: Counts
    counts: Counts
    bins: Counts


def score_candidates(
    records: EncodedRecords,
    candidates: Candidates,
    rules: RuleSet,
    *,
    processes: int = 1,
    progress: Progress = silent,
) -> Scoring:
    """Compare, score and decide every candidate pair.

    Kept are the pairs that weigh enough for a review, whatever guards make of them. With several
    ``processes`` (Linux) the result is the same to the bit. Raises WorkerLost when one of them ends early.
    """

    def share(number: int, workers: int) -> Iterator[_ChunkScores]:
        for left, right in islice(candidates.chunks(), number, None, workers):
            yield _scored(records.columns, left, right, rules)

    parts: list[_ChunkScores] = []
    done = 0
    progress("scoring pairs", 0, candidates.pair_count)
    if processes > 1 and candidates.pair_count:
        # Before they part, so that it is done once and its memory shared.
        coded_records(records.columns, rules)
    with closing(shared_out(share, processes)) as results:
        for part in results:
            parts.append(part)
            done += part.pair_count
            progress("scoring pairs", done, candidates.pair_count)
    parts = parts or [_scored(records.columns, *_NO_PAIRS, rules)]
    packed, counts = _added_up([part.packed for part in parts], [part.counts for part in parts])
    return Scoring(
        pairs=_joined(parts),
        light=LightPairs(**_end_to_end([part.light for part in parts])),
        pair_count=done,
        patterns=PatternCounts(levels=patterns(rules).levels(packed).T, counts=counts),
        bins_from=BINS_FROM,
        bins=reduce(np.add, (part.bins for part in parts), np.zeros(BINS_TO - BINS_FROM, np.int64)),
    )


_NO_PAIRS: Final = (np.empty(0, np.int32), np.empty(0, np.int32))


def _scored(columns: Columns, left: Positions, right: Positions, rules: RuleSet) -> _ChunkScores:
    agreement = compare(columns, left, right, rules)
    scored = score(agreement, rules)
    packed, counts = _distinct(patterns(rules).joined(scored.codes))
    heavy = scored.total_weight >= rules.thresholds.review_weight
    kept, light = np.flatnonzero(heavy), np.flatnonzero(~heavy)
    agreement = Agreement(
        levels=agreement.levels[:, kept],
        frequencies={row: shares[kept] for row, shares in agreement.frequencies.items()},
    )
    light_weight = scored.total_weight[light].astype(np.float32)
    bins = np.clip(np.floor(scored.total_weight), BINS_FROM, BINS_TO - 1).astype(np.int64) - BINS_FROM
    scored = score(agreement, rules)
    decision, hits = decide(scored, rules)
    return _ChunkScores(
        pair_count=len(left),
        kept={
            "left": left[kept],
            "right": right[kept],
            "weight": scored.total_weight,
            "decision": decision,
            "levels": agreement.levels,
            "weights": scored.weights.astype(np.float32),
            "household_weight": scored.household_weight.astype(np.float32),
            "guard_set": hits.guard_set,
        },
        guard_sets=hits.guard_sets,
        light={"left": left[light], "right": right[light], "weight": light_weight},
        packed=packed,
        counts=counts,
        bins=np.bincount(bins, minlength=BINS_TO - BINS_FROM),
    )


def _joined(parts: list[_ChunkScores]) -> ScoredPairs:
    """The kept pairs of all chunks; their sets of guards in an order that depends on the sets alone."""
    sets = tuple(sorted({one for part in parts for one in part.guard_sets}))
    places = {one: place for place, one in enumerate(sets)}
    guard_set = [
        np.array([places[one] for one in part.guard_sets], dtype=np.int16)[part.kept["guard_set"]]
        for part in parts
    ]
    joined = _end_to_end([part.kept for part in parts])
    return ScoredPairs(
        **{**joined, "guard_set": np.concatenate(guard_set)},
        probability=probability(joined["weight"]),
        guard_sets=sets,
    )


def _end_to_end(parts: list[dict[str, npt.NDArray[Any]]]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of all parts made one per name. They are taken out of the parts, one name after the other,
    so that no two names are there twice at a time.
    """
    return {name: np.concatenate([part.pop(name) for part in parts], axis=-1) for name in list(parts[0])}


def _distinct(packed: Counts) -> tuple[Counts, Counts]:
    """Each number once, ascending, and how often it is there."""
    ascending = np.sort(packed)
    starts = np.flatnonzero(np.diff(ascending, prepend=-1))
    return ascending[starts], np.diff(starts, append=len(ascending))


def _added_up(packed: list[Counts], counts: list[Counts]) -> tuple[Counts, Counts]:
    """Several such counts made one."""
    numbers = np.concatenate([np.empty(0, np.int64), *packed])
    order = np.argsort(numbers, kind="stable")
    numbers = numbers[order]
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    if not len(starts):
        return numbers, np.empty(0, np.int64)
    together: Counts = np.add.reduceat(np.concatenate(counts)[order], starts)
    return numbers[starts], together
