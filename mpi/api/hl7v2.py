"""HL7 v2 by both its doors, MLLP and ``POST /hl7v2``: from bytes to a reply on the threads of the index."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_network
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import Response

from mpi.api import metrics
from mpi.api.body import read_body
from mpi.api.calls import router
from mpi.api.logs import whereabouts
from mpi.api.problems import RETRY_SECONDS_UNAVAILABLE, Refusal
from mpi.api.threads import DEADLINE_SECONDS, Threads
from mpi.errors import BadInput, Unavailable
from mpi.hl7v2 import Connection
from mpi.hl7v2.framing import MESSAGE_BYTES_MAX, Frame
from mpi.hl7v2.mllp import Limits, Listener, server_tls
from mpi.hl7v2.notifying import Notifier
from mpi.hl7v2.receiving import Replied, receive, refuse_frame, unavailable, unforeseen
from mpi.index import Index
from mpi.settings import Settings, networks_in

routes = router("hl7v2", prefix="")

MEDIA_TYPE = "application/hl7-v2"
#: What senders call it; without a type the body is taken for a message too.
MEDIA_TYPES = (MEDIA_TYPE, "x-application/hl7-v2+er7", "application/hl7-v2+er7", "text/plain", "")
WATCH_SECONDS = 5.0
_EXAMPLE = "MSH|^~\\&|MPI|HUB|EPIC|NORTH|20250102030405||ACK^A04^ACK|1|P|2.5\rMSA|AA|77\r"
_MESSAGE_TYPE = re.compile(r"[A-Z]{3}(\^[A-Z][A-Z0-9]{2})?")

log = structlog.get_logger()


class Door:
    """Has messages answered on the threads, and every answer end within the deadline."""

    def __init__(self, index: Index, threads: Threads) -> None:
        self._index = index
        self._threads = threads
        #: Connection → a message of it that was answered at the deadline and is still in work.
        self._late: dict[Connection, asyncio.Future[Replied]] = {}

    async def answer(self, frame: Frame, connection: Connection, *, transport: str = "mllp") -> Replied:
        """The reply; never raises. One line in the log, without anything the sender wrote."""
        began = time.perf_counter()
        failure: dict[str, Any] = {}
        try:
            replied = await self._within_deadline(frame, connection)
        except Unavailable:
            replied = Replied(replies=(unavailable(frame.content),), acknowledgement="AE")
        except Exception as error:
            replied = Replied(replies=(unforeseen(frame.content),), acknowledgement="AE")
            failure = whereabouts(error)
        seconds = time.perf_counter() - began
        metrics.message_answered(transport, replied.acknowledgement, seconds)
        tell = log.error if failure else log.info
        tell(
            "message",
            peer=connection.peer,
            acknowledgement=replied.acknowledgement,
            message_type=replied.message_type if _MESSAGE_TYPE.fullmatch(replied.message_type) else "other",
            message_id=replied.message_id,
            ms=round(seconds * 1000, 1),
            **failure,
        )
        return replied

    async def _within_deadline(self, frame: Frame, connection: Connection) -> Replied:
        """Raises Unavailable at the deadline; the next message of the connection waits for the late one, so
        that their order holds.
        """
        if (late := self._late.get(connection)) is not None:
            await _done_in_time(late)
            del self._late[connection]
        work: Callable[[], Replied]
        if frame.fault is None:
            work = partial(receive, self._index, frame.content, connection=connection)
        else:
            work = partial(refuse_frame, self._index, frame, connection=connection)
        running = asyncio.ensure_future(self._threads.run_long(work))
        try:
            await _done_in_time(running)
        except Unavailable:
            self._late[connection] = running
            raise
        return running.result()


async def _done_in_time(running: asyncio.Future[Replied]) -> None:
    done, _ = await asyncio.wait([running], timeout=DEADLINE_SECONDS)
    if not done:
        raise Unavailable("the index did not answer in time")


@asynccontextmanager
async def listening(
    sockets: Sequence[socket.socket], door: Door, settings: Settings
) -> AsyncIterator[Listener | None]:
    """Take messages over MLLP on ``sockets`` for as long as the block runs. Raises BadInput."""
    if not sockets:
        yield None
        return

    async def answering(frame: Frame, connection: Connection) -> tuple[bytes, ...]:
        return (await door.answer(frame, connection)).replies

    listener = Listener(
        list(sockets),
        answering,
        tls=tls_of(settings),
        limits=Limits(
            idle_seconds=settings.mllp_idle_seconds,
            message_seconds=settings.mllp_message_seconds,
            # The other threads are for HTTP.
            at_once=max(1, settings.pool_size * 3 // 4),
        ),
        allowed=tuple(ip_network(part, strict=False) for part in networks_in(settings.mllp_allow or "")),
    )
    listener.start()
    watch = asyncio.create_task(_watch(listener))
    try:
        yield listener
    finally:
        watch.cancel()
        await listener.close()


@asynccontextmanager
async def notifying(index: Index, settings: Settings) -> AsyncIterator[None]:
    """Tell subscribers, and delete old messages, for as long as the block runs and this process leads."""
    notifier = Notifier(index, message_days=settings.message_days)
    notifier.start()
    try:
        yield
    finally:
        await asyncio.get_running_loop().run_in_executor(None, notifier.close)


def tls_of(settings: Settings) -> Any:
    """The TLS of the MLLP listener, None without a certificate. Raises BadInput naming the setting."""
    if settings.mllp_tls_cert is None:
        return None
    key, client_ca = settings.mllp_tls_key, settings.mllp_client_ca
    try:
        return server_tls(
            str(settings.mllp_tls_cert), str(key) if key else None, str(client_ca) if client_ca else None
        )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadInput(
            f"MPI_MLLP_TLS_CERT, MPI_MLLP_TLS_KEY or MPI_MLLP_CLIENT_CA: {reason}", field="MPI_MLLP_TLS_CERT"
        ) from error


async def _watch(listener: Listener) -> None:
    while True:
        metrics.mllp_connections(listener.connections)
        await asyncio.sleep(WATCH_SECONDS)


@routes.post(
    "/hl7v2",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
        }
    },
    responses={
        200: {
            "description": "The acknowledgement or response: AA, AE or AR in MSA-1",
            "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
        },
        204: {"description": "The sender asked for no acknowledgement (MSH-15, MSH-16)"},
    },
)
async def receive_hl7v2(request: Request) -> Response:
    """One HL7 v2 message in, its reply out, as over MLLP but without framing.

    The message is answered with 200 whether it was accepted or refused: MSA-1 says which. 503 with an AE
    means that the index could not process it at this moment.
    """
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent not in MEDIA_TYPES:
        raise Refusal(415, "unsupported-media-type", f"send Content-Type: {MEDIA_TYPE}", field="Content-Type")
    raw = await read_body(request, MESSAGE_BYTES_MAX)
    peer = request.client.host if request.client else "unknown"
    connection = Connection(peer=peer, actor=request.scope["actor"])
    door: Door = request.app.state.hl7v2
    replied = await door.answer(Frame(content=raw, size=len(raw)), connection, transport="http")
    if not replied.replies:
        return Response(status_code=204)
    # Of two, as in enhanced mode, the later one says what became of the message.
    reply = replied.replies[-1]
    if replied.message_id is None:
        headers = {"Retry-After": str(RETRY_SECONDS_UNAVAILABLE)}
        return Response(reply, 503, headers, MEDIA_TYPE)
    return Response(reply, 200, None, MEDIA_TYPE)
