"""Records: register, update, read, retire; match and compare without writing."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import unquote

import orjson
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from mpi.api import metrics
from mpi.api.access import refuse_other_source
from mpi.api.body import parse_object, refuse_type
from mpi.api.calls import Call, CurrentCall, example, reply, router
from mpi.api.schemas import EXPLANATION, NO_REASON, RECEIPT, RECORD, CompareOrder, RetireOrder
from mpi.errors import BadInput
from mpi.index import Actor, Candidates, Receipt, Replay, StoredRecord

routes = router("records")

IDEMPOTENCY_KEY_LENGTH_MAX = 255
REFERENCE_LENGTH_MAX = 2_000
MATCH_LIMIT_DEFAULT, MATCH_LIMIT_MAX = 10, 100

#: FastAPI shows these bodies; the endpoints read them themselves, which halves their share of the time.
FLAT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/FlatRecord"}, "example": RECORD}
        },
    }
}
LIMITED: dict[str, Any] = {
    "parameters": [
        {
            "name": "limit",
            "in": "query",
            "required": False,
            "description": "Candidates at most.",
            "schema": {
                "type": "integer",
                "minimum": 1,
                "maximum": MATCH_LIMIT_MAX,
                "default": MATCH_LIMIT_DEFAULT,
            },
        }
    ]
}
IDEMPOTENT: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "Sent again with the same body: the stored answer. With another body: 422.",
            "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_LENGTH_MAX},
        }
    ]
}


@routes.post(
    "/records",
    response_model=Receipt,
    status_code=201,
    responses={
        201: example(RECEIPT, "A record that was not there before"),
        200: example({**RECEIPT, "created": False}, "An update, or the same record sent again"),
        202: example({**RECEIPT, "decision": "quarantined", "created": False}, "An update held for review"),
    },
    openapi_extra={**FLAT_BODY, **IDEMPOTENT},
)
async def register_record(request: Request) -> Response:
    """Register a record or update it: who this is, decided at once."""
    return await _register(Call.of(request), await _flat_body(request), request)


@routes.put(
    "/records/{source}/{local_id:path}",
    response_model=Receipt,
    responses={201: example(RECEIPT, "A record that was not there before"), 200: example(RECEIPT)},
    openapi_extra={**FLAT_BODY, **IDEMPOTENT},
)
async def put_record(source: str, local_id: str, request: Request) -> Response:
    """Register or update the record that the path names; the body need not name it again."""
    flat = await _flat_body(request)
    for field, value in zip(("source", "local_id"), record_reference(request), strict=True):
        if flat.setdefault(field, value) != value:
            raise BadInput(f"{field} is another in the body than in the path", field=field)
    return await _register(Call.of(request), flat, request)


@routes.get("/records/{source}/{local_id:path}", response_model=StoredRecord)
async def read_record(source: str, local_id: str, request: Request, call: CurrentCall) -> Response:
    """A record with its versions, its enterprise ID, and the update that is held back, if any."""
    return reply(await call.run(call.index.record, *record_reference(request)))


@routes.delete("/records/{source}/{local_id:path}")
async def retire_record(
    source: str, local_id: str, request: Request, call: CurrentCall, order: RetireOrder | None = None
) -> Response:
    """Retire a record: it leaves the candidates, keeps its history, and returns when it is sent again."""
    reason = order.reason if order else NO_REASON
    source, local_id = record_reference(request)
    refuse_other_source(call.actor, source)
    return reply(await call.run(call.index.retire, source, local_id, reason=reason))


@routes.post("/match", response_model=Candidates, openapi_extra={**FLAT_BODY, **LIMITED})
async def match_record(request: Request) -> Response:
    """Whom a record resembles, scored as a registration would; nothing is written but the audit."""
    call, flat = Call.of(request), await _flat_body(request)
    return reply(await call.run(call.index.match, flat, limit=_match_limit(request)))


@routes.post("/compare", responses={200: example(EXPLANATION)})
async def compare_records(order: CompareOrder, call: CurrentCall) -> Response:
    """Why two records, stored or not, are or are not one person; nothing is written but the audit."""
    return reply(await call.run(call.index.compare, order.a, order.b))


@routes.get("/why", responses={200: example(EXPLANATION)})
async def why(
    a: Annotated[str, Query(min_length=1, max_length=REFERENCE_LENGTH_MAX)],
    b: Annotated[str, Query(min_length=1, max_length=REFERENCE_LENGTH_MAX)],
    call: CurrentCall,
) -> Response:
    """Why two stored records or identities are or are not one person; for identities, their best pair."""
    return reply(await call.run(call.index.why, a, b))


def record_reference(request: Request) -> tuple[str, str]:
    """(source, local ID) of the path as it was sent, so that an encoded slash is part of an ID.

    Raises BadInput where one of them is empty.
    """
    raw = request.scope.get("raw_path") or request.scope["path"].encode()
    tail = raw.partition(b"/records/")[2].decode("ascii")
    source, _, local_id = tail.partition("/")
    for field, value in (("source", source), ("local_id", local_id)):
        if not value:
            raise BadInput(f"the path names no {field}", field=field)
    return unquote(source), unquote(local_id)


def status_of(receipt: Receipt) -> int:
    """201 for a record not seen before, 202 for an update held for review, else 200."""
    if receipt.decision == "quarantined":
        return 202
    return 201 if receipt.created else 200


def _match_limit(request: Request) -> int:
    text = request.query_params.get("limit", str(MATCH_LIMIT_DEFAULT))
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= MATCH_LIMIT_MAX):
        raise BadInput(f"limit must be a number from 1 to {MATCH_LIMIT_MAX}", field="limit")
    return int(text)


async def _flat_body(request: Request) -> dict[str, Any]:
    refuse_type(request)
    return parse_object(await request.body())


async def _register(call: Call, flat: dict[str, Any], request: Request) -> Response:
    refuse_other_source(call.actor, flat.get("source"))
    receipt = await call.run(call.index.receive, flat, idempotency=_replay(call.actor, flat, request))
    metrics.registered(receipt.decision)
    return reply(receipt, status_of(receipt))


def _replay(actor: Actor, flat: dict[str, Any], request: Request) -> Replay | None:
    """The request's idempotency key, if it has one; the same content in another order is the same body."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not (0 < len(key) <= IDEMPOTENCY_KEY_LENGTH_MAX and key.isascii() and key.isprintable()):
        raise BadInput("Idempotency-Key: 1 to 255 printable ASCII characters", field="Idempotency-Key")
    return Replay(scope=actor.name, key=key, body=orjson.dumps(flat, option=orjson.OPT_SORT_KEYS))
