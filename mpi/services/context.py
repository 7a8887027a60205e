"""What every use case needs: the pool, the rules, the mint, and the few facts a process keeps at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Any, Final, NamedTuple

from mpi.errors import UnknownAuthority, UnknownSource
from mpi.identity.change import TaskKind
from mpi.identity.survivorship import SurvivorshipRules
from mpi.matching.record import SourceRecord
from mpi.matching.rules import RuleSet
from mpi.patient.domains import Domains, domains_of, on_sight
from mpi.services.answers import Actor
from mpi.storage.changes import Signed, write_audit
from mpi.storage.database import Connection, Pool, connection
from mpi.storage.numbers import Mint
from mpi.storage.queries import query

#: How long a process goes by what it read of domains: another one may have declared more.
DOMAINS_AGE_SECONDS = 5.0
#: Where MPI_REVIEW_SLA_HOURS says nothing: two people in one record first, what is merely apart last.
SLA_HOURS: Final[Mapping[str, int]] = {
    TaskKind.POTENTIAL_OVERLAY: 24,
    TaskKind.LINK_IN_DOUBT: 72,
    TaskKind.POTENTIAL_DUPLICATE: 72,
    TaskKind.POTENTIAL_OVERLAP: 168,
}


class Source(NamedTuple):
    """A source system: ``trust`` ranks it for survivorship, higher first."""

    name: str
    source_id: int
    trust: int
    settings: dict[str, Any]


def undeclared(name: str) -> UnknownSource:
    """The refusal of a source that nobody declared."""
    return UnknownSource(f"source {name!r} has not been declared: `mpi source add {name}`", field="source")


@dataclass(slots=True)
class Sources:
    """The declared source systems, read when first asked for and again when an unknown one turns up."""

    pool: Pool
    auto_declare: bool
    _by_name: dict[str, Source] = field(default_factory=dict)
    _by_id: dict[int, Source] = field(default_factory=dict)
    #: What a sender may be called (``msh``, else the name), in lower case.
    _by_sender: dict[str, Source] = field(default_factory=dict)
    _read_at: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def named(self, name: str) -> tuple[Source, bool]:
        """The source, and whether it was declared just now.

        Raises UnknownSource where that is not allowed.
        """
        known = self._by_name.get(name)
        if known is not None:
            return known, False
        self.read()
        if name in self._by_name:
            return self._by_name[name], False
        if not self.auto_declare:
            raise undeclared(name)
        with connection(self.pool) as conn:
            conn.execute(query("declare_source_on_sight"), {"name": name})
        self.read()
        return self._by_name[name], True

    def with_id(self, source_id: int) -> Source:
        """The source with this number."""
        if source_id not in self._by_id:
            self.read()
        return self._by_id[source_id]

    def of_sender(self, spellings: Iterable[str], age_seconds: float) -> Source | None:
        """The source that an HL7 v2 sender is, by the first spelling that one declares; None for a stranger.

        What was read longer ago than ``age_seconds`` is read anew.
        """
        self.known(age_seconds)
        known = self._by_sender
        return next((known[name] for text in spellings if (name := text.casefold()) in known), None)

    def known(self, age_seconds: float) -> list[Source]:
        """All of them, as read at most ``age_seconds`` ago."""
        fresh = monotonic() - self._read_at <= age_seconds
        return list(self._by_name.values()) if fresh else self.read()

    def read(self) -> list[Source]:
        """Read them anew, in order of name."""
        with connection(self.pool) as conn:
            rows = [Source(*row) for row in conn.execute(query("sources")).fetchall()]
        with self._lock:
            self._read_at = monotonic()
            self._by_sender = {source.name.casefold(): source for source in rows}
            self._by_sender |= {
                entry.removesuffix("*").removeprefix("*").casefold(): source
                for source in rows
                for entry in source.settings.get("msh") or ()
            }
            self._by_name = {source.name: source for source in rows}
            self._by_id = {source.source_id: source for source in rows}
        return rows


@dataclass(slots=True)
class Authorities:
    """The declared assigning authorities, read again when an unknown one turns up, and when they are old."""

    pool: Pool
    auto_declare: bool
    _domains: Domains | None = None
    _setting: dict[str, Any] = field(default_factory=dict)
    _read_at: float = 0.0

    def domains(self) -> Domains:
        """The identifier domains, at most ``DOMAINS_AGE_SECONDS`` old: another process may declare more."""
        if self._domains is None or monotonic() - self._read_at > DOMAINS_AGE_SECONDS:
            return self.read()
        return self._domains

    def setting(self) -> Mapping[str, Any]:
        """What ``[index]`` of the declarations says, as old as the domains."""
        self.domains()
        return self._setting

    def declared_for(self, record: SourceRecord) -> tuple[str, ...]:
        """The authorities of the record's identifiers that were declared just now.

        Raises UnknownAuthority where that is not allowed.
        """
        unknown = _unknown(record, self._domains) if self._domains is not None else ("",)
        if unknown:
            unknown = _unknown(record, self.read())
        if unknown and not self.auto_declare:
            raise UnknownAuthority(
                f"authority {unknown[0]!r} has not been declared: `mpi source apply FILE`",
                field="identifiers",
            )
        if unknown:
            with connection(self.pool) as conn:
                for name in unknown:
                    domain = on_sight(name)
                    named = None if domain.oid or domain.uri else domain.name
                    values = {"name": named, "oid": domain.oid, "uri": domain.uri}
                    conn.execute(query("declare_authority_on_sight"), values)
            self.read()
        return unknown

    def read(self) -> Domains:
        """Read them anew."""
        with connection(self.pool) as conn:
            rows = conn.execute(query("authorities")).fetchall()
            sources = [row[0] for row in conn.execute(query("sources")).fetchall()]
            found = conn.execute(query("index_setting"), {"key": "index"}).fetchone()
        setting: dict[str, Any] = found[0] if found else {}
        self._setting = setting
        own = setting.get("authority") or {}
        self._read_at = monotonic()
        self._domains = domains_of(
            rows,
            sources=sources,
            enterprise=(own.get("name"), own.get("oid"), own.get("uri")),
            declares_on_sight=self.auto_declare or bool(setting.get("auto_declare")),
            expose_subsumed_ids=bool(setting.get("expose_subsumed_ids")),
        )
        return self._domains


def _unknown(record: SourceRecord, domains: Domains) -> tuple[str, ...]:
    names = dict.fromkeys(identifier.authority for identifier in record.identifiers)
    return tuple(name for name in names if domains.named(name) is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Handed to every use case; holds no state of its own beyond caches."""

    pool: Pool
    rules: RuleSet
    survivorship: SurvivorshipRules
    mint: Mint
    sources: Sources
    authorities: Authorities
    #: From this expected harm on a merge needs a second person; None: none does.
    approval_harm: int | None = None
    #: The share of answers that is read a second time, 0–1.
    second_reading_share: float = 0.0
    #: Within how many hours a question should be answered, by kind of task.
    sla_hours: Mapping[str, int] = field(default_factory=lambda: SLA_HOURS)

    def signed(self, actor: Actor, action: str, **rest: Any) -> Signed:
        """The signature under a change or an audit row."""
        return Signed(
            actor=actor.name,
            role=actor.role,
            action=action,
            request_id=actor.request_id,
            rule_hash=self.rules.hash,
            **rest,
        )

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One use case's transaction."""
        with connection(self.pool) as conn, conn.transaction():
            yield conn

    def audit_read(
        self,
        conn: Connection,
        actor: Actor,
        action: str,
        enterprise_ids: Iterable[str],
        *,
        query_fields: Iterable[str] = (),
        outcome: str = "ok",
    ) -> None:
        """Write down whose records were shown to whom, in the transaction of the read."""
        shown = list(dict.fromkeys(enterprise_ids))
        signed = self.signed(actor, action, outcome=outcome)
        write_audit(
            conn, signed, enterprise_ids=shown, query_fields=list(query_fields), result_count=len(shown)
        )
