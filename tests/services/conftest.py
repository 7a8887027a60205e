"""An index on a database of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from builders import STEWARD as AUDITOR
from mpi.index import Index
from mpi.settings import Settings


@pytest.fixture
def index(database_url: str) -> Iterator[Index]:
    """An empty index that declares sources on first sight; invariants are checked after the test."""
    settings = Settings(database_url=database_url, auto_declare=True, pool_size=10)
    with Index.open(settings) as opened:
        yield opened
        broken = [(r.invariant, r.sample) for r in opened.check(actor=AUDITOR) if r.violations]
        assert not broken
