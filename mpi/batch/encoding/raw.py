"""The columns of a table as codes of their distinct texts, checked by the contract of source records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mpi.batch.encoded import FAULTS_MAX, Codes, Fault, Faults
from mpi.batch.encoding.texts import Mask, TextArray, arrow, taken, views
from mpi.errors import InvalidRecord, UnreadableFile
from mpi.matching.flat import TEXT_LENGTH_MAX, flat_text

#: The fields in the order in which ``source_record`` checks them: of a row with several faults the first is
#: named.
CHECKED: Final = (
    "given", "middle", "family", "suffix", "street", "city", "state", "zip", "source", "record_id",
    "local_id", "birth_date", "sex", "ssn", "mrn", "phone", "email", "mother_maiden", "multiple_birth",
    "birth_order", "deceased", "record",
)  # fmt: skip

_REASONS_MAX: Final = 10_000
#: Of a text of at least this byte, and below the delete character, no check has anything to say.
_FIRST_PRINTABLE, _DELETE = 0x21, 0x7F


@dataclass(frozen=True, slots=True)
class RawColumn:
    """A column as sent: row ``i`` has ``texts[codes[i]]``, or nothing (−1)."""

    codes: Codes
    texts: TextArray

    def at(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Per row one of ``values`` of the distinct texts; their last for rows that have none.

        ``values`` is one longer than ``texts``.
        """
        return values.take(self.codes, mode="wrap") if len(values) else values[self.codes]

    def codes_from(self, codes: Codes) -> Codes:
        """Per row the code of its text, −1 where it has none."""
        return self.at(np.append(codes, np.int32(-1)).astype(np.int32, copy=False))

    def counts(self) -> npt.NDArray[np.int64]:
        """How many rows have each text."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts))


@dataclass(slots=True)
class Refusals:
    """Rows that source records may not be like, each with its first fault."""

    #: int16 [rows]: positions in ``reasons``, which are in the order they are checked; a large number where
    #: there is none.
    first: npt.NDArray[np.int32]
    reasons: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def none(cls, row_count: int) -> Refusals:
        return cls(np.full(row_count, np.iinfo(np.int32).max, dtype=np.int32))

    def add(self, rows: npt.NDArray[np.intp] | Mask, name: str, reason: str) -> None:
        self.reasons.append((name, reason))
        rank = CHECKED.index(name) * _REASONS_MAX + len(self.reasons) - 1
        self.first[rows] = np.minimum(self.first[rows], rank)

    @property
    def rows(self) -> npt.NDArray[np.intp]:
        return np.flatnonzero(self.first < np.iinfo(np.int32).max)

    def faults(self, lines: npt.NDArray[np.int64]) -> Faults:
        """All of them, by line; ``lines`` int64 [rows]."""
        rows = self.rows
        ordered = rows[np.argsort(lines[rows], kind="stable")][:FAULTS_MAX]
        first = []
        for row in ordered.tolist():
            name, reason = self.reasons[self.first[row] % _REASONS_MAX]
            first.append(Fault(line=int(lines[row]), field=name, reason=reason))
        return Faults(count=len(rows), first=tuple(first))


def raw_column(column: pa.ChunkedArray[Any], name: str) -> RawColumn:
    """The distinct texts of a column. Raises UnreadableFile where it is not of text."""
    dictionary = pa.types.is_dictionary(column.type)
    kind = column.type.value_type if dictionary else column.type
    if pa.types.is_null(kind):
        return RawColumn(np.full(len(column), -1, dtype=np.int32), arrow([]))
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise UnreadableFile(f"column {name!r} holds {kind}, not text", field=name)
    encoded: Any = column.unify_dictionaries() if dictionary else column.dictionary_encode()
    if not encoded.num_chunks:
        return RawColumn(np.empty(0, dtype=np.int32), arrow([]))
    texts = encoded.chunk(0).dictionary.cast(pa.string())
    pieces = [chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in encoded.chunks]
    found = RawColumn(np.concatenate(pieces).astype(np.int32, copy=False), texts)
    if not texts.null_count:
        return found
    places = np.arange(len(texts), dtype=np.int32)
    places[texts.is_null().to_numpy(zero_copy_only=False)] = -1
    return RawColumn(found.codes_from(places), texts.fill_null(""))


def whole_column(column: pa.ChunkedArray[Any], name: str) -> RawColumn:
    """A column of which nearly every text is another: each is held for itself."""
    if not pa.types.is_string(column.type) or column.null_count or not column.num_chunks:
        return raw_column(column, name)
    texts: Any = column.combine_chunks()
    return RawColumn(np.arange(len(column), dtype=np.int32), texts)


def checked(
    column: RawColumn,
    name: str,
    refusals: Refusals,
    *,
    length_max: int = TEXT_LENGTH_MAX,
    check: Callable[[str], object] | None = None,
) -> RawColumn:
    """The column without blank texts; rows with a text that is refused are added to ``refusals``.

    ``check`` is asked of every distinct text, raises InvalidRecord, and answers None for nothing.
    """
    suspects = (
        np.arange(len(column.texts)) if check else np.flatnonzero(_suspicious(column.texts, length_max))
    )
    if not len(suspects):
        return column
    view = views(column.texts)
    codes = np.arange(len(column.texts), dtype=np.int32)
    refused: dict[str, list[int]] = {}
    for place in suspects.tolist():
        octets = view.octets[view.starts[place] : view.starts[place + 1]].tobytes()
        try:
            # Bytes that are no UTF-8 become lone surrogates, which are refused by name.
            text = flat_text(octets.decode("utf-8", "surrogateescape"), name, length_max)
            if text is None or (check is not None and check(text) is None):
                codes[place] = -1
        except InvalidRecord as error:
            codes[place] = -1
            refused.setdefault(str(error), []).append(place)
    for reason, places in refused.items():
        mask = np.zeros(len(column.texts) + 1, dtype=bool)
        mask[places] = True
        refusals.add(np.flatnonzero(column.at(mask)), name, reason)
    texts = column.texts
    if refused:
        # What is refused may not even be text.
        places_refused = [place for places in refused.values() for place in places]
        kept = np.ones(len(texts), dtype=bool)
        kept[places_refused] = False
        renumbered = (np.cumsum(kept) - 1).astype(np.int32)
        codes = np.where(codes >= 0, renumbered, np.int32(-1)).astype(np.int32)
        texts = taken(texts, np.flatnonzero(kept))
    return RawColumn(column.codes_from(codes), texts)


def _suspicious(texts: TextArray, length_max: int) -> Mask:
    """Texts that may be blank, too long, or hold a character that may not stand there."""
    view = views(texts)
    starts = view.starts.astype(np.int64, copy=False)
    lengths = np.diff(starts)
    octets = view.octets[starts[0] : starts[-1]] if len(texts) else view.octets
    strange = (octets < 0x20) | (octets >= _DELETE)
    places = np.flatnonzero(strange) + (starts[0] if len(texts) else 0)
    suspicious = lengths > length_max
    suspicious[np.searchsorted(starts, places, side="right") - 1] = True
    suspicious |= lengths == 0
    filled = np.flatnonzero(lengths > 0)
    suspicious[filled] |= view.octets[starts[filled]] < _FIRST_PRINTABLE
    return suspicious
