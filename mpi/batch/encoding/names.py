"""Names: most are plain words that are put together from codes, the others are read once per combination."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mpi.batch.encoded import KeyValues
from mpi.batch.encoding.features import Features, combined, densely, features
from mpi.batch.encoding.hashing import Hashed, hash_joint, hash_values, joined
from mpi.batch.encoding.raw import RawColumn
from mpi.batch.encoding.sharing import read_all
from mpi.batch.encoding.texts import Mask, arrow, hash_part, listed, taken
from mpi.matching.blocking import EitherPart, FirstWordsPart, JointPart, PiecePart, WordsPart
from mpi.matching.comparison import Column
from mpi.matching.comparison.distinct import Distinct, Part, Texts
from mpi.matching.normalization.names import (
    PLACEHOLDER_PAIRS,
    NameReading,
    is_plain_family,
    plain_part,
    read_name,
)
from mpi.matching.record import NormalizedName, PersonName

PARTS: Final = ("given", "middle", "family", "suffix")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of all records.

    ``texts`` are the distinct ones of each part in ascending order, of which ``""`` is always the first.
    ``parts`` int32 [4, elements]: the names as codes of these. ``of_records`` are the names of each record,
    ``by_part`` for each part its texts, as features compare them.
    """

    texts: Mapping[str, list[str]]
    parts: npt.NDArray[np.int32]
    of_records: Features
    by_part: Mapping[str, Features]
    #: A newborn's placeholder stands for the name, and what it says of the birth order.
    temporary: Mask
    birth_orders: npt.NDArray[np.int8]
    #: A placeholder was not taken as a name; any given name is there all the same.
    placeholder: Mask
    named: Mask
    dropped: Counter[tuple[str, str]]

    def distinct(self) -> Distinct:
        """The whole names, for comparisons across their parts."""
        firsts = self.parts[:, self.of_records.firsts]
        others = {
            place: tuple(self._name(element) for element in elements)
            for place, elements in self.of_records.several.items()
        }
        columns = [Part(Texts.of(self.texts[part]), firsts[row]) for row, part in enumerate(PARTS)]
        return Distinct(columns, element=NormalizedName, others=others)

    def column(self, part: str) -> Column:
        """What a field compares: the texts of one part of all names of a record."""
        found = self.by_part[part]
        texts = self.texts[part][1:]
        others = {
            place: tuple(texts[element] for element in elements) for place, elements in found.several.items()
        }
        if not others:
            return Column.coded(found.codes, Distinct([Part(Texts.of(texts))]))
        firsts = Texts.of([texts[element] for element in found.firsts.tolist()])
        return Column.coded(found.codes, Distinct([Part(firsts)], others=others))

    def keys(self, definition: PiecePart | FirstWordsPart | WordsPart) -> KeyValues:
        """The records' values of a key part made of given, middle or family names."""
        texts = arrow(self.texts[definition.reads][1:])
        return self.by_part[definition.reads].keys(hash_part(definition, texts))

    def joint_keys(self, definition: JointPart) -> KeyValues:
        """The records' values of a key part made of given and family names together."""
        given = hash_values(self.texts["given"][1:], lambda text: (definition.given(text),)).hashes
        family = hash_values(self.texts["family"][1:], lambda text: (definition.family(text),)).hashes
        first, last = self.parts[PARTS.index("given")], self.parts[PARTS.index("family")]
        both = (first > 0) & (last > 0)
        starts = np.concatenate([[0], np.cumsum(both)])
        hashes = hash_joint(given[first[both] - 1], family[last[both] - 1])
        return self.of_records.keys(Hashed(starts, hashes))

    def either_keys(self, definition: EitherPart) -> KeyValues:
        """The records' values of a key part made of given or family names."""
        family, given = (
            hash_values(self.texts[part][1:], texts)
            for part, texts in (("family", definition.family), ("given", definition.given))
        )
        of_family, of_given = (self.parts[PARTS.index(part)] - 1 for part in ("family", "given"))
        return self.of_records.keys(joined(family, of_family, given, of_given))

    def _name(self, element: int) -> NormalizedName:
        return NormalizedName(*(self.texts[part][self.parts[row, element]] for row, part in enumerate(PARTS)))


class _Readings:
    """Combinations of raw parts that some rule turns on, read; ``of_rows`` says which one a row has (−1)."""

    def __init__(self, columns: Mapping[str, RawColumn], rows: npt.NDArray[np.intp], processes: int) -> None:
        self.of_rows = np.full(len(columns["given"].codes), -1, dtype=np.int32)
        self.readings: list[NameReading] = []
        if not len(rows):
            return
        codes = [columns[part].codes[rows] for part in PARTS]
        sizes = [len(columns[part].texts) for part in PARTS]
        found, places = densely(combined(list(zip(codes, sizes, strict=True))))
        self.of_rows[rows] = found
        sent = [
            taken(columns[part].texts, code[places]).to_pylist()
            for part, code in zip(PARTS, codes, strict=True)
        ]
        self.readings = read_all(list(zip(*sent, strict=True)), _reading, processes)
        self.counts = np.bincount(found, minlength=len(places))

    def of_readings(self, values: Sequence[Any], nothing: Any, kind: Any) -> npt.NDArray[Any]:
        """Per row the value of its reading, or ``nothing``."""
        return np.array([*values, nothing], dtype=kind).take(self.of_rows, mode="wrap")

    def dropped(self) -> Counter[tuple[str, str]]:
        every: Counter[tuple[str, str]] = Counter()
        for reading, count in zip(self.readings, self.counts.tolist() if self.readings else (), strict=True):
            for pair in dict.fromkeys(reading.dropped):
                every[pair] += count
        return every


def _reading(parts: tuple[str | None, ...]) -> NameReading:
    return read_name(PersonName(**dict(zip(PARTS, parts, strict=True))))


def read_names(columns: Mapping[str, RawColumn], processes: int = 1) -> Names:
    """The names of records, from the columns of their four parts as sent."""
    plain = {part: [plain_part(text) for text in listed(columns[part].texts)] for part in PARTS[:3]}
    readings = _Readings(columns, _turned_on(columns, plain), processes)
    texts = {
        part: sorted({
            "", *(text for text in plain.get(part, ()) if text is not None),
            *(name[row] for reading in readings.readings for name in reading.names),
        })
        for row, part in enumerate(PARTS)
    }  # fmt: skip
    codes = {part: {text: code for code, text in enumerate(texts[part])} for part in PARTS}
    of_reading = [
        [tuple(codes[part][name[row]] for row, part in enumerate(PARTS)) for name in reading.names]
        for reading in readings.readings
    ]
    firsts = _first_names(columns, plain, codes, readings, of_reading)
    return _assembled(texts, firsts, readings, of_reading)


def _turned_on(
    columns: Mapping[str, RawColumn], plain: Mapping[str, list[str | None]]
) -> npt.NDArray[np.intp]:
    """Rows whose name is not put together from plain parts."""
    turned = columns["suffix"].codes >= 0
    present = turned.copy()
    for part, texts in plain.items():
        column = columns[part]
        turned |= column.at(np.array([*(text is None for text in texts), False]))
        present |= column.codes >= 0
    lasts = [*(text is not None and is_plain_family(text) for text in plain["family"]), False]
    turned |= ~columns["family"].at(np.array(lasts))
    turned |= _in_placeholder_pairs(columns, plain)
    return np.flatnonzero(turned & present)


def _in_placeholder_pairs(columns: Mapping[str, RawColumn], plain: Mapping[str, list[str | None]]) -> Mask:
    """Rows whose given and family name together are nobody's."""
    givens, families = (sorted({pair[side] for pair in PLACEHOLDER_PAIRS}) for side in (0, 1))
    first = columns["given"].at(_numbers(plain["given"], givens))
    last = columns["family"].at(_numbers(plain["family"], families))
    pairs = [
        givens.index(given) * len(families) + families.index(family) for given, family in PLACEHOLDER_PAIRS
    ]
    return (first >= 0) & (last >= 0) & np.isin(first * len(families) + last, pairs)


def _numbers(texts: Sequence[str | None], names: Sequence[str]) -> npt.NDArray[np.int32]:
    """Of each text its position among ``names``, −1 for all others."""
    known = {text: number for number, text in enumerate(names)}
    return np.array([*(-1 if text is None else known.get(text, -1) for text in texts), -1], dtype=np.int32)


def _first_names(
    columns: Mapping[str, RawColumn],
    plain: Mapping[str, list[str | None]],
    codes: Mapping[str, Mapping[str, int]],
    readings: _Readings,
    of_reading: Sequence[Sequence[tuple[int, ...]]],
) -> npt.NDArray[np.int32]:
    """The first name of each row as codes of its parts, int32 [4, rows]; −1 in all where there is none."""
    firsts = np.zeros((len(PARTS), len(readings.of_rows)), dtype=np.int32)
    present = np.zeros(len(readings.of_rows), dtype=bool)
    for row, part in enumerate(PARTS[:3]):
        known = [*(0 if text is None else codes[part][text] for text in plain[part]), 0]
        firsts[row] = columns[part].at(np.array(known, dtype=np.int32))
        present |= columns[part].codes >= 0
    firsts[:, ~present] = -1
    read = readings.of_rows >= 0
    for row in range(len(PARTS)):
        values = [names[0][row] if names else -1 for names in of_reading]
        firsts[row] = np.where(read, readings.of_readings(values, -1, np.int32), firsts[row])
    return firsts


def _assembled(
    texts: Mapping[str, list[str]],
    firsts: npt.NDArray[np.int32],
    readings: _Readings,
    of_reading: Sequence[Sequence[tuple[int, ...]]],
) -> Names:
    sizes = [len(texts[part]) for part in PARTS]
    # Names that stand second or later are elements like the others.
    further = sorted({name for names in of_reading if len(names) > 1 for name in names})
    every = np.concatenate([firsts, np.array(further, dtype=np.int32).reshape(-1, len(PARTS)).T], axis=1)
    keys = combined([(every[row], sizes[row]) for row in range(len(PARTS))])
    dense, places = densely(keys)
    # Rows without a name have the smallest key.
    missing = int(len(places) > 0 and every[0, places[0]] < 0)
    elements = dense - np.int32(missing)
    parts = every[:, places[missing:]]
    row_count = firsts.shape[1]
    element_of = {name: int(elements[row_count + at]) for at, name in enumerate(further)}
    several = [names if len(names) > 1 else () for names in of_reading]
    rare = np.where(
        readings.of_readings([len(names) > 1 for names in several], False, bool), readings.of_rows, -1
    ).astype(np.int32)
    has_rare = bool((rare >= 0).any())
    tuples = [tuple(element_of[name] for name in names) for names in several]
    by_part = {}
    for row, part in enumerate(PARTS):
        distinct = [tuple(dict.fromkeys(name[row] - 1 for name in names if name[row])) for names in several]
        by_part[part] = features(
            np.maximum(firsts[row] - 1, -1).astype(np.int32),
            sizes[row] - 1,
            rare if has_rare else None,
            distinct,
        )
    named = by_part["given"].codes >= 0
    temporary = readings.of_readings([one.temporary is not None for one in readings.readings], False, bool)
    orders = [one.temporary.birth_order if one.temporary else 0 for one in readings.readings]
    hollow = [("placeholder-name" in {reason for _, reason in one.dropped}) for one in readings.readings]
    return Names(
        texts=texts,
        parts=parts,
        of_records=features(elements[:row_count], parts.shape[1], rare if has_rare else None, tuples),
        by_part=by_part,
        temporary=temporary & ~named,
        birth_orders=readings.of_readings(orders, 0, np.int8),
        placeholder=readings.of_readings(hollow, False, bool),
        named=named,
        dropped=readings.dropped(),
    )
