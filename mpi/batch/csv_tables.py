"""CSV files read whole, fast: a row that does not fit is named, a file that is no CSV refused by line."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import pyarrow as pa
import pyarrow.csv

from mpi.batch.encoded import FAULTS_MAX, Fault, Faults
from mpi.errors import UnreadableFile

#: A row longer than this, in bytes, ends the reading: most likely a quote was not closed.
ROW_MAX: Final = 8_000_000

#: A row that does not fit and goes over more lines than this is no row.
_LINES_MAX: Final = 100

_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UTF_8: Final = "utf-8"
_ADVICE: Final = "convert it to UTF-8 (iconv does), or read it with read_table(…, encoding=…)"


class CsvRead(NamedTuple):
    """The columns asked for, as dictionaries of text; the rows left out, and the numbers they have in the
    file (the header is row 1).
    """

    table: pa.Table
    faults: Faults
    left_out: tuple[int, ...]


def csv_header(path: Path, encoding: str = _UTF_8) -> list[str]:
    """The column names. Raises UnreadableFile when the file is empty or not text of this encoding."""
    _known(encoding)
    try:
        with path.open("rb") as opened:
            start = opened.read(2)
            if not start:
                raise UnreadableFile(f"{path.name} is empty: there is not even a header")
            if start in _UTF_16 and not encoding.lower().replace("_", "-").startswith("utf-16"):
                raise UnreadableFile(f"{path.name} is UTF-16, not {encoding}: {_ADVICE}")
        with path.open(encoding=_with_signature(encoding), newline="") as text:
            header = next(csv.reader(text), [])
    except OSError as error:
        raise UnreadableFile(f"{path.name}: {error.strerror}") from error
    except UnicodeError as error:
        raise _wrong_encoding(path, encoding) from error
    except csv.Error as error:
        raise UnreadableFile(f"{path.name}: line 1: not a CSV header: {error}") from error
    if not any(column.strip() for column in header):
        raise UnreadableFile(f"{path.name}: line 1: there is no header")
    if any("\0" in column for column in header):
        raise UnreadableFile(f"{path.name}: line 1 holds NUL characters: is it UTF-16? {_ADVICE}")
    return header


def read_csv(path: Path, header: Sequence[str], wanted: Sequence[int], encoding: str = _UTF_8) -> CsvRead:
    """The wanted columns, by their positions in ``header``; empty values are nulls.

    Raises UnreadableFile on text that is not of this encoding, and on a row that does not end.
    """
    refused: list[Fault] = []
    numbers: list[int] = []

    def refuse(row: Any) -> Literal["skip", "error"]:
        numbers.append(row.number)
        if row.text.count("\n") > _LINES_MAX:
            return "error"
        if len(refused) < FAULTS_MAX:
            refused.append(Fault(line=row.number, reason=_misfit(row)))
        return "skip"

    names = [str(place) for place in range(len(header))]
    text = pa.dictionary(pa.int32(), pa.string())
    chosen = [names[place] for place in wanted]
    reading = pa.csv.ReadOptions(
        # One thread: rows are then numbered.
        use_threads=False,
        block_size=ROW_MAX,
        column_names=names,
        skip_rows=_header_lines(path, encoding),
        encoding=encoding,
    )
    parsing = pa.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse)
    converting = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(names, text),
        include_columns=chosen,
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
        null_values=[""],
    )
    try:
        table = pa.csv.read_csv(path, read_options=reading, parse_options=parsing, convert_options=converting)
    except (pa.ArrowInvalid, UnicodeError) as error:
        if "Empty CSV" in str(error) or "Could not skip" in str(error):
            empty = pa.table({name: pa.array([], type=text) for name in chosen})
            return CsvRead(empty, Faults(), ())
        raise _reason(path, encoding, error, numbers) from error
    except OSError as error:
        raise UnreadableFile(f"{path.name}: {error.strerror or error}") from error
    return CsvRead(table, Faults(count=len(numbers), first=tuple(refused)), tuple(numbers))


def _misfit(row: Any) -> str:
    reason = f"{row.actual_columns} fields where the header has {row.expected_columns}"
    lines = row.text.count("\n") + 1
    return f"{reason}; it goes over {lines} lines: is a quote not closed?" if lines > 1 else reason


def _header_lines(path: Path, encoding: str) -> int:
    """How many lines the header takes."""
    with path.open(encoding=_with_signature(encoding), newline="") as text:
        reader = csv.reader(text)
        next(reader, None)
        return reader.line_num


def _with_signature(encoding: str) -> str:
    return "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding


def _known(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise UnreadableFile(f"{encoding!r} is no encoding that is known", field="encoding") from None


def _reason(path: Path, encoding: str, error: Exception, misfits: Sequence[int]) -> UnreadableFile:
    """What is wrong with a file that Arrow could not read, and in which line."""
    if "expected" in str(error).lower() and misfits:
        reason = f"line {misfits[-1]}: a quote is opened and not closed"
        return UnreadableFile(f"{path.name}: {reason}: what follows cannot be told apart")
    if isinstance(error, UnicodeError) or "UTF8" in str(error):
        return _wrong_encoding(path, encoding)
    if "straddling" in str(error):
        line = _endless_line(path, encoding)
        return UnreadableFile(
            f"{path.name}: line {line}: longer than {ROW_MAX} bytes: is a quote not closed?"
        )
    return UnreadableFile(f"{path.name}: not readable as CSV")


def _wrong_encoding(path: Path, encoding: str) -> UnreadableFile:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        for octets in file:
            try:
                decoder.decode(octets)
            except UnicodeError:
                break
            line += 1
    return UnreadableFile(f"{path.name}: line {line} is not {encoding}: {_ADVICE}", field="encoding")


def _endless_line(path: Path, encoding: str) -> int:
    """The line in which a row begins that does not end within ``ROW_MAX``."""
    begin = 1
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        limit = csv.field_size_limit(ROW_MAX // 8)
        try:
            reader = csv.reader(text)
            for _ in reader:
                begin = reader.line_num + 1
        except csv.Error:
            pass
        finally:
            csv.field_size_limit(limit)
    return begin
