"""What processes cost: CPU seconds and memory as the kernel counts them (/proc, Linux only)."""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int, *, with_children: bool = False) -> float:
    """User and system time of a process and its threads.

    ``with_children``: and of all processes below it, those that ended and were waited for too.
    """
    fields = _stat(pid)
    if fields is None:
        return 0.0
    own = sum(fields[:2])
    if not with_children:
        return own / _TICKS_PER_SECOND
    return sum(fields) / _TICKS_PER_SECOND + sum(cpu_seconds(c, with_children=True) for c in children(pid))


def children(pid: int) -> list[int]:
    """The processes that a process started and that live."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(text) for text in task.read_text().split()]
        except OSError:
            continue
    return found


def descendant_running(pid: int, words: str) -> int | None:
    """The first process below ``pid`` whose command line holds ``words``."""
    for child in children(pid):
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if words in command:
            return child
        if (below := descendant_running(child, words)) is not None:
            return below
    return None


def peak_memory_mb(pid: int | None = None) -> int:
    """The most memory a process ever had resident."""
    for line in Path(f"/proc/{pid or os.getpid()}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) // 1024
    return 0


def machine_speed(seconds: float = 0.3) -> float:
    """Rounds of a fixed loop per microsecond and core, while every core is busy with it.

    A virtual machine's cores are slower whenever its host is busy, and CPU times longer by as much: two
    figures compare only where this was alike.
    """
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        list(pool.map(_rounds, [0.05] * (os.cpu_count() or 1)))
        found = list(pool.map(_rounds, [seconds] * (os.cpu_count() or 1)))
    return sum(found) / len(found)


def _rounds(seconds: float) -> float:
    begun = time.perf_counter()
    rounds = 0
    while time.perf_counter() - begun < seconds:
        for _ in range(1000):
            rounds += 1
    return rounds / (time.perf_counter() - begun) / 1e6


def load_average() -> float:
    """How many processes wanted a CPU over the last minute."""
    return os.getloadavg()[0]


def _stat(pid: int) -> tuple[int, int, int, int] | None:
    """Ticks of utime, stime, cutime, cstime; None when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    utime, stime, cutime, cstime = (int(field) for field in fields[11:15])
    return utime, stime, cutime, cstime
