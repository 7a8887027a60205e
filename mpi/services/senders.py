"""Who sends HL7 v2 messages: a source system by the application and facility that a message names, with its
profile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from mpi.patient import Domains
from mpi.services.answers import Actor
from mpi.services.context import Context, Source
from mpi.services.declaring import SourceDeclaration
from mpi.storage.database import connection
from mpi.storage.queries import query

#: How long a process goes by the profiles that it read: another one may have changed them.
PROFILES_AGE_SECONDS = 5.0
#: What a sender is called that names neither application nor facility, where sources are declared on sight.
NAMELESS = "hl7v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How the messages of a source are read and answered (``[[source]]``)."""

    source: str
    #: What a snapshot does not say is gone; what a delta does not say stays.
    mode: Literal["snapshot", "delta"]
    ack: Literal["always-one", "original", "enhanced"]
    #: Of messages whose MSH-18 is empty.
    charset: str
    #: The domain of identifiers without an assigning authority; None: they are refused.
    default_authority: str | None
    #: Declared just now, on first sight.
    on_sight: bool = False

    @property
    def actor(self) -> Actor:
        """Who acts where the transport knows nobody: the source itself."""
        return Actor(name=self.source, role="registrar", source=self.source)


class Senders:
    """``index.registry.senders``."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def profile(self, application: tuple[str, ...], facility: tuple[str, ...]) -> Profile | None:
        """The profile of the source that a message is from; None for a sender nobody declared.

        ``application`` and ``facility``: MSH-3 and MSH-4 by each name they give, namespace and universal ID.
        The most exact ``msh`` entry wins: ``APP|FACILITY``, then ``APP``, then ``|FACILITY``, then a source
        that is itself called as any of these.
        """
        found = self._context.sources.of_sender(_spellings(application, facility), PROFILES_AGE_SECONDS)
        return None if found is None else _profile(found)

    def named(self, source: str) -> Profile:
        """The profile of a source by its name; declared on first sight where that is allowed.

        Raises UnknownSource.
        """
        found, declared = self._context.sources.named(source)
        return replace(_profile(found), on_sight=declared)

    def declared(self) -> list[dict[str, Any]]:
        """Every source with its settings, as ``Index.sources`` tells them; at most as old as profiles."""
        known = self._context.sources.known(PROFILES_AGE_SECONDS)
        return [{"name": source.name, **source.settings} for source in known]

    def declare(self, application: str, facility: str) -> Profile:
        """A source for a sender seen for the first time, where that is allowed.

        Raises UnknownSource where it is not.
        """
        name = "|".join(part for part in (application, facility) if part) or NAMELESS
        return self.named(name[:100])

    def declare_authority(self, namespace: str, universal_id: str, domains: Domains) -> None:
        """An assigning authority seen for the first time, under all the names it came with; nobody owns it.

        A namespace that means another domain already is left to that.
        """
        name = namespace if namespace and domains.named(namespace) is None else None
        is_oid = all(part.isascii() and part.isdigit() for part in universal_id.split("."))
        oid = universal_id if universal_id and is_oid else None
        uri = universal_id if universal_id and not is_oid and ":" in universal_id else None
        if not (name or oid or uri):
            name = universal_id or namespace
        with connection(self._context.pool) as conn:
            conn.execute(query("declare_authority_on_sight"), {"name": name, "oid": oid, "uri": uri})
        self._context.authorities.read()


def _spellings(application: tuple[str, ...], facility: tuple[str, ...]) -> list[str]:
    """``msh`` entries that would name this sender, the most exact first."""
    both = [f"{a}|{f}" for a in application for f in facility]
    return [*both, *(f"{a}|" for a in application), *application, *(f"|{f}" for f in facility), *facility]


def _profile(source: Source) -> Profile:
    settings = SourceDeclaration(name=source.name[:100], **source.settings)
    return Profile(
        source=source.name,
        mode="delta" if settings.mode == "delta" else "snapshot",
        ack=settings.ack,  # type: ignore[arg-type]
        charset=settings.charset,
        default_authority=settings.default_authority,
    )
