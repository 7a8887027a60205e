"""Distinct values held as columns of text, so that millions of them need no Python object each.

A feature of most fields is a tuple of elements (texts, identifiers, addresses), and of nearly all records it
has one element. ``Distinct`` holds the parts of the first element of each feature as texts in one buffer; the
few features with several elements are kept whole beside them. It reads like a list of features, which is what
comparators take, and gives its parts as arrays, which is what screens take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from mpi.matching.sorting import distinct_integers

Codes = npt.NDArray[np.int32]
Octets = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.integer[Any]]


class Texts(Sequence[str]):
    """Texts one after the other in UTF-8, as in Arrow: ``octets[starts[i]:starts[i + 1]]`` is text i."""

    __slots__ = ("octets", "starts")

    def __init__(self, *, octets: Octets, starts: npt.NDArray[np.integer[Any]]) -> None:
        """``octets`` uint8 [bytes]; ``starts`` int32 or int64 [texts + 1], ascending."""
        self.octets = octets
        self.starts = starts

    @classmethod
    def of(cls, texts: Sequence[str]) -> Texts:
        encoded = [text.encode() for text in texts]
        starts = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(one) for one in encoded], out=starts[1:])
        return cls(octets=np.frombuffer(b"".join(encoded), dtype=np.uint8), starts=starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> list[str]: ...
    def __getitem__(self, position: int | slice) -> str | list[str]:
        if isinstance(position, slice):
            return [self[one] for one in range(*position.indices(len(self)))]
        if not -len(self) <= position < len(self):
            raise IndexError(position)
        at = position % len(self)
        return self.octets[self.starts[at] : self.starts[at + 1]].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        return iter(self.at(np.arange(len(self))))

    def at(self, positions: Positions) -> list[str]:
        """The texts at many positions."""
        starts = self.starts[positions].astype(np.int64)
        lengths = self.starts[positions + 1] - starts
        ends = np.cumsum(lengths)
        octets = self.octets[
            np.repeat(starts - (ends - lengths), lengths) + np.arange(lengths.sum())
        ].tobytes()
        bounds = [0, *ends.tolist()]
        if octets.isascii():
            text = octets.decode()
            return [text[start:end] for start, end in pairwise(bounds)]
        return [octets[start:end].decode() for start, end in pairwise(bounds)]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """In bytes."""
        return np.diff(self.starts).astype(np.int64)


class Part(NamedTuple):
    """One part of each feature's first element: ``texts[codes[i]]``, or ``texts[i]`` without codes.

    An absent part is the empty text. With codes the texts are distinct.
    """

    texts: Sequence[str]
    codes: Codes | None = None

    def spread(self, per_text: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What is known of each text, for each feature."""
        return per_text if self.codes is None else per_text[self.codes]

    def packed(self) -> Texts:
        """The texts in one buffer."""
        return self.texts if isinstance(self.texts, Texts) else Texts.of(self.texts)


class Distinct(Sequence[Any]):
    """The distinct features of a column, made when asked for."""

    __slots__ = ("_element", "_length", "others", "parts")

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        element: Callable[..., Any] | None = None,
        others: Mapping[int, Any] | None = None,
    ) -> None:
        """``element`` makes an element of its parts (None: the only part is the element); ``others`` are the
        features of several elements, by position, whole; the first element of each stands in ``parts``.
        """
        self.parts: Final = tuple(parts)
        self.others: Final = dict(others or {})
        self._element = element
        first = self.parts[0]
        self._length = len(first.texts) if first.codes is None else len(first.codes)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, position: int) -> Any: ...
    @overload
    def __getitem__(self, position: slice) -> list[Any]: ...
    def __getitem__(self, position: int | slice) -> Any:
        if isinstance(position, slice):
            return [self[one] for one in range(*position.indices(self._length))]
        if position < 0:
            position += self._length
        if position in self.others:
            return self.others[position]
        texts = [text[position if codes is None else int(codes[position])] for text, codes in self.parts]
        return (texts[0] if self._element is None else self._element(*texts),)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.at(np.arange(self._length)))

    def at(self, positions: Positions) -> list[Any]:
        """The features at many positions."""
        texts = [
            values_at(text, positions if codes is None else codes[positions]) for text, codes in self.parts
        ]
        make = self._element
        if make is None:
            features: list[Any] = [(text,) for text in texts[0]]
        else:
            features = [(make(*parts),) for parts in zip(*texts, strict=True)]
        if self.others:
            for place in np.flatnonzero(self.several()[positions]).tolist():
                features[place] = self.others[int(positions[place])]
        return features

    def several(self) -> npt.NDArray[np.bool_]:
        """Which features have several elements."""
        mask = np.zeros(self._length, dtype=bool)
        mask[list(self.others)] = True
        return mask


def parts_of(features: Sequence[Any], part_count: int) -> tuple[Part, ...]:
    """The parts of the first element of each feature; of texts, and of tuples of texts, one part."""
    if isinstance(features, Distinct):
        return features.parts
    if part_count > 1:
        return tuple(Part([one[0][place] for one in features]) for place in range(part_count))
    return (Part([one if isinstance(one, str) else one[0] for one in features]),)


def several_of(features: Sequence[Any]) -> npt.NDArray[np.bool_]:
    """Which features have several elements."""
    if isinstance(features, Distinct):
        return features.several()
    return np.array([not isinstance(one, str) and len(one) > 1 for one in features], dtype=bool)


def values_at(values: Sequence[Any], positions: Positions) -> list[Any]:
    """The values at many positions."""
    if isinstance(values, Distinct | Texts):
        return values.at(positions)
    return [values[position] for position in positions.tolist()]


class DistinctPairs(NamedTuple):
    """Distinct unordered pairs of codes, and of each pair asked its place among them."""

    low: Codes
    high: Codes
    place_of: npt.NDArray[np.intp]


def distinct_pairs(a: Codes, b: Codes) -> DistinctPairs:
    """The distinct ones of these pairs, whichever side comes first."""
    keys = (np.minimum(a, b).astype(np.int64) << 32) | np.maximum(a, b)
    distinct, place_of = distinct_integers(keys)
    return DistinctPairs((distinct >> 32).astype(np.int32), distinct.astype(np.int32), place_of)
