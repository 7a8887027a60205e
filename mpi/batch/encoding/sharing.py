"""Distinct values read one by one, shared out to processes where there are many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

from mpi.batch.workers import shared_out

_Value = TypeVar("_Value")
_Reading = TypeVar("_Reading")

#: So many values are read at a time.
_PIECE: Final = 4_000
#: Fewer values than this are read sooner than a process begins.
_SHARED_MIN: Final = 20_000


def read_all(
    values: Sequence[_Value], read: Callable[[_Value], _Reading], processes: int = 1
) -> list[_Reading]:
    """What ``read`` makes of each value, in order; the same for any number of processes.

    ``read`` must use nothing of Arrow, whose threads a process that is a copy of this one does not have.
    """
    if processes <= 1 or len(values) < _SHARED_MIN:
        return [read(value) for value in values]

    def share(worker: int, workers: int) -> Iterator[list[_Reading]]:
        for start in range(worker * _PIECE, len(values), workers * _PIECE):
            yield [read(value) for value in values[start : start + _PIECE]]

    return [reading for piece in shared_out(share, processes) for reading in piece]
