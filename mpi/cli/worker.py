"""A worker of ``mpi serve``: ``python -m mpi.cli.worker LISTENING_FD LIFE_FD``, started by its supervisor."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading

import uvicorn

from mpi.api.server import APPLICATION, UVICORN_OPTIONS

GRACEFUL_SHUTDOWN_SECONDS = 5


def main() -> None:
    """Answer requests until SIGTERM, or until the supervisor is gone."""
    listening, life = (int(argument) for argument in sys.argv[1:3])
    threading.Thread(target=_end_with_supervisor, args=(life,), daemon=True).start()
    config = uvicorn.Config(
        APPLICATION, timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS, **UVICORN_OPTIONS
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listening)])


def _end_with_supervisor(life: int) -> None:
    os.read(life, 1)  # returns only when the supervisor's end is closed
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
