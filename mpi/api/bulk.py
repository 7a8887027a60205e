"""Many records in one call: NDJSON in, NDJSON out, one line each, in order.

Records are taken in while the body still arrives, and answers are sent as they come. Answers wait in memory
for a client that sends everything before it reads: waiting for it would leave both sides waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from mpi.api import metrics
from mpi.api.access import refuse_other_source
from mpi.api.body import (
    BODY_BYTES_MAX,
    NDJSON_TYPES,
    parse_object,
    refuse_length,
    refuse_type,
    too_large,
    too_slow,
)
from mpi.api.calls import Call, router
from mpi.api.logs import whereabouts
from mpi.api.problems import INTERNAL, Refusal, status_of_code
from mpi.api.records import status_of
from mpi.api.schemas import RECEIPT, RECORD
from mpi.errors import MpiError, Unavailable
from mpi.index import Actor, Receipt, Rejection

routes = router("records")
log = structlog.get_logger()

#: Records that share a transaction.
CHUNK_LINES = 500
BULK_BYTES_MAX = 100 * (1 << 20)
#: A client that sends nothing for so long is given up.
SILENCE_SECONDS_MAX = 60.0
MEDIA_TYPE = "application/x-ndjson"

_REJECTED = {
    "line": 2,
    "status": 422,
    "code": "invalid-record",
    "detail": "given must be text",
    "field": "given",
}
_LINES = (orjson.dumps({"line": 1, "status": 201, **RECEIPT}) + b"\n" + orjson.dumps(_REJECTED)).decode()
_DESCRIBED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": orjson.dumps(RECORD).decode()}},
    }
}


@routes.post(
    "/records/bulk",
    responses={200: {"description": "One line per record", "content": {MEDIA_TYPE: {"example": _LINES}}}},
    openapi_extra=_DESCRIBED,
)
async def register_records(request: Request) -> Response:
    """Register many records: one JSON object per line, one answer per line, in order.

    A line that cannot be taken is answered with its code and field and ends nothing. Sending the same lines
    again is harmless, so a call that broke off is simply repeated.
    """
    refuse_type(request, NDJSON_TYPES)
    refuse_length(request, BULK_BYTES_MAX)
    intake = _Intake(Call.of(request))
    first = asyncio.Event()
    work = asyncio.create_task(intake.take_all(request.stream(), first))
    await first.wait()
    if work.done():
        # What fails before the first answer is an ordinary problem document.
        work.result()
    return _Answers(intake.answers(work), 200, media_type=MEDIA_TYPE)


class _Answers(StreamingResponse):
    """Does not listen for the client's going, as Starlette's would: that eats the rest of the body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.stream_response(send)


class _Intake:
    """Takes lines in, chunk by chunk, and keeps their answers until they are sent."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._answers: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._line = 0
        self._unavailable: Unavailable | None = None

    async def answers(self, work: asyncio.Task[None]) -> AsyncIterator[bytes]:
        """The answers, a chunk at a time, as they come."""
        try:
            while (chunk := await self._answers.get()) is not None:
                yield chunk
            await work
        finally:
            work.cancel()

    async def take_all(self, stream: AsyncIterator[bytes], first: asyncio.Event) -> None:
        """Read the body to its end; set ``first`` when there is an answer to send, or none will come."""
        try:
            chunk: list[bytes | None] = []
            async for line in _lines(stream):
                chunk.append(line)
                if len(chunk) == CHUNK_LINES:
                    await self._take(chunk)
                    first.set()
                    chunk = []
            await self._take(chunk)
        except ClientDisconnect:
            log.info("bulk call left", count=self._line, request_id=self._call.actor.request_id)
        except Refusal as refusal:
            if self._line == 0:
                raise
            self._answers.put_nowait(self._answer(_rejection(refusal)))
        finally:
            self._answers.put_nowait(None)
            first.set()

    async def _take(self, lines: list[bytes | None]) -> None:
        outcomes: list[Receipt | Rejection | None] = []
        records: list[dict[str, Any]] = []
        for line in lines:
            record = _record(line, self._call.actor)
            outcomes.append(record if isinstance(record, Rejection) else None)
            if not isinstance(record, Rejection):
                records.append(record)
        received = iter(await self._receive(records))
        settled = [outcome if outcome is not None else next(received) for outcome in outcomes]
        self._answers.put_nowait(b"".join(self._answer(outcome) for outcome in settled))

    async def _receive(self, records: list[dict[str, Any]]) -> list[Receipt | Rejection]:
        """A chunk's outcomes. With answers on their way, a lost database rejects the rest line by line."""
        if not records:
            return []
        if self._unavailable is None:
            try:
                return await self._call.run_long(self._call.index.receive_many, records)
            except Unavailable as error:
                if self._line == 0:
                    raise
                self._unavailable = error
            except Exception as error:
                return await self._one_by_one(records, error)
        return [_rejection(self._unavailable) for _ in records]

    async def _one_by_one(self, records: list[dict[str, Any]], error: Exception) -> list[Receipt | Rejection]:
        """A chunk that failed as a whole, record by record, so that only the one at fault is rejected."""
        if len(records) > 1:
            return [outcome for record in records for outcome in await self._receive([record])]
        log.error("bulk line", request_id=self._call.actor.request_id, **whereabouts(error))
        return [_rejection(error)]

    def _answer(self, outcome: Receipt | Rejection) -> bytes:
        self._line += 1
        if isinstance(outcome, Receipt):
            status = status_of(outcome)
            metrics.registered(outcome.decision)
        else:
            status = status_of_code(outcome.code)
            metrics.rejected(outcome.code)
        return b'{"line":%d,"status":%d,%b\n' % (self._line, status, orjson.dumps(outcome)[1:])


def _record(line: bytes | None, actor: Actor) -> dict[str, Any] | Rejection:
    if line is None:
        return _rejection(too_large(BODY_BYTES_MAX))
    try:
        record = parse_object(line)
        refuse_other_source(actor, record.get("source"))
        return record
    except (Refusal, MpiError) as error:
        return _rejection(error)


def _rejection(error: Exception) -> Rejection:
    match error:
        case MpiError():
            return Rejection(code=error.code, detail=str(error), field=error.field)
        case Refusal():
            return Rejection(code=error.code, detail=error.detail, field=error.field)
        case _:
            return Rejection(code=INTERNAL, detail="the index failed on this line: its log names the fault")


async def _lines(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes | None]:
    """The lines of a body, blank ones left out; None stands for one that is too long to be read.

    Raises Refusal 413 when the body is larger than ``BULK_BYTES_MAX``, 408 when the client stops sending.
    """
    rest, total, skipping = bytearray(), 0, False
    while (piece := await _next(stream)) is not None:
        total += len(piece)
        if total > BULK_BYTES_MAX:
            raise too_large(BULK_BYTES_MAX)
        rest += piece
        *whole, last = rest.split(b"\n")
        for line in whole:
            if skipping or len(line) > BODY_BYTES_MAX:
                skipping = False
                yield None
            elif line.strip():
                yield bytes(line)
        rest = last
        if len(rest) > BODY_BYTES_MAX:
            rest, skipping = bytearray(), True
    if skipping:
        yield None
    elif rest.strip():
        yield bytes(rest)


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    try:
        async with asyncio.timeout(SILENCE_SECONDS_MAX):
            return await anext(stream, None)
    except TimeoutError:
        raise too_slow() from None
