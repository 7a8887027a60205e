"""Deduplications of normalized records, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Sequence

from mpi.batch.deduplication import Deduplication, deduplicate
from mpi.batch.encoding import encode_records
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import load_rules


def deduplicated(
    records: Sequence[NormalizedRecord],
    *,
    ids: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
) -> Deduplication:
    """The records deduplicated by the default rules; without IDs they are called by their number."""
    rules = load_rules()
    numbers = [f"{number:06}" for number in range(len(records))]
    encoded = encode_records(ids or numbers, sources or ["north"] * len(records), records, rules)
    return deduplicate(encoded, rules)
