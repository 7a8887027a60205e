"""Wrong links and missed ones, by kind and by reason, with examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.blocks import packed
from mpi.batch.deduplication import Deduplication
from mpi.batch.evaluation.grouping import Pairs, found_in
from mpi.batch.evaluation.kinds import KINDS, kind_of
from mpi.batch.evaluation.nearest import NO_KEY, TOO_MANY, NeverCompared, never_compared
from mpi.batch.evidence import PairEvidence, pair_evidence, picked, sampled
from mpi.matching.comparison import compare
from mpi.matching.decision import LINK, REVIEW

#: Examples shown of each kind.
EXAMPLES_MAX: Final = 20
#: More mistakes than this are not looked at one by one but as many, chosen by hash.
EXAMINED_MAX: Final = 200_000
_SLICE: Final = 100_000
#: The kernel makes the values of all records to compare a few pairs one by one.
_FEW: Final = 1_000

#: Reason → what it means. Of a wrong link, of a missed one, and of a pair that was never compared.
WRONG_REASONS: Final = {
    "linked": "the two were linked",
    "joined": "the two came together through other records",
}
UNBLOCKED_REASONS: Final = {
    NO_KEY: "no blocking pass gives the two a common key",
    TOO_MANY: "they share a key, but so many others do that not all of them are compared",
}
MISSED_REASONS: Final = {
    **UNBLOCKED_REASONS,
    "too_light": "below the review weight",
    "in_review": "waits for a reviewer",
    "guard": "a guard holds it back",
    "refused": "clustering refused the link",
}

Levels = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A mistake with its evidence."""

    reason: str
    evidence: PairEvidence
    #: Of a pair that was never compared: the nearest pass and what it lacked.
    nearest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindCount:
    """The mistakes of one kind, by reason."""

    kind: str
    count: int
    reasons: dict[str, int]
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldState:
    """Of some pairs: in how many a field is missing on a side, agrees exactly, or less than that."""

    field: str
    missing: int
    agrees: int
    differs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistakes:
    """Mistakes of one sort; ``kinds`` in descending count, and ``fields`` over the ``examined`` ones.

    All are examined unless they are very many or of a group of very many records.
    """

    count: int
    examined: int
    kinds: tuple[KindCount, ...]
    reasons: dict[str, int]
    fields: tuple[FieldState, ...]


def wrong_links(pairs: Pairs, count: int, dedup: Deduplication) -> Mistakes:
    """``pairs`` (packed) of two people that are in one cluster; ``count`` is how many there are in all."""
    chosen = sampled(pairs, EXAMINED_MAX)
    decision, _ = _decisions(chosen, dedup)
    reasons = np.where(decision == LINK, "linked", "joined")
    return _mistakes(chosen, reasons, count, dedup)


def missed_links(pairs: Pairs, count: int, candidates: Pairs, dedup: Deduplication) -> Mistakes:
    """``pairs`` of one person in two clusters; ``candidates`` are those of one person that were compared."""
    chosen = sampled(pairs, EXAMINED_MAX)
    decision, weighty = _decisions(chosen, dedup)
    reasons = np.full(len(chosen), "too_light", dtype=object)
    reasons[decision >= 0] = "guard"
    reasons[(decision == REVIEW) & ~weighty] = "in_review"
    reasons[decision == LINK] = "refused"
    unblocked = ~found_in(chosen, candidates)
    reasons[unblocked] = never_compared(dedup.records, chosen[unblocked], dedup.rules).reasons
    return _mistakes(chosen, reasons, count, dedup)


def unblocked_pairs(pairs: Pairs, count: int, dedup: Deduplication) -> tuple[Mistakes, NeverCompared]:
    """``pairs`` of one person that were never compared: by kind, and why each."""
    found = never_compared(dedup.records, sampled(pairs, EXAMINED_MAX), dedup.rules)
    return _mistakes(found.pairs, found.reasons, count, dedup, found.told()), found


def _decisions(pairs: Pairs, dedup: Deduplication) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
    """The decision of each pair, −1 where it was not kept, and whether it reached the link weight."""
    scored = dedup.scoring.pairs
    kept = packed(scored.left, scored.right)
    decision = np.full(len(pairs), -1, dtype=np.int8)
    weighty = np.zeros(len(pairs), dtype=bool)
    known = np.flatnonzero(found_in(pairs, kept))
    places = np.searchsorted(kept, pairs[known])
    decision[known] = scored.decision[places]
    weighty[known] = scored.weight[places] >= dedup.rules.thresholds.link_weight
    return decision, weighty


def _mistakes(
    pairs: Pairs,
    reasons: npt.NDArray[np.generic],
    count: int,
    dedup: Deduplication,
    nearest: Sequence[str] = (),
) -> Mistakes:
    levels = _levels(pairs, dedup)
    kinds = kind_of(levels, dedup.rules)
    counted = np.bincount(kinds, minlength=len(KINDS))
    present = [code for code in np.argsort(-counted, kind="stable").tolist() if counted[code]]
    shown = [sampled(pairs[kinds == code], EXAMPLES_MAX) for code in present]
    evidence = iter(pair_evidence(dedup.records, np.concatenate([pairs[:0], *shown]), dedup.rules))
    names = list(KINDS)
    return Mistakes(
        count=count,
        examined=len(pairs),
        kinds=tuple(
            KindCount(
                kind=names[code],
                count=int(counted[code]),
                reasons=_tally(reasons[kinds == code]),
                examples=tuple(
                    Example(
                        reason=str(reasons[place]),
                        evidence=next(evidence),
                        nearest=nearest[place] if nearest else "",
                    )
                    for place in np.searchsorted(pairs, some).tolist()
                ),
            )
            for code, some in zip(present, shown, strict=True)
        ),
        reasons=_tally(reasons),
        fields=_field_states(levels, dedup),
    )


def _levels(pairs: Pairs, dedup: Deduplication) -> Levels:
    left, right = pairs >> 32, pairs & 0xFFFFFFFF
    if len(pairs) <= _FEW:
        positions = np.unique(np.concatenate([left, right]))
        a, b = np.searchsorted(positions, left), np.searchsorted(positions, right)
        return compare(picked(dedup.records.columns, positions), a, b, dedup.rules).levels
    parts = [np.empty((len(dedup.rules.comparisons), 0), np.int8)]
    for start in range(0, len(pairs), _SLICE):
        part = slice(start, start + _SLICE)
        parts.append(compare(dedup.records.columns, left[part], right[part], dedup.rules).levels)
    return np.concatenate(parts, axis=1)


def _field_states(levels: Levels, dedup: Deduplication) -> tuple[FieldState, ...]:
    missing, agrees = (levels < 0).sum(axis=1).tolist(), (levels == 0).sum(axis=1).tolist()
    return tuple(
        FieldState(
            field=comparison.field,
            missing=missing[row],
            agrees=agrees[row],
            differs=levels.shape[1] - missing[row] - agrees[row],
        )
        for row, comparison in enumerate(dedup.rules.comparisons)
        if comparison.field != "placeholder_name"
    )


def _tally(reasons: npt.NDArray[np.generic]) -> dict[str, int]:
    """How often each reason is there, in descending count."""
    names, counts = np.unique(reasons.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable").tolist()
    return {str(names[place]): int(counts[place]) for place in order}
