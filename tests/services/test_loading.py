"""Files taken in: every line has one outcome, a bad line ends nothing, a stopped load goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builders import CLERK, GRACE, TOMAS
from mpi.errors import NotFound, UnreadableFile
from mpi.index import Index
from mpi.services import loading
from mpi.settings import Settings

PEOPLE = [{"local_id": "1", **GRACE}, {"local_id": "2", **TOMAS}]


def written_csv(folder: Path, rows: list[dict[str, str]], name: str = "feed.csv") -> Path:
    path = folder / name
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_csv_file(index: Index, tmp_path: Path) -> None:
    summary = index.load(written_csv(tmp_path, PEOPLE), actor=CLERK, source="north")
    assert (summary.lines, summary.counts, summary.rejected) == (2, {"new": 2}, ())
    assert index.record("north", "2", actor=CLERK).demographics["family"] == TOMAS["family"]


def test_the_same_file_is_taken_in_once(index: Index, tmp_path: Path) -> None:
    path = written_csv(tmp_path, PEOPLE)
    first = index.load(path, actor=CLERK, source="north")
    again = index.load(path, actor=CLERK, source="north")
    assert again.already_done
    assert (again.batch_id, again.counts) == (first.batch_id, first.counts)


def test_a_file_of_which_nothing_was_taken_begins_anew(database_url: str, tmp_path: Path) -> None:
    path = written_csv(tmp_path, [{"source": "north", **person} for person in PEOPLE])
    with Index.open(Settings(database_url=database_url, auto_declare=False)) as strict:
        assert strict.load(path, actor=CLERK).counts == {"rejected": 2}
        strict.apply_sources('[[source]]\nname = "north"\n', actor=CLERK)
        again = strict.load(path, actor=CLERK)
        assert (again.already_done, again.counts) == (False, {"new": 2})


def test_a_malformed_line_is_one_rejection(index: Index, tmp_path: Path) -> None:
    path = tmp_path / "feed.ndjson"
    lines = [
        json.dumps(PEOPLE[0]),
        "{broken",
        "[1]",
        json.dumps({"local_id": "9", "shoe": 44}),
        json.dumps(PEOPLE[1]),
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    summary = index.load(path, actor=CLERK, source="north")
    assert summary.counts == {"new": 2, "rejected": 3}
    assert [(line.line, line.field) for line in summary.rejected] == [(2, None), (3, None), (4, "shoe")]
    assert not any(GRACE["family"] in (line.reason or "") for line in summary.rejected)


def test_a_parquet_file_with_other_column_names(index: Index, tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    pq.write_table(pa.table({"Chart": ["1"], "Last": ["Okonkwo"], "First": ["Grace"], "Shoe": [44]}), path)
    column_map = {"Chart": "local_id", "Last": "family", "First": "given"}
    summary = index.load(path, actor=CLERK, source="north", column_map=column_map)
    assert summary.counts == {"new": 1}


def test_a_column_that_is_no_field_is_named(index: Index, tmp_path: Path) -> None:
    path = written_csv(tmp_path, [{"local_id": "1", "Last": "Okonkwo"}])
    with pytest.raises(UnreadableFile, match="'Last'"):
        index.load(path, actor=CLERK, source="north")


def test_a_file_that_is_not_what_it_says(index: Index, tmp_path: Path) -> None:
    path = tmp_path / "feed.parquet"
    path.write_bytes(b"PAR1 but no more")
    with pytest.raises(UnreadableFile, match=r"feed\.parquet"):
        index.load(path, actor=CLERK, source="north")


def test_bytes_that_are_no_text_are_refused_by_field(index: Index, tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_bytes(b"local_id,given,family\n1,Ana,Mu\xf1oz\n2,Eva,Ruiz\n")
    summary = index.load(path, actor=CLERK, source="north")
    assert summary.counts == {"new": 1, "rejected": 1}
    assert summary.rejected[0].field == "family"


def test_a_load_that_stopped_goes_on(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "CHUNK", 3)
    rows = [
        {
            "local_id": f"{n}",
            "given": "Ann",
            "family": f"Person{chr(65 + n)}",
            "birth_date": f"{1950 + n}-03-04",
        }
        for n in range(10)
    ]
    path = written_csv(tmp_path, rows)

    def stop(lines_done: int, _counts: object) -> None:
        if lines_done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.load(path, actor=CLERK, source="north", progress=stop)
    summary = index.load(path, actor=CLERK, source="north")
    assert (summary.resumed_after, summary.lines) == (6, 10)
    assert sum(summary.counts.values()) == 10
    [batch] = index.batches(actor=CLERK)
    assert (batch["state"], batch["lines_done"]) == ("done", 10)


def test_a_rehearsal_says_what_a_load_would_meet_and_keeps_nothing(index: Index, tmp_path: Path) -> None:
    index.receive({"source": "north", "local_id": "1", **GRACE}, actor=CLERK)
    feed = [
        json.dumps(flat)
        for flat in (
            {"source": "north", "local_id": "1", **GRACE},
            {"source": "south", "local_id": "A", **GRACE},
            {"source": "south", "local_id": "B", **TOMAS},
            {"source": "south", "local_id": "C", "shoe": 44},
        )
    ]
    path = tmp_path / "feed.ndjson"
    path.write_text("\n".join(feed), encoding="utf-8")
    before = index.standing(actor=CLERK)
    told = index.load(path, actor=CLERK, dry_run=True)
    assert told.batch_id is None and told.lines == 4
    assert told.counts == {"linked": 1, "new": 1, "rejected": 1, "unchanged": 1}
    assert [(line.line, line.field) for line in told.rejected] == [(4, "shoe")]
    assert index.standing(actor=CLERK) == before
    assert index.batches(actor=CLERK) == []
    assert [source["name"] for source in index.sources(actor=CLERK)] == ["north"]
    assert index.load(path, actor=CLERK).counts == told.counts


def test_a_batch_is_told_with_its_rejected_lines(index: Index, tmp_path: Path) -> None:
    path = tmp_path / "feed.ndjson"
    path.write_text('{"local_id": "1"}\n{broken\n' + json.dumps(PEOPLE[0]), encoding="utf-8")
    batch_id = index.load(path, actor=CLERK, source="north").batch_id
    assert batch_id is not None
    told = index.batch(batch_id, actor=CLERK, rejected_max=1)
    assert (told["file"], told["lines_done"], told["counts"]["rejected"]) == ("feed.ndjson", 3, 2)
    assert [line.line for line in told["rejected"]] == [1]
    with pytest.raises(NotFound):
        index.batch(batch_id + 1, actor=CLERK)
