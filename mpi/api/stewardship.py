"""What people decide about identities: merges, unlinks and assertions, each of which can be taken back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from mpi.api.calls import CurrentCall, reply, router
from mpi.api.schemas import (
    BIGINT_MAX,
    NO_REASON,
    AssertionOrder,
    AssertionPage,
    MergeOrder,
    RetireOrder,
    UndoOrder,
    UnlinkOrder,
)
from mpi.errors import BadInput
from mpi.index import AssertionAnswer, MergeAnswer, UnlinkAnswer, UnmergeAnswer

routes = router("stewardship")

Id = Annotated[int, Path(ge=1, le=BIGINT_MAX)]
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the page before.")]


@routes.post("/merges", response_model=MergeAnswer)
async def merge_identities(order: MergeOrder, request: Request, call: CurrentCall) -> Response:
    """Make two identities one, or preview it: which records move, which systems get told, the best record."""
    if order.reason is None and not order.preview:
        raise BadInput("reason: required", field="reason")
    if order.override:
        await request.app.state.access.require_override(call.actor, "merge_identities")
    merged = await call.run(
        call.index.merge,
        order.surviving,
        order.subsumed,
        order.reason or "",
        preview=order.preview,
        override=order.override,
    )
    return reply(merged)


@routes.post("/merges/{merge_id}/undo", response_model=UnmergeAnswer)
async def undo_merge(merge_id: Id, order: UndoOrder, call: CurrentCall) -> Response:
    """Undo a merge, whenever it was: the exact partition and the original IDs come back."""
    return reply(await call.run(call.index.unmerge, merge_id, order.reason))


@routes.post("/unlinks", response_model=UnlinkAnswer)
async def unlink_record(order: UnlinkOrder, call: CurrentCall) -> Response:
    """Part a record from its identity; it stays apart when it is sent again."""
    return reply(await call.run(call.index.unlink, order.source, order.local_id, order.reason))


@routes.post("/assertions", response_model=AssertionAnswer, status_code=201)
async def assert_people(order: AssertionOrder, request: Request, call: CurrentCall) -> Response:
    """State that two records or identities are, or are not, one person: holds over every later decision."""
    if order.override:
        await request.app.state.access.require_override(call.actor, "assert_people")
    stated = await call.run(
        call.index.assert_people, order.a, order.b, order.verdict, order.reason, override=order.override
    )
    return reply(stated, 201, {"Location": f"/api/v1/assertions/{stated.id}"})


@routes.get("/assertions", response_model=AssertionPage)
async def list_assertions(
    call: CurrentCall, limit: Limit = 50, cursor: Annotated[int | None, Query(ge=1, le=BIGINT_MAX)] = None
) -> Response:
    """What people stated, newest first."""
    return reply(await call.run(call.index.assertions, limit=limit, cursor=cursor))


@routes.get("/assertions/{assertion_id}", response_model=AssertionAnswer)
async def read_assertion(assertion_id: Id, call: CurrentCall) -> Response:
    """One statement, with who made it and why."""
    return reply(await call.run(call.index.assertion, assertion_id))


@routes.delete("/assertions/{assertion_id}", response_model=AssertionAnswer)
async def withdraw_assertion(
    assertion_id: Id, call: CurrentCall, order: RetireOrder | None = None
) -> Response:
    """Withdraw a statement: the machine decides again; what the statement joined or parted stays as it is."""
    reason = order.reason if order else NO_REASON
    return reply(await call.run(call.index.withdraw_assertion, assertion_id, reason))
