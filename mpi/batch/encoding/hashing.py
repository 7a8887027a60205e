"""Key values as 64-bit numbers: the same text gives the same number in every process and file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mpi.batch.encoded import Codes, Hashes, KeyValues
from mpi.matching.blocking import (
    KEY_PARTS,
    VALUES,
    EitherPart,
    FirstWordsPart,
    IdentifierPart,
    JointPart,
    PiecePart,
    WordsPart,
)
from mpi.matching.comparison.distinct import Texts
from mpi.matching.record import NormalizedRecord

Octets = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

_WORD: Final = 8
#: The constants of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
_GAMMA: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)


class Hashed(NamedTuple):
    """The hashes of values: those of value ``i`` are ``hashes[starts[i]:starts[i + 1]]``.

    ``starts`` int64 [values + 1], ``hashes`` uint64.
    """

    starts: npt.NDArray[np.int64]
    hashes: Hashes


def hash_texts(texts: Texts) -> Hashes:
    """One number per text, uint64 [texts]."""
    starts = texts.starts.astype(np.int64, copy=False)
    return hash_spans(texts.octets, starts[:-1], starts[1:])


def hash_spans(octets: Octets, starts: Places, ends: Places) -> Hashes:
    """One number for each text ``octets[starts[i]:ends[i]]``: eight bytes at a time, and the length."""
    lengths = ends - starts
    hashes = _mixed(lengths.astype(np.uint64) + _GAMMA)
    words = words_of(octets)
    active = np.flatnonzero(lengths > 0)
    for offset in range(0, int(lengths.max(initial=0)), _WORD):
        if offset:
            active = active[lengths[active] > offset]
        word = words(starts[active] + offset, lengths[active] - offset)
        hashes[active] = _mixed(hashes[active] ^ word) + _GAMMA
    return hashes


def words_of(octets: Octets) -> Callable[[Places, Places], Hashes]:
    """A function that reads up to eight bytes at each place as one number, the first byte highest.

    It takes places in ``octets`` and how many bytes there are; what is beyond reads as zero.
    """
    padded = np.concatenate([octets, np.zeros(_WORD, dtype=np.uint8)])
    every = np.ndarray((len(padded) - _WORD + 1,), dtype=">u8", buffer=padded.data, strides=(1,))

    def words(places: Places, lengths: Places) -> Hashes:
        missing = (_WORD - np.clip(lengths, 0, _WORD)).astype(np.uint64) * np.uint64(8)
        found = every.take(places).astype(np.uint64)
        # A shift by all 64 bits is not defined.
        shifted = (found >> np.minimum(missing, np.uint64(63))) << np.minimum(missing, np.uint64(63))
        return np.where(lengths > 0, shifted, np.uint64(0))

    return words


def _mixed(numbers: Hashes) -> Hashes:
    numbers = (numbers ^ (numbers >> np.uint64(30))) * _FIRST
    numbers = (numbers ^ (numbers >> np.uint64(27))) * _SECOND
    return numbers ^ (numbers >> np.uint64(31))


def hash_values(values: Sequence[Any], texts_of: Callable[[Any], Sequence[str]]) -> Hashed:
    """The hashes of the distinct texts that ``texts_of`` makes of each value, in their order."""
    starts = np.zeros(len(values) + 1, dtype=np.int64)
    texts: list[str] = []
    for place, value in enumerate(values, start=1):
        made = texts_of(value)
        texts += made if len(made) < 2 else dict.fromkeys(made)
        starts[place] = len(texts)
    return Hashed(starts, hash_texts(Texts.of(texts)))


def hash_joint(given: Hashes, family: Hashes) -> Hashes:
    """Of two texts each, whichever is first: uint64."""
    return _mixed(_mixed(np.minimum(given, family)) + np.maximum(given, family))


def gathered(starts: npt.NDArray[np.int64], elements: Codes, hashed: Hashed) -> Hashed:
    """The distinct hashes of groups of values: those of group ``g`` are
    ``elements[starts[g]:starts[g + 1]]``.
    """
    counts = np.diff(hashed.starts)[elements]
    ends = np.concatenate([[0], np.cumsum(counts)])
    within = np.arange(ends[-1]) - np.repeat(ends[:-1], counts)
    hashes = hashed.hashes[np.repeat(hashed.starts[elements], counts) + within]
    return _distinct(Hashed(ends[starts], hashes))


def joined(first: Hashed, of_first: Codes, second: Hashed, of_second: Codes) -> Hashed:
    """The distinct hashes of two values together; ``of_first`` and ``of_second`` say which, −1 = none."""
    elements = np.stack([of_first, of_second + (of_second >= 0) * (len(first.starts) - 1)], axis=1)
    present = elements >= 0
    starts = np.concatenate([[0], np.cumsum(present.sum(axis=1))])
    both = Hashed(
        np.concatenate([first.starts, first.starts[-1] + second.starts[1:]]),
        np.concatenate([first.hashes, second.hashes]),
    )
    return gathered(starts, elements[present], both)


def _distinct(hashed: Hashed) -> Hashed:
    """Without the hashes that a group has already."""
    starts, hashes = hashed
    keep = np.ones(len(hashes), dtype=bool)
    for apart in range(1, int(np.diff(starts).max(initial=0))):
        alike = np.flatnonzero(hashes[apart:] == hashes[:-apart])
        ends = starts[np.searchsorted(starts, alike, side="right")]
        keep[alike[alike + apart < ends] + apart] = False
    if keep.all():
        return hashed
    return Hashed(np.concatenate([[0], np.cumsum(keep)])[starts], hashes[keep])


def key_values(codes: Codes, hashed: Hashed) -> KeyValues:
    """Of records with the value ``codes`` each (−1 = none). A value without hashes is none."""
    return KeyValues(group_of=codes, starts=hashed.starts, hashes=hashed.hashes)


def _hash_part(part: WordsPart | PiecePart | FirstWordsPart, values: Sequence[Any]) -> Hashed:
    """The hashes that a part makes of each of the values it reads."""
    if isinstance(part, PiecePart):
        piece = part.piece
        return hash_values(values, lambda text: (text[piece],))
    if isinstance(part, FirstWordsPart):
        return hash_values(values, part.first_words)
    return hash_values(values, part.texts)


def hash_identifiers(definition: IdentifierPart, identifiers: Sequence[Any]) -> Hashed:
    """The hash that a part makes of each identifier it is for."""

    def texts(identifier: Any) -> Sequence[str]:
        prefix = definition.prefix(identifier[0], identifier[1])
        return () if prefix is None else (prefix + identifier[2][definition.piece],)

    return hash_values(identifiers, texts)


def hash_names(definition: JointPart, names: Sequence[tuple[str, str]]) -> Hashed:
    """The hash of each given and family name."""
    givens = hash_values(names, lambda pair: (definition.given(pair[0]),)).hashes
    families = hash_values(names, lambda pair: (definition.family(pair[1]),)).hashes
    return Hashed(np.arange(len(names) + 1, dtype=np.int64), hash_joint(givens, families))


def record_keys(part: str, records: Sequence[NormalizedRecord]) -> KeyValues:
    """The values of a key part in each record, made once per distinct value."""
    definition = KEY_PARTS[part]
    if isinstance(definition, JointPart):
        names = [tuple((n.given, n.family) for n in r.names if n.given and n.family) for r in records]
        return _grouped(names, lambda distinct: hash_names(definition, distinct))
    if isinstance(definition, EitherPart):
        parts = [tuple((n.given, n.family) for n in r.names) for r in records]
        texts = definition.of_name
        return _grouped(parts, lambda distinct: hash_values(distinct, lambda name: texts(*name)))
    if isinstance(definition, IdentifierPart):
        identifiers = [record.identifiers for record in records]
        return _grouped(identifiers, lambda distinct: hash_identifiers(definition, distinct))
    read = VALUES[definition.reads]
    values = [tuple(read(record)) for record in records]
    return _grouped(values, lambda distinct: _hash_part(definition, distinct))


def _grouped(values: Sequence[tuple[Any, ...]], hashed: Callable[[list[Any]], Hashed]) -> KeyValues:
    """Of records with these values each; ``hashed`` makes the hashes of the distinct values."""
    elements: dict[Any, int] = {}
    groups: dict[tuple[Any, ...], int] = {}
    members: list[int] = []
    starts = [0]
    codes = np.full(len(values), -1, dtype=np.int32)
    for place, several in enumerate(values):
        if not several:
            continue
        group = groups.get(several)
        if group is None:
            group = groups[several] = len(groups)
            members += [elements.setdefault(value, len(elements)) for value in several]
            starts.append(len(members))
        codes[place] = group
    every = np.array(members, dtype=np.int32)
    return key_values(codes, gathered(np.array(starts, dtype=np.int64), every, hashed(list(elements))))
