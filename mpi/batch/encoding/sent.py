"""A table as sent: its columns checked as source records are, its rows in canonical order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mpi.batch.encoded import Codes, Faults
from mpi.batch.encoding.features import densely
from mpi.batch.encoding.raw import CHECKED, RawColumn, Refusals, checked, raw_column, whole_column
from mpi.batch.encoding.texts import TextArray, arrow, compute, listed, ranked, taken, where
from mpi.errors import BadInput
from mpi.matching.flat import (
    FLAT_FIELDS,
    LOCAL_ID_LENGTH_MAX,
    OTHER_FIELDS,
    SOURCE_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    flat_birth_order,
    flat_deceased,
    flat_text,
    flat_truth,
)

#: The columns a table may have. ``local_id`` and ``record_id`` are two names of one field.
FIELDS: Final = (*FLAT_FIELDS, "record_id", *OTHER_FIELDS)
#: A record with none of these holds nothing to match on.
_DEMOGRAPHICS: Final = (
    "given", "middle", "family", "suffix", "street", "city", "state", "zip",
    "birth_date", "sex", "ssn", "mrn", "phone", "email", "mother_maiden",
)  # fmt: skip
_IDS: Final = ("record_id", "local_id")
_LENGTHS: Final = {"source": SOURCE_LENGTH_MAX, **dict.fromkeys(_IDS, LOCAL_ID_LENGTH_MAX)}
_CHECKS: Final[dict[str, Callable[[str], object]]] = {
    "multiple_birth": lambda text: flat_truth(text, "multiple_birth"),
    "birth_order": flat_birth_order,
    "deceased": flat_deceased,
}
_SOURCES_MAX: Final = np.iinfo(np.int16).max
#: Longer record IDs are held as texts of their own, not all at one width.
_WIDTH_MAX: Final = 32


@dataclass(frozen=True, slots=True)
class Sent:
    """The records of a table in canonical order: by source, record ID and content.

    ``columns`` has every field of ``FIELDS`` but source and record ID; those that the table lacks are empty,
    and so are all of a row that was refused.
    """

    columns: Mapping[str, RawColumn]
    source_of: npt.NDArray[np.int16]
    sources: tuple[str, ...]
    record_ids: npt.NDArray[Any]
    #: The row of the table of each record, from 0.
    rows: Codes
    faults: Faults


def read_sent(table: pa.Table, default_source: str) -> Sent:
    """The records of a table. Raises BadInput on a column that is no field, or is not of text."""
    id_name = _id_column(table.column_names)
    row_count = table.num_rows
    refusals = Refusals.none(row_count)
    nothing = RawColumn(np.full(row_count, -1, dtype=np.int32), arrow([]))
    columns = {}
    for name in FIELDS:
        if name not in table.column_names:
            columns[name] = nothing
            continue
        read = whole_column if name in _IDS else raw_column
        length_max = _LENGTHS.get(name, TEXT_LENGTH_MAX)
        columns[name] = checked(
            read(table.column(name), name),
            name,
            refusals,
            length_max=length_max,
            check=_CHECKS.get(name),
        )
    ids = columns[id_name]
    refusals.add(ids.codes < 0, id_name, f"{id_name} is missing")
    empty = np.ones(row_count, dtype=bool)
    for name in _DEMOGRAPHICS:
        empty &= columns[name].codes < 0
    refusals.add(empty, "record", "the record holds no demographics and no identifier")
    source_of, sources = _sources(columns["source"], default_source)
    content = {name: columns[name] for name in FIELDS if name not in (*_IDS, "source")}
    order = _canonical_order(
        source_of, len(sources), ids, [content[name] for name in CHECKED if name in content]
    )
    refused = refusals.rows
    faults = refusals.faults(np.arange(1, row_count + 1))
    return Sent(
        columns={name: _ordered(column, order, refused) for name, column in content.items()},
        source_of=source_of[order],
        sources=sources,
        record_ids=_record_ids(taken(ids.texts, ids.codes[order])),
        rows=order.astype(np.int32),
        faults=faults,
    )


def _id_column(names: Sequence[str]) -> str:
    for name in names:
        if name not in FIELDS:
            raise BadInput(f"column {name!r} is not a field; there are {', '.join(FLAT_FIELDS)}", field=name)
        if list(names).count(name) > 1:
            raise BadInput(f"column {name!r} is there twice", field=name)
    found = [name for name in _IDS if name in names]
    if len(found) != 1:
        problem = "there is no column record_id" if not found else "record_id and local_id are one field"
        raise BadInput(problem, field="record_id")
    return found[0]


def _ordered(column: RawColumn, order: npt.NDArray[np.intp], refused: npt.NDArray[np.intp]) -> RawColumn:
    codes = column.codes
    if len(refused):
        codes = codes.copy()
        codes[refused] = -1
    return RawColumn(codes[order], column.texts)


def _sources(column: RawColumn, default_source: str) -> tuple[npt.NDArray[np.int16], tuple[str, ...]]:
    """Per row the position of its source among all in ascending order; rows without one have the default."""
    default = flat_text(default_source, "source", SOURCE_LENGTH_MAX)
    if default is None:
        raise BadInput("the source of records that name none is missing", field="source")
    used = np.flatnonzero(np.append(column.counts() > 0, (column.codes < 0).any() or not len(column.codes)))
    texts = [*listed(column.texts), default]
    names = sorted({texts[place] for place in used.tolist()})
    if len(names) > _SOURCES_MAX:
        raise BadInput(f"there are {len(names)} sources, more than {_SOURCES_MAX}", field="source")
    position = {name: place for place, name in enumerate(names)}
    return column.at(np.array([position.get(text, 0) for text in texts], dtype=np.int16)), tuple(names)


def _canonical_order(
    source_of: npt.NDArray[np.int16], source_count: int, ids: RawColumn, content: Sequence[RawColumn]
) -> npt.NDArray[np.intp]:
    """Rows by source, record ID, and, where these are the same, by content as sent."""
    places = ids.codes_from(ranked(ids.texts).codes).astype(np.int64) + 1
    keys = source_of.astype(np.int64) * (len(ids.texts) + 1) + places
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    same = ordered[1:] == ordered[:-1]
    tied = np.zeros(len(order), dtype=bool)
    tied[1:] = same
    tied[:-1] |= same
    ties = np.flatnonzero(tied)
    if len(ties):
        rows = order[ties]
        ranks = [_content_ranks(column, rows) for column in content]
        order[ties] = rows[np.lexsort([*reversed(ranks), keys[rows]])]
    return order


def _content_ranks(column: RawColumn, rows: npt.NDArray[np.intp]) -> Codes:
    """Of some rows the place of each text among theirs."""
    codes = column.codes[rows]
    found, places = densely(codes.astype(np.int64))
    return ranked(taken(column.texts, codes[places])).codes[found]


def _record_ids(texts: TextArray) -> npt.NDArray[Any]:
    """As numpy text of one width, which takes less room, where all are short and ASCII."""
    texts = texts.fill_null("")
    if not len(texts):
        return np.empty(0, dtype="U1")
    longest = compute.max(compute.binary_length(texts)).as_py() or 1
    if longest > _WIDTH_MAX or not where(compute.string_is_ascii(texts)).all():
        found: npt.NDArray[Any] = texts.to_numpy(zero_copy_only=False)
        return found
    padded = compute.ascii_rpad(texts, longest, "\0")
    octets = np.frombuffer(memoryview(padded.buffers()[2]), dtype=f"S{longest}", count=len(texts))
    return octets.astype(f"U{longest}")
