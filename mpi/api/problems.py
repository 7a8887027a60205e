"""Every failure as an RFC 9457 problem document: names the field, repeats nothing that was sent."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mpi import errors
from mpi.fhir.outcome import Refused

MEDIA_TYPE = "application/problem+json"

#: The code of what nobody foresaw.
INTERNAL = "internal-error"

#: Seconds after which a caller may try again.
RETRY_SECONDS_UNAVAILABLE = 2
RETRY_SECONDS_IN_FLIGHT = 1

#: The longest field name that an answer repeats: unknown keys are named, but not at any length.
FIELD_LENGTH_MAX = 64
DETAIL_LENGTH_MAX = 500

#: The nearest class of an error decides its status.
STATUS: dict[type[errors.MpiError], int] = {
    errors.MpiError: 500,
    errors.BadInput: 422,
    errors.NotFound: 404,
    errors.Erased: 410,
    errors.Conflict: 409,
    errors.IdempotencyMismatch: 422,
    errors.Unauthenticated: 401,
    errors.Denied: 403,
    errors.Unavailable: 503,
}

#: SQLSTATE classes and codes: the database is lost or overloaded, so that trying again can help.
RETRYABLE_STATES = ("08", "40", "53", "57", "55P03")


class Refusal(HTTPException):
    """A request that fails as HTTP, before the index is asked: unreadable, too large, of another type."""

    def __init__(self, status: int, code: str, detail: str, *, field: str | None = None) -> None:
        super().__init__(status_code=status, detail=detail)
        self.code = code
        self.field = field


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    field: str | None = None,
    request_id: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """A problem document; ``code`` is the stable word a program can switch on."""
    document: dict[str, Any] = {
        "type": f"urn:mpi:problem:{code}",
        "title": title,
        "status": status,
        "detail": shortened(detail, DETAIL_LENGTH_MAX),
        "code": code,
    }
    if field is not None:
        document["field"] = shortened(field)
    if request_id is not None:
        document["request_id"] = request_id
    return Response(orjson.dumps(document), status, headers, MEDIA_TYPE)


def shortened(text: str, length_max: int = FIELD_LENGTH_MAX) -> str:
    """A name or message fit to be repeated: printable and of bounded length."""
    kept = text if len(text) <= length_max else text[: length_max - 1] + "…"
    return kept if kept.isprintable() else "".join(c if c.isprintable() else "�" for c in kept)


def status_of(error: errors.MpiError) -> int:
    """The HTTP status of an error of the index."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def of_error(error: errors.MpiError, request_id: str | None = None) -> Response:
    """The problem document of an error of the index."""
    status = status_of(error)
    if status == 500:
        return of_failure(request_id)
    headers = {}
    if status == 503:
        headers["Retry-After"] = str(RETRY_SECONDS_UNAVAILABLE)
    elif isinstance(error, errors.RequestInFlight):
        headers["Retry-After"] = str(RETRY_SECONDS_IN_FLIGHT)
    elif status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="mpi"'
    title = (type(error).__doc__ or "").splitlines()[0]
    return problem(
        status, error.code, title, str(error), field=error.field, request_id=request_id, headers=headers
    )


def of_sqlstate(error: Exception, request_id: str | None = None) -> Response:
    """By SQLSTATE class: 503 only where trying again can help, 4xx for what the caller sent, else 500.

    Storage names the lost database itself; this is the net under it. The driver is known by its attribute
    alone, because faces do not import it.
    """
    state = getattr(error, "sqlstate", None) or ""
    if state.startswith(RETRYABLE_STATES):
        return of_error(errors.DatabaseUnavailable(), request_id)
    if state.startswith("23"):
        return of_error(errors.Conflict(), request_id)
    if state.startswith("22") or type(error).__name__ == "DataError":
        return of_error(errors.BadInput("a value cannot be stored: out of range or not text"), request_id)
    return of_failure(request_id)


def of_failure(request_id: str | None = None) -> Response:
    """The answer to what nobody foresaw: no details, the log has them under the request's ID."""
    detail = "The index failed on this request. Its log names the fault under this request_id."
    return problem(500, INTERNAL, "Internal error", detail, request_id=request_id)


def of_exception(error: Exception, request_id: str | None = None) -> Response:
    """The problem document of any exception."""
    match error:
        case errors.MpiError():
            return of_error(error, request_id)
        case RequestValidationError():
            return _of_validation(error, request_id)
        case HTTPException():
            return _of_http(error, request_id)
        case _:
            return of_sqlstate(error, request_id)


def _of_http(error: HTTPException, request_id: str | None) -> Response:
    phrase = HTTPStatus(error.status_code).phrase
    field = error.field if isinstance(error, Refusal) else None
    detail = error.detail if isinstance(error, Refusal) else f"{phrase}."
    headers = dict(error.headers) if error.headers else None
    return problem(
        error.status_code, code_of(error), phrase, detail, field=field, request_id=request_id, headers=headers
    )


def _of_validation(error: RequestValidationError, request_id: str | None) -> Response:
    """The first fault only, by place and kind; pydantic's ``input`` and ``ctx`` never leave the process."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"][1:] if not isinstance(part, int)]
    field = ".".join(place) or str(first["loc"][0])
    title = (errors.BadInput.__doc__ or "").splitlines()[0]
    detail = f"{shortened(field)}: {_reason(first)}"
    return problem(422, errors.BadInput.code, title, detail, field=field, request_id=request_id)


def _reason(fault: dict[str, Any]) -> str:
    match fault["type"]:
        case "extra_forbidden":
            return "not a known key"
        case "missing":
            return "required"
        case _:
            return str(fault["msg"])


def translate(app: FastAPI) -> None:
    """Answer every foreseen kind of exception with its problem document, and leave it for the log."""

    async def answer(request: Request, error: Exception) -> Response:
        request.scope["failure"] = error
        return of_exception(error, request.scope.get("request_id"))

    for kind in (errors.MpiError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)


def code_of(error: Exception) -> str:
    """The word for it in the log: the problem's code, or the name of its class for what nobody foresaw."""
    match error:
        case errors.MpiError() | Refusal() | Refused():
            return error.code
        case HTTPException():
            return HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        case RequestValidationError():
            return errors.BadInput.code
        case _:
            return type(error).__name__


def status_of_code(code: str) -> int:
    """The HTTP status that the code of a rejected line stands for; 422 for one that is not known."""
    return _status_by_code().get(code, 422)


@cache
def _status_by_code() -> dict[str, int]:
    found = {"malformed-json": 400, "too-deep": 400, "too-large": 413, "request-timeout": 408, INTERNAL: 500}
    kinds = [errors.MpiError]
    while kinds:
        kind = kinds.pop()
        found[kind.code] = next(STATUS[known] for known in kind.__mro__ if known in STATUS)
        kinds += kind.__subclasses__()
    return found
