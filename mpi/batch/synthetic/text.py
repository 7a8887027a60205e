"""Text columns as byte matrices and back: a row per value, a column per place, 0 where nothing stands."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mpi.batch.synthetic.draws import Bools, Ints

Bytes: TypeAlias = NDArray[np.uint8]
Text: TypeAlias = "pa.Array[Any]"

ZERO = np.uint8(ord("0"))


def digits(numbers: Ints, width: int) -> Bytes:
    """The decimal digits of each number, padded with zeros to ``width`` places."""
    out = np.empty((width, len(numbers)), dtype=np.uint8)
    for place in range(width - 1, -1, -1):
        rest = numbers // 10
        out[place] = numbers - rest * 10
        numbers = rest
    return np.ascontiguousarray(out.T) + ZERO


def laid_out(characters: Bytes, pattern: str) -> Bytes:
    """``#`` takes the next column of ``characters``, every other character stands for itself.

    >>> text_of(laid_out(digits(np.array([6175550123]), 10), "(###) ###-####")).to_pylist()
    ['(617) 555-0123']
    """
    out = np.empty((len(characters), len(pattern)), dtype=np.uint8)
    taken = 0
    for place, character in enumerate(pattern):
        if character == "#":
            out[:, place] = characters[:, taken]
            taken += 1
        else:
            out[:, place] = ord(character)
    return out


def text_of(characters: Bytes, missing: Bools | None = None) -> Text:
    """The rows as strings, without the empty places; null where ``missing``."""
    present = characters != 0
    if missing is not None:
        present &= ~missing[:, None]
    offsets = np.zeros(len(characters) + 1, dtype=np.int32)
    np.cumsum(present.sum(axis=1), out=offsets[1:])
    bitmap = None
    if missing is not None:
        bitmap = pa.py_buffer(np.packbits(~missing, bitorder="little").data)
    buffers = [bitmap, pa.py_buffer(offsets.data), pa.py_buffer(characters[present].data)]
    return pa.Array.from_buffers(pa.string(), len(characters), buffers)


def characters_of(text: Text) -> Bytes:
    """The UTF-8 bytes of each string, as wide as the longest; a null is a row of zeros."""
    text = pa.concat_arrays([text.fill_null("")])
    _, offsets_buffer, values_buffer = (memoryview(b) if b else b"" for b in text.buffers())
    offsets = np.frombuffer(offsets_buffer, dtype=np.int32)[: len(text) + 1]
    lengths = np.diff(offsets)
    columns = np.arange(int(lengths.max(initial=1)))
    values = np.frombuffer(bytes(values_buffer[: offsets[-1]]) + bytes(len(columns)), dtype=np.uint8)
    out: Bytes = values[offsets[:-1, None] + columns]
    out[columns >= lengths[:, None]] = 0
    return out


def taken(words: Text, numbers: Ints) -> Text:
    """The words with these numbers; null for -1."""
    if (numbers < 0).any():
        known: Any = pa.array(numbers, mask=numbers < 0)
        return words.take(known)
    return words.take(numbers)


def replaced(text: Text, chosen: Bools, values: Text) -> Text:
    """``text`` with the ``chosen`` places taken, in order, from ``values``."""
    out: Text = pc.replace_with_mask(text, pa.array(chosen), values)
    return out


def either(chosen: Bools, text: Text, otherwise: Text) -> Text:
    """``text`` where ``chosen``, else ``otherwise``."""
    if not chosen.any():
        return otherwise
    if chosen.all():
        return text
    out: Text = pc.if_else(pa.array(chosen), text, otherwise)
    return out


def without(text: Text, missing: Bools) -> Text:
    """``text`` with nulls where ``missing``."""
    out: Text = pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), text)
    return out


def joined(separator: str, *parts: Text) -> Text:
    """The parts of each row with a separator between those that are there; a row of none is empty."""
    join: Any = pc.binary_join_element_wise
    out: Text = join(*parts, separator, null_handling="skip")
    return out


def upper(text: Text) -> Text:
    """In capitals."""
    out: Text = pc.utf8_upper(text)
    return out


def cut(text: Text, length: int) -> Text:
    """At most the first ``length`` characters."""
    out: Text = pc.utf8_slice_codeunits(text, 0, length)
    return out
