"""Whether this process lives, whether it can work, and its numbers."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from mpi.api import metrics
from mpi.api.calls import example, reply, router
from mpi.errors import Unavailable

routes = router("health", prefix="")

READY_SECONDS_MAX = 4.0


@routes.get("/health/live", responses={200: example({"status": "live"})})
async def read_live(request: Request) -> Response:
    """The process answers."""
    return reply({"status": "live"})


@routes.get("/health/ready", responses={200: example({"status": "ready"})})
async def read_ready(request: Request) -> Response:
    """The database answers and its schema is this program's; 503 when not."""
    loop = asyncio.get_running_loop()
    # Not on the request threads: when all of them wait for the database, this must still say so.
    asked = loop.run_in_executor(None, request.app.state.index.ready)
    done, _ = await asyncio.wait((asked,), timeout=READY_SECONDS_MAX)
    if not done:
        raise Unavailable("the database does not answer")
    return reply({"status": "ready", **asked.result()})


@routes.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Prometheus text format", "content": {"text/plain": {}}}},
)
async def read_metrics(request: Request) -> Response:
    """Counts and times of every worker; labels name routes and outcomes, never patients."""
    return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)
