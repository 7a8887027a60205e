"""Whole processes, and what each cost: wall time, CPU of it and of those below it, memory at most."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.processes import children

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".venv-peers" / "bin" / "python"
MPI = Path(sys.executable).with_name("mpi")
_SAMPLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process from its start to its end."""

    wall_seconds: float
    #: User and system time, of the process and of all that it waited for.
    cpu_seconds: float
    #: The most that the process and those below it had resident together.
    peak_memory_mb: int
    #: What the process told about itself: stages, candidates.
    told: dict[str, Any] = field(default_factory=dict)


def run(command: Sequence[str | Path], told: Path | None = None) -> Run:
    """Runs a command to its end; ``told`` is a JSON file that it leaves, or its standard output is one.

    Ends this program, with what the command wrote last, when the command fails.
    """
    begun = time.perf_counter()
    with subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    ) as process:
        memory = _Memory(process.pid)
        texts = _read_both(process)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    memory.stop()
    if process.returncode:
        last = "\n".join(texts[1].splitlines()[-15:])
        sys.exit(f"{Path(command[0]).name} {command[1]} ended with {process.returncode}:\n{last}")
    text = told.read_text() if told else texts[0]
    return Run(
        wall_seconds=wall,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_memory_mb=max(used.ru_maxrss // 1024, memory.peak_mb),
        told=json.loads(text) if text.lstrip().startswith("{") else {},
    )


def middle(runs: Sequence[Run]) -> dict[str, Any]:
    """The median of each figure, and every run."""
    return {
        "wall_seconds": round(median(one.wall_seconds for one in runs), 2),
        "cpu_seconds": round(median(one.cpu_seconds for one in runs), 2),
        "peak_memory_mb": max(one.peak_memory_mb for one in runs),
        "runs": [
            {
                "wall_seconds": round(one.wall_seconds, 2),
                "cpu_seconds": round(one.cpu_seconds, 2),
                "peak_memory_mb": one.peak_memory_mb,
                "told": one.told,
            }
            for one in runs
        ],
    }


class _Memory(threading.Thread):
    """Watches a process that has others below it; of one alone the kernel itself remembers the most."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak_mb = 0
        self._pid = pid
        self._over = threading.Event()
        self.start()

    def run(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            if below := _below(self._pid):
                shares = sum(_proportional_kb(pid) for pid in (self._pid, *below))
                self.peak_mb = max(self.peak_mb, shares // 1024)

    def stop(self) -> None:
        self._over.set()
        self.join()


def _below(pid: int) -> list[int]:
    return [one for child in children(pid) for one in (child, *_below(child))]


def _proportional_kb(pid: int) -> int:
    """A process's part of memory; what several share is divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _read_both(process: subprocess.Popen[bytes]) -> tuple[str, str]:
    """Standard output and standard error to their ends."""
    assert process.stdout is not None and process.stderr is not None
    errors: list[bytes] = []
    reader = threading.Thread(target=lambda stream: errors.append(stream.read()), args=[process.stderr])
    reader.start()
    output = process.stdout.read()
    reader.join()
    return output.decode(), errors[0].decode(errors="replace")
