"""A worker of ``mpi serve``: ``python -m mpi.cli.worker LIFE_FD HTTP_FD [MLLP_FD …]``, started by its
supervisor.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
from functools import partial

import uvicorn

from mpi.api.app import create_app
from mpi.api.server import UVICORN_OPTIONS

GRACEFUL_SHUTDOWN_SECONDS = 5
#: Requests leave few cycles behind; so many new objects are looked through at a time.
GARBAGE_OBJECTS = 20_000


def main() -> None:
    """Answer requests until SIGTERM, or until the supervisor is gone."""
    life, *descriptors = (int(argument) for argument in sys.argv[1:])
    listening, *mllp = (socket.socket(fileno=descriptor) for descriptor in descriptors)
    threading.Thread(target=_end_with_supervisor, args=(life,), daemon=True).start()
    config = uvicorn.Config(
        partial(create_app, mllp=mllp),
        timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_SECONDS,
        **UVICORN_OPTIONS,
    )
    _Server(config).run(sockets=[listening])


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and leave what is there by then (routes, rules, tables of names) out of garbage collection:
        going through it again and again took a tenth of the time of a registration.
        """
        await super().startup(sockets=sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_OBJECTS)


def _end_with_supervisor(life: int) -> None:
    os.read(life, 1)  # returns only when the supervisor's end is closed
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
