"""Our own MLLP client: sends one message at a time and waits for its acknowledgement."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from mpi.hl7v2.framing import Frame, Framer, framed

READ_BYTES = 1 << 16


class NotDelivered(Exception):
    """The message was not acknowledged. ``sent``: it may have arrived all the same."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where messages go. ``tls`` None: in the clear. The certificate has to be for ``host``."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    #: For connecting, and for the acknowledgement to come.
    timeout_seconds: float = 30.0


class Sender:
    """A connection that is opened when first needed, and again after it was lost."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self._connected: socket.socket | None = None
        self._framer = Framer()
        self._frames: list[Frame] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, message: bytes) -> bytes:
        """The reply to a message, without framing.

        Raises NotDelivered, after which the next call connects anew, so that a late reply is never taken for
        that of another message.
        """
        connected = self._connect()
        try:
            connected.sendall(framed(message))
            return self._reply(connected)
        except OSError as error:
            self.close()
            reason = "no acknowledgement in time" if isinstance(error, TimeoutError) else "connection lost"
            raise NotDelivered(reason, sent=True) from error

    def close(self) -> None:
        """End the connection; harmless when there is none."""
        if self._connected is not None:
            with contextlib.suppress(OSError):
                self._connected.close()
        self._connected, self._framer, self._frames = None, Framer(), []

    def _connect(self) -> socket.socket:
        if self._connected is not None:
            return self._connected
        to = self._destination
        try:
            plain = socket.create_connection((to.host, to.port), timeout=to.timeout_seconds)
        except OSError as error:
            reason = "no connection in time" if isinstance(error, TimeoutError) else "cannot connect"
            raise NotDelivered(reason, sent=False) from error
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connected = to.tls.wrap_socket(plain, server_hostname=to.host) if to.tls else plain
        except OSError as error:
            plain.close()
            raise NotDelivered(f"TLS: {type(error).__name__}", sent=False) from error
        self._connected = connected
        return connected

    def _reply(self, connected: socket.socket) -> bytes:
        deadline = time.monotonic() + self._destination.timeout_seconds
        while not self._frames:
            connected.settimeout(max(0.001, deadline - time.monotonic()))
            received = connected.recv(READ_BYTES)
            if not received:
                raise ConnectionResetError
            self._frames = [frame for frame in self._framer.feed(received) if frame.fault is None]
        return self._frames.pop(0).content


def client_tls(
    ca: str | None = None, certificate: str | None = None, key: str | None = None
) -> ssl.SSLContext:
    """TLS 1.2 or later to a server whose certificate ``ca`` vouches for (None: the system's authorities).

    Raises OSError.
    """
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context
