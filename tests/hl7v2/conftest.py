"""An index on a database of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api_client import settings_of
from hl7v2_messages import ADMIN, SOURCES, Wire
from mpi.index import Index


@pytest.fixture
def index(database_url: str, tmp_path: Path) -> Iterator[Index]:
    """Open for the test; sources and authorities are declared on sight."""
    with Index.open(settings_of(database_url, tmp_path)) as index:
        yield index


@pytest.fixture
def wire(database_url: str, tmp_path: Path) -> Iterator[Wire]:
    """Messages to an index whose sources are declared, and no others."""
    settings = settings_of(database_url, tmp_path).model_copy(update={"auto_declare": False})
    with Index.open(settings) as index:
        index.apply_sources(SOURCES, actor=ADMIN)
        yield Wire(index)
