"""Long work in stages, as the person at the terminal sees it: which stage, how far, how long it will take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from mpi.batch.progress import Progress
from mpi.cli.output import progress_bar


@contextmanager
def shown_stages(seconds: dict[str, float] | None = None) -> Iterator[Progress]:
    """A progress bar that follows what it is told; ``seconds`` hears how long each stage took."""
    current: str | None = None
    began = time.monotonic()
    spent = seconds if seconds is not None else {}

    def close() -> None:
        if current is not None:
            spent[current] = spent.get(current, 0.0) + time.monotonic() - began

    with progress_bar("") as (bar, task):

        def hear(stage: str, done: int, total: int) -> None:
            nonlocal current, began
            if stage != current:
                close()
                current, began = stage, time.monotonic()
                bar.reset(task, description=stage, total=total)
            bar.update(task, completed=done, total=total)

        yield hear
        close()
