"""What can be seen of many texts at once: letters, length, digits, beginnings, as integers.

Equal texts have equal traits, so that traits that differ tell texts apart; the reverse is not promised.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison.distinct import Part, Texts

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: The level of pairs that a screen leaves to the comparator.
UNKNOWN: Final = -2

#: Texts looked at in one go, so that memory stays small.
_GO: Final = 1 << 18

#: Of a text's end so many characters are looked at, four bits of each; above these stands its length.
DIGITS_MAX: Final = 14
LENGTH_SHIFT: Final = 59
#: The lowest bit of each of those characters.
_LOW_BITS: Final = np.int64(sum(1 << (4 * place) for place in range(DIGITS_MAX)))

#: A bit for each byte, so that few letters and digits share one.
_BIT_OF: Final = np.left_shift(np.int64(1), (np.arange(256) * 11) % 61)


def letters(texts: Texts) -> Integers:
    """Which characters each text has, as bits."""
    found = np.zeros(len(texts), dtype=np.int64)
    for start in range(0, len(texts), _GO):
        starts = texts.starts[start : start + _GO + 1].astype(np.int64)
        bits = np.append(_BIT_OF[texts.octets[starts[0] : starts[-1]]], 0)
        merged = np.bitwise_or.reduceat(bits, starts[:-1] - starts[0])
        found[start : start + _GO] = np.where(np.diff(starts) > 0, merged, 0)
    return found


def beyond_ascii(texts: Texts) -> Mask:
    """Which texts have characters of several bytes: of those bytes tell nothing about edits."""
    beyond = texts.octets[: int(texts.starts[-1])] > 127
    if not beyond.any():
        return np.zeros(len(texts), dtype=bool)
    before = np.concatenate([[0], np.cumsum(beyond)])
    found: Mask = np.diff(before[texts.starts]) > 0
    return found


def digits(texts: Texts, length_max: int = DIGITS_MAX) -> Integers:
    """The last characters of each text, the last one lowest, and how many there are (at most)."""
    lengths = np.minimum(texts.lengths, length_max)
    found = lengths << LENGTH_SHIFT
    ends = texts.starts[1:].astype(np.int64)
    for place in range(min(length_max, int(lengths.max(initial=0)))):
        there = np.flatnonzero(lengths > place)
        found[there] |= (texts.octets[ends[there] - 1 - place] & 15).astype(np.int64) << (4 * place)
    return found


def slips(a: Integers, b: Integers) -> npt.NDArray[np.uint8]:
    """In how many places two texts' ``digits`` differ."""
    differ = a ^ b
    differ |= differ >> 2
    differ |= differ >> 1
    count: npt.NDArray[np.uint8] = np.bitwise_count(differ & _LOW_BITS)
    return count


def first_word(texts: Texts) -> Integers:
    """The first seven bytes of each text's first word, as one integer."""
    found = np.zeros(len(texts), dtype=np.int64)
    starts, ends = texts.starts[:-1].astype(np.int64), texts.starts[1:].astype(np.int64)
    going = np.arange(len(texts))
    for place in range(7):
        going = going[starts[going] + place < ends[going]]
        octets = texts.octets[starts[going] + place]
        going, octets = going[octets != 32], octets[octets != 32]
        found[going] |= octets.astype(np.int64) << (8 * place)
    return found


def numbers(part: Part, of: Callable[[str], Any] = str) -> Integers:
    """One number for each distinct text, or for what ``of`` makes of it; 0 is the empty text."""
    known: dict[Any, int] = {of(""): 0}
    listed = [known.setdefault(of(text), len(known)) for text in part.texts]
    return part.spread(np.array(listed, dtype=np.int64))


def coded_numbers(part: Part) -> Integers:
    """The same, without looking at texts that have codes."""
    if part.codes is None:
        return numbers(part)
    return part.spread(np.where(part.packed().lengths > 0, np.arange(1, len(part.texts) + 1), 0))


def close(bits: tuple[Integers, Integers], lengths: tuple[Any, Any], *, share: float, edits: int) -> Mask:
    """Whether two texts may be alike, by the distinct characters of the one that the other lacks.

    By Jaro: the matching characters, as shares of the two lengths, add up to ``share`` or more. Or by at most
    ``edits`` edits.
    """
    both = bits[0] & bits[1]
    length_a, length_b = lengths
    only_a = np.bitwise_count(bits[0] ^ both).astype(np.int64)
    only_b = np.bitwise_count(bits[1] ^ both).astype(np.int64)
    matching = (length_a - only_a) * length_b + (length_b - only_b) * length_a
    few = (np.maximum(only_a, only_b) <= edits) & (np.abs(length_a - length_b) <= edits)
    close: Mask = (matching >= share * (length_a * length_b)) | few
    return close


class TextTraits(NamedTuple):
    letters: Integers
    lengths: Integers
    #: Whether it has characters of several bytes.
    beyond: Mask

    def spread(self, part: Part) -> TextTraits:
        return TextTraits(*(part.spread(trait) for trait in self))


def text_traits(part: Part) -> TextTraits:
    """Of each feature's part."""
    texts = part.packed()
    return TextTraits(letters(texts), texts.lengths, beyond_ascii(texts)).spread(part)


def close_texts(traits: TextTraits, a: Any, b: Any, *, share: float, edits: int) -> Mask:
    """``close`` of texts by position; those beyond ASCII may always be."""
    bits = traits.letters.take(a), traits.letters.take(b)
    alike = close(bits, (traits.lengths.take(a), traits.lengths.take(b)), share=share, edits=edits)
    alike |= traits.beyond.take(a) | traits.beyond.take(b)
    return alike
