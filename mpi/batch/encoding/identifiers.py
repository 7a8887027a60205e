"""Identifiers: the number in ``ssn`` and the one in ``mrn``, as what they are read as."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mpi.batch.encoded import Codes, KeyValues
from mpi.batch.encoding.features import Features, combined, densely, features
from mpi.batch.encoding.hashing import Hashed, hash_texts
from mpi.batch.encoding.raw import RawColumn
from mpi.batch.encoding.texts import (
    Mask,
    Read,
    TextArray,
    arrow,
    compute,
    digit_texts,
    digits_text,
    listed,
    numbers_of,
    pieces,
    ranked,
    read_texts,
    taken,
    views,
    where,
)
from mpi.matching.blocking import IdentifierPart
from mpi.matching.comparison import Column
from mpi.matching.comparison.distinct import Distinct, Part, Texts
from mpi.matching.normalization.identifiers import (
    PLACEHOLDERS,
    IdentifierReading,
    identifier_refusal,
    is_own_authority,
    plain_ssns,
    read_identifier,
    read_ssn,
    read_value,
)
from mpi.matching.record import Identifier, NormalizedIdentifier

Kind = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Identifiers:
    """The identifiers of all records, as positions among the distinct ones in ascending order.

    Identifier ``e`` is of the authority and type ``kinds[kind_of[e]]`` and has ``values[value_of[e]]``.
    Record ``i`` has ``first[i]`` (from ``ssn``) and ``second[i]`` (from ``mrn``), −1 = none.
    """

    kinds: tuple[Kind, ...]
    kind_of: Codes
    values: TextArray
    value_of: Codes
    first: Codes
    second: Codes
    dropped: Counter[tuple[str, str]]

    def column(self, wanted: Callable[[str, str], bool], *, whole: bool) -> Column:
        """What a field compares: the identifiers of the kinds wanted, whole or their values only."""
        flags = np.array([wanted(*kind) for kind in self.kinds], dtype=bool)[self.kind_of]
        elements = np.flatnonzero(flags)
        places_of = np.full(len(flags) + 1, -1, dtype=np.int32)
        if whole:
            places_of[elements] = np.arange(len(elements))
        else:
            places_of[elements], places = densely(self.value_of[elements].astype(np.int64))
            elements = elements[places]
        found = self._features(places_of, len(elements))
        chosen = elements[found.firsts]
        values = Part(views(taken(self.values, self.value_of[chosen])))
        if not whole:
            others = self._others(found, elements, self._value)
            return Column.coded(found.codes, Distinct([values], others=others))
        kinds = self.kind_of[chosen]
        parts = [_kind_part([kind[side] for kind in self.kinds], kinds) for side in (0, 1)]
        others = self._others(found, elements, self._identifier)
        return Column.coded(
            found.codes, Distinct([*parts, values], element=NormalizedIdentifier, others=others)
        )

    def _features(self, numbers: Codes, count: int) -> Features:
        """``numbers`` are the new numbers of the elements wanted, −1 for the others and for none."""
        first, second = numbers.take(self.first, mode="wrap"), numbers.take(self.second, mode="wrap")
        both = np.flatnonzero((first >= 0) & (second >= 0) & (first != second))
        only = np.where(first >= 0, first, second)
        if not len(both):
            return features(only, count, None, ())
        pairs, places = densely(first[both].astype(np.int64) * count + second[both])
        rare = np.full(len(only), -1, dtype=np.int32)
        rare[both] = pairs
        firsts, seconds = first[both[places]].tolist(), second[both[places]].tolist()
        return features(only, count, rare, list(zip(firsts, seconds, strict=True)))

    def _others(
        self, found: Features, elements: npt.NDArray[np.intp], value: Callable[[int], Any]
    ) -> dict[int, Any]:
        return {
            place: tuple(value(int(elements[one])) for one in several)
            for place, several in found.several.items()
        }

    def _value(self, element: int) -> str:
        return str(self.values[int(self.value_of[element])])

    def _identifier(self, element: int) -> NormalizedIdentifier:
        authority, kind = self.kinds[self.kind_of[element]]
        return NormalizedIdentifier(authority, kind, self._value(element))

    def keys(self, definition: IdentifierPart) -> KeyValues:
        """The records' values of a key part."""
        prefixes = [definition.prefix(*kind) for kind in self.kinds]
        bounds = np.searchsorted(self.kind_of, np.arange(len(self.kinds) + 1))
        hashes = [np.empty(0, dtype=np.uint64)]
        numbers = np.full(len(self.kind_of) + 1, -1, dtype=np.int32)
        count = 0
        for prefix, start, end in zip(prefixes, bounds, bounds[1:], strict=False):
            if prefix is None or start == end:
                continue
            texts = pieces(taken(self.values, self.value_of[start:end]), definition.piece)
            joined = compute.binary_join_element_wise(prefix, texts, "") if prefix else texts
            hashes.append(hash_texts(views(joined)))
            numbers[start:end] = np.arange(count, count + end - start)
            count += end - start
        hashed = Hashed(np.arange(count + 1, dtype=np.int64), np.concatenate(hashes))
        return self._features(numbers, count).keys(hashed)


def _kind_part(texts: list[str], kinds: Codes) -> Part:
    distinct = sorted(set(texts))
    numbers = np.array([distinct.index(text) for text in texts], dtype=np.int32)
    return Part(Texts.of(distinct), numbers[kinds])


@dataclass(frozen=True, slots=True)
class _Found:
    """Identifiers of rows before they are numbered: ``kind`` (−1 = none) and position in ``values``."""

    kind: Codes
    value: Codes
    values: TextArray


def read_identifiers(
    ssn: RawColumn, mrn: RawColumn, source_of: npt.NDArray[np.int16], sources: tuple[str, ...]
) -> Identifiers:
    """What stands in ``ssn`` and, numbered by the record's own source, in ``mrn``."""
    kinds: dict[Kind, int] = {}
    dropped: Counter[tuple[str, str]] = Counter()
    first = _from_ssn(ssn, kinds, dropped)
    second = _from_mrn(mrn, source_of, sources, kinds, dropped)
    values = ranked(pa.concat_arrays([first.values, second.values]))
    ordered = tuple(sorted(kinds))
    rank_of_kind = np.zeros(len(kinds) + 1, dtype=np.int64)
    rank_of_kind[[kinds[kind] for kind in ordered]] = np.arange(len(kinds))
    codes_first, codes_second = values.codes[: len(first.values)], values.codes[len(first.values) :]
    count = max(len(values.distinct), 1)
    keys = []
    present = []
    for found, codes in ((first, codes_first), (second, codes_second)):
        rows = np.flatnonzero(found.kind >= 0)
        present.append(rows)
        keys.append(rank_of_kind[found.kind[rows]] * count + codes[found.value[rows]])
    elements, places = densely(np.concatenate(keys))
    distinct = np.concatenate(keys)[places]
    of_rows = np.full((2, len(source_of)), -1, dtype=np.int32)
    of_rows[0, present[0]] = elements[: len(present[0])]
    of_rows[1, present[1]] = elements[len(present[0]) :]
    return Identifiers(
        kinds=ordered,
        kind_of=(distinct // count).astype(np.int32),
        values=values.distinct,
        value_of=(distinct % count).astype(np.int32),
        first=of_rows[0],
        second=of_rows[1],
        dropped=dropped,
    )


def _from_ssn(ssn: RawColumn, kinds: dict[Kind, int], dropped: Counter[tuple[str, str]]) -> _Found:
    found = digit_texts(ssn.texts, " -.")
    plain = found.only & (found.counts == 9)
    chosen = np.flatnonzero(plain)
    rows = found.rows(chosen, 9)
    taken_plain = plain_ssns(numbers_of(rows))
    plain[chosen] = taken_plain
    rest = np.flatnonzero(~plain)
    readings = [read_ssn.__wrapped__(text) for text in listed(taken(ssn.texts, rest))]
    kind = np.full(len(ssn.texts) + 1, -1, dtype=np.int32)
    if plain.any():
        kind[:-1][plain] = kinds.setdefault(("SSN", "SS"), len(kinds))
    kind[rest] = _kinds_of(readings, kinds)
    values = pa.concat_arrays([digits_text(rows[taken_plain]), _values_of(readings)])
    value = np.zeros(len(ssn.texts) + 1, dtype=np.int32)
    value[:-1][plain] = np.arange(int(plain.sum()))
    value[rest] = np.arange(int(plain.sum()), len(values))
    _count_dropped("ssn", rest, readings, ssn.counts(), dropped)
    return _Found(ssn.at(kind), ssn.at(value), values)


def _kinds_of(readings: list[IdentifierReading], kinds: dict[Kind, int]) -> list[int]:
    return [
        -1 if reading.identifier is None else kinds.setdefault(reading.identifier[:2], len(kinds))
        for reading in readings
    ]


def _values_of(readings: list[IdentifierReading]) -> TextArray:
    return arrow([reading.identifier.value if reading.identifier else None for reading in readings])


def _count_dropped(
    field: str,
    places: npt.NDArray[np.intp],
    readings: list[IdentifierReading],
    counts: npt.NDArray[np.int64],
    dropped: Counter[tuple[str, str]],
) -> None:
    for place, reading in zip(places.tolist(), readings, strict=True):
        if reading.reason and counts[place]:
            dropped[field, reading.reason] += int(counts[place])


def _from_mrn(
    mrn: RawColumn,
    source_of: npt.NDArray[np.int16],
    sources: tuple[str, ...],
    kinds: dict[Kind, int],
    dropped: Counter[tuple[str, str]],
) -> _Found:
    own = np.array([is_own_authority(source) for source in sources], dtype=bool)
    of_own = (mrn.codes >= 0) & own[source_of]
    kind = np.full(len(source_of), -1, dtype=np.int32)
    value = np.zeros(len(source_of), dtype=np.int32)
    read = _read_values(mrn.texts)
    if of_own.any():
        kind_of_source = np.array(
            [
                kinds.setdefault((source.strip(), "MR"), len(kinds)) if own[place] else -1
                for place, source in enumerate(sources)
            ]
        )
        taken_here = of_own & mrn.at(np.append(where(read.texts.is_valid()), False))
        kind[taken_here] = kind_of_source[source_of[taken_here]]
        value = np.maximum(mrn.codes, 0)
        counts = np.bincount(
            mrn.at(np.append(read.reasons, np.int16(0)))[of_own], minlength=len(read.reason_names)
        )
        dropped.update(
            {("mrn", name): int(n) for name, n in zip(read.reason_names, counts, strict=True) if name and n}
        )
    rows = np.flatnonzero((mrn.codes >= 0) & ~of_own)
    if not len(rows):
        return _Found(kind, value, read.texts)
    pairs = combined([(mrn.codes[rows], len(mrn.texts)), (source_of[rows], len(sources))])
    found, places = densely(pairs)
    texts = listed(taken(mrn.texts, mrn.codes[rows[places]]))
    senders = [sources[place] for place in source_of[rows[places]].tolist()]
    readings = [
        read_identifier(Identifier(sender, "MR", text)) for sender, text in zip(senders, texts, strict=True)
    ]
    kind[rows] = np.array(_kinds_of(readings, kinds), dtype=np.int32)[found]
    value[rows] = found + len(read.texts)
    _count_dropped("mrn", np.arange(len(readings)), readings, np.bincount(found), dropped)
    return _Found(kind, value, pa.concat_arrays([read.texts, _values_of(readings)]))


def _read_values(raw: TextArray) -> Read:
    """The letters and digits of identifiers; those of nothing else all at once."""
    upper = compute.ascii_upper(raw)
    view = views(upper)
    starts = view.starts.astype(np.int64)
    octets = view.octets
    alnum = ((octets >= ord("0")) & (octets <= ord("9"))) | ((octets >= ord("A")) & (octets <= ord("Z")))
    others_before = np.concatenate([[0], np.cumsum(~alnum)])
    plain = (others_before[starts[1:]] - others_before[starts[:-1]] == 0) & (np.diff(starts) > 0)
    plain[plain] = ~_doubtful(octets, starts, plain)
    plain &= ~where(compute.is_in(upper, value_set=arrow(sorted(PLACEHOLDERS))))
    return read_texts(raw, (plain, taken(upper, np.flatnonzero(plain))), _value)


def _doubtful(octets: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], chosen: Mask) -> Mask:
    """Of the chosen texts those that may be of one character repeated."""
    begin, end = starts[:-1][chosen], starts[1:][chosen]
    first = octets[begin]
    found: Mask = (first == octets[end - 1]) & (first == octets[(begin + end) // 2])
    return found


def _value(text: str) -> tuple[str, str]:
    value = read_value(text)
    reason = identifier_refusal(value)
    return ("", reason) if reason else (value, "")
