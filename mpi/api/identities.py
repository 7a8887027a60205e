"""Identities: the best record, the history, how it came to be; the crosswalk and the search."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from mpi.api.body import parse_object, refuse_type
from mpi.api.calls import Call, CurrentCall, example, reply, router
from mpi.api.schemas import EventPage
from mpi.errors import BadInput
from mpi.index import IdentityAnswer

routes = router("identities")

QUERY_LENGTH_MAX = 200
SEARCH_LIMIT_DEFAULT, SEARCH_LIMIT_MAX = 20, 100

CROSSWALK = {
    "enterprise_id": "7K3M-9QRT-2X",
    "source": "north-ehr",
    "local_id": "A-1001",
    "crosswalk": [{"authority": "SOUTH", "value": "77", "source": "south-lab"}],
}
HOW = {
    "enterprise_id": "7K3M-9QRT-2X",
    "steps": [{"at": "2025-01-02T03:04:05Z", "text": "Issued for north-ehr/A-1001."}],
}
FOUND = {
    "items": [
        {
            "enterprise_id": "7K3M-9QRT-2X",
            "similarity": 0.8,
            "best_record": {"given": "Crunchy", "family": "Armchair"},
            "record_count": 2,
        }
    ],
    "next": None,
}


@routes.get("/identities/{enterprise_id}", response_model=IdentityAnswer)
async def read_identity(enterprise_id: str, call: CurrentCall, at: datetime | None = None) -> Response:
    """The best record, member records and crosswalk of an identity; follows redirects and says so.

    With ``at``, who the ID was at that moment.
    """
    if at is None:
        return reply(await call.run(call.index.identity, enterprise_id))
    moment = at if at.tzinfo else at.replace(tzinfo=UTC)
    return reply(await call.run(call.index.identity_at, enterprise_id, moment))


@routes.get("/identities/{enterprise_id}/history", response_model=EventPage)
async def read_history(enterprise_id: str, call: CurrentCall) -> Response:
    """Every event of an identity, oldest first."""
    return reply({"items": await call.run(call.index.history, enterprise_id), "next": None})


@routes.get("/identities/{enterprise_id}/how", responses={200: example(HOW)})
async def read_how(enterprise_id: str, call: CurrentCall) -> Response:
    """How an identity came to be, step by step."""
    return reply(await call.run(call.index.how, enterprise_id))


@routes.get("/crosswalk", responses={200: example(CROSSWALK)})
async def read_crosswalk(
    source: Annotated[str, Query(min_length=1, max_length=256)],
    local_id: Annotated[str, Query(min_length=1, max_length=256)],
    call: CurrentCall,
    targets: Annotated[
        list[str] | None, Query(description="Sources or authorities; several, or with commas.")
    ] = None,
) -> Response:
    """The identifiers that this record's person has elsewhere."""
    wanted = [target for part in targets or () for target in part.split(",") if target]
    return reply(await call.run(call.index.crosswalk, source, local_id, wanted))


@routes.post(
    "/search",
    responses={200: example(FOUND)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/SearchOrder"},
                    "example": {"q": "crunchy armchair", "limit": 10},
                }
            },
        }
    },
)
async def search_people(request: Request) -> Response:
    """People by free text ``q`` or by flat fields. A POST, so that no name stands in a URL."""
    refuse_type(request)
    order, call = parse_object(await request.body()), Call.of(request)
    limit, wanted = _limit(order), _wanted(order)
    return reply(await call.run(call.index.search, wanted, limit=limit))


def _limit(order: dict[str, Any]) -> int:
    limit = order.pop("limit", SEARCH_LIMIT_DEFAULT)
    if type(limit) is not int or not 1 <= limit <= SEARCH_LIMIT_MAX:
        raise BadInput(f"limit must be a number from 1 to {SEARCH_LIMIT_MAX}", field="limit")
    return limit


def _wanted(order: dict[str, Any]) -> str | dict[str, Any]:
    """Free text or flat fields. The fields are checked by the index, as at every door."""
    if "q" not in order:
        return order
    q = order.pop("q")
    if order:
        raise BadInput("send either q or fields, not both", field="q")
    if not isinstance(q, str) or len(q) > QUERY_LENGTH_MAX:
        raise BadInput(f"q must be text of at most {QUERY_LENGTH_MAX} characters", field="q")
    return q
