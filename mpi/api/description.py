"""The API's description: the bodies, credentials and problems FastAPI cannot know, and a page to read it."""

from __future__ import annotations

from html import escape
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response

from mpi.api.access import ACCESS, PUBLIC
from mpi.api.calls import reply, router
from mpi.api.schemas import FlatRecord, Problem, SearchOrder

routes = router("description", prefix="")

_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key: `mpi client add NAME --role ROLE`",
    },
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_PROBLEM = {
    "application/problem+json": {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "example": {
            "type": "urn:mpi:problem:invalid-enterprise-id",
            "title": "The enterprise ID is mistyped: its check character does not fit.",
            "status": 422,
            "detail": "The enterprise ID is mistyped: its check character does not fit.",
            "code": "invalid-enterprise-id",
            "field": "enterprise_id",
            "request_id": "5f1c9a7be0d34c21",
        },
    }
}
_WITH_BODY = {
    "400": "Not JSON, or nested too deep",
    "413": "Too large",
    "415": "Not JSON by its Content-Type",
}
_GUARDED = {
    "401": "No valid key",
    "403": "The role does not allow it",
    "422": "A field or parameter is wrong",
}
_ALL = {"500": "A fault of the index", "503": "The database is lost or overloaded: try again (Retry-After)"}
_NAMED = {"404": "No such thing", "409": "The stored state does not allow it", "410": "It was erased"}

_STYLE = "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto}pre{background:#f4f4f4;overflow:auto}"


@routes.get("/openapi.json", include_in_schema=False)
async def read_description(request: Request) -> Response:
    """The OpenAPI description."""
    return reply(request.app.openapi())


async def read_docs(request: Request) -> Response:
    """The same as a page without scripts, readable without a network."""
    parts = [
        _shown(path, method, op)
        for path, ops in request.app.openapi()["paths"].items()
        for method, op in ops.items()
    ]
    head = f"<!doctype html><meta charset=utf-8><title>mpi API</title><style>{_STYLE}</style><h1>API</h1>"
    return Response(
        head + "".join(parts),
        media_type="text/html",
        headers={"Content-Security-Policy": "style-src 'unsafe-inline'"},
    )


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        _, schemas = models_json_schema(
            [(model, "validation") for model in (FlatRecord, SearchOrder, Problem)],
            ref_template="#/components/schemas/{model}",
        )
        components = document.setdefault("components", {})
        kept = components.setdefault("schemas", {})
        kept.update(schemas["$defs"])
        for unused in ("HTTPValidationError", "ValidationError"):
            kept.pop(unused, None)
        components["securitySchemes"] = _SCHEMES
        for path, operations in document["paths"].items():
            for operation in operations.values():
                _complete(path, operation)
        app.openapi_schema = document
    return app.openapi_schema


def _complete(path: str, operation: dict[str, Any]) -> None:
    """Add who may call it, and the problems it can answer with."""
    roles = ACCESS[operation["operationId"]]
    problems = dict(_ALL)
    if roles is not PUBLIC:
        problems |= _GUARDED
        operation["security"] = [{scheme: []} for scheme in _SCHEMES]
        operation["x-roles"] = sorted(roles)
    if "requestBody" in operation:
        problems |= _WITH_BODY
    if "{" in path or path.endswith(("/merges", "/unlinks", "/assertions", "/crosswalk", "/why", "/compare")):
        problems |= _NAMED
    if path.endswith(("/records", "/records/{source}/{local_id}")):
        problems["409"] = "The idempotency key is being processed: ask again (Retry-After)"
    operation["responses"].pop("422", None)
    for status in sorted(problems):
        operation["responses"].setdefault(status, {"description": problems[status], "content": _PROBLEM})


def _shown(path: str, method: str, operation: dict[str, Any]) -> str:
    title = escape(f"{method.upper()} {path}")
    told = escape(operation.get("description", ""))
    roles = ", ".join(operation.get("x-roles", ["anyone"]))
    examples = [
        content["example"]
        for part in (operation.get("requestBody", {}), *operation["responses"].values())
        for kind, content in part.get("content", {}).items()
        if "example" in content and "problem" not in kind
    ]
    shown = "".join(
        f"<pre>{escape(orjson.dumps(e, option=orjson.OPT_INDENT_2).decode())}</pre>" for e in examples[:2]
    )
    return f"<h2>{title}</h2><p>{told}</p><p>Roles: {escape(roles)}</p>{shown}"
