"""Addresses: each part read once per distinct text, what follows a house number once for all houses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mpi.batch.encoded import KeyValues
from mpi.batch.encoding.features import combined, densely
from mpi.batch.encoding.hashing import key_values
from mpi.batch.encoding.raw import RawColumn
from mpi.batch.encoding.sharing import read_all
from mpi.batch.encoding.texts import (
    Mask,
    Ranked,
    TextArray,
    arrow,
    compute,
    digit_texts,
    digits_text,
    hash_part,
    listed,
    numbers_of,
    ranked,
    read_each,
    taken,
    views,
    where,
)
from mpi.matching.blocking import FirstWordsPart, PiecePart, WordsPart
from mpi.matching.comparison import Column
from mpi.matching.comparison.distinct import Distinct, Part
from mpi.matching.normalization.addresses import (
    PLACEHOLDER_STREETS,
    in_one_line,
    is_placeholder_street,
    plain_zips,
    read_city_part,
    read_state_part,
    read_zip_part,
)
from mpi.matching.normalization.streets import StreetLine, read_after_number, read_street
from mpi.matching.normalization.transliteration import ascii_upper
from mpi.matching.record import NormalizedAddress

PARTS: Final = ("street", "city", "state", "zip")

Dropped = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Addresses:
    """The address of each record: per part its text among the distinct ones, −1 = none."""

    parts: Mapping[str, Ranked]
    dropped: Dropped

    def column(self) -> Column:
        """What is compared: whole addresses."""
        columns = [self.parts[name] for name in ("street", "unit", "city", "state", "zip")]
        keys = combined([(part.codes, len(part.distinct)) for part in columns])
        dense, places = densely(keys)
        # Records without any part have the smallest key, 0.
        missing = int(len(places) > 0 and keys[places[0]] == _nothing(columns))
        chosen = places[missing:]
        parts = [
            Part(views(pa.concat_arrays([arrow([""]), part.distinct])), part.codes[chosen] + np.int32(1))
            for part in columns
        ]
        return Column.coded(dense - np.int32(missing), Distinct(parts, element=NormalizedAddress))

    def keys(self, definition: PiecePart | FirstWordsPart | WordsPart) -> KeyValues:
        """The records' values of a key part."""
        part = self.parts[definition.reads]
        return key_values(part.codes, hash_part(definition, part.distinct))


def _nothing(columns: list[Ranked]) -> int:
    empty = np.full(1, -1, dtype=np.int32)
    return int(combined([(empty, len(part.distinct)) for part in columns])[0])


def read_addresses(columns: Mapping[str, RawColumn], processes: int = 1) -> Addresses:
    """The addresses of records, from the columns of their parts as sent."""
    columns = _taken_apart(columns)
    dropped: Dropped = Counter()
    streets, units = _streets(columns["street"], dropped, processes)
    states = _read(columns["state"], "state", read_state_part, dropped)
    parts = {
        "street": streets,
        "unit": units,
        "city": _read(columns["city"], "city", read_city_part, dropped),
        "state": states,
        "zip": _zips(columns["zip"], states, dropped),
    }
    return Addresses(parts, dropped)


def _read(column: RawColumn, field: str, read: Any, dropped: Dropped) -> Ranked:
    found = read_each(column.texts, read)
    count_reasons(field, column, found.reasons, found.reason_names, dropped)
    texts = ranked(found.texts)
    return Ranked(column.codes_from(texts.codes), texts.distinct)


def count_reasons(
    field: str, column: RawColumn, reasons: npt.NDArray[np.int16], names: tuple[str, ...], dropped: Dropped
) -> None:
    """Counts the records of which a value was not taken, by reason."""
    if len(names) == 1:
        return
    counts = np.zeros(len(names), dtype=np.int64)
    np.add.at(counts, reasons, column.counts())
    dropped.update({(field, name): int(n) for name, n in zip(names, counts, strict=True) if name and n})


def _taken_apart(columns: Mapping[str, RawColumn]) -> Mapping[str, RawColumn]:
    """The columns with addresses that stood in the street field alone in their places."""
    street = columns["street"]
    alone = street.codes >= 0
    for part in PARTS[1:]:
        alone &= columns[part].codes < 0
    rows = np.flatnonzero(alone)
    found, places = densely(street.codes[rows].astype(np.int64))
    whole = [in_one_line(text) for text in listed(taken(street.texts, street.codes[rows[places]]))]
    apart = np.array([address[3] != "" for address in whole], dtype=bool)
    if not apart.any():
        return columns
    numbers = np.cumsum(apart) - 1
    changed = rows[apart[found]]
    result = {}
    for side, part in enumerate(PARTS):
        column = columns[part]
        texts = arrow([address[side] for address, parted in zip(whole, apart, strict=True) if parted])
        codes = column.codes.copy()
        codes[changed] = len(column.texts) + numbers[found[apart[found]]]
        result[part] = RawColumn(codes, pa.concat_arrays([column.texts, texts]))
    return result


def _streets(column: RawColumn, dropped: Dropped, processes: int) -> tuple[Ranked, Ranked]:
    """Streets and units. ``993 Main Dr`` is read as its number, and ``Main Dr`` once for all numbers."""
    numbers, rests, numbered = _house_numbers(column.texts)
    rest_texts = rests.dictionary.to_pylist()
    after = read_all(rest_texts, _after_number, processes)
    others = np.flatnonzero(~numbered)
    lines = read_all(listed(taken(column.texts, others)), read_street.__wrapped__, processes)
    suffixes = taken(arrow([line.street for line in after]), rests.indices.to_numpy())
    streets = pa.concat_arrays([
        compute.binary_join_element_wise(numbers, suffixes, ""), arrow([line.street for line in lines])
    ])  # fmt: skip
    unit_texts = ranked(arrow([line.unit or None for line in (*after, *lines)]))
    unit_codes = np.concatenate([
        unit_texts.codes[: len(after)][rests.indices.to_numpy()], unit_texts.codes[len(after) :]
    ])  # fmt: skip
    places = np.empty(len(column.texts), dtype=np.int64)
    places[numbered] = np.arange(int(numbered.sum()))
    places[others] = np.arange(int(numbered.sum()), len(streets))
    texts = ranked(_without_empty(streets))
    hollow = _placeholders(texts.distinct)
    codes, units = texts.codes[places], unit_codes[places]
    dropped_here = np.append(hollow, False)[codes]
    count = int(column.counts()[dropped_here].sum())
    if count:
        dropped["street", "placeholder-street"] += count
    codes[dropped_here] = -1
    units[dropped_here] = -1
    return Ranked(column.codes_from(codes), texts.distinct), Ranked(
        column.codes_from(units), unit_texts.distinct
    )


def _after_number(text: str) -> StreetLine:
    return read_after_number.__wrapped__(ascii_upper(text))


def _without_empty(texts: TextArray) -> TextArray:
    filled: TextArray = compute.if_else(compute.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    return filled


def _house_numbers(texts: TextArray) -> tuple[TextArray, Any, Mask]:
    """Of texts that begin with a number and a space the number and what follows, the latter by its distinct
    texts; and which these are.
    """
    split = compute.split_pattern(texts, " ", max_splits=1)
    lengths = compute.list_value_length(split).to_numpy(zero_copy_only=False)
    heads = compute.list_element(split, 0)
    numbered = (lengths == 2) & _all_digits(heads) & where(compute.string_is_ascii(texts))
    chosen = np.flatnonzero(numbered)
    flat = split.flatten()
    ends = np.cumsum(lengths)[chosen]
    rests = taken(flat, ends - 1)
    filled = where(compute.not_equal(rests, ""))
    if not filled.all():
        numbered[chosen[~filled]] = False
        chosen, rests = chosen[filled], taken(rests, np.flatnonzero(filled))
    return taken(heads, chosen), rests.dictionary_encode(), numbered


def _all_digits(texts: TextArray) -> Mask:
    found = digit_texts(texts, "")
    return found.only & (found.counts > 0)


def _placeholders(streets: TextArray) -> Mask:
    """Which distinct streets are placeholders."""
    view = views(streets)
    starts = view.starts.astype(np.int64)
    first, last = view.octets[starts[:-1]], view.octets[starts[1:] - 1]
    doubtful = (first == last) & (first == view.octets[(starts[1:] + starts[:-1]) // 2])
    doubtful |= where(compute.is_in(streets, value_set=arrow(sorted(PLACEHOLDER_STREETS))))
    hollow = np.zeros(len(streets), dtype=bool)
    places = np.flatnonzero(doubtful)
    hollow[places] = [is_placeholder_street(text) for text in listed(taken(streets, places))]
    return hollow


def _zips(column: RawColumn, states: Ranked, dropped: Dropped) -> Ranked:
    """ZIP codes of five or nine digits all at once; others once per state, which may say what is missing."""
    found = digit_texts(column.texts, "-")
    plain = found.only & ((found.counts == 5) | (found.counts == 9))
    first_five = np.full((len(column.texts), 5), ord("0"), dtype=np.uint8)
    for count in (5, 9):
        places = np.flatnonzero(plain & (found.counts == count))
        first_five[places] = found.rows(places, count)[:, :5]
    plain &= plain_zips(numbers_of(first_five))
    rows = np.flatnonzero(column.at(np.append(~plain, False)))
    pairs, places = densely(
        combined([(column.codes[rows], len(column.texts)), (states.codes[rows], len(states.distinct))])
    )
    texts = listed(taken(column.texts, column.codes[rows[places]]))
    names = [
        "" if name is None else name
        for name in taken(states.distinct, states.codes[rows[places]]).to_pylist()
    ]
    readings = [read_zip_part(text, name) for text, name in zip(texts, names, strict=True)]
    for (_, reason), count in zip(readings, np.bincount(pairs, minlength=len(places)).tolist(), strict=True):
        if reason:
            dropped["zip", reason] += count
    chosen = np.flatnonzero(plain)
    every = ranked(pa.concat_arrays([
        digits_text(first_five[chosen]), arrow([code or None for code, _ in readings])
    ]))  # fmt: skip
    of_texts = np.full(len(column.texts), -1, dtype=np.int32)
    of_texts[chosen] = every.codes[: len(chosen)]
    codes = column.codes_from(of_texts)
    codes[rows] = every.codes[len(chosen) :][pairs]
    return Ranked(codes, every.distinct)
