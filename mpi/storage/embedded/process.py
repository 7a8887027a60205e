"""Processes, as far as keeping one alive needs: who is alive, whose child, and what dies with whom."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def is_alive(pid: int) -> bool:
    """Whether the process exists and is not a zombie: killed, but not yet collected by its parent."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _state_and_parent(pid)[0] != "Z"


def is_server_of(pid: int, data: Path) -> bool:
    """Whether the process is the PostgreSQL server of ``data``, and not another that got its number later."""
    if not is_alive(pid):
        return False
    asked = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        words = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
    return str(data) in words and any(word.endswith("postgres") for word in words[:1])


def wait_until(condition: Callable[[], bool], *, seconds: float, step_seconds: float = 0.02) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step_seconds)
    return True


def children_of(parent: int) -> list[int]:
    """The living children of a process; empty where the system has no /proc."""
    numbers = [int(path.name) for path in Path("/proc").glob("[0-9]*")] if sys.platform == "linux" else []
    found = ((number, *_state_and_parent(number)) for number in numbers)
    return [number for number, state, its_parent in found if its_parent == parent and state != "Z"]


def adopt_orphans() -> None:
    """Become the parent of what our children leave behind (Linux), to end the backends of a killed server."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def dying_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """For ``preexec_fn``: the child gets this signal when its parent dies, however that dies (Linux)."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def arrange() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return arrange


def _state_and_parent(pid: int) -> tuple[str, int]:
    """As /proc tells them; ``("", 0)`` where it does not."""
    try:
        # The name, in parentheses, may itself hold spaces and parentheses.
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return "", 0
    return fields[0], int(fields[1])
