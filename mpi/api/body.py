"""Reads what a client sends: bounded in size and depth, UTF-8, without what PostgreSQL cannot store."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson
from starlette.requests import Request

from mpi.api.problems import Refusal, shortened
from mpi.errors import BadInput

#: One MiB for the longest value a client may try, and room for the rest of the document.
BODY_BYTES_MAX = (1 << 20) + (1 << 16)
#: A body that takes longer to arrive holds its place for nothing.
BODY_SECONDS_MAX = 30.0
#: Ours is 4 at most; what nests deeper is refused before anything else looks at it.
DEPTH_MAX = 32

JSON_TYPES = ("application/json", "+json")
NDJSON_TYPES = (*JSON_TYPES, "application/x-ndjson", "application/ndjson", "application/jsonl")

#: Strings and brackets. Possessive, and content with an unclosed string at its end: linear on any input.
_STRUCTURE = re.compile(rb'"((?:[^"\\]|\\.?)*+)(?:"|\Z)|[\[\]{}]', re.DOTALL)
#: What makes it worth looking at every value: an escaped NUL, or a number that may need more than 64 bits.
_SUSPECT = re.compile(rb"\\u0000|[0-9]{19}")


async def read_body(request: Request, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """The whole body.

    Raises Refusal 413 beyond ``bytes_max``, without having read the rest, and 408 when it takes too long.
    """
    refuse_length(request, bytes_max)
    chunks, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for chunk in request.stream():
                size += len(chunk)
                if size > bytes_max:
                    raise too_large(bytes_max)
                chunks.append(chunk)
    except TimeoutError:
        raise too_slow() from None
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def refuse_length(request: Request, bytes_max: int) -> None:
    """Refuse a body that announces itself as too large. Raises Refusal 413."""
    announced = request.headers.get("content-length")
    if announced is not None and announced.isdecimal() and int(announced[:12]) > bytes_max:
        raise too_large(bytes_max)


def too_large(bytes_max: int) -> Refusal:
    """The refusal of a body beyond ``bytes_max``."""
    return Refusal(413, "too-large", f"the body is larger than {bytes_max} bytes", field="body")


def too_slow() -> Refusal:
    """The refusal of a body that does not come to its end."""
    return Refusal(408, "request-timeout", "the body did not arrive in time", field="body")


def refuse_type(request: Request, types: tuple[str, ...] = JSON_TYPES) -> None:
    """Refuse a body that says it is something else; without a type it is read as JSON. Raises Refusal 415."""
    sent = request.headers.get("content-type")
    if sent and not sent.partition(";")[0].strip().lower().endswith(types):
        wanted = types[2] if types is NDJSON_TYPES else types[0]
        raise Refusal(415, "unsupported-media-type", f"send Content-Type: {wanted}", field="Content-Type")


def parse(raw: bytes) -> Any:
    """A JSON document as Python values.

    Raises Refusal 400 for what is not JSON or nests too deep, BadInput for values that cannot be stored;
    both name the field where it can be told.
    """
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _unreadable(raw, error) from None
    if raw.count(b"[") + raw.count(b"{") > DEPTH_MAX:
        _refuse_depth(document)
    if _SUSPECT.search(raw):
        _refuse_values(document)
    return document


def parse_object(raw: bytes) -> dict[str, Any]:
    """A JSON object. Raises as ``parse``, and BadInput for any other JSON value."""
    document = parse(raw)
    if not isinstance(document, dict):
        raise BadInput("the body must be a JSON object", field="body")
    return document


def refuse_url_text(request: Request) -> None:
    """Refuse a path or query that is not UTF-8 or holds NUL, naming the parameter. Raises BadInput."""
    raw = request.scope.get("raw_path") or b""
    query = request.scope["query_string"]
    if b"%" not in raw and b"%" not in query:
        return
    parameters = [*request.path_params.items(), *request.query_params.multi_items()]
    named = next((name for name, text in parameters if isinstance(text, str) and _suspect(text)), "path")
    for part in (raw, query):
        try:
            text = unquote_to_bytes(part).decode("utf-8")
        except UnicodeDecodeError:
            raise BadInput(f"{named}: not UTF-8", field=named) from None
        if "\0" in text:
            raise BadInput(f"{named}: holds a NUL character", field=named)


def _suspect(text: str) -> bool:
    return "\0" in text or "�" in text


def _refuse_depth(document: Any) -> None:
    keyed = isinstance(document, dict)
    for key, value in document.items() if keyed else [("body", document)]:
        level = [value]
        for _ in range(DEPTH_MAX - keyed):
            level = [inner for outer in level for inner in _inner(outer) if isinstance(inner, dict | list)]
            if not level:
                break
        else:
            raise _too_deep(key)


def _inner(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_deep(key: str) -> Refusal:
    return Refusal(400, "too-deep", f"nested deeper than {DEPTH_MAX}", field=key)


def _deep_key(raw: bytes) -> str:
    """The key of the outermost object under which a document that nobody can parse nests too deep."""
    depth, key = 0, "body"
    for token in _STRUCTURE.finditer(raw):
        match token[0][:1]:
            case b"[" | b"{":
                depth += 1
            case b"]" | b"}":
                depth -= 1
            case _:
                key = token[1].decode("utf-8", "replace") if depth == 1 else key
        if depth > DEPTH_MAX:
            break
    return key


def _unreadable(raw: bytes, error: orjson.JSONDecodeError) -> Exception:
    """Why it is not JSON, told without repeating any of it."""
    if error.msg.startswith("depth limit"):
        return _too_deep(_deep_key(raw))
    try:
        _refuse_values(json.loads(raw, parse_int=float))
    except BadInput as found:
        return found
    except (ValueError, RecursionError):
        pass
    return Refusal(
        400, "malformed-json", f"not JSON: line {error.lineno}, column {error.colno}", field="body"
    )


def _refuse_values(document: Any) -> None:
    for place, value in _leaves(document):
        if isinstance(value, str):
            if "\0" in value:
                raise BadInput(f"{place}: holds a NUL character", field=place)
            if any("\ud800" <= c <= "\udfff" for c in value):
                raise BadInput(f"{place}: holds half a surrogate pair", field=place)
        elif isinstance(value, int | float) and not abs(value) < 2**63:
            raise BadInput(f"{place}: needs more than 64 bits", field=place)


def _leaves(document: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every key and value with the dotted name of where it stands; the nesting is bounded by then."""
    if isinstance(document, dict):
        for key, value in document.items():
            inner = f"{place}.{shortened(key)}" if place else shortened(key)
            yield inner, key
            yield from _leaves(value, inner)
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from _leaves(value, f"{place}[{number}]")
    else:
        yield place or "body", document
