"""Candidate pairs: the records that share a blocking key, each pair once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.blocks import PartHashes, PassKeys, blocks_of, keys_of, part_hashes, size_limit
from mpi.batch.encoded import EncodedRecords
from mpi.batch.oversized import CappedBlock, Oversized
from mpi.batch.pair_keys import PairKeys
from mpi.batch.progress import Progress, silent
from mpi.matching.blocking import BROAD_MAX, KEYS_PER_PASS_MAX
from mpi.matching.rules import RuleSet
from mpi.matching.rules.model import BlockingPass

#: Records of a block that are compared all with all; of a larger one only neighbours in sorted order.
BLOCK_MAX: Final = 50
#: Pairs per record that one pass brings at most, its smallest blocks first; of few records it may bring more.
PASS_PAIRS_PER_RECORD: Final = 1.5
PASS_PAIRS_MIN: Final = 1_000_000
#: The same of a broad pass.
BROAD_PAIRS_PER_RECORD: Final = 0.25
BROAD_PAIRS_MIN: Final = 500_000
#: Pairs handed on at a time.
CHUNK_PAIRS: Final = 1 << 18

Positions = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedPass:
    """A pass whose blocks of middling size would bring more pairs than one pass may."""

    pass_name: str
    #: Records of the largest blocks that were compared.
    size_max: int
    #: Larger blocks, up to ``largest_block`` records, that were not, and their pairs; other passes have many
    #: of these.
    blocks: int
    not_compared: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Distinct pairs ``left < right`` of positions, in ascending order, in chunks small enough for the memory
    bound.
    """

    pair_count: int
    #: How many pairs each pass brought, before the same pair of another pass was taken out.
    per_pass: dict[str, int]
    capped: tuple[CappedBlock, ...]
    limited: tuple[LimitedPass, ...] = ()
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
            each such block. Among many records a pass whose keys many share takes fewer: ``limited``. A broad
            pass takes no larger blocks than ``BROAD_MAX``.
        memory_bytes: pairs beyond it wait in a temporary folder. The pairs are the same for any bound.
    """
    pairs = PairKeys(memory_bytes)
    per_pass: Counter[str] = Counter()
    oversized = Oversized(records, rules)
    limited: list[LimitedPass] = []
    passes = pass_keys(records, rules)
    for done, (one, keys) in enumerate(passes):
        progress("finding candidates", done, len(rules.blocking_passes))
        blocks = blocks_of(keys, records.record_count)
        counts = blocks.counts_by_size(largest_block(one, block_max))
        size_max = size_limit(counts, pass_pairs_max(one, records.record_count))
        limited += limited_pass(one, counts, size_max)
        large = () if one.broad else oversized.pairs(one.name, blocks.beyond(block_max))
        for found in chain(blocks.within(size_max).pairs(), large):
            per_pass[one.name] += len(found)
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
        limited=tuple(limited),
        chunks=chunks,
    )


def largest_block(one: BlockingPass, block_max: int = BLOCK_MAX) -> int:
    """Records of a block of this pass that are compared all with all."""
    return min(BROAD_MAX, block_max) if one.broad else block_max


def pass_pairs_max(one: BlockingPass, record_count: int) -> int:
    """Pairs that the blocks of this pass may bring, those of oversized blocks aside."""
    if one.broad:
        return max(int(BROAD_PAIRS_PER_RECORD * record_count), BROAD_PAIRS_MIN)
    return max(int(PASS_PAIRS_PER_RECORD * record_count), PASS_PAIRS_MIN)


def limited_pass(
    one: BlockingPass, counts_by_size: npt.NDArray[np.int64], size_max: int
) -> list[LimitedPass]:
    """What to tell of a pass whose blocks of more than ``size_max`` records are passed over, if there are
    any; nothing of a broad pass, which is for small ones.
    """
    sizes = np.arange(size_max + 1, len(counts_by_size))
    blocks = counts_by_size[sizes]
    if one.broad or not blocks.sum():
        return []
    lost = int((blocks * (sizes * (sizes - 1) // 2)).sum())
    return [LimitedPass(pass_name=one.name, size_max=size_max, blocks=int(blocks.sum()), not_compared=lost)]


def pass_keys(records: EncodedRecords, rules: RuleSet) -> Iterator[tuple[BlockingPass, PassKeys]]:
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
        yield one, keys_of([prepared[part] for part in one.key], room)
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
