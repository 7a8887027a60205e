"""The FHIR face over HTTP: its routes, what is read before an interaction, failures as OperationOutcomes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mpi import errors
from mpi.api import problems
from mpi.api.body import parse, read_body, refuse_url_text
from mpi.fhir.exchange import MEDIA_TYPE, PREFIX, Answer, Asked
from mpi.fhir.interactions import INTERACTIONS, Served
from mpi.fhir.negotiation import FORM_TYPE, JSON_TYPES, NDJSON_TYPES, refuse_content, refuse_format
from mpi.fhir.outcome import (
    Issue,
    Refused,
    issue_of_error,
    issue_of_status,
    issues_of_notes,
    outcome,
    refused,
)

PARAMETERS_MAX: Final = 200
FORM_BYTES_MAX: Final = 64 * 1024
NDJSON_BYTES_MAX: Final = 100 * (1 << 20)

METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]
#: Asked at the root too, where SMART clients look first.
SMART_PATH: Final = "/.well-known/smart-configuration"

#: What these are in FHIR where REST says something else.
STATUS: Final[dict[type[errors.MpiError], int]] = {
    errors.StaleVersion: 412,
    errors.ForeignIdentifier: 403,
    errors.Replaced: 422,
}

_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")

Endpoint = Callable[[Request], Awaitable[Response]]


class FhirRoute(Route):
    """A route of the FHIR face; its name has a row in ``access.ACCESS``."""


def routes() -> list[FhirRoute]:
    """Every route of the face, and the one that answers what none of them does."""
    found = [_route(PREFIX + one.path, [one.method], one.name, _interaction(one)) for one in INTERACTIONS]
    smart = next(one for one in INTERACTIONS if one.path == SMART_PATH)
    found.append(_route(SMART_PATH, [smart.method], smart.name, _interaction(smart)))
    found += [
        _route(path, METHODS, "fhir_nothing_there", _nothing_there)
        for path in (PREFIX, PREFIX + "/{rest:path}")
    ]
    return found


def failure(error: Exception, request_id: str | None = None) -> Response:
    """The OperationOutcome of any exception; nothing that was sent is repeated in it."""
    if isinstance(error, Refused):
        return _response(Answer(resource=outcome(error.issues), status=error.status, headers=error.headers))
    known = problems.of_exception(error, request_id)
    headers = {
        name: known.headers[name] for name in ("Retry-After", "WWW-Authenticate") if name in known.headers
    }
    status, issues = known.status_code, _issues(error, known.status_code, request_id)
    if isinstance(error, errors.MpiError):
        status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), status)
    return _response(Answer(resource=outcome(issues), status=status, headers=headers))


def _issues(error: Exception, status: int, request_id: str | None) -> tuple[Issue, ...]:
    if isinstance(error, errors.InvalidPatient) and error.notes:
        return issues_of_notes(error.notes)
    if isinstance(error, errors.MpiError) and status != 500:
        return (issue_of_error(error),)
    if isinstance(error, problems.Refusal):
        return (issue_of_status(status, error.detail, error.field),)
    if isinstance(error, HTTPException):
        return (issue_of_status(status, HTTPStatus(status).phrase),)
    told = f"The index failed on this request; its log names the fault under {request_id}."
    return (issue_of_status(status, HTTPStatus(status).phrase if status < 500 else told),)


def _route(path: str, methods: list[str], name: str, answer: Endpoint) -> FhirRoute:
    """A route whose failures, foreseen or not, are OperationOutcomes."""

    async def endpoint(request: Request) -> Response:
        scope = request.scope
        scope["route"] = route
        try:
            scope["actor"] = await scope["app"].state.access.admit(request, name)
            return await answer(request)
        except Exception as error:
            scope["failure"] = error
            return failure(error, scope.get("request_id"))

    route = FhirRoute(path, endpoint, methods=methods, name=name)
    return route


def _interaction(served: Served) -> Endpoint:
    async def asked(request: Request) -> Response:
        query = _query(request)
        formats = [value for name, value in query if name == "_format"]
        refuse_format(request.headers.get("accept"), formats)
        body, raw, fields = await _body(request, served)
        state = request.app.state
        run = state.threads.run_long if served.long else state.threads.run
        answer: Answer = await run(
            served.answer,
            Asked(
                index=state.index,
                actor=request.scope["actor"],
                base=base_url(request),
                method=request.method,
                path=request.path_params,
                query=query + fields,
                headers=request.headers,
                body=body,
                raw=raw,
            ),
        )
        return _response(answer, pretty=("_pretty", "true") in query)

    return asked


async def _nothing_there(request: Request) -> Response:
    """404, or 405 naming the methods that the path has."""
    path = request.scope["path"]
    allowed = {
        method
        for route in request.app.routes
        if isinstance(route, FhirRoute)
        and route.name != "fhir_nothing_there"
        and route.path_regex.match(path)
        for method in route.methods or ()
    }
    if allowed:
        told = f"{request.method} is not supported here"
        raise refused(405, "not-supported", told, headers={"Allow": ", ".join(sorted(allowed))})
    raise refused(404, "not-found", "this server has no such resource type, operation or path")


def base_url(request: Request) -> str:
    """Where the face is, as clients see it: ``MPI_PUBLIC_URL``, else as this request named it."""
    public: str | None = request.app.state.public_url
    if public is not None:
        return public + PREFIX
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        host = request.url.netloc if _HOST.fullmatch(request.url.netloc) else "localhost"
    return f"{request.scope['scheme']}://{host}{PREFIX}"


def _query(request: Request) -> tuple[tuple[str, str], ...]:
    try:
        refuse_url_text(request)
    except errors.BadInput as error:
        raise refused(400, "invalid", str(error), expression=error.field) from None
    raw = request.scope["query_string"]
    return _pairs(raw.decode("latin-1")) if raw else ()


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    try:
        found = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX)
    except ValueError:
        raise refused(400, "invalid", f"not UTF-8, or more than {PARAMETERS_MAX} parameters") from None
    if any("\0" in part for pair in found for part in pair):
        raise refused(400, "invalid", "a parameter holds a NUL character")
    return tuple(found)


async def _body(request: Request, served: Served) -> tuple[Any, bytes, tuple[tuple[str, str], ...]]:
    """The body as (JSON, bytes, form fields), of which one is there. Raises Refused, Refusal."""
    if served.body == "none":
        return None, b"", ()
    limit = {"form": FORM_BYTES_MAX, "ndjson": NDJSON_BYTES_MAX}.get(served.body)
    types = {"form": frozenset({FORM_TYPE}), "ndjson": NDJSON_TYPES}.get(served.body, JSON_TYPES)
    refuse_content(request.headers.get("content-type"), types)
    raw = await (read_body(request, limit) if limit else read_body(request))
    if served.body == "form":
        return None, b"", _form(raw)
    if served.body == "ndjson":
        return None, raw, ()
    return (_json(raw) if raw.strip() else None), b"", ()


def _json(raw: bytes) -> Any:
    try:
        return parse(raw)
    except errors.BadInput as error:
        # What PostgreSQL cannot store is no FHIR either.
        raise refused(400, "value", str(error), expression=error.field) from None
    except problems.Refusal as error:
        raise refused(error.status_code, "structure", error.detail, expression=error.field) from None


def _form(raw: bytes) -> tuple[tuple[str, str], ...]:
    try:
        return _pairs(raw.decode("ascii"))
    except UnicodeDecodeError:
        raise refused(400, "invalid", "the form is not URL-encoded") from None


def _response(answer: Answer, *, pretty: bool = False) -> Response:
    headers = dict(answer.headers)
    kind = headers.pop("Content-Type", MEDIA_TYPE)
    content = answer.content(pretty=pretty)
    return Response(content, answer.status, headers, kind if content else None)
