"""Files of records as tables: CSV, Parquet and NDJSON, all values text, what is wrong named and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from mpi.batch.csv_tables import csv_header, read_csv
from mpi.batch.encoded import FAULTS_MAX, Fault, Faults
from mpi.batch.encoding.sent import FIELDS
from mpi.batch.feeds import ColumnMap, fields_of, read_ndjson
from mpi.batch.progress import Progress, silent
from mpi.errors import UnreadableFile

#: The column that says which records are one person's.
TRUTH: Final = "entity_id"

_STAGE: Final = "read"
_IDS: Final = ("record_id", "local_id")
#: So many NDJSON lines are held as Python objects at a time.
_LINES: Final = 50_000
#: Numbers lose zeros before them; in these fields that hurts.
_DIGITS: Final = frozenset(("record_id", "local_id", "ssn", "mrn", "phone", "zip", "birth_date"))
_TEXT: Final = pa.dictionary(pa.int32(), pa.string())
_COMPUTE: Any = pyarrow.compute


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRead:
    """A file's records. Rows in the file = rows of ``table`` + ``faults.count``."""

    #: Columns called like the flat fields, ``record_id`` always among them; all text, null = absent.
    table: pa.Table
    #: Column ``entity_id`` where there is one, text or null for each row of ``table``.
    truth: pa.ChunkedArray[Any] | None
    #: Rows that are not in the table.
    faults: Faults
    #: What a reader of the results must know.
    warnings: tuple[str, ...]


def read_table(
    path: Path, column_map: ColumnMap = None, *, encoding: str = "utf-8", progress: Progress = silent
) -> TableRead:
    """The records of a file, of the kind that its suffix says: .csv, .parquet, .ndjson or .jsonl.

    ``column_map`` says which columns are which fields (``mpi.batch.feeds.read_map``); without one they are
    called like the fields. Without a record ID the row's number stands for it. ``encoding`` is for CSV only.
    Raises UnreadableFile, naming column or line, for a file that is empty, cut, of another kind or encoding,
    or has a column that is no field or not of text.
    """
    path = Path(path)
    readers = {".csv": _read_csv, ".parquet": _read_parquet, ".ndjson": _read_lines, ".jsonl": _read_lines}
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise UnreadableFile(f"{path.name}: unknown kind {suffix!r}; there are {', '.join(readers)}")
    progress(_STAGE, 0, 1)
    read = readers[suffix](path, column_map, encoding)
    progress(_STAGE, 1, 1)
    return read


def as_table(frame: Any, column_map: ColumnMap = None) -> TableRead:
    """The same of a pandas frame or an Arrow table."""
    name = Path("the frame")
    table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
    return _finished(*_named(table, name, column_map), name, Faults())


def _read_csv(path: Path, column_map: ColumnMap, encoding: str) -> TableRead:
    header = [column.strip() for column in csv_header(path, encoding)]
    fields = _fields(path, header, column_map)
    places = [place for place, field in enumerate(fields) if field]
    read = read_csv(path, header, places, encoding)
    table = read.table.rename_columns([str(fields[place]) for place in places])
    return _finished(table, (), path, read.faults, read.left_out)


def _read_parquet(path: Path, column_map: ColumnMap, encoding: str) -> TableRead:
    try:
        schema = pq.read_schema(path)
        fields = _fields(path, schema.names, column_map)
        wanted = [column for column, field in zip(schema.names, fields, strict=True) if field]
        for column in wanted:
            _check_kind(path, column, schema.field(column).type)
        # Nearly every record ID is another: a dictionary of them would only cost.
        ids = {column for column, field in zip(schema.names, fields, strict=True) if field in _IDS}
        texts = [name for name in wanted if _is_text(schema.field(name).type) and name not in ids]
        table = pq.read_table(path, columns=wanted, read_dictionary=texts)
        return _finished(*_named(table, path, column_map), path, Faults())
    except (OSError, pa.ArrowException) as error:
        raise UnreadableFile(
            f"{path.name}: not a readable Parquet file: cut off, or of another kind"
        ) from error


def _read_lines(path: Path, column_map: ColumnMap, encoding: str) -> TableRead:
    """NDJSON, line by line; values that are no text are written as JSON writes them."""
    faults: list[Fault] = []
    count = 0
    chunks: list[pa.Table] = []
    rows: list[dict[str, str | None]] = []
    names: dict[str, None] = {}
    for line in read_ndjson(path, column_map, truth=True):
        reason = line.reason or _unflat(line.flat or {})
        if reason:
            count += 1
            if len(faults) < FAULTS_MAX:
                faults.append(Fault(line=line.number, reason=reason))
            continue
        rows.append({name: _as_text(value) for name, value in (line.flat or {}).items()})
        names.update(dict.fromkeys(rows[-1]))
        if len(rows) == _LINES:
            chunks.append(_table(rows, names))
            rows = []
    chunks.append(_table(rows, names))
    whole = pa.concat_tables(chunks, promote_options="default")
    return _finished(whole, (), path, Faults(count=count, first=tuple(faults)))


def _unflat(flat: dict[str, Any]) -> str:
    """Why a JSON object is no row of a table."""
    for name, value in flat.items():
        if name not in FIELDS and name != TRUTH:
            return f"key {name!r} is no field that a table can have"
        if isinstance(value, (list, dict)):
            return f"{name} is not a single value"
    return ""


def _as_text(value: Any) -> str | None:
    return value or None if isinstance(value, str) else orjson.dumps(value).decode()


def _table(rows: list[dict[str, str | None]], names: dict[str, None]) -> pa.Table:
    columns = {
        name: pa.array([row.get(name) for row in rows], type=pa.string()).cast(_TEXT) for name in names
    }
    return pa.table(columns)


def _fields(path: Path, columns: Sequence[str], column_map: ColumnMap) -> list[str | None]:
    """The field of each column, ``entity_id`` among them; None for one that is passed over."""
    fields = fields_of(path, columns, column_map)
    for column, field in zip(columns, fields, strict=True):
        if field is not None and field not in FIELDS:
            raise UnreadableFile(f"{path.name}: column {column!r}: {field} is a list, not a field of a table")
    if "record_id" in fields and "local_id" in fields:
        raise UnreadableFile(
            f"{path.name}: record_id and local_id are two names of one field: map one of them"
        )
    return [TRUTH if column == TRUTH else field for column, field in zip(columns, fields, strict=True)]


def _named(table: pa.Table, path: Path, column_map: ColumnMap) -> tuple[pa.Table, tuple[str, ...]]:
    """The columns that are fields, called like them, as text; and what was lost by that."""
    kept: dict[str, Any] = {}
    warnings = []
    names = dict(zip(table.column_names, _fields_of_frame(table, path, column_map), strict=True))
    for column, field in names.items():
        if field is None:
            continue
        values = table.column(column)
        _check_kind(path, column, values.type)
        if field in _DIGITS and (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
            warnings.append(f"column {column!r} holds numbers: zeros before them are lost")
        kept[field] = _texts(values)
    return pa.table(kept), tuple(warnings)


def _fields_of_frame(table: pa.Table, path: Path, column_map: ColumnMap) -> list[str | None]:
    # Columns that were passed over are not there any more.
    known = column_map and {
        column: field for column, field in column_map.items() if column in table.column_names
    }
    return _fields(path, table.column_names, known)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _check_kind(path: Path, column: str, kind: pa.DataType) -> None:
    """Raises UnreadableFile for a column whose values are no texts and cannot be written as such."""
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    simple = (
        _is_text(value) or pa.types.is_string_view(value) or pa.types.is_null(value)
        or pa.types.is_integer(value) or pa.types.is_floating(value) or pa.types.is_boolean(value)
        or pa.types.is_date(value) or pa.types.is_timestamp(value) or pa.types.is_decimal(value)
    )  # fmt: skip
    if not simple:
        raise UnreadableFile(f"{path.name}: column {column!r} holds {kind}, not text", field=column)


def _texts(values: pa.ChunkedArray[Any]) -> Any:
    """Values as text: dates as YYYY-MM-DD, whole numbers without a decimal point."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return values if _is_text(kind.value_type) else _texts(values.cast(kind.value_type))
    if pa.types.is_floating(kind):
        whole = _COMPUTE.all(_COMPUTE.equal(_COMPUTE.floor(values), values)).as_py() is not False
        values = values.cast(pa.int64()) if whole else values
    return values.cast(pa.string())


def _finished(
    table: pa.Table, warnings: Sequence[str], path: Path, faults: Faults, left_out: Sequence[int] = ()
) -> TableRead:
    """The table with a record ID and without the truth, and what its columns look like."""
    told = list(warnings)
    truth = None
    if TRUTH in table.column_names:
        truth = table.column(TRUTH).cast(pa.string())
        table = table.drop_columns([TRUTH])
    table = table.rename_columns(
        [("record_id" if name == "local_id" else name) for name in table.column_names]
    )
    if not table.num_rows:
        told.append(f"{path.name} has no records")
    told += [
        f"column {name!r} is empty"
        for name in table.column_names
        if table.num_rows and table.column(name).null_count == table.num_rows
    ]
    if "record_id" not in table.column_names:
        told.append("there is no column record_id: the number of the row stands for it")
        table = table.append_column("record_id", pa.chunked_array([_row_numbers(table.num_rows, left_out)]))
    elif repeated := _repeated_ids(table):
        told.append(f"{repeated} records have the source and record ID of an earlier one; all are kept")
    return TableRead(table=table, truth=truth, faults=faults, warnings=tuple(told))


def _row_numbers(count: int, left_out: Sequence[int]) -> Any:
    """1, 2, 3 … of the rows of a file, without those that were left out (whose header is row 1)."""
    numbers = np.arange(1, count + len(left_out) + 1)
    if left_out:
        numbers = np.delete(numbers, np.array(left_out) - 2)
    return pa.array(numbers).cast(pa.string())


def _repeated_ids(table: pa.Table) -> int:
    """How many rows have the source and record ID of another before them."""
    names = [name for name in ("source", "record_id") if name in table.column_names]
    keys = table.select(names).filter(_COMPUTE.is_valid(table.column("record_id")))
    codes = [_codes(keys.column(name)) for name in names]
    key = codes[-1].astype(np.int64)
    if len(codes) > 1:
        key += codes[0].astype(np.int64) * (int(key.max(initial=0)) + 1)
    key.sort()
    return int((key[1:] == key[:-1]).sum())


def _codes(column: pa.ChunkedArray[Any]) -> np.ndarray[Any, np.dtype[np.int32]]:
    dictionary: Any = (
        column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    )
    pieces = [chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in dictionary.chunks]
    return np.concatenate(pieces) + 1 if pieces else np.empty(0, dtype=np.int32)
