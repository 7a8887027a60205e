"""What a FHIR interaction is asked and what it answers; HTTP, credentials and roles are the API's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson

from mpi.fhir.outcome import Resource, refused
from mpi.index import Actor, Index

PREFIX: Final = "/fhir"
MEDIA_TYPE: Final = "application/fhir+json; charset=utf-8"

Returning = Literal["minimal", "representation", "OperationOutcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One admitted request, its body read within its limits and not yet parsed."""

    index: Index
    actor: Actor
    #: Absolute and without a slash at its end: what ``fullUrl`` and ``Location`` begin with.
    base: str
    method: str = "GET"
    path: Mapping[str, str] = field(default_factory=dict)
    #: Decoded, in the order in which they were sent; a form's fields follow the URL's.
    query: tuple[tuple[str, str], ...] = ()
    #: Names in lower case.
    headers: Mapping[str, str] = field(default_factory=dict)
    #: The parsed JSON body; None where there is none.
    body: Any = None
    #: NDJSON and whatever else is not JSON.
    raw: bytes = b""

    def values(self, name: str) -> list[str]:
        """Every value of a query parameter."""
        return [value for key, value in self.query if key == name]

    def prefers(self, preference: str) -> str | None:
        """The value of a ``Prefer`` preference; "" for one without a value, None when it was not sent."""
        for part in self.headers.get("prefer", "").replace(";", ",").split(","):
            name, _, value = part.partition("=")
            if name.strip().lower() == preference:
                return value.strip().strip('"')
        return None

    @property
    def is_strict(self) -> bool:
        """Whether unknown parameters and bad parts are to be refused instead of passed over."""
        return self.prefers("handling") == "strict"

    @property
    def returning(self) -> Returning:
        """What a write is to be answered with."""
        match self.prefers("return"):
            case "minimal":
                return "minimal"
            case "OperationOutcome":
                return "OperationOutcome"
            case _:
                return "representation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A resource, or nothing, with its status and headers."""

    resource: Resource | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    #: What is sent instead of a resource, with its own Content-Type.
    raw: bytes | None = None

    def content(self, *, pretty: bool = False) -> bytes:
        """The body as it is sent."""
        if self.raw is not None:
            return self.raw
        if self.resource is None:
            return b""
        return orjson.dumps(self.resource, option=orjson.OPT_INDENT_2 if pretty else None)


#: One interaction: everything it needs is in what it was asked. Raises Refused and the errors of the index.
Interaction = Callable[[Asked], Answer]


def resource_of(asked: Asked, *kinds: str) -> Resource:
    """The body as a resource of one of ``kinds``. Raises Refused 400 naming what is wrong."""
    body = asked.body
    if body is None:
        raise refused(400, "required", f"send a {' or '.join(kinds)} as JSON")
    if not isinstance(body, dict):
        raise refused(400, "structure", "the body must be a JSON object: a FHIR resource")
    kind = body.get("resourceType")
    if kind not in kinds:
        told = f"resourceType must be {' or '.join(kinds)}"
        raise refused(400, "structure" if kind is None else "invalid", told, expression="resourceType")
    return body


def reference_id(reference: object, kind: str, base: str) -> str | None:
    """The id of a literal reference to a resource of ours; None for anything else.

    >>> reference_id("Patient/7K3M/_history/2", "Patient", "http://h/fhir")
    '7K3M'
    >>> reference_id("http://h/fhir/Patient/a", "Patient", "http://h/fhir")
    'a'
    >>> reference_id("http://elsewhere/Patient/a", "Patient", "http://h/fhir") is None
    True
    """
    if isinstance(reference, dict):
        reference = reference.get("reference")
    if not isinstance(reference, str):
        return None
    parts = reference.removeprefix(base).strip("/").split("/")
    if len(parts) >= 2 and parts[0] == kind and (len(parts) == 2 or parts[2] == "_history"):
        return parts[1] or None
    return None
