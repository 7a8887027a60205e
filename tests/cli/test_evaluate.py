"""``mpi evaluate`` as it is called."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mpi.batch import synthetic
from mpi.cli.main import app
from mpi.errors import BadInput

#: Of the generated people, whom the examples show.
FEW = 600


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("people") / "people.csv"
    synthetic.write(FEW, path, seed=4)
    return path


def test_it_tells_and_writes_both_files(people: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "quality"
    said = CliRunner().invoke(app, ["evaluate", str(people), "--output", str(folder)])
    assert said.exit_code == 0, said.output
    for words in ("precision", "B³ F1", "blocking recall", "missed links", "tasks for 1,000 records"):
        assert words in said.stdout
    assert {path.name for path in folder.iterdir()} == {
        "evaluation.json",
        "evaluation.html",
        "never_compared.csv",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    found = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    assert found["records"] == found["labelled"] == FEW
    assert found["automatic"]["pairwise"]["precision"] > 0.99
    assert any(kind["examples"] for kind in found["missed_links"]["kinds"])
    assert "Missed links" in (folder / "evaluation.html").read_text(encoding="utf-8")


def test_json_shows_nobody_and_the_order_of_lines_changes_nothing(people: Path, tmp_path: Path) -> None:
    header, *lines = people.read_text(encoding="utf-8").splitlines()
    turned = tmp_path / "people.csv"
    turned.write_text("\n".join([header, *reversed(lines)]) + "\n", encoding="utf-8")
    first, second = (
        CliRunner().invoke(app, ["evaluate", str(path), "--json"]).stdout for path in (people, turned)
    )
    assert first == second
    found = json.loads(first)
    assert found["files"] == []
    assert not any(kind["examples"] for kind in found["missed_links"]["kinds"])


def test_a_file_without_truth_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("record_id,given,family\n1,Grace,Okonkwo\n", encoding="utf-8")
    said = CliRunner().invoke(app, ["evaluate", str(path)])
    assert isinstance(said.exception, BadInput)
    assert said.exception.field == "entity_id"
    assert "Okonkwo" not in str(said.exception)


def test_with_a_map_the_truth_is_still_there_and_may_have_holes(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    rows = ["chart,first,last,born,entity_id"]
    rows += [f"{n},Grace,Okonkwo,1974-02-11,{'g' if n < 2 else ''}" for n in range(3)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    columns = tmp_path / "map.toml"
    fields = {"local_id": "chart", "given": "first", "family": "last", "birth_date": "born"}
    columns.write_text("[columns]\n" + "".join(f'{f} = "{c}"\n' for f, c in fields.items()))
    said = CliRunner().invoke(app, ["evaluate", str(path), "--map", str(columns), "--json"])
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert (found["records"], found["labelled"], found["people"]) == (3, 2, 1)


def test_an_output_that_cannot_be_written_is_refused(people: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    said = CliRunner().invoke(app, ["evaluate", str(people), "--output", str(tmp_path / "taken")])
    assert isinstance(said.exception, BadInput)
    assert said.exception.field == "output"
