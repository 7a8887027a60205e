"""Reads files of records line by line:

CSV, NDJSON and Parquet, constant memory, a bad line never the end of it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from mpi.errors import UnreadableFile
from mpi.matching.flat import FLAT_FIELDS, LIST_FIELDS, OTHER_FIELDS

#: The longest line taken, in bytes: a FHIR Patient of 1 MiB fits. A longer one is rejected, not read into
#: memory whole.
LINE_MAX = 1_100_000

#: Column → field, as a map file says; None: the columns are called like the fields.
ColumnMap = Mapping[str, str] | None

_FIELDS = frozenset((*FLAT_FIELDS, *LIST_FIELDS, *OTHER_FIELDS, "record_id"))
#: The truth, for evaluation: read past.
_PASSED_OVER = "entity_id"


@dataclass(frozen=True, slots=True)
class Line:
    """One record of a file: where it stood, and its flat fields, or why it could not be read."""

    number: int
    flat: dict[str, Any] | None
    reason: str | None = None


def read_map(path: Path) -> dict[str, str]:
    """Column → field, from a TOML file with a ``[columns]`` table of ``field = "Column of the file"``.

    Raises UnreadableFile naming the key at fault.
    """
    try:
        columns = tomllib.loads(path.read_text(encoding="utf-8"))["columns"]
    except KeyError as error:
        raise UnreadableFile(f"{path.name}: there is no [columns] table") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnreadableFile(f"{path.name}: not a readable TOML file: {error}") from error
    for name, column in columns.items():
        if name not in _FIELDS or not isinstance(column, str):
            raise UnreadableFile(
                f"{path.name}: columns.{name}: not a field; there are {', '.join(FLAT_FIELDS)}"
            )
    return {column: name for name, column in columns.items()}


def sha256_of(path: Path) -> str:
    """The file's fingerprint, by which a load that stopped is found again. Raises UnreadableFile."""
    digest = hashlib.sha256()
    with _opened(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def line_count(path: Path) -> int:
    """About how many lines ``read_feed`` will give, for who watches its progress. Raises UnreadableFile."""
    if path.suffix.lower() == ".parquet":
        return _parquet_rows(path)
    with _opened(path) as file:
        newlines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    return max(newlines - (path.suffix.lower() == ".csv"), 1)


def _parquet_rows(path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException) as error:
        raise UnreadableFile(f"{path.name}: not a readable Parquet file") from error


def read_feed(path: Path, column_map: ColumnMap = None) -> Iterator[Line]:
    """Every record of ``path``, by the kind its suffix says. Line numbers count from 1; a CSV header is line
    1.

    Raises UnreadableFile for a file that is not what its suffix says or has a column that is no field.
    """
    readers: dict[str, Callable[[Path, ColumnMap], Iterator[Line]]] = {
        ".csv": _read_csv,
        ".ndjson": read_ndjson,
        ".jsonl": read_ndjson,
        ".parquet": _read_parquet,
    }
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise UnreadableFile(f"{path.name}: unknown kind {suffix!r}; there are {', '.join(readers)}")
    return readers[suffix](path, column_map)


def _read_csv(path: Path, column_map: ColumnMap) -> Iterator[Line]:
    # Bytes that are not UTF-8 become lone surrogates, which the record's own check then refuses by field.
    with _opened(path) as opened, _as_text(opened) as file:
        rows = csv.reader(file, strict=True)
        names = fields_of(path, _header(path, rows), column_map)
        while True:
            start = rows.line_num + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield Line(start, None, f"not CSV: {error}")
                continue
            if len(row) == len(names):
                yield Line(
                    start, {name: text for name, text in zip(names, row, strict=True) if name and text}
                )
            elif row:
                yield Line(start, None, f"{len(row)} fields where the header has {len(names)}")


def _as_text(opened: BinaryIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(opened, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _header(path: Path, rows: Iterator[list[str]]) -> list[str]:
    try:
        return [column.strip() for column in next(rows)]
    except (StopIteration, csv.Error) as error:
        raise UnreadableFile(f"{path.name}: line 1: there is no header") from error


def fields_of(path: Path, columns: Sequence[str], column_map: ColumnMap) -> list[str | None]:
    """The field of each column, None for one that is passed over.

    Raises UnreadableFile on a column that is no field or is there twice, and on a map that names one that is
    not there.
    """
    for column in columns:
        if columns.count(column) > 1:
            raise UnreadableFile(f"{path.name}: line 1: column {column!r} is there twice")
    if column_map is not None:
        if missing := sorted(set(column_map) - set(columns)):
            raise UnreadableFile(f"{path.name}: the map names column {missing[0]!r}, which the file lacks")
        return [column_map.get(column) for column in columns]
    for column in columns:
        if column not in _FIELDS and column != _PASSED_OVER:
            raise UnreadableFile(
                f"{path.name}: column {column!r} is not a field; say which is which with --map, "
                'a TOML file with [columns] and lines like given = "First name"',
                field=column,
            )
    return [None if column == _PASSED_OVER else column for column in columns]


def read_ndjson(path: Path, column_map: ColumnMap, *, truth: bool = False) -> Iterator[Line]:
    """The lines of an NDJSON file; with ``truth`` also the key ``entity_id``."""
    with _opened(path) as file:
        number = 0
        while text := file.readline(LINE_MAX + 1):
            number += 1
            if len(text) > LINE_MAX:
                while text and not text.endswith(b"\n"):
                    text = file.readline(LINE_MAX)
                yield Line(number, None, f"longer than {LINE_MAX} bytes")
            elif text.strip():
                yield _json_line(number, text, column_map, truth)


def _json_line(number: int, text: bytes, column_map: ColumnMap, truth: bool) -> Line:
    try:
        flat = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return Line(number, None, f"not JSON: {error.msg} at column {error.colno}")
    if not isinstance(flat, dict):
        return Line(number, None, "not a JSON object")
    who = flat.pop(_PASSED_OVER, None)
    if column_map is not None and "resourceType" not in flat:
        flat = {column_map[column]: value for column, value in flat.items() if column in column_map}
    fields = {name: value for name, value in flat.items() if value is not None}
    return Line(number, fields | {_PASSED_OVER: who} if truth and who is not None else fields)


def _read_parquet(path: Path, column_map: ColumnMap) -> Iterator[Line]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        names = dict(
            zip(file.schema_arrow.names, fields_of(path, file.schema_arrow.names, column_map), strict=True)
        )
        number = 0
        for batch in file.iter_batches(batch_size=10_000):
            for row in batch.to_pylist():
                number += 1
                fields = ((names[column], value) for column, value in row.items())
                yield Line(number, {name: value for name, value in fields if name and value is not None})
    except (OSError, pa.ArrowException) as error:
        raise UnreadableFile(f"{path.name}: not a readable Parquet file") from error


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise UnreadableFile(f"{path.name}: {error.strerror}") from error
