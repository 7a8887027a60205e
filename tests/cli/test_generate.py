"""``mpi generate`` as it is called."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from mpi.cli.generate import generate
from mpi.errors import BadInput

app = typer.Typer()
app.command()(generate)


def test_one_file_with_all_records(tmp_path: Path) -> None:
    out = tmp_path / "people.csv"
    result = CliRunner().invoke(app, ["200", "--output", str(out), "--seed", "3", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["files"] == {str(out): 200}
    assert len(out.read_text(encoding="utf-8").splitlines()) == 201


def test_a_file_per_source(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["200", "--by-source", str(tmp_path), "--format", "ndjson"])
    assert result.exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "north-ehr.ndjson", "south-ehr.ndjson", "lab.ndjson", "billing.ndjson",
    }  # fmt: skip


def test_a_call_that_says_nothing_or_too_much_is_refused(tmp_path: Path) -> None:
    for options in ([], ["--output", "a.csv", "--by-source", "b"], ["--output", "a.csv", "--profile", "odd"]):
        result = CliRunner().invoke(app, ["10", *options])
        assert isinstance(result.exception, BadInput)
