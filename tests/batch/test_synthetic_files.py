"""Files of synthetic records: three formats of one content, and the sample made by its own command."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mpi.batch.synthetic import DEFAULT_PROFILE, FORMATS, generate, write, write_by_source
from mpi.batch.synthetic.writing import csv_text, ndjson_text
from mpi.errors import BadInput

SAMPLE = Path(__file__).parents[2] / "data" / "synthetic"


def rows_of(path: Path) -> list[dict[str, str | None]]:
    """The records of a file, nulls as None."""
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    if path.suffix == ".ndjson":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with path.open(encoding="utf-8", newline="") as lines:
        return [{k: v or None for k, v in row.items()} for row in csv.DictReader(lines)]


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_holds_the_records_and_the_same_bytes_again(tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    assert write(2_500, first, seed=6, chunk=1_000) == 2_500
    write(2_500, second, seed=6, chunk=1_000)
    assert first.read_bytes() == second.read_bytes()
    wanted = pa.concat_tables(generate(2_500, seed=6, chunk=1_000)).to_pylist()
    found = rows_of(first)
    assert [{k: v for k, v in row.items() if v is not None} for row in found] == [
        {k: v for k, v in row.items() if v is not None} for row in wanted
    ]


def test_files_by_source_hold_every_record_once(tmp_path: Path) -> None:
    counts = write_by_source(1_500, tmp_path, seed=6, chunk=1_000)
    assert sum(counts.values()) == 1_500
    found = {row["local_id"] for path in counts for row in rows_of(path)}
    wanted = {row["record_id"] for table in generate(1_500, seed=6, chunk=1_000) for row in table.to_pylist()}
    assert found == wanted
    for path in counts:
        assert {row["source"] for row in rows_of(path)} == {path.stem}


def test_the_committed_sample_is_what_its_command_writes(tmp_path: Path) -> None:
    connecticut = replace(DEFAULT_PROFILE.demographics, states=("CT",))
    for path in write_by_source(
        6_000, tmp_path, seed=1, profile=replace(DEFAULT_PROFILE, demographics=connecticut)
    ):
        assert path.read_bytes() == (SAMPLE / path.name).read_bytes(), path.name


def test_special_characters_are_quoted_and_escaped() -> None:
    values = ["a,b", 'say "hi"', "back\\slash", "two\nlines", "Ñandú", None]
    table = pa.table({"street": pa.array(values, pa.string()), "city": pa.array(["x"] * len(values))})
    text = bytes(csv_text(table)).decode()
    assert [row[0] for row in csv.reader(text.splitlines(keepends=True))] == [v or "" for v in values]
    without_break = table.filter(pa.array([v != "two\nlines" for v in values]))
    objects = [json.loads(line) for line in bytes(ndjson_text(without_break)).decode().splitlines()]
    assert [o.get("street") for o in objects] == [v for v in values if v != "two\nlines"]


def test_an_unknown_format_is_refused_and_a_broken_run_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"\.csv"):
        write(10, tmp_path / "people.xlsx")

    def stop(records: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(10, tmp_path / "people.csv", on_progress=stop)
    assert list(tmp_path.iterdir()) == []
