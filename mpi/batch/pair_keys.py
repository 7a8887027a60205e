"""A set of pairs too large to hold at once: sorted runs in files, merged part by part."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.batch.blocks import distinct

Indices = npt.NDArray[np.int64]

_BYTES: Final = 8
#: Sorting a run and taking out what is there twice needs so many times its size.
_WORKING_COPIES: Final = 3
#: Pairs waiting to be sorted in, at least: sorting fewer at a time gains nothing.
_PENDING_MIN: Final = 1 << 22
#: Numbers held in memory whatever the bound.
_ROOM_MIN: Final = 1 << 8


class PairKeys:
    """Takes packed pairs in any order and number; gives back each once, ascending.

    Without a bound all are held in memory; with one, they go to a temporary folder as soon as sorting them
    would need more than ``memory_bytes``. The folder is gone when the object is, however it ends.
    """

    def __init__(self, memory_bytes: int | None = None) -> None:
        self._room = (
            None if memory_bytes is None else max(memory_bytes // (_BYTES * _WORKING_COPIES), _ROOM_MIN)
        )
        self._sorted = np.empty(0, np.int64)
        self._pending: list[Indices] = []
        self._pending_count = 0
        self._folder: Path | None = None
        self._runs: list[Indices] = []

    def add(self, pairs: Indices) -> None:
        """Take some in."""
        self._pending.append(pairs)
        self._pending_count += len(pairs)
        if self._room is not None and len(self._sorted) + self._pending_count > self._room:
            self._sort_in()
            if len(self._sorted) > self._room // 2:
                self._runs.append(self._spilled(self._sorted, f"run{len(self._runs)}"))
                self._sorted = np.empty(0, np.int64)
        elif self._pending_count > max(_PENDING_MIN, len(self._sorted)):
            self._sort_in()

    def finished(self) -> Indices:
        """All of them, ascending; an array in a file where they are too many for memory."""
        self._sort_in()
        if not self._runs:
            return self._sorted
        assert self._room is not None and self._folder is not None
        runs = [*self._runs, self._sorted]
        path = self._folder / "all"
        with path.open("wb") as file:
            for part in _merged_in_parts(runs, self._room):
                file.write(part.data)
        for number in range(len(self._runs)):
            (self._folder / f"run{number}").unlink()
        self._runs, self._sorted = [], np.empty(0, np.int64)
        return np.memmap(path, dtype=np.int64, mode="r")

    def _sort_in(self) -> None:
        if self._pending_count:
            pending = np.concatenate(self._pending)
            self._pending, self._pending_count = [], 0
            pending.sort()
            self._sorted = _merged([self._sorted, distinct(pending)])

    def _spilled(self, pairs: Indices, name: str) -> Indices:
        if self._folder is None:
            # Who removes it is settled before it is there: an interrupt may come between the two.
            self._folder = Path(tempfile.gettempdir()) / f"mpi-pairs-{uuid.uuid4().hex}"
            weakref.finalize(self, _remove, self._folder, os.getpid())
            self._folder.mkdir(mode=0o700)
        path = self._folder / name
        pairs.tofile(path)
        return np.memmap(path, dtype=np.int64, mode="r")


def _remove(folder: Path, owner: int) -> None:
    """Not by a worker process, which has a copy of the object."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _merged(runs: list[Indices]) -> Indices:
    """The distinct numbers of ascending runs. The stable sort finds the runs and only merges them: it takes
    a tenth of the time of sorting.
    """
    together = np.concatenate(runs)
    together.sort(kind="stable")
    return distinct(together)


def _merged_in_parts(runs: list[Indices], room: int) -> Iterator[Indices]:
    """The distinct numbers of ascending runs, ascending, at most ``room`` numbers of all runs at a time.

    The parts are cut at numbers of the runs themselves, taken at equal distances, so that they are as even as
    the numbers are.
    """
    total = sum(map(len, runs))
    step = max(room // (4 * len(runs)), 1)
    marks = np.sort(np.concatenate([run[::step] for run in runs]))
    cuts = distinct(marks[:: max(room // (2 * step), 1)])[1:] if total > room else marks[:0]
    begins = [0] * len(runs)
    for cut in [*cuts.tolist(), None]:
        ends = [len(run) if cut is None else int(np.searchsorted(run, cut)) for run in runs]
        yield _merged([run[a:b] for run, a, b in zip(runs, begins, ends, strict=True)])
        begins = ends
