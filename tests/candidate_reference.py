"""Candidates found the plain way, record by record, to hold the fast way against."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from mpi.batch.encoded import EncodedRecords
from mpi.batch.encoding import encode_records
from mpi.matching.blocking import blocking_keys
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet


def encoded(records: Sequence[NormalizedRecord], rules: RuleSet) -> EncodedRecords:
    """Records of one source, in the order given."""
    ids = [f"{n:06}" for n in range(len(records))]
    return encode_records(ids, ["file"] * len(records), records, rules)


def naive_pairs(records: Sequence[NormalizedRecord], rules: RuleSet) -> set[tuple[int, int]]:
    """Every pair of records that share a blocking key."""
    blocks: dict[tuple[str, int], list[int]] = {}
    for position, record in enumerate(records):
        for key in blocking_keys(record, rules):
            blocks.setdefault(key, []).append(position)
    return {pair for members in blocks.values() for pair in combinations(members, 2)}
