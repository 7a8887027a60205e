"""Synthetic records into files, a chunk at a time: CSV, NDJSON or Parquet by the file's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mpi.batch.synthetic.records import CHUNK, generate
from mpi.batch.synthetic.sources import DEFAULT_PROFILE, Profile
from mpi.batch.synthetic.text import Text
from mpi.errors import BadInput

FORMATS = (".csv", ".ndjson", ".parquet")
#: Takes a table and adds it to a file.
Append = Callable[[pa.Table], None]


def write(
    n: int,
    path: Path,
    *,
    seed: int = 0,
    profile: Profile = DEFAULT_PROFILE,
    chunk: int = CHUNK,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Writes ``n`` records to ``path`` and answers how many; ``on_progress`` hears the count of each chunk.

    The bytes are the same for the same arguments; Parquet's also depend on the version of pyarrow. Raises
    BadInput where the name of the file does not say which format it is.
    """
    with appended(path) as append:
        for table in generate(n, seed=seed, profile=profile, chunk=chunk):
            append(table)
            if on_progress:
                on_progress(len(table))
    return n


def write_by_source(
    n: int,
    folder: Path,
    *,
    seed: int = 0,
    profile: Profile = DEFAULT_PROFILE,
    suffix: str = ".csv",
    chunk: int = CHUNK,
    on_progress: Callable[[int], None] | None = None,
) -> dict[Path, int]:
    """Writes one file per source, as each would send it: ``local_id`` in place of ``record_id``.

    Answers the records of each file. The records are those that ``write`` writes.
    """
    counts = {source.name: 0 for source in profile.sources}
    paths = {name: folder / f"{name}{suffix}" for name in counts}
    with ExitStack() as files:
        append = {name: files.enter_context(appended(path)) for name, path in paths.items()}
        for table in generate(n, seed=seed, profile=profile, chunk=chunk):
            feed = table.rename_columns(["local_id" if c == "record_id" else c for c in table.column_names])
            for name in counts:
                rows = feed.filter(pc.field("source") == name)
                append[name](rows)
                counts[name] += len(rows)
            if on_progress:
                on_progress(len(table))
    return {paths[name]: count for name, count in counts.items()}


@contextmanager
def appended(path: Path) -> Iterator[Append]:
    """A file that tables are added to; it appears under its name when it is complete."""
    if path.suffix not in FORMATS:
        raise BadInput(f"the output ends in one of {', '.join(FORMATS)}", field="output")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        with parquet_file(part) if path.suffix == ".parquet" else text_file(part, path.suffix) as append:
            yield append
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def text_file(path: Path, suffix: str) -> Iterator[Append]:
    """CSV with a header line, or one JSON object per line."""
    as_text = csv_text if suffix == ".csv" else ndjson_text
    with path.open("wb") as out:

        def append(table: pa.Table) -> None:
            if suffix == ".csv" and out.tell() == 0:
                out.write((",".join(table.column_names) + "\n").encode())
            out.write(as_text(table))

        yield append


@contextmanager
def parquet_file(path: Path) -> Iterator[Append]:
    """A Parquet file with a row group per table."""
    with ExitStack() as stack:
        writers: list[pq.ParquetWriter] = []

        def append(table: pa.Table) -> None:
            if not writers:
                writers.append(stack.enter_context(pq.ParquetWriter(path, table.schema, compression="zstd")))
            writers[0].write_table(table)

        yield append
        if not writers:
            path.touch()


def csv_text(table: pa.Table) -> memoryview:
    """The rows of a table of strings as CSV lines; a null is empty."""
    columns = [quoted(column.combine_chunks()) for column in table.columns]
    return lines(columns, ",", "", "\n", null_handling="replace")


def ndjson_text(table: pa.Table) -> memoryview:
    """The rows of a table of strings as JSON objects, one a line; nulls are left out."""
    join: Any = pc.binary_join_element_wise
    fields = [
        join(f'"{name}":"', escaped(table[name].combine_chunks()), '"', "", null_handling="emit_null")
        for name in table.column_names
    ]
    return lines(fields, ",", "{", "}\n", null_handling="skip")


def lines(columns: list[Text], separator: str, before: str, after: str, *, null_handling: str) -> memoryview:
    """The columns joined row by row, as the bytes of one text."""
    if not len(columns[0]):
        return memoryview(b"")
    join: Any = pc.binary_join_element_wise
    rows = join(*columns, separator, null_handling=null_handling, null_replacement="")
    framed = join(before, rows, after, "")
    return memoryview(framed.buffers()[2])[: bytes_of(framed)]


def bytes_of(text: Text) -> int:
    """Bytes of all values together."""
    length: Any = pc.binary_length
    return int(pc.sum(length(text)).as_py() or 0)


def quoted(text: Text) -> Text:
    """Values with a comma, a quote or a line break between quotes, as RFC 4180 has it."""
    if not contains(text, b',"\r\n'):
        return text
    special: Any = pc.match_substring_regex(text, '[,"\r\n]')
    doubled: Any = pc.replace_substring(text, '"', '""')
    join: Any = pc.binary_join_element_wise
    out: Text = pc.if_else(special, join('"', doubled, '"', ""), text)
    return out


def escaped(text: Text) -> Text:
    """Values as they stand inside a JSON string; the tables have no control characters."""
    if not contains(text, b'\\"'):
        return text
    slashes: Any = pc.replace_substring(text, "\\", "\\\\")
    out: Text = pc.replace_substring(slashes, '"', '\\"')
    return out


def contains(text: Text, characters: bytes) -> bool:
    """Whether any value may have one of these characters."""
    values = text.buffers()[2]
    if values is None:
        return False
    content = bytes(memoryview(values))
    return any(content.find(character) >= 0 for character in characters)
