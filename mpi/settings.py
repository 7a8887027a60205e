"""Settings of an installation: read once from the environment, checked, and handed down from there."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mpi.errors import BadInput
from mpi.identity.change import TaskKind


class Settings(BaseSettings):
    """Every setting has the environment variable ``MPI_`` and its name, except ``DATABASE_URL``.

    An empty variable counts as unset. Secrets do not show in ``repr`` or in error messages.
    """

    model_config = SettingsConfigDict(
        env_prefix="MPI_",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
        validate_by_name=True,
    )

    database_url: str | None = Field(
        default=None,
        repr=False,
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        description="PostgreSQL server to use (postgresql://…); unset, mpi runs an embedded one of its own",
    )
    home: Path = Field(
        default=Path("~/.local/share/mpi"),
        description="directory of the embedded database, one for all processes that name it",
    )
    auth: Literal["on", "off"] = Field(
        default="on",
        description="off: no credentials asked, honoured on loopback only; anything else needs them",
    )
    rules: str = Field(
        default="default",
        description="rule set that matching goes by: a name in matching_rules/ or the path of a TOML file",
    )
    survivorship: Path | None = Field(
        default=None,
        description="TOML file that says which of several values a best record shows; unset: "
        "matching_rules/survivorship.toml",
    )
    sources: Path | None = Field(
        default=None,
        description="TOML file that declares source systems and authorities, applied at start",
    )
    auto_declare: bool | None = Field(
        default=None,
        description="declare unknown sources and authorities on first sight; unset: only where auth is off",
    )
    pg_bin: Path | None = Field(
        default=None,
        description="directory that holds postgres and initdb, for the embedded database; unset: a wheel's, "
        "else the system's",
    )
    pg_shared_buffers: str = Field(
        default="256MB",
        pattern=r"^[1-9][0-9]*(kB|MB|GB)$",
        description="memory the embedded database keeps pages in",
    )
    pool_size: int = Field(
        default=8, ge=1, le=200, description="connections to the database that a process holds at most"
    )
    pool_timeout_seconds: float = Field(
        default=3.0,
        gt=0,
        le=300,
        description="how long a request waits for a connection before it answers 503",
    )
    statement_timeout_seconds: float = Field(
        default=10.0, ge=0, le=3600, description="how long one online statement may run; 0: without limit"
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[A-Za-z0-9.:\[\]_-]+(/[A-Za-z0-9._~/-]*)?$",
        description="where clients reach this server, without a path of its own (https://mpi.example.org): "
        "what FHIR's absolute URLs begin with; unset: as each request named it",
    )
    mllp: str | None = Field(
        default=None,
        pattern=r"^\S+:[0-9]{1,5}(\s*,\s*\S+:[0-9]{1,5})*$",
        description="HOST:PORT to take HL7 v2 messages on (MLLP), several with commas; unset: none",
    )
    mllp_tls_cert: Path | None = Field(
        default=None, description="certificate chain (PEM) of the MLLP listener; unset: no TLS"
    )
    mllp_tls_key: Path | None = Field(
        default=None, description="its private key (PEM); unset: in the same file"
    )
    mllp_client_ca: Path | None = Field(
        default=None, description="authority (PEM) whose certificates MLLP clients must show; needs TLS"
    )
    mllp_allow: str | None = Field(
        default=None,
        description="addresses or networks, with commas, that may connect to the MLLP listener; unset: any",
    )
    mllp_idle_seconds: float = Field(
        default=3600.0, ge=0, description="how long an MLLP connection may be silent; 0: for ever"
    )
    mllp_message_seconds: float = Field(
        default=30.0, gt=0, le=3600, description="how long one message may take to arrive"
    )
    message_days: int = Field(
        default=90, ge=0, description="how long HL7 v2 messages are kept with their outcome; 0: for ever"
    )
    approval_harm: int | None = Field(
        default=None,
        ge=0,
        le=100,
        description="expected harm (0-100) from which on a merge waits for a second person; unset: none does",
    )
    second_reading_share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="share of answered questions that somebody else reads again without seeing the answer",
    )
    review_sla_hours: dict[str, int] = Field(
        default={},
        description="JSON object: within how many hours a question of a kind should be answered; what it "
        "does not name keeps its default",
    )
    notify_hosts: str | None = Field(
        default=None,
        description="hosts (name or name:port, by comma) that subscribers may be told at although their "
        "addresses are not public; unset: none, and this machine itself where auth is off",
    )
    notify_retry_seconds: float = Field(
        default=5.0,
        gt=0,
        le=3600,
        description="pause after the first failure to tell a subscriber; it doubles with each further one",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is logged"
    )

    @field_validator(
        "home",
        "survivorship",
        "sources",
        "pg_bin",
        "mllp_tls_cert",
        "mllp_tls_key",
        "mllp_client_ca",
        mode="after",
    )
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else None

    @field_validator("auth", "log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("public_url", mode="after")
    @classmethod
    def _bare(cls, url: str | None) -> str | None:
        return url.rstrip("/") if url else None

    @field_validator("database_url", mode="after")
    @classmethod
    def _names_postgresql(cls, url: str | None) -> str | None:
        if url is None or url.startswith(("postgresql://", "postgres://")) or "=" in url:
            return url
        raise ValueError("is neither a postgresql:// URL nor a list of name=value pairs")

    @field_validator("mllp_allow", mode="after")
    @classmethod
    def _names_networks(cls, allow: str | None) -> str | None:
        for part in networks_in(allow or ""):
            ip_network(part, strict=False)
        return allow

    @field_validator("review_sla_hours", mode="after")
    @classmethod
    def _names_kinds(cls, hours: dict[str, int]) -> dict[str, int]:
        known = set(TaskKind)
        if not set(hours) <= known or any(not 1 <= value <= 24 * 366 for value in hours.values()):
            raise ValueError(f"wants hours (1 to 8784) for some of {', '.join(sorted(known))}")
        return hours

    @property
    def is_embedded(self) -> bool:
        """Whether mpi runs a PostgreSQL of its own."""
        return self.database_url is None

    @property
    def declares_on_sight(self) -> bool:
        """Whether unknown sources and authorities are declared when they first appear."""
        return self.auth == "off" if self.auto_declare is None else self.auto_declare

    @classmethod
    def read(cls, **said: Any) -> Self:
        """The settings of the environment, unless ``said`` by the caller; raises ``BadInput`` that names the
        variable, never its value.
        """
        try:
            return cls(**said)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            variable = environment_variable(str(first["loc"][0]))
            message = str(first["msg"]).removeprefix("Value error, ")
            raise BadInput(f"{variable}: {message}", field=variable) from None


def networks_in(allow: str) -> list[str]:
    """The addresses and networks of a setting.

    >>> networks_in("10.1.0.0/16, 10.2.3.4")
    ['10.1.0.0/16', '10.2.3.4']
    """
    return [part.strip() for part in allow.split(",") if part.strip()]


def environment_variable(name: str) -> str:
    """The environment variable of a setting.

    >>> environment_variable("pg_bin"), environment_variable("database_url")
    ('MPI_PG_BIN', 'DATABASE_URL')
    """
    bare = name.upper().removeprefix("MPI_")
    return bare if bare == "DATABASE_URL" else f"MPI_{bare}"
