"""A peer of an MLLP listener, byte by byte, and a listener that runs beside a test."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mpi.hl7v2.framing import Framer, framed
from mpi.hl7v2.mllp import Answering, Listener

PATIENCE_SECONDS = 10.0


class Wire:
    """One connection to a listener."""

    def __init__(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self.socket = tls.wrap_socket(plain, server_hostname="localhost") if tls else plain
        self._framer = Framer()
        self._replies: list[bytes] = []

    def write(self, raw: bytes) -> None:
        self.socket.sendall(raw)

    def reply(self) -> bytes:
        """The next reply, ``b""`` when the listener closed."""
        while not self._replies:
            received = self.socket.recv(65_536)
            if not received:
                return b""
            self._replies += [frame.content for frame in self._framer.feed(received)]
        return self._replies.pop(0)

    def ask(self, message: bytes) -> bytes:
        """The reply to one message."""
        self.write(framed(message))
        return self.reply()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def listening(answering: Answering, **options: Any) -> Iterator[tuple[int, Listener]]:
    """A listener on a free port, in a thread of its own."""
    started, ended = threading.Event(), threading.Event()
    found: dict[str, Any] = {}

    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening_socket:
            listener = found["listener"] = Listener([listening_socket], answering, **options)
            found["port"] = listening_socket.getsockname()[1]
            found["stop"] = asyncio.Event()
            found["loop"] = asyncio.get_running_loop()
            listener.start()
            started.set()
            await found["stop"].wait()
            await listener.close()

    def main() -> None:
        asyncio.run(run())
        ended.set()

    threading.Thread(target=main, daemon=True).start()
    assert started.wait(PATIENCE_SECONDS)
    try:
        yield found["port"], found["listener"]
    finally:
        found["loop"].call_soon_threadsafe(found["stop"].set)
        assert ended.wait(PATIENCE_SECONDS)


def msa(reply: bytes) -> tuple[str, str]:
    """MSA-1 and MSA-2 of a reply."""
    segment = next(part for part in reply.split(b"\r") if part.startswith(b"MSA"))
    fields = segment.decode("latin-1").split("|")
    return fields[1], fields[2]
