"""HL7 v2 over MLLP: a listener that answers every message, in order per connection, and outlives any peer.

One listening socket may be shared by several processes: a process with more connections waits a moment longer
before it takes the next, so that long-lived connections spread out. What is read is bounded: a connection has
one message in work and reads no further until that is answered, and a process works on so many at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

import structlog

from mpi.hl7v2.connection import Connection
from mpi.hl7v2.framing import Frame, Framer, framed
from mpi.index import Actor

#: Turns one frame into its replies, none where the sender asked for none. Never raises.
Answering = Callable[[Frame, Connection], Awaitable[tuple[bytes, ...]]]

READ_BYTES = 1 << 16
#: How long each open connection makes a process wait before it takes another one, and at most.
YIELD_SECONDS, YIELD_SECONDS_MAX = 0.0005, 0.01
#: Connections of a process, and of one address to it; what comes on top is closed at once.
CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX = 512, 128
HANDSHAKE_SECONDS = 10.0
#: A peer that does not take its reply for so long is gone.
WRITE_SECONDS = 30.0
#: What is being answered when we are told to end gets this long.
DRAIN_SECONDS = 4.0
#: The kernel asks a silent peer after so many seconds, then so often, before it gives it up.
KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4, "TCP_USER_TIMEOUT": 30_000}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a peer may be silent between messages (0: for ever) and within one, and how many messages a
    process has in work at a time.
    """

    idle_seconds: float = 3_600.0
    message_seconds: float = 30.0
    at_once: int = 6


class Listener:
    """Serves MLLP on listening sockets until it is closed."""

    def __init__(
        self,
        sockets: list[socket.socket],
        answering: Answering,
        *,
        tls: ssl.SSLContext | None = None,
        limits: Limits | None = None,
        allowed: tuple[IPv4Network | IPv6Network, ...] = (),
    ) -> None:
        self._sockets = sockets
        self._answering = answering
        self._tls = tls
        self._limits = limits or Limits()
        self._allowed = allowed
        self._in_work = asyncio.Semaphore(self._limits.at_once)
        self._open: dict[asyncio.Task[None], Peer] = {}
        self._by_address: Counter[str] = Counter()
        self._accepting: list[asyncio.Task[None]] = []
        self._closing = False

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._open)

    def start(self) -> None:
        """Begin to take connections."""
        for listening in self._sockets:
            listening.setblocking(False)
            self._accepting.append(asyncio.create_task(self._accept(listening)))

    async def close(self) -> None:
        """Take no more connections, answer what is in work, and close the rest."""
        self._closing = True
        for accepting in self._accepting:
            accepting.cancel()
        for task, peer in self._open.items():
            if not peer.working:
                task.cancel()
        if self._open:
            _, late = await asyncio.wait(list(self._open), timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await _readable(loop, listening)
            await asyncio.sleep(min(YIELD_SECONDS * len(self._open), YIELD_SECONDS_MAX))
            try:
                accepted, address = listening.accept()
            except BlockingIOError:
                continue  # another process took it
            except OSError as error:
                log.warning("mllp cannot accept", reason=error.strerror)
                await asyncio.sleep(1)
                continue
            accepted.setblocking(False)
            if reason := self._refused(str(address[0])):
                log.warning("mllp connection refused", peer=address[0], reason=reason)
                accepted.close()
                continue
            self._begin(accepted, str(address[0]))

    def _refused(self, address: str) -> str | None:
        if self._allowed and not any(ip_address(address.partition("%")[0]) in net for net in self._allowed):
            return "address not allowed"
        if len(self._open) >= CONNECTIONS_MAX or self._by_address[address] >= CONNECTIONS_PER_ADDRESS_MAX:
            return "too many connections"
        return None

    def _begin(self, accepted: socket.socket, address: str) -> None:
        keep_alive(accepted)
        peer = Peer(self._answering, self._in_work, self._limits, lambda: self._closing)
        task = asyncio.create_task(peer.serve(accepted, address, self._tls))
        self._open[task] = peer
        self._by_address[address] += 1

        def ended(task: asyncio.Task[None]) -> None:
            del self._open[task]
            self._by_address[address] -= 1
            self._by_address += Counter()  # forget addresses without connections
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("mllp connection failed", kind=type(error).__name__)

        task.add_done_callback(ended)


class Peer:
    """One connection: reads frames, has each answered, writes the reply, in order."""

    def __init__(
        self,
        answering: Answering,
        in_work: asyncio.Semaphore,
        limits: Limits,
        closing: Callable[[], bool],
    ) -> None:
        self._answering = answering
        self._in_work = in_work
        self._limits = limits
        self._closing = closing
        self._framer = Framer()
        #: Whether a message is being answered at this moment.
        self.working = False

    async def serve(self, accepted: socket.socket, address: str, tls: ssl.SSLContext | None) -> None:
        """Until the peer closes, is silent for too long, or we are closing."""
        port = accepted.getsockname()[1]
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=READ_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        options: dict[str, Any] = {"ssl": tls, "ssl_handshake_timeout": HANDSHAKE_SECONDS} if tls else {}
        try:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, accepted, **options)
        except (OSError, ssl.SSLError, TimeoutError) as error:
            accepted.close()
            log.warning("mllp connection refused", peer=address, reason=f"TLS: {type(error).__name__}")
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        connection = connection_of(address, port, writer)
        try:
            await self._converse(reader, writer, connection)
        except (OSError, TimeoutError):
            transport.abort()  # the peer is gone; what it was not replied to it sends again
        finally:
            writer.close()

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: Connection
    ) -> None:
        began: float | None = None
        while not self._closing():
            received = await self._read(reader, began)
            if not received:
                if (rest := self._framer.broken_off()) is not None:
                    await self._answer(rest, writer, connection)
                return
            for frame in self._framer.feed(received):
                began = None
                await self._answer(frame, writer, connection)
            if not self._framer.waits:
                began = None
            elif began is None:
                began = time.monotonic()

    async def _read(self, reader: asyncio.StreamReader, began: float | None) -> bytes:
        """What comes next; nothing at the end, or when the peer has been silent or slow for too long."""
        limits = self._limits
        if began is None:
            seconds = limits.idle_seconds or None
        else:
            seconds = max(0.0, began + limits.message_seconds - time.monotonic())
        try:
            async with asyncio.timeout(seconds):
                return await reader.read(READ_BYTES)
        except TimeoutError:
            return b""

    async def _answer(self, frame: Frame, writer: asyncio.StreamWriter, connection: Connection) -> None:
        self.working = True
        try:
            async with self._in_work:
                replies = await self._answering(frame, connection)
            if replies:
                writer.write(b"".join(map(framed, replies)))
                async with asyncio.timeout(WRITE_SECONDS):
                    await writer.drain()
        finally:
            self.working = False


def connection_of(address: str, port: int, writer: asyncio.StreamWriter) -> Connection:
    """What an answer is told of the connection: the name in the client's certificate, where there is one."""
    certificate = writer.get_extra_info("peercert") or {}
    name = certificate_name(certificate)
    actor = Actor(name=f"mllp:{name or address}", role="registrar")
    return Connection(peer=address, certificate_name=name, port=port, actor=actor)


def certificate_name(certificate: dict[str, Any]) -> str | None:
    """The common name of a certificate's subject, else its first DNS name, as ``ssl`` tells them.

    >>> certificate_name({"subject": ((("organizationName", "North"),), (("commonName", "epic.north"),))})
    'epic.north'
    """
    subject = {key: value for part in certificate.get("subject", ()) for key, value in part}
    names = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    return subject.get("commonName") or next(iter(names), None)


def server_tls(certificate: str, key: str | None, client_ca: str | None) -> ssl.SSLContext:
    """TLS 1.2 or later; with ``client_ca`` only for clients with a certificate of it. Raises OSError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def keep_alive(connected: socket.socket) -> None:
    """Have the kernel find out about a peer that is gone without a word."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, value in KEEPALIVE.items():
        if (option := getattr(socket, name, None)) is not None:  # some systems lack some
            with contextlib.suppress(OSError):
                connected.setsockopt(socket.IPPROTO_TCP, option, value)


async def _readable(loop: asyncio.AbstractEventLoop, listening: socket.socket) -> None:
    """Wait until there is a connection to take."""
    waiting: asyncio.Future[None] = loop.create_future()

    def ready() -> None:
        if not waiting.done():
            waiting.set_result(None)

    loop.add_reader(listening, ready)
    try:
        await waiting
    finally:
        loop.remove_reader(listening)
