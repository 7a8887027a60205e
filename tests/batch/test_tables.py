"""Files read whole: every row is in the table or named as a fault, whatever the file looks like."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mpi.batch.csv_tables import ROW_MAX
from mpi.batch.tables import as_table, read_table
from mpi.errors import UnreadableFile

HEADER = "record_id,given,family\n"


@pytest.fixture
def csv(tmp_path: Path) -> Any:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "people.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def parquet(folder: Path, **columns: Any) -> Path:
    path = folder / "people.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def test_a_file_becomes_a_table_of_text_with_its_truth_apart(csv: Any) -> None:
    path = csv(
        '\ufeffrecord_id,entity_id,given,family\n1,P1,Ann,"Lee, Jr"\n\n2,P1,,O\'Neil\n"3",P2,"two\nlines",X\n'
    )
    read = read_table(path)
    assert read.table.to_pylist() == [
        {"record_id": "1", "given": "Ann", "family": "Lee, Jr"},
        {"record_id": "2", "given": None, "family": "O'Neil"},
        {"record_id": "3", "given": "two\nlines", "family": "X"},
    ]
    assert read.truth is not None
    assert read.truth.to_pylist() == ["P1", "P1", "P2"]
    assert (read.faults.count, read.warnings) == (0, ())


def test_rows_that_do_not_fit_are_named_and_counted(csv: Any) -> None:
    read = read_table(csv(HEADER + "1,Ann,Lee\n2,Bob\n3,Cy,Dee,Extra\n4,Dot,E\n5,cut o"))
    assert read.table.column("record_id").to_pylist() == ["1", "4"]
    assert [(fault.line, fault.reason) for fault in read.faults.first] == [
        (3, "2 fields where the header has 3"),
        (4, "4 fields where the header has 3"),
        (6, "2 fields where the header has 3"),
    ]
    assert read.faults.count == 3


def test_a_quote_that_is_not_closed_is_named(csv: Any) -> None:
    read = read_table(csv(HEADER + '1,Ann,Lee\n2,"Bob,King\n3,Cy,Dee\n'))
    assert "quote" in read.faults.first[0].reason
    assert read.faults.count == 1
    with pytest.raises(UnreadableFile, match="line 3: a quote"):
        read_table(csv(HEADER + '1,Ann,Lee\n2,"Bob,King\n' + "3,Cy,Dee\n" * 1_000))


def test_a_long_line_is_kept_for_the_check_of_records_and_named_when_endless(csv: Any) -> None:
    assert read_table(csv(HEADER + f"1,{'x' * 2_000_000},Lee\n")).table.num_rows == 1
    with pytest.raises(UnreadableFile, match="line 2: longer"):
        read_table(csv(HEADER + f"1,{'x' * (3 * ROW_MAX)},Lee\n"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n", "no header"),
        (",,\n1,2,3\n", "no header"),
        (HEADER.encode() + "1,José,Lee\n".encode("latin-1"), "line 2 is not utf-8: convert"),
        ("record_id,given\n1,Ann\n".encode("utf-16"), "UTF-16, not utf-8: convert"),
        ("record_id,given\n1,Ann\n".encode("utf-16-le"), "UTF-16"),
        ("record_id,first\n1,Ann\n", "'first' is not a field.*--map"),
        ("record_id,given,given\n1,Ann,Bea\n", "'given' is there twice"),
        ("record_id,names\n1,Ann\n", "names is a list"),
        ("record_id,local_id,given\n1,1,Ann\n", "two names of one field"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(csv: Any, content: str | bytes, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message) as caught:
        read_table(csv(content))
    assert "Ann" not in str(caught.value) and "Jos" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16"])
def test_the_encoding_of_a_file_can_be_said(csv: Any, encoding: str) -> None:
    read = read_table(csv((HEADER + "1,José,Müller\n").encode(encoding)), encoding=encoding)
    assert read.table.column("given").to_pylist() == ["José"]


def test_an_encoding_nobody_knows_is_refused(csv: Any) -> None:
    with pytest.raises(UnreadableFile, match="no encoding"):
        read_table(csv(HEADER), encoding="utf-99")


@pytest.mark.parametrize("content", [HEADER, HEADER.strip()])
def test_a_header_alone_is_a_table_without_rows(csv: Any, content: str) -> None:
    read = read_table(csv(content))
    assert read.table.num_rows == 0
    assert set(read.table.column_names) == {"record_id", "given", "family"}
    assert any("no records" in warning for warning in read.warnings)


def test_what_a_reader_must_know_is_a_warning(csv: Any) -> None:
    content = "source,local_id,given,middle\na,1,Ann,\na,1,Ann,\nb,1,Ann,\na,2,,\n"
    read = read_table(csv(content))
    assert read.table.num_rows == 4
    assert read.table.column_names == ["source", "record_id", "given", "middle"]
    assert read.warnings == (
        "column 'middle' is empty",
        "1 records have the source and record ID of an earlier one; all are kept",
    )


def test_without_a_record_id_the_row_number_stands_for_it(csv: Any) -> None:
    read = read_table(csv("given,family\nAnn,Lee\nBob\nCy,Dee\n"))
    assert read.table.column("record_id").to_pylist() == ["1", "3"]
    assert any("number of the row" in warning for warning in read.warnings)


def test_a_map_says_which_column_is_which_field(csv: Any) -> None:
    path = csv("id,First name,junk\n1,Ann,x\n")
    read = read_table(path, {"id": "record_id", "First name": "given"})
    assert read.table.to_pylist() == [{"record_id": "1", "given": "Ann"}]
    with pytest.raises(UnreadableFile, match="names column 'gone'"):
        read_table(path, {"gone": "given"})


def test_parquet_columns_become_text(tmp_path: Path) -> None:
    path = parquet(
        tmp_path,
        record_id=pa.array([1, 2]),
        birth_date=pa.array([date(1980, 2, 3), None]),
        zip=pa.array([2139.0, None]),
        given=pa.array(["Ann", ""]).dictionary_encode(),
        multiple_birth=pa.array([True, None]),
        middle=pa.nulls(2),
        entity_id=["P1", None],
    )
    read = read_table(path)
    assert read.table.to_pylist() == [
        {
            "record_id": "1", "birth_date": "1980-02-03", "zip": "2139", "given": "Ann",
            "multiple_birth": "true", "middle": None,
        },
        {
            "record_id": "2", "birth_date": None, "zip": None, "given": "",
            "multiple_birth": None, "middle": None,
        },
    ]  # fmt: skip
    assert read.truth is not None
    assert read.truth.to_pylist() == ["P1", None]
    assert [warning for warning in read.warnings if "zeros" in warning] == [
        "column 'record_id' holds numbers: zeros before them are lost",
        "column 'zip' holds numbers: zeros before them are lost",
    ]


@pytest.mark.parametrize("values", [[["Ann"]], [{"a": 1}], [b"Ann"]])
def test_a_parquet_column_of_the_wrong_kind_is_named(tmp_path: Path, values: Any) -> None:
    with pytest.raises(UnreadableFile, match="column 'given' holds"):
        read_table(parquet(tmp_path, record_id=["1"], given=pa.array(values)))


def test_a_parquet_file_that_was_cut_is_refused(tmp_path: Path) -> None:
    path = parquet(tmp_path, record_id=["1"] * 1000, given=["Ann"] * 1000)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UnreadableFile, match="Parquet"):
        read_table(path)
    path.write_bytes(b"")
    with pytest.raises(UnreadableFile, match="Parquet"):
        read_table(path)


def test_lines_of_json_are_read_where_they_are_flat(tmp_path: Path) -> None:
    path = tmp_path / "people.ndjson"
    path.write_text(
        '{"record_id": "1", "given": "Ann", "entity_id": "P"}\n{"record_id": 2, "birth_order": 1}\n'
        '{"record_id": "3", "names": [{"given": "X"}]}\nnot json\n{"record_id": "4", "given": ["Ann"]}\n'
    )
    read = read_table(path)
    assert read.table.to_pylist() == [
        {"record_id": "1", "given": "Ann", "birth_order": None},
        {"record_id": "2", "given": None, "birth_order": "1"},
    ]
    assert read.truth is not None
    assert read.truth.to_pylist() == ["P", None]
    assert [fault.line for fault in read.faults.first] == [3, 4, 5]


def test_unknown_kinds_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="unknown kind"):
        read_table(tmp_path / "people.xlsx")
    for name in ("gone.csv", "gone.parquet", "gone.ndjson"):
        with pytest.raises(UnreadableFile, match="gone"):
            read_table(tmp_path / name)


def test_a_frame_is_read_like_a_file() -> None:
    frame = pd.DataFrame({"id": [7, 8], "First": ["Ann", None]})
    read = as_table(frame, {"id": "record_id", "First": "given"})
    assert read.table.to_pylist() == [{"record_id": "7", "given": "Ann"}, {"record_id": "8", "given": None}]
