"""The REST API as an application: one factory, nothing configured by importing it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

import structlog
from fastapi import FastAPI
from fastapi.routing import APIRoute

from mpi.api import (
    bulk,
    description,
    desk,
    feed,
    fhir,
    health,
    hl7v2,
    identities,
    logs,
    metrics,
    notifier,
    problems,
    records,
    stewardship,
    tasks,
)
from mpi.api.access import ACCESS, Access
from mpi.api.calls import PREFIX
from mpi.api.guard import Guard, GuardedRoute
from mpi.api.threads import Threads
from mpi.errors import MpiError, Unavailable
from mpi.index import Index
from mpi.settings import Settings

POOL_WATCH_SECONDS = 5.0
RECKON_SECONDS = 60.0

log = structlog.get_logger()


def create_app(settings: Settings | None = None, *, mllp: Sequence[socket.socket] = ()) -> FastAPI:
    """The application, of the environment's settings unless others are given. Raises BadInput.

    ``mllp``: listening sockets on which it takes HL7 v2 messages as long as it runs.
    """
    settings = settings or Settings.read()
    auth_off = settings.auth == "off"
    logs.configure(settings.log_level)
    app = FastAPI(
        title="mpi",
        version=version("mpi"),
        description="Master patient index: who is who, across every system that registers patients.",
        lifespan=partial(_lifespan, settings=settings, mllp=mllp),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Spans would carry URLs, and messages of exceptions.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.openapi = partial(description.describe, app)  # type: ignore[method-assign]
    for part in (bulk, records, identities, stewardship, tasks, feed, health, hl7v2, description):
        # Not include_router: it wraps each route once more, on every request.
        app.router.routes.extend(part.routes.routes)
    if auth_off:
        docs = GuardedRoute("/api/docs", description.read_docs, methods=["GET"], include_in_schema=False)
        app.router.routes.append(docs)
    # Each route that does not fit costs: programs that ask all day long before people who look now and then.
    app.router.routes.extend(fhir.routes())
    app.router.routes.extend(desk.routes())
    problems.translate(app)
    app.add_middleware(Guard, auth_off=auth_off)
    _refuse_open_routes(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI, settings: Settings, mllp: Sequence[socket.socket]) -> AsyncIterator[None]:
    """Open the index for as long as the application runs."""
    if settings.auth == "off":
        log.warning("MPI_AUTH=off: everybody on this machine may do everything; not for patients")
    loop = asyncio.get_running_loop()
    index = await loop.run_in_executor(None, Index.open, settings)
    threads = Threads(settings.pool_size)
    app.state.index, app.state.threads = index, threads
    app.state.public_url = settings.public_url
    app.state.access = Access(index, threads, auth_off=settings.auth == "off")
    app.state.hl7v2 = hl7v2.Door(index, threads)
    watch = asyncio.create_task(_watch_pool(index))
    reckoning = asyncio.create_task(_reckon(index))
    try:
        async with (
            notifier.notifying(index, settings),
            hl7v2.notifying(index, settings),
            hl7v2.listening(mllp, app.state.hl7v2, settings),
        ):
            yield
    finally:
        watch.cancel()
        reckoning.cancel()
        threads.close()
        await loop.run_in_executor(None, index.close)


async def _reckon(index: Index) -> None:
    """Have what takes long reckoned now and then: the desk's figures, the expected harm of what waits."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(RECKON_SECONDS)
        try:
            done = await loop.run_in_executor(None, index.desk.refresh)
        except MpiError as error:
            log.warning("reckoning failed", code=error.code)
            continue
        if done:
            log.info("reckoned", figures=done)


async def _watch_pool(index: Index) -> None:
    """Note now and then how busy the connections are."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(POOL_WATCH_SECONDS)
        try:
            pool = (await loop.run_in_executor(None, index.ready))["pool"]
        except Unavailable:
            log.warning("database unavailable")
            continue
        metrics.pool_state(pool["pool_size"], pool["pool_available"], pool["requests_waiting"])


def _refuse_open_routes(app: FastAPI) -> None:
    """Closed by default: every route under our prefixes is guarded and has its row of roles."""
    for route in app.routes:
        guarded = isinstance(route, GuardedRoute | desk.DeskRoute | fhir.FhirRoute) and route.name in ACCESS
        path = getattr(route, "path", "")
        ours = path.startswith((PREFIX, "/fhir", "/hl7v2", "/review", "/health", "/metrics"))
        if (ours or isinstance(route, APIRoute)) and not guarded:
            raise RuntimeError(f"route {getattr(route, 'name', route)!r} has no row in access.ACCESS")
