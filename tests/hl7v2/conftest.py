"""An index on a database of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api_client import settings_of
from mpi.index import Index


@pytest.fixture
def index(database_url: str, tmp_path: Path) -> Iterator[Index]:
    """Open for the test; sources and authorities are declared on sight."""
    with Index.open(settings_of(database_url, tmp_path)) as index:
        yield index
