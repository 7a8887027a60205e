"""What each stage of a run took: wall and CPU seconds of this process and its threads, and memory so far."""

from __future__ import annotations

import resource
import time
from typing import Any


class Stages:
    """Begin it when the run begins; ``end`` closes a stage and opens the next."""

    def __init__(self) -> None:
        self._stages: dict[str, dict[str, float]] = {}
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def end(self, name: str) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        self._stages[name] = {
            "wall_seconds": round(wall - self._wall, 3),
            "cpu_seconds": round(cpu - self._cpu, 3),
        }
        self._wall, self._cpu = wall, cpu

    def as_json(self) -> dict[str, Any]:
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return {"stages": self._stages, "peak_memory_mb": peak_mb}
