"""The command ``mpi`` on a database of the test's own, called through its entry point."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli_calls import DOUBTFUL, NORTH, OTHER, SOUTH, Feed, Mpi, Said
from mpi.cli.main import run


@pytest.fixture
def mpi(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Mpi]:
    """The program, in this process; its database is empty at first."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    thresholds = gc.get_threshold()

    def call(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["mpi", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run()
        printed = capsys.readouterr()
        return Said(int(ended.value.code or 0), printed.out, printed.err)

    yield call
    gc.set_threshold(*thresholds)
    gc.unfreeze()


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    """Writes an NDJSON file."""

    def write(*flats: dict[str, Any] | str, name: str = "feed.ndjson") -> Path:
        path = tmp_path / name
        lines = [flat if isinstance(flat, str) else json.dumps(flat) for flat in flats]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def filled(mpi: Mpi, feed: Feed) -> Mpi:
    """The command on an index of four records."""
    path = feed(NORTH, SOUTH, OTHER, DOUBTFUL, name="filled.ndjson")
    assert mpi("load", str(path), "--json").code == 0
    return mpi
