"""Candidate pairs: the records that share a blocking key, each pair once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class CappedBlock:
    """A block of more records than are compared all with all."""

    pass_name: str
    #: Records that share the key.
    size: int
    #: Pairs of the block that were compared all the same (neighbours in sorted order), and those that this
    #: block did not bring together; another pass may have.
    compared: int
    not_compared: int
    #: Position of one of its records, to show what the key stands for.
    example: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Distinct pairs ``left < right`` of positions, in ascending order, in chunks small enough for the memory
    bound.
    """

    pair_count: int
    #: How many pairs each pass brought, before the same pair of another pass was taken out.
    per_pass: dict[str, int]
    capped: tuple[CappedBlock, ...]
    #: Yields (left, right), int32 each; may be called again.
    chunks: Callable[[], Iterator[tuple[Positions, Positions]]]
