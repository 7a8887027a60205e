"""Loads one file as ``mpi load`` does, in a process of its own so that its memory can be told.

python -m benchmarks.online_fill FILE   (the index is that of DATABASE_URL)

Prints one JSON object per 20,000 records and one at the end: ``lines``, ``seconds``, ``cpu_seconds`` and
``peak_memory_mb`` of this process.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.processes import peak_memory_mb
from mpi.cli.opened import collect_seldom, for_bulk_work
from mpi.index import Actor, Index
from mpi.settings import Settings

STEP = 20_000


def main() -> None:
    path = Path(sys.argv[1])
    begun, cpu_begun = time.perf_counter(), time.process_time()

    def tell(lines: int, counts: Counter[str] | dict[str, int]) -> None:
        told = {
            "lines": lines,
            "seconds": round(time.perf_counter() - begun, 2),
            "cpu_seconds": round(time.process_time() - cpu_begun, 2),
            "peak_memory_mb": peak_memory_mb(),
            "counts": dict(counts),
        }
        print(json.dumps(told), flush=True)

    def progress(lines: int, counts: Counter[str]) -> None:
        if lines % STEP == 0:
            tell(lines, counts)

    with Index.open(for_bulk_work(Settings.read())) as index:
        collect_seldom()
        summary = index.load(path, actor=Actor(name="benchmark", role="registrar"), progress=progress)
    tell(summary.lines, summary.counts | {"tasks": summary.tasks})


if __name__ == "__main__":
    main()
