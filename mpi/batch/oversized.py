"""Blocks too large to compare all with all: the shelter's address, the hospital's own telephone number, one
record sent 300,000 times.

None is skipped, and none is cut short in silence. A record is compared with its next neighbours when the
block is sorted by birth date and name, and by name and address: the sorted neighbourhood of Hernández and
Stolfo (1995). So records that are the same form an unbroken chain. What that leaves out is counted per block.

Comparing all that share one more key part was tried too: beside the other passes of a rule set it found 40
more of 800,000 pairs of one person, for a fifth more pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.blocks import Blocks, Indices, distinct, packed
from mpi.batch.encoded import Codes, EncodedRecords
from mpi.matching.rules import RuleSet

#: Records that follow in a sorted order that a record is compared with.
NEIGHBOURS: Final = 3
#: What the orders go by, most important first.
ORDERS: Final = (("birth_date", "given", "family", "address"), ("family", "given", "address", "birth_date"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CappedBlock:
    """A block of more records than are compared all with all."""

    pass_name: str
    #: Records that share the key.
    size: int
    #: Pairs of the block that were compared all the same (neighbours in sorted order), and those that this
    #: block did not bring together; another pass may have.
    compared: int
    not_compared: int
    #: Position of one of its records, to show what the key stands for.
    example: int


class Oversized:
    """Takes the oversized blocks of pass after pass, and remembers what became of each."""

    def __init__(self, records: EncodedRecords, rules: RuleSet) -> None:
        self._records = records
        self._passes = [one.name for one in rules.blocking_passes]
        self._orders: list[list[Codes]] = []
        self._capped: list[CappedBlock] = []
        #: What stands for a block's members → its pairs compared; another pass often has the same block.
        self._seen: dict[tuple[int, int], int] = {}

    def capped(self) -> tuple[CappedBlock, ...]:
        """The blocks so far, pass by pass, the largest first."""
        return tuple(
            sorted(self._capped, key=lambda b: (self._passes.index(b.pass_name), -b.size, b.example))
        )

    def pairs(self, pass_name: str, blocks: Blocks) -> Iterator[Indices]:
        """The pairs of these blocks that are compared, packed. A block whose very records another pass
        brought together brings nothing more.
        """
        sizes = blocks.sizes
        if not len(sizes):
            return
        ends = np.cumsum(sizes)
        members = blocks.members[np.arange(ends[-1]) + np.repeat(blocks.starts - ends + sizes, sizes)]
        block_of = np.repeat(np.arange(len(sizes)), sizes)
        fingerprints = self._fingerprints(members, ends - sizes, sizes)
        fresh = np.array([fingerprint not in self._seen for fingerprint in fingerprints])
        chosen = np.flatnonzero(fresh[block_of])
        pairs = self._of_entries(members[chosen], block_of[chosen])
        compared = np.bincount(block_of[chosen][pairs >> 32], minlength=len(sizes)).tolist()
        for block, fingerprint in enumerate(fingerprints):
            self._seen.setdefault(fingerprint, compared[block])
        examples = members[ends - sizes].tolist()
        for size, fingerprint, example in zip(sizes.tolist(), fingerprints, examples, strict=True):
            count = self._seen[fingerprint]
            self._capped.append(
                CappedBlock(
                    pass_name=pass_name,
                    size=size,
                    compared=count,
                    not_compared=size * (size - 1) // 2 - count,
                    example=example,
                )
            )
        members = members[chosen]
        yield packed(members[pairs >> 32], members[pairs & 0xFFFFFFFF])

    def _of_entries(self, members: npt.NDArray[np.int32], block_of: Indices) -> Indices:
        """Distinct pairs of places in ``members`` of one block, packed and ascending."""
        found = [np.empty(0, np.int64)]
        for order in self._sorting():
            codes: list[npt.NDArray[np.signedinteger]] = [column[members] for column in reversed(order)]
            found.extend(_neighbours(np.lexsort([*codes, block_of]), block_of))
        pairs = np.concatenate(found)
        pairs.sort()
        return distinct(pairs)

    def _fingerprints(
        self, members: npt.NDArray[np.int32], starts: Indices, sizes: Indices
    ) -> list[tuple[int, int]]:
        scattered = (members.astype(np.uint64) + np.uint64(1)) * np.uint64(0xD6E8FEB86659FD93)
        scattered ^= scattered >> np.uint64(32)
        sums = np.add.reduceat(scattered * scattered, starts)
        return list(zip(sizes.tolist(), sums.tolist(), strict=True))

    def _sorting(self) -> list[list[Codes]]:
        """Per order the codes that records sort by, the most important first. The distinct values behind the
        codes ascend, so that like values are near, and so in any part of the records.
        """
        columns = self._records.columns.columns
        if not self._orders:
            self._orders = [[columns[f].codes()[0] for f in fields if f in columns] for fields in ORDERS]
        return self._orders


def _neighbours(order: Indices, block_of: Indices) -> Iterator[Indices]:
    blocks = block_of[order]
    for apart in range(1, NEIGHBOURS + 1):
        near = np.flatnonzero(blocks[apart:] == blocks[:-apart])
        a, b = order[near], order[near + apart]
        yield packed(np.minimum(a, b), np.maximum(a, b))
