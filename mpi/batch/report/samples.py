"""Sampled pairs of each kind of outcome, and what guards and blocking did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mpi.batch.blocks import packed
from mpi.batch.deduplication import Deduplication
from mpi.batch.evidence import PairEvidence, pair_evidence, records_shown, sampled
from mpi.matching.decision import LINK, REVIEW

#: Pairs shown of each kind.
PAIRS_MAX: Final = 20
#: Capped blocks listed.
BLOCKS_MAX: Final = 30

#: Kind of outcome → its title and meaning.
OUTCOMES: Final = {
    "link": ("Linked", "The weight reaches the link threshold and no guard fired."),
    "review": ("For review", "The weight lies between the thresholds: a person has to look."),
    "stopped": ("Stopped by a guard", "The weight would do, but a guard holds the pair back."),
    "refused": (
        "Refused by clustering",
        "It would join what a guard, a person or all other evidence keeps apart, or too many records.",
    ),
}

#: Key part of a blocking pass → the fields whose values show what it stands for.
_FIELDS_OF_PART: Final = {
    "ssn": ("ssn",),
    "ssn4": ("ssn",),
    "identifier": ("national_id", "record_number"),
    "phone": ("phone",),
    "email": ("email",),
    "email_user": ("email",),
    "birth_date": ("birth_date",),
    "birth_year": ("birth_date",),
    "birth_year_month": ("birth_date",),
    "birth_month_day": ("birth_date",),
    "name": ("given", "family"),
    "names_sorted": ("given", "family"),
    "initials": ("given", "family"),
    "middle_initial": ("middle",),
    "sex": ("sex",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The pairs of one kind of outcome: how many, and some of them."""

    kind: str
    title: str
    meaning: str
    count: int
    examples: tuple[PairEvidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardCount:
    """How many pairs at or above the review weight a guard fired on."""

    guard: str
    effect: str
    reason: str
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockShown:
    """A capped block, with what one of its records holds in the fields of the key."""

    pass_name: str
    size: int
    compared: int
    not_compared: int
    values: dict[str, Any]


def outcomes(dedup: Deduplication) -> list[Outcome]:
    """All kinds of outcome, each pair in one of them."""
    pairs = dedup.scoring.pairs
    keys = packed(pairs.left, pairs.right)
    made = []
    for kind, chosen in _by_outcome(dedup).items():
        title, meaning = OUTCOMES[kind]
        examples = pair_evidence(dedup.records, sampled(keys[chosen], PAIRS_MAX), dedup.rules)
        made.append(
            Outcome(
                kind=kind, title=title, meaning=meaning, count=int(chosen.sum()), examples=tuple(examples)
            )
        )
    return made


def _by_outcome(dedup: Deduplication) -> dict[str, npt.NDArray[np.bool_]]:
    pairs = dedup.scoring.pairs
    refused = np.zeros(len(pairs.left), dtype=bool)
    refused[dedup.refused] = True
    light = pairs.weight < dedup.rules.thresholds.link_weight
    waits = (pairs.decision == REVIEW) & light & ~refused
    links = (pairs.decision == LINK) & ~refused
    return {"link": links, "review": waits, "stopped": ~(refused | waits | links), "refused": refused}


def guard_counts(dedup: Deduplication) -> list[GuardCount]:
    """The guards that fired, in descending count."""
    pairs = dedup.scoring.pairs
    sets = np.bincount(pairs.guard_set, minlength=len(pairs.guard_sets))
    counts = {
        guard.name: sum(
            int(sets[place])
            for place, hits in enumerate(pairs.guard_sets)
            if any(hit.guard == guard.name for hit in hits)
        )
        for guard in dedup.rules.guards
    }
    fired = [
        GuardCount(guard=guard.name, effect=guard.effect, reason=guard.reason, pairs=counts[guard.name])
        for guard in dedup.rules.guards
        if counts[guard.name]
    ]
    return sorted(fired, key=lambda one: -one.pairs)


def capped_blocks(dedup: Deduplication) -> list[BlockShown]:
    """The capped blocks that left most pairs uncompared."""
    most = sorted(
        dedup.candidates.capped, key=lambda block: (-block.not_compared, block.pass_name, block.example)
    )
    keys = {one.name: one.key for one in dedup.rules.blocking_passes}
    shown = most[:BLOCKS_MAX]
    examples = records_shown(dedup.records, np.array([block.example for block in shown], dtype=np.int64))
    return [
        BlockShown(
            pass_name=block.pass_name,
            size=block.size,
            compared=block.compared,
            not_compared=block.not_compared,
            values={
                field: example.values[field]
                for field in dict.fromkeys(f for part in keys[block.pass_name] for f in _fields_of(part))
                if field in example.values
            },
        )
        for block, example in zip(shown, examples, strict=True)
    ]


def _fields_of(part: str) -> tuple[str, ...]:
    if part in _FIELDS_OF_PART:
        return _FIELDS_OF_PART[part]
    word = part.split("_", maxsplit=1)[0]
    return (word,) if word in ("family", "given") else ("address",)
