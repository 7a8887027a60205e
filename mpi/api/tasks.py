"""The review queue: questions for a person, each settled once."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import Header, Query
from starlette.responses import Response

from mpi.api.calls import CurrentCall, reply, router
from mpi.api.schemas import BIGINT_MAX, ResolutionOrder, TaskPage, UndoOrder
from mpi.api.stewardship import Cursor, Id, Limit
from mpi.errors import BadInput
from mpi.index import TaskAnswer

routes = router("tasks")

State = Literal["open", "claimed", "awaiting_approval", "resolved"]
Kind = Literal["potential_duplicate", "potential_overlap", "potential_overlay", "link_in_doubt"]

_ENTITY_TAG = re.compile(r'(?:W/)?"?([0-9]{1,19})"?')


@routes.get("/tasks", response_model=TaskPage)
async def list_tasks(
    call: CurrentCall,
    state: Annotated[State | None, Query()] = None,
    kind: Annotated[Kind | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """The queue, what is most harmful to leave first."""
    return reply(await call.run(call.index.tasks, state=state, kind=kind, limit=limit, cursor=cursor))


@routes.get("/tasks/{task_id}", response_model=TaskAnswer)
async def read_task(task_id: Id, call: CurrentCall) -> Response:
    """One task; its ``version`` is also its ETag."""
    return _tagged(await call.run(call.index.task, task_id))


@routes.post("/tasks/{task_id}/claim", response_model=TaskAnswer)
async def claim_task(task_id: Id, call: CurrentCall) -> Response:
    """Take a task for a while, so that nobody else works on it."""
    return _tagged(await call.run(call.index.claim, task_id))


@routes.post("/tasks/{task_id}/release", response_model=TaskAnswer)
async def release_task(task_id: Id, call: CurrentCall) -> Response:
    """Give a claimed task back to the queue."""
    return _tagged(await call.run(call.index.release, task_id))


@routes.post("/tasks/{task_id}/resolve", response_model=TaskAnswer)
async def resolve_task(
    task_id: Id,
    order: ResolutionOrder,
    call: CurrentCall,
    if_match: Annotated[str | None, Header(max_length=40)] = None,
) -> Response:
    """Answer a task, on the version that was read; claims it implicitly."""
    version = _version(order.version, if_match)
    return _tagged(await call.run(call.index.resolve, task_id, order.resolution, order.reason, version))


@routes.post("/tasks/{task_id}/undo", response_model=TaskAnswer)
async def undo_task(task_id: Id, order: UndoOrder, call: CurrentCall) -> Response:
    """Take a resolution back: the state before it returns, links included."""
    return _tagged(await call.run(call.index.undo_resolution, task_id, order.reason))


def _tagged(task: TaskAnswer) -> Response:
    return reply(task, headers={"ETag": f'"{task.version}"'})


def _version(stated: int | None, if_match: str | None) -> int:
    """The version a reviewer decided on, of body or header. Raises BadInput without one, or with two."""
    if if_match is None:
        if stated is None:
            raise BadInput("version: required, here or as If-Match", field="version")
        return stated
    tag = _ENTITY_TAG.fullmatch(if_match.strip())
    if tag is None or not 1 <= int(tag[1]) <= BIGINT_MAX:
        raise BadInput("If-Match: not the ETag of a task", field="If-Match")
    if stated is not None and stated != int(tag[1]):
        raise BadInput("version and If-Match differ", field="version")
    return int(tag[1])
