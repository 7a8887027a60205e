"""Candidate pairs: the records that share a blocking key, each pair once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.blocks import PartHashes, PassKeys, blocks_of, keys_of, part_hashes
from mpi.batch.encoded import EncodedRecords
from mpi.batch.oversized import CappedBlock, Oversized
from mpi.batch.pair_keys import PairKeys
from mpi.batch.progress import Progress, silent
from mpi.matching.blocking import KEYS_PER_PASS_MAX
from mpi.matching.rules import RuleSet

#: Records of a block that are compared all with all; of a larger one only those that have more in common.
BLOCK_MAX: Final = 50
#: Pairs handed on at a time.
CHUNK_PAIRS: Final = 1 << 18

Positions = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Distinct pairs ``left < right`` of positions, in ascending order, in chunks small enough for the memory
    bound.
    """

    pair_count: int
    #: How many pairs each pass brought, before the same pair of another pass was taken out.
    per_pass: dict[str, int]
    capped: tuple[CappedBlock, ...]
    #: Yields (left, right), int32 each; may be called again.
    chunks: Callable[[], Iterator[tuple[Positions, Positions]]]


def candidate_pairs(
    records: EncodedRecords,
    rules: RuleSet,
    *,
    block_max: int = BLOCK_MAX,
    memory_bytes: int | None = None,
    progress: Progress = silent,
) -> Candidates:
    """All pairs of records that share a key of a blocking pass, as ``mpi.matching.blocking`` defines them.

    Args:
        block_max: of a block of more records not all pairs are taken: see ``oversized``, and ``capped`` for
            each such block.
        memory_bytes: pairs beyond it wait in a temporary folder. The pairs are the same for any bound.
    """
    pairs = PairKeys(memory_bytes)
    per_pass: Counter[str] = Counter()
    oversized = Oversized(records, rules)
    passes = pass_keys(records, rules)
    for done, (name, keys) in enumerate(passes):
        progress("finding candidates", done, len(rules.blocking_passes))
        blocks = blocks_of(keys, records.record_count)
        for found in blocks.within(block_max).pairs():
            per_pass[name] += len(found)
            pairs.add(found)
        for found in oversized.pairs(name, blocks.beyond(block_max)):
            per_pass[name] += len(found)
            pairs.add(found)
    ascending = pairs.finished()
    progress("finding candidates", len(rules.blocking_passes), len(rules.blocking_passes))

    def chunks() -> Iterator[tuple[Positions, Positions]]:
        assert pairs is not None  # the folder of ``ascending`` lives as long as this does
        for start in range(0, len(ascending), CHUNK_PAIRS):
            part = ascending[start : start + CHUNK_PAIRS]
            yield (part >> 32).astype(np.int32), (part & 0xFFFFFFFF).astype(np.int32)

    return Candidates(
        pair_count=len(ascending),
        per_pass={one.name: per_pass[one.name] for one in rules.blocking_passes},
        capped=oversized.capped(),
        chunks=chunks,
    )


def pass_keys(records: EncodedRecords, rules: RuleSet) -> Iterator[tuple[str, PassKeys]]:
    """Pass after pass the keys of all records: at most ``rules.keys_max`` of one record, the first passes
    first.

    The keys of two passes have nothing to do with each other; those of one pass are the same in every process
    and for every file.
    """
    room = None
    if sum(_keys_most(records, one.key) for one in rules.blocking_passes) > rules.keys_max:
        room = np.full(records.record_count, rules.keys_max, dtype=np.int16)
    uses = Counter(part for one in rules.blocking_passes for part in one.key)
    prepared: dict[str, PartHashes] = {}
    for one in rules.blocking_passes:
        for part in one.key:
            if part not in prepared:
                prepared[part] = part_hashes(records.keys[part])
        yield one.name, keys_of([prepared[part] for part in one.key], room)
        uses.subtract(one.key)
        for part in one.key:
            if not uses[part]:
                prepared.pop(part, None)


def _keys_most(records: EncodedRecords, parts: tuple[str, ...]) -> int:
    """No record has more keys of this pass."""
    most = 1
    for part in parts:
        starts = records.keys[part].starts
        most *= int(np.diff(starts).max()) if len(starts) > 1 else 0
    return min(most, KEYS_PER_PASS_MAX)
