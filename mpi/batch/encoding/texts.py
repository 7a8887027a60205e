"""Columns of text as arrays: distinct, sorted, hashed and read many at once.

Texts are held as Arrow ``string`` arrays without nulls; order is that of their UTF-8 bytes, which is that of
their code points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from mpi.batch.encoded import Codes
from mpi.batch.encoding.hashing import Hashed, hash_spans, hash_texts, hash_values, words_of
from mpi.matching.blocking import FirstWordsPart, PiecePart, WordsPart
from mpi.matching.comparison.distinct import Texts

#: Arrow's functions; their type stubs take no Python scalars, which the functions do.
compute: Any = pyarrow.compute

#: Of type ``string``.
TextArray: TypeAlias = "pa.Array[Any]"
Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]

_WORD: Final = 8


class Ranked(NamedTuple):
    """Texts by their place among the distinct ones: text ``i`` is ``distinct[codes[i]]``.

    ``codes`` int32 [texts], −1 for none; ``distinct`` ascending.
    """

    codes: Codes
    distinct: TextArray


class Read(NamedTuple):
    """What texts read as: ``texts`` (null where nothing is left), and why something was not taken.

    ``reasons`` int16 [texts]: positions in ``reason_names``, 0 = none.
    """

    texts: TextArray
    reasons: npt.NDArray[np.int16]
    reason_names: tuple[str, ...]


def views(texts: TextArray) -> Texts:
    """The same memory as numpy arrays."""
    _, offsets, octets = texts.buffers()
    if not len(texts) or octets is None or offsets is None:
        return Texts(octets=np.empty(0, dtype=np.uint8), starts=np.zeros(len(texts) + 1, dtype=np.int64))
    starts = np.frombuffer(memoryview(offsets), dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return Texts(octets=np.frombuffer(memoryview(octets), dtype=np.uint8), starts=starts)


def arrow(texts: Sequence[str | None]) -> TextArray:
    """An Arrow array of Python texts."""
    return pa.array(texts, type=pa.string())


def listed(texts: TextArray) -> list[str]:
    """Python texts of an Arrow array without nulls."""
    return [str(text) for text in texts.to_pylist()]


def taken(texts: TextArray, positions: npt.NDArray[np.integer[Any]]) -> TextArray:
    """The texts at positions, null where a position is −1."""
    return texts.take(pa.array(positions, mask=positions < 0))


def sorted_order(texts: Texts) -> tuple[Positions, Positions]:
    """The order of texts, int64, and for each in that order the number of its distinct text, from 0.

    Equal texts stand in the order they came in. Texts are compared eight bytes at a time, those that are
    still equal further on.
    """
    starts = texts.starts.astype(np.int64, copy=False)
    lengths = np.diff(starts)
    words = words_of(texts.octets)
    first = words(starts[:-1], lengths)
    order = np.argsort(first, kind="stable")
    run = _runs(first[order])
    tied = _tied(run)
    offset = _WORD
    while len(tied):
        tied = tied[_reaching(lengths[order[tied]], run[tied], offset)]
        if not len(tied):
            break
        members = order[tied]
        further = lengths[members] - offset
        word = words(starts[members] + offset, further)
        within = _order_within(run[tied], word, int(further.max()))
        order[tied] = members[within]
        steps = np.zeros(len(run), dtype=bool)
        steps[1:] = run[1:] != run[:-1]
        steps[tied[1:]] |= word[within][1:] != word[within][:-1]
        run = np.cumsum(steps)
        tied = tied[_tied(run[tied])]
        offset += _WORD
    return order, run


def _order_within(run: Positions, word: npt.NDArray[np.uint64], length: int) -> Positions:
    """The order by run and then by word, of which only the first ``length`` bytes are not zero."""
    bits = 8 * min(length, _WORD)
    if int(run[-1]).bit_length() + bits > 63:
        return np.lexsort((word, run))
    keys = (run << bits) | (word >> np.uint64(64 - bits)).astype(np.int64)
    return np.argsort(keys, kind="stable")


def _runs(ordered: npt.NDArray[Any]) -> Positions:
    steps = np.zeros(len(ordered), dtype=bool)
    steps[1:] = ordered[1:] != ordered[:-1]
    return np.cumsum(steps)


def _tied(run: Positions) -> Positions:
    """Places of those whose run has more than one member."""
    same = run[1:] == run[:-1]
    tied = np.zeros(len(run), dtype=bool)
    tied[1:] = same
    tied[:-1] |= same
    return np.flatnonzero(tied)


def _reaching(lengths: Positions, run: Positions, offset: int) -> Mask:
    """Members of runs in which some text is longer than ``offset``."""
    bounds = np.flatnonzero(np.concatenate([[True], run[1:] != run[:-1]]))
    longest = np.maximum.reduceat(lengths, bounds)
    return np.repeat(longest > offset, np.diff(np.append(bounds, len(run))))


def ranked(texts: TextArray) -> Ranked:
    """Texts (null = none) as codes of the distinct ones in ascending order."""
    present = np.flatnonzero(~_is_null(texts))
    values = taken(texts, present) if len(present) < len(texts) else texts
    order, run = sorted_order(views(values))
    codes = np.full(len(texts), -1, dtype=np.int32)
    codes[present[order]] = run
    firsts = order[np.flatnonzero(np.concatenate([[True], run[1:] != run[:-1]]))] if len(run) else order
    return Ranked(codes, taken(values, firsts))


def _is_null(texts: TextArray) -> Mask:
    return where(texts.is_null())


def read_texts(raw: TextArray, plain: tuple[Mask, TextArray], read: Callable[[str], tuple[str, str]]) -> Read:
    """What each of ``raw`` reads as.

    ``plain`` says of which that is known already, and what these read as, in order; the others go one by one
    to ``read``, which gives the text ("" = nothing) and the reason ("" = none).
    """
    mask, texts = plain
    rest = np.flatnonzero(~mask)
    readings = [read(text) for text in listed(taken(raw, rest))]
    names = ("", *sorted({reason for _, reason in readings} - {""}))
    numbers = {name: number for number, name in enumerate(names)}
    reasons = np.zeros(len(raw), dtype=np.int16)
    reasons[rest] = [numbers[reason] for _, reason in readings]
    every = pa.concat_arrays([texts, arrow([text or None for text, _ in readings])])
    places = np.empty(len(raw), dtype=np.int64)
    places[mask] = np.arange(len(texts))
    places[rest] = np.arange(len(texts), len(every))
    return Read(taken(every, places), reasons, names)


def read_each(raw: TextArray, read: Callable[[str], tuple[str, str]]) -> Read:
    """The same where nothing is known before."""
    return read_texts(raw, (np.zeros(len(raw), dtype=bool), arrow([])), read)


class DigitTexts(NamedTuple):
    """The digits of each text, and whether it is made of digits and ``separators`` only.

    ``counts`` how many digits a text has, ``digits`` uint8 those of all texts one after the other.
    """

    counts: Positions
    digits: npt.NDArray[np.uint8]
    only: Mask

    def rows(self, chosen: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.uint8]:
        """The last ``count`` digits of the chosen texts as characters, [chosen, count]; each has so many."""
        ends = np.cumsum(self.counts)[chosen]
        found: npt.NDArray[np.uint8] = self.digits[ends[:, None] - np.arange(count, 0, -1)]
        return found


def numbers_of(rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """The numbers that rows of digits say."""
    found = np.zeros(len(rows), dtype=np.int64)
    for column in range(rows.shape[1]):
        found *= 10
        found += rows[:, column] - ord("0")
    return found


def digit_texts(texts: TextArray, separators: str) -> DigitTexts:
    """Takes the digits out of texts, all at once."""
    view = views(texts)
    starts = view.starts.astype(np.int64, copy=False)
    octets = view.octets[starts[0] : starts[-1]] if len(texts) else view.octets
    digit = (octets >= ord("0")) & (octets <= ord("9"))
    allowed = np.zeros(256, dtype=bool)
    allowed[list(separators.encode())] = True
    other = ~digit & ~allowed[octets]
    starts = starts - starts[0]
    digits_before = np.concatenate([[0], np.cumsum(digit)])
    others_before = np.concatenate([[0], np.cumsum(other)])
    return DigitTexts(
        counts=np.diff(digits_before[starts]),
        digits=octets[digit],
        only=np.diff(others_before[starts]) == 0,
    )


def digits_text(rows: npt.NDArray[np.uint8], prefix: str = "") -> TextArray:
    """Rows of digits as texts, with a prefix."""
    width = len(prefix) + rows.shape[1]
    octets = np.empty((len(rows), width), dtype=np.uint8)
    octets[:, : len(prefix)] = list(prefix.encode())
    octets[:, len(prefix) :] = rows
    offsets = (np.arange(len(rows) + 1) * width).astype(np.int32)
    buffers = pa.py_buffer(offsets.tobytes()), pa.py_buffer(octets.tobytes())
    return pa.StringArray.from_buffers(len(rows), *buffers)


def where(mask: TextArray) -> Mask:
    """Arrow's truth values as numpy's; unknown is false."""
    found: Mask = mask.fill_null(False).to_numpy(zero_copy_only=False)
    return found


def hash_part(definition: PiecePart | FirstWordsPart | WordsPart, texts: TextArray) -> Hashed:
    """The hashes that a key part makes of each of these texts, none of which is empty."""
    if isinstance(definition, WordsPart):
        return hash_values(listed(texts), definition.texts)
    if isinstance(definition, FirstWordsPart):
        return _hash_first_words(texts, definition.words)
    return Hashed(
        np.arange(len(texts) + 1, dtype=np.int64), hash_texts(views(pieces(texts, definition.piece)))
    )


def _hash_first_words(texts: TextArray, count: int) -> Hashed:
    """Of texts whose words have one space between them."""
    view = views(texts)
    starts = view.starts.astype(np.int64)
    spaces = np.flatnonzero(view.octets[: starts[-1]] == ord(" "))
    before = np.searchsorted(spaces, starts)
    has = before[1:] - before[:-1] >= count - 1
    further = np.append(spaces, starts[-1]).take(np.minimum(before[:-1] + count - 1, len(spaces)))
    ends = np.minimum(further, starts[1:])[has]
    return Hashed(np.concatenate([[0], np.cumsum(has)]), hash_spans(view.octets, starts[:-1][has], ends))


def pieces(texts: TextArray, piece: slice) -> TextArray:
    """A piece of each text."""
    if piece == slice(None):
        return texts
    cut: TextArray = compute.utf8_slice_codeunits(texts, piece.start or 0, piece.stop)
    return cut
