"""What an endpoint works with: the index, who is asking, and the threads that the index runs on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from mpi.api.guard import GuardedRoute
from mpi.api.threads import Threads
from mpi.index import Actor, Index

T = TypeVar("T")

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Call:
    """One admitted request."""

    index: Index
    actor: Actor
    threads: Threads

    @classmethod
    def of(cls, request: Request) -> Call:
        """The call that a guarded request makes."""
        state = request.app.state
        return cls(state.index, request.scope["actor"], state.threads)

    async def run(self, method: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """The answer of a method of the index, for the actor. Raises what it raises, or Unavailable."""
        return await self.threads.run(method, *args, actor=self.actor, **kwargs)

    async def run_long(self, method: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """As ``run``, for what may take its time."""
        return await self.threads.run_long(method, *args, actor=self.actor, **kwargs)


async def _current(request: Request) -> Call:
    return Call.of(request)


CurrentCall = Annotated[Call, Depends(_current)]


def router(*tags: str, prefix: str = PREFIX) -> APIRouter:
    """A router whose routes are guarded."""
    return APIRouter(
        prefix=prefix,
        route_class=GuardedRoute,
        tags=list(tags),
        strict_content_type=False,
        generate_unique_id_function=lambda route: route.name,
    )


def reply(answer: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of the index as JSON, as it is: its dataclasses are the contract."""
    return Response(orjson.dumps(answer), status, headers, "application/json")


def example(value: Any, description: str = "Successful response") -> dict[str, Any]:
    """A response of the API's description with an example."""
    return {"description": description, "content": {"application/json": {"example": value}}}
