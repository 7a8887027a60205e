"""Source systems and assigning authorities:

declared data, applied from a TOML file that adds or changes, never deletes.
"""

from __future__ import annotations

import tomllib
from ipaddress import ip_network
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from mpi.errors import BadInput
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.storage.queries import query


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SourceDeclaration(_Declared):
    """One ``[[source]]``: ``trust`` ranks it for survivorship, higher first."""

    name: str = Field(min_length=1, max_length=100)
    trust: int = Field(50, ge=0, le=100)
    msh: list[str] = []
    mode: str = Field("snapshot", pattern="^(snapshot|delta)$")
    ack: str = Field("always-one", pattern="^(always-one|original|enhanced)$")
    charset: str = "utf-8"
    #: Any name of the domain of identifiers that come without an assigning authority (CX.4).
    default_authority: str | None = None
    #: Where its MLLP messages come from: names in clients' certificates, networks, our ports; none: anywhere.
    certificates: list[str] = []
    addresses: list[str] = []
    ports: list[int] = []
    one_record_per_person: bool = False

    @field_validator("addresses")
    @classmethod
    def _are_networks(cls, addresses: list[str]) -> list[str]:
        for address in addresses:
            ip_network(address, strict=False)
        return addresses


class AuthorityDeclaration(_Declared):
    """One ``[[authority]]``: at least one of name, oid and uri."""

    name: str | None = None
    oid: str | None = None
    uri: str | None = None
    type: str | None = None
    owner: str | None = None
    person_unique: bool = False

    @model_validator(mode="after")
    def _called_something(self) -> AuthorityDeclaration:
        if not (self.name or self.oid or self.uri):
            raise ValueError("an authority needs a name, an oid or a uri")
        return self


class SubscriberDeclaration(_Declared):
    """One ``[[subscriber]]``: a system that is told over MLLP when identifiers change."""

    name: str = Field(min_length=1, max_length=100)
    host: str = Field(min_length=1, max_length=255)
    port: int = Field(ge=1, le=65_535)
    #: Receiving application|facility: MSH-5 and MSH-6 of what it is sent.
    msh: str = Field("", pattern=r"^[^|]*(\|[^|]*)?$")
    #: Domains it is told identifiers of, under any of their names; empty: all.
    domains: list[str] = []
    #: ``identifiers``: ADT^A31 with what a person is called (ITI-10). ``merges``: ADT^A40 of enterprise IDs.
    kinds: list[Literal["identifiers", "merges"]] = ["identifiers", "merges"]
    tls: bool = False
    #: Files (PEM) on the machines that serve: who vouches for it, and our own certificate and key.
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    timeout_seconds: float = Field(30.0, gt=0, le=300)
    #: How often a message that it refuses is sent before it is a dead letter.
    attempts: int = Field(5, ge=1, le=100)
    enabled: bool = True


class IndexDeclaration(_Declared):
    """``[index]``: the enterprise ID's own domain, and what faces may do."""

    authority: dict[str, str] = {}
    expose_subsumed_ids: bool = False
    idi_weights: str = Field("stu2", pattern="^stu[12]$")
    #: What ``$idi-match`` answers with: the Bundle itself, or Parameters around it.
    idi_output: str = Field("bundle", pattern="^(bundle|parameters)$")
    #: Who answers, as ``$idi-match`` names it: name, phone, email, url, npi.
    organization: dict[str, str] = {}
    auto_declare: bool = False


class Declarations(_Declared):
    index: IndexDeclaration | None = None
    source: list[SourceDeclaration] = []
    authority: list[AuthorityDeclaration] = []
    subscriber: list[SubscriberDeclaration] = []


def apply_sources(context: Context, toml_text: str, *, actor: Actor) -> dict[str, int]:
    """Add or change what the file lists; returns how many of each.

    Raises BadInput naming the key at fault.
    """
    declared = _parsed(toml_text)
    known = {source.name for source in declared.source} | {source.name for source in context.sources.read()}
    for authority in declared.authority:
        if authority.owner is not None and authority.owner not in known:
            raise BadInput(
                f"authority owner {authority.owner!r} is not a declared source", field="authority.owner"
            )
    with context.transaction() as conn:
        for source in declared.source:
            settings = source.model_dump(exclude={"name", "trust"})
            values = {"name": source.name, "trust": source.trust, "settings": orjson.dumps(settings).decode()}
            conn.execute(query("declare_source"), values)
        for authority in declared.authority:
            conn.execute(query("remove_authority"), authority.model_dump(include={"name", "oid", "uri"}))
            conn.execute(query("add_authority"), authority.model_dump())
        for subscriber in declared.subscriber:
            settings = subscriber.model_dump(exclude={"name"})
            values = {"name": subscriber.name, "settings": orjson.dumps(settings).decode()}
            conn.execute(query("declare_subscriber"), values)
        if declared.index is not None:
            value = orjson.dumps(declared.index.model_dump()).decode()
            conn.execute(query("put_setting"), {"key": "index", "value": value})
        context.audit_read(conn, actor, "declare sources", [])
    context.sources.read()
    context.authorities.read()
    return {"sources": len(declared.source), "authorities": len(declared.authority)}


def _parsed(toml_text: str) -> Declarations:
    try:
        return Declarations.model_validate(tomllib.loads(toml_text))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{key}: {first['msg']}", field=key) from error


def sources(context: Context, *, actor: Actor) -> list[dict[str, Any]]:
    """Every declared source, by name."""
    return [{"name": s.name, "trust": s.trust, **s.settings} for s in context.sources.read()]


def authorities(context: Context, *, actor: Actor) -> list[dict[str, Any]]:
    """Every declared assigning authority, by name."""
    with context.transaction() as conn:
        rows = conn.execute(query("authorities")).fetchall()
    names = ("name", "oid", "uri", "type", "owner", "person_unique")
    return [dict(zip(names, row, strict=True)) for row in rows]
