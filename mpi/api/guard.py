"""What every request passes: an admission and a bounded body on the way in; headers, log and numbers out."""

from __future__ import annotations

import inspect
import itertools
import os
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mpi.api import fhir, metrics, problems
from mpi.api.body import parse, read_body, refuse_type, refuse_url_text
from mpi.api.logs import whereabouts
from mpi.errors import Unavailable
from mpi.fhir.exchange import PREFIX as FHIR_PREFIX

Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]

#: Requests a process has open at once, most of them waiting for their body or a thread.
IN_FLIGHT_MAX = 512

UNMATCHED = "unmatched"

SECURITY_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
AUTH_OFF_HEADER = (b"x-mpi-auth", b"off")

#: Request IDs without a system call each: random per process, then counted.
_PROCESS = os.urandom(6).hex()
_COUNTER = itertools.count(1)

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

log = structlog.get_logger()


class CheckedRequest(Request):
    """A request whose body is read within its limits and parsed once."""

    async def body(self) -> bytes:
        """The body. Raises Refusal 413 when it is too large."""
        if not hasattr(self, "_body"):
            self._body = await read_body(self)
        return self._body


class GuardedRoute(APIRoute):
    """A route that admits its caller by its row in ``access.ACCESS`` before anything is read."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        if list(inspect.signature(endpoint).parameters) == ["request"]:
            # It reads its request itself: FastAPI describes it and need not take it apart on every call.
            self.app = request_response(_guarded(self.name, endpoint, takes_json=False))

    def get_route_handler(self) -> Endpoint:
        """The handler behind the guard; FastAPI's hook for custom routes."""
        return _guarded(self.name, super().get_route_handler(), takes_json=self.body_field is not None)


def _guarded(action: str, answer: Endpoint, *, takes_json: bool) -> Endpoint:
    """``answer`` for those who may; with ``takes_json`` its body is checked and parsed beforehand."""

    async def guarded(request: Request) -> Response:
        scope = request.scope
        scope["actor"] = await scope["app"].state.access.admit(request, action)
        refuse_url_text(request)
        checked = CheckedRequest(scope, request.receive)
        if takes_json:
            refuse_type(checked)
            if raw := await checked.body():
                checked._json = parse(raw)
        return await answer(checked)

    return guarded


class Guard:
    """The outermost layer: nothing raised gets past it, and every request leaves one log line."""

    def __init__(self, app: ASGIApp, *, auth_off: bool) -> None:
        self._app = app
        self._in_flight = 0
        self._headers = [*SECURITY_HEADERS, AUTH_OFF_HEADER] if auth_off else SECURITY_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = scope["request_id"] = _request_id(scope)
        headers = [*self._headers, (b"x-request-id", request_id.encode())]
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name for name, _ in message.get("headers", ())}
                ours = [(name, value) for name, value in headers if name not in own]
                message["headers"] = [*message.get("headers", ()), *ours]
            await send(message)

        metrics.request_began()
        self._in_flight += 1
        try:
            if self._in_flight > IN_FLIGHT_MAX and not scope["path"].startswith("/health"):
                raise Unavailable("too many requests at once: try again in a moment")
            await self._app(scope, receive, send_on)
        except Exception as error:
            scope["failure"] = error
            if not status:
                await _failure(scope)(error, request_id)(scope, receive, send_on)
        finally:
            self._in_flight -= 1
            _tell(scope, status or 500, time.perf_counter() - began)


def _failure(scope: Scope) -> Callable[[Exception, str | None], Response]:
    """How failures are told under this path: FHIR has resources of its own for them."""
    return fhir.failure if scope["path"].startswith(FHIR_PREFIX) else problems.of_exception


def _tell(scope: Scope, status: int, seconds: float) -> None:
    route = scope.get("route")
    template = getattr(route, "path_format", UNMATCHED)
    metrics.request_ended(scope["method"], template, status, seconds)
    line: dict[str, Any] = {
        "request_id": scope["request_id"],
        "method": scope["method"],
        "route": template,
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    if actor := scope.get("actor"):
        line["actor"] = actor.name
    failure = scope.get("failure")
    if failure is None:
        log.info("request", **line)
    elif status < 500:
        log.info("request", code=problems.code_of(failure), **line)
    else:
        log.error("request", code=problems.code_of(failure), **line, **whereabouts(failure))


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return f"{_PROCESS}-{next(_COUNTER):x}"
