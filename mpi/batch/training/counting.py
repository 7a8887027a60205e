"""Pairs counted by pattern: all candidates, and random pairs for what strangers have in common."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.candidates import Candidates
from mpi.batch.progress import Progress, silent
from mpi.batch.scored import PatternCounts
from mpi.batch.training.latent import Floats, LatentClasses
from mpi.matching.comparison import Agreement, Columns, compare
from mpi.matching.patterns import patterns
from mpi.matching.rules import RuleSet

Positions = npt.NDArray[np.int64]
Packed = npt.NDArray[np.int64]

#: Random pairs compared: a level of one in 10,000 is seen 40 times.
RANDOM_PAIRS: Final = 400_000
#: Of more candidates every second, third, … is compared.
CANDIDATES_MAX: Final = 1_000_000
#: Bits of a packed pattern that are kept for how rare the agreeing names are.
RARITY_BITS: Final = 6
#: Pairs compared at a time.
_CHUNK: Final = 1 << 17
#: Values shared by several records are looked at one by one, up to so many.
_SHARED_VALUES_MAX: Final = 50_000

#: The plastic number: steps of its inverse and that one's square fill a square most evenly (Roberts 2018).
_PLASTIC: Final = 1.3247179572447460


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RandomPairs:
    """What random pairs agree on; ``identical`` is of the same pairs, ``identical_all`` of all pairs of
    records.

    [levels of all comparisons] each: pairs at the level that have the very same value on both sides.
    """

    patterns: PatternCounts
    identical: Floats
    identical_all: Floats

    @property
    def pair_count(self) -> int:
        return int(self.patterns.counts.sum())


def candidate_patterns(
    columns: Columns, candidates: Candidates, rules: RuleSet, *, progress: Progress = silent
) -> tuple[PatternCounts, int]:
    """The patterns of every ``step``-th candidate, their counts times ``step``; and the step."""
    step = -(-candidates.pair_count // CANDIDATES_MAX) or 1
    done, kept = 0, []
    for left, right in candidates.chunks():
        first = -done % step
        kept.append(packed_with_rarity(compare(columns, left[first::step], right[first::step], rules), rules))
        done += len(left)
        progress("comparing candidates", done, candidates.pair_count)
    packed, counts = _counted(kept)
    return unpacked(packed, counts * step, rules), step


def pair_patterns(columns: Columns, left: Positions, right: Positions, rules: RuleSet) -> PatternCounts:
    """The pattern of each pair, in the order of the pairs."""
    packed = packed_with_rarity(compare(columns, left, right, rules), rules)
    return unpacked(packed, np.ones(len(packed), np.int64), rules)


def packed_with_rarity(agreement: Agreement, rules: RuleSet) -> Packed:
    """The pattern of each pair with how rare the names are on which it agrees, as one number."""
    bits = np.zeros(agreement.pair_count)
    for shares in agreement.frequencies.values():
        bits -= np.log2(np.where(shares > 0, shares, 1.0))
    rarity = np.clip(np.rint(bits), 0, (1 << RARITY_BITS) - 1).astype(np.int64)
    packed: Packed = (patterns(rules).packed(agreement.levels) << RARITY_BITS) | rarity
    return packed


def packed_counts(counts: PatternCounts, rules: RuleSet) -> Packed:
    """Patterns as such numbers."""
    packed: Packed = patterns(rules).packed(np.ascontiguousarray(counts.levels.T)) << RARITY_BITS
    return packed if counts.rarity is None else packed | counts.rarity


def unpacked(packed: Packed, counts: Packed, rules: RuleSet) -> PatternCounts:
    """What such numbers stand for, and how many pairs each."""
    levels = np.ascontiguousarray(patterns(rules).levels(packed >> RARITY_BITS).T)
    rarity = (packed & ((1 << RARITY_BITS) - 1)).astype(np.int8)
    return PatternCounts(levels=levels, counts=counts, rarity=rarity)


def random_pairs(
    columns: Columns,
    rules: RuleSet,
    classes: LatentClasses,
    *,
    pair_count: int = RANDOM_PAIRS,
    record_count: int | None = None,
) -> RandomPairs:
    """Pairs spread evenly over all pairs of records; the same for the same records.

    The records may be an even sample of ``record_count``.
    """
    left, right = random_positions(columns.record_count, pair_count)
    kept, identical = [], np.zeros(int(classes.starts[-1]))
    for start in range(0, len(left), _CHUNK):
        a, b = left[start : start + _CHUNK], right[start : start + _CHUNK]
        levels = compare(columns, a, b, rules).levels
        kept.append(patterns(rules).packed(levels))
        for place, comparison in enumerate(rules.comparisons):
            codes = columns.columns[comparison.field].codes()[0]
            same = (codes[a] == codes[b]) & (levels[place] >= 0)
            identical[classes.columns(place)] += np.bincount(
                levels[place][same], minlength=len(comparison.levels)
            )
    packed, counts = _counted(kept)
    found = np.ascontiguousarray(patterns(rules).levels(packed).T)
    return RandomPairs(
        patterns=PatternCounts(levels=found, counts=counts),
        identical=identical,
        identical_all=_identical_pairs(columns, rules, classes) * _pairs_per_pair(columns, record_count),
    )


def random_positions(record_count: int, pair_count: int) -> tuple[Positions, Positions]:
    """Pairs of different records, fewer where there are not so many; no pair is preferred to another."""
    if record_count * (record_count - 1) // 2 <= pair_count:
        left, right = np.triu_indices(record_count, 1)
        return left.astype(np.int64), right.astype(np.int64)
    steps = np.arange(1, pair_count + 1, dtype=np.float64)
    left = (steps / _PLASTIC % 1 * record_count).astype(np.int64)
    right = (steps / _PLASTIC**2 % 1 * record_count).astype(np.int64)
    different = left != right
    return left[different], right[different]


def _pairs_per_pair(columns: Columns, record_count: int | None) -> float:
    """For each pair of the sample's records so many pairs of all records."""
    there, count = columns.record_count, record_count or columns.record_count
    return count * (count - 1) / max(1, there * (there - 1))


def _identical_pairs(columns: Columns, rules: RuleSet, classes: LatentClasses) -> Floats:
    """Pairs of all records that have the same value, by the level of the value with itself: Σ c (c − 1) / 2.

    0 for a field with too many shared values to look at: hardly anything but numbers has so many, and those
    are shared by one person's records rather than by strangers.
    """
    found = np.zeros(int(classes.starts[-1]))
    shared = [_shared(columns.columns[comparison.field].codes()[0]) for comparison in rules.comparisons]
    examples = np.concatenate([example for example, _ in shared])
    levels = compare(columns, examples, examples, rules).levels
    ends = np.cumsum([len(example) for example, _ in shared])
    for place, (_, pairs) in enumerate(shared):
        own = levels[place, ends[place] - len(pairs) : ends[place]]
        there = own >= 0
        size = len(rules.comparisons[place].levels)
        found[classes.columns(place)] = np.bincount(own[there], weights=pairs[there], minlength=size)
    return found


def _shared(codes: npt.NDArray[np.int32]) -> tuple[Positions, Floats]:
    """An example of each value that several records have, and how many pairs have it."""
    there = np.flatnonzero(codes >= 0)
    counts = np.bincount(codes[there])
    several = np.flatnonzero(counts > 1)
    if len(several) > _SHARED_VALUES_MAX:
        several = several[:0]
    example = np.zeros(len(counts), dtype=np.int64)
    example[codes[there]] = there
    return example[several], counts[several] * (counts[several] - 1.0) / 2


def _counted(packed: Iterable[Packed]) -> tuple[Packed, Packed]:
    """Each number once, ascending, and how often it is there."""
    ordered = np.sort(np.concatenate([np.empty(0, np.int64), *packed]))
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    return ordered[first], np.diff(first, append=len(ordered)).astype(np.int64)
