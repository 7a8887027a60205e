"""``mpi train`` as it is called: on a file, with decisions, and on the index."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

from cli_calls import Mpi
from mpi.batch.synthetic import generate
from mpi.cli.train import train
from mpi.errors import BadInput, CannotTrain
from mpi.matching.rules import load_rules

app = typer.Typer()
app.command()(train)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("people") / "people.csv"
    pa.concat_tables(generate(3_000, seed=8)).to_pandas().to_csv(path, index=False)
    return path


def test_a_file_gives_a_rule_set_that_is_read_back(people: Path, tmp_path: Path) -> None:
    output = tmp_path / "ours.toml"
    said = CliRunner().invoke(app, [str(people), "--output", str(output), "--json"])
    assert said.exit_code == 0, said.exception
    answer = json.loads(said.stdout)
    rules = load_rules(output)
    assert answer["rule_set"] == {"name": "ours", "hash": rules.hash}
    assert answer["records"] == 3_000
    assert answer["precision"] is None
    assert [Path(file).name for file in answer["files"]] == ["ours.toml", "ours_family.csv", "ours_given.csv"]
    again = tmp_path / "again"
    again.mkdir()
    CliRunner().invoke(app, [str(people), "--output", str(again / "ours.toml")])
    for file in answer["files"]:
        assert (again / Path(file).name).read_bytes() == Path(file).read_bytes()


def test_the_person_at_the_terminal_is_told_what_was_learned(people: Path, tmp_path: Path) -> None:
    said = CliRunner().invoke(app, [str(people), "--output", str(tmp_path / "ours.toml")])
    assert said.exit_code == 0
    assert "expected by the model" in said.stdout
    assert "precision" not in said.stdout
    assert "mother_maiden" in said.stdout


def test_what_is_there_is_not_replaced_unasked(people: Path, tmp_path: Path) -> None:
    output = tmp_path / "ours.toml"
    output.write_text("mine")
    refused = CliRunner().invoke(app, [str(people), "--output", str(output)])
    assert isinstance(refused.exception, BadInput) and output.read_text() == "mine"
    assert CliRunner().invoke(app, [str(people), "--output", str(output), "--overwrite"]).exit_code == 0
    assert load_rules(output).provenance["parent"] == "default"


@pytest.mark.parametrize("options", [[], ["--index"], ["--output", "a.txt"], ["--output", "no/where/a.toml"]])
def test_a_call_that_cannot_be_meant_is_refused(people: Path, tmp_path: Path, options: list[str]) -> None:
    output = [] if "--output" in options else ["--output", str(tmp_path / "a.toml")]
    file = [] if not options else [str(people)]
    refused = CliRunner().invoke(app, [*file, *options, *output])
    assert isinstance(refused.exception, BadInput)


def test_decisions_and_a_precision_they_cannot_show(people: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(people, dtype=str)
    pairs = frame.merge(frame, on="entity_id", suffixes=("_a", "_b"))
    pairs = pairs[pairs.record_id_a < pairs.record_id_b].head(100)
    names = ["source_a", "record_id_a", "source_b", "record_id_b"]
    decisions = tmp_path / "decisions.csv"
    pairs[names].assign(verdict="same").to_csv(decisions, index=False)
    call = [str(people), "--output", str(tmp_path / "ours.toml"), "--decisions", str(decisions), "--json"]
    said = CliRunner().invoke(app, call)
    assert said.exit_code == 0, said.exception
    assert json.loads(said.stdout)["decided_pairs"] == 100
    refused = CliRunner().invoke(app, [*call, "--overwrite", "--precision", "0.999"])
    assert isinstance(refused.exception, CannotTrain) and "3688 are needed" in str(refused.exception)


def test_the_index_teaches_with_its_resolved_tasks(mpi: Mpi, people: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(people, dtype=str).head(700).rename(columns={"record_id": "local_id"})
    truth = dict(zip(zip(frame.source, frame.local_id, strict=True), frame.entity_id, strict=True))
    frame.to_csv(tmp_path / "some.csv", index=False)
    assert mpi("load", str(tmp_path / "some.csv"), "--json").code == 0
    decided = 0
    for task in mpi("tasks", "list", "--limit", "6", "--json").json["items"]:
        records = {truth[record["source"], record["local_id"]] for record in task["records"]}
        answer = "same_person" if len(records) == 1 else "different_people"
        if len(task["records"]) == 2:
            decided += mpi("tasks", "resolve", str(task["id"]), answer, "--reason", "known").code == 0
    output = tmp_path / "ours.toml"
    said = mpi("train", "--index", "--output", str(output), "--json")
    assert said.code == 0, said.err
    assert said.json["records"] == 700
    assert said.json["decided_pairs"] == decided > 0
    assert load_rules(output).name == "ours"


def test_the_empty_index_is_refused_with_the_reason(mpi: Mpi, tmp_path: Path) -> None:
    said = mpi("train", "--index", "--output", str(tmp_path / "ours.toml"))
    assert said.code == 2 and "too few to train on" in said.err
    assert not list(tmp_path.glob("ours*"))
