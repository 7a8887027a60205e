"""The change feed, and who sends and issues what."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from mpi.api.calls import CurrentCall, example, reply, router
from mpi.api.schemas import BIGINT_MAX, EventPage

routes = router("feed")

SOURCES = {"items": [{"name": "north-ehr", "trust": 80}], "next": None}
AUTHORITIES = {
    "items": [
        {
            "name": "NORTH",
            "oid": "1.2.3.4",
            "uri": "urn:oid:1.2.3.4",
            "type": "MR",
            "owner": "north-ehr",
            "person_unique": False,
        }
    ],
    "next": None,
}
EVENTS = {
    "items": [
        {
            "seq": 42,
            "type": "RecordLinked",
            "at": "2025-01-02T03:04:05Z",
            "enterprise_ids": ["7K3M-9QRT-2X"],
            "record": {"source": "north-ehr", "local_id": "A-1001", "version": 1},
            "data": {},
        }
    ],
    "next": 42,
}


@routes.get("/events", response_model=EventPage, responses={200: example(EVENTS)})
async def read_events(
    call: CurrentCall,
    after: Annotated[int, Query(ge=0, le=BIGINT_MAX)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """What happened after a cursor, in an order that never changes; ``next`` is the cursor to go on from."""
    return reply(await call.run(call.index.events, after, limit))


@routes.get("/sources", responses={200: example(SOURCES)})
async def list_sources(call: CurrentCall) -> Response:
    """The declared source systems."""
    return reply({"items": await call.run(call.index.sources), "next": None})


@routes.get("/authorities", responses={200: example(AUTHORITIES)})
async def list_authorities(call: CurrentCall) -> Response:
    """The declared assigning authorities."""
    return reply({"items": await call.run(call.index.authorities), "next": None})
