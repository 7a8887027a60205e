"""Identifier domains: who issues identifiers, under any of the names that the dialects have for them.

A FHIR ``system`` is a URI, an HL7 v2 assigning authority (CX.4) a namespace, an OID or both, and a flat
record names an authority. All of them mean one ``Domain``, and ``Domain.name`` is what
``Identifier.authority`` holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, unquote

from mpi.matching.comparison.features import LOCAL_TYPES
from mpi.matching.record import Identifier

#: A domain that has only a name is written to FHIR under this prefix, and read back from it.
NAME_PREFIX = "urn:mpi:authority:"
_OID_PREFIX = "urn:oid:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """One assigning authority (PIX: patient identifier domain)."""

    #: What ``Identifier.authority`` holds: the declared name, else the OID, else the URI.
    name: str
    #: The HL7 v2 namespace (CX.4.1), when it has one.
    namespace: str | None = None
    oid: str | None = None
    uri: str | None = None
    #: HL7 table 0203: MR, SS, DL, …
    type: str | None = None
    #: The only source that may assign in it; None: nobody in particular.
    owner: str | None = None
    #: One person has one identifier of it: a national identifier.
    person_unique: bool = False
    #: Nobody declared it: the local IDs of a source that owns no domain.
    implied: bool = False

    @property
    def system(self) -> str:
        """The FHIR ``Identifier.system``: its URI, its OID as one, or a URN of its name."""
        if self.uri:
            return self.uri
        if self.oid:
            return _OID_PREFIX + self.oid
        return self.name if ":" in self.name else NAME_PREFIX + quote(self.name, safe="")

    def type_of(self, sent: str | None) -> str | None:
        """What identifiers of this domain are (table 0203), whatever one sender calls them: the same number
        said as PI here and as NI there is one identifier.
        """
        if self.person_unique and self.owner is None and (self.type or "") in LOCAL_TYPES:
            # The number of a registry, whatever its declared type (PI, say) lets a person have several of.
            return "NI"
        return self.type if self.type and sent != "SSN4" else sent or self.type

    @property
    def aliases(self) -> tuple[str, ...]:
        """Every spelling under which a stored identifier may name it, ``name`` first."""
        oid_uri = _OID_PREFIX + self.oid if self.oid else None
        spellings = (self.name, self.namespace, self.oid, oid_uri, self.uri)
        return tuple(dict.fromkeys(spelling for spelling in spellings if spelling))


class AssigningAuthority(NamedTuple):
    """CX.4 of HL7 v2: namespace, universal ID and its type (``ISO`` for OIDs)."""

    namespace: str | None
    universal_id: str | None
    universal_id_type: str | None


SSN = Domain(
    name="SSN",
    namespace="SSN",
    oid="2.16.840.1.113883.4.1",
    uri="http://hl7.org/fhir/sid/us-ssn",
    type="SS",
    person_unique=True,
)
MBI = Domain(
    name="MBI",
    namespace="MBI",
    oid="2.16.840.1.113883.4.927",
    uri="http://hl7.org/fhir/sid/us-mbi",
    type="MC",
    person_unique=True,
)
ENTERPRISE = Domain(name="MPI", namespace="MPI", type="PI")


@dataclass(frozen=True, slots=True, kw_only=True)
class Domains:
    """The known domains, found by any name they have."""

    declared: tuple[Domain, ...] = ()
    #: The domain of the enterprise IDs themselves (``[index] authority``).
    enterprise: Domain = ENTERPRISE
    #: Whether a domain that nobody declared is taken as it is (``auto_declare``).
    declares_on_sight: bool = False
    #: ``expose_subsumed_ids``: an identifier that was replaced is answered beside its survivor's.
    expose_subsumed_ids: bool = False
    _by_name: dict[str, Domain] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # What is declared comes last, so that it wins over what is built in; only an SSN is always an SSN,
        # because it has a place of its own in a record.
        found = {
            _folded(alias): SSN if domain.oid == SSN.oid or domain.uri == SSN.uri else domain
            for domain in (SSN, MBI, self.enterprise, *self.declared)
            for alias in domain.aliases
        }
        object.__setattr__(self, "_by_name", found)

    def named(self, name: str) -> Domain | None:
        """The domain that is called this, in whatever dialect; None when nobody declared it."""
        found = self._by_name.get(_folded(name))
        if found is not None:
            return found
        text = name.strip()
        return self._by_name.get(_folded(plain_name(text))) if text else None

    def taken(self, name: str) -> Domain | None:
        """The same; where domains are declared on sight an unknown one as it would be declared."""
        return self.named(name) or (on_sight(name) if self.declares_on_sight and name.strip() else None)

    def of_authority(self, namespace: str | None, universal_id: str | None = None) -> Domain | None:
        """The domain of a CX.4, by its universal ID, else by its namespace; None when neither is known."""
        for name in (universal_id, namespace):
            if name and (found := self.named(name)) is not None:
                return found
        return None

    def authority(self, name: str) -> AssigningAuthority:
        """CX.4 for a domain, filled in as far as it is known."""
        domain = self.named(name) or on_sight(name)
        universal, kind = (domain.oid, "ISO") if domain.oid else (domain.uri, "URI" if domain.uri else None)
        return AssigningAuthority(domain.namespace, universal, kind)

    def owned_by(self, source: str) -> tuple[Domain, ...]:
        """The domains only this source may assign in, as declared; its medical record numbers first."""
        own = [domain for domain in self.declared if domain.owner == source and not domain.implied]
        return tuple(sorted(own, key=lambda domain: domain.type not in (None, "MR")))

    def primary(self, source: str) -> Domain | None:
        """The domain whose identifiers are this source's local IDs; None for a source nobody knows."""
        implied = (domain for domain in self.declared if domain.owner == source and domain.implied)
        return next(iter(self.owned_by(source)), None) or next(implied, None)

    def is_enterprise(self, domain: Domain) -> bool:
        """Whether the identifiers of a domain are enterprise IDs."""
        return domain.name == self.enterprise.name

    def canonical(self, identifier: Identifier) -> Identifier:
        """The identifier with its authority called as we call it, and typed as the authority is if it has no
        type.
        """
        domain = self.taken(identifier.authority)
        if domain is None:
            return identifier
        return Identifier(domain.name, domain.type_of(identifier.type), identifier.value)


def domains_of(
    rows: Iterable[tuple[str | None, str | None, str | None, str | None, str | None, bool]],
    *,
    sources: Iterable[str] = (),
    enterprise: tuple[str | None, str | None, str | None] = (None, None, None),
    declares_on_sight: bool = False,
    expose_subsumed_ids: bool = False,
) -> Domains:
    """Domains of rows (name, oid, uri, type, owner, person_unique), and the enterprise IDs' (name, oid, uri).

    A source that owns none has an implied domain, called as the source is, for its local IDs.
    """
    declared = tuple(
        Domain(
            name=name or oid or uri or "",
            namespace=None if name is None or ":" in name else name,
            oid=oid or _oid_of(uri),
            uri=uri,
            type=kind,
            owner=owner,
            person_unique=unique,
        )
        for name, oid, uri, kind, owner, unique in rows
    )
    owners = {domain.owner for domain in declared}
    taken = {alias.casefold() for domain in declared for alias in domain.aliases}
    declared += tuple(
        Domain(name=source, namespace=source, type="PI", owner=source, implied=True)
        for source in sources
        if source not in owners and source.casefold() not in taken
    )
    name, oid, uri = enterprise
    own = name or oid or uri
    return Domains(
        declared=declared,
        enterprise=Domain(name=own, namespace=name, oid=oid or _oid_of(uri), uri=uri, type="PI")
        if own
        else ENTERPRISE,
        declares_on_sight=declares_on_sight,
        expose_subsumed_ids=expose_subsumed_ids,
    )


def on_sight(name: str) -> Domain:
    """A domain nobody declared, from the one name it was seen under."""
    plain = plain_name(name.strip())
    if (oid := _oid_of(plain)) is not None or _is_oid(plain):
        return Domain(name=oid or plain, oid=oid or plain)
    if ":" in plain:
        return Domain(name=plain, uri=plain)
    return Domain(name=plain, namespace=plain)


def plain_name(text: str) -> str:
    """A name out of the URN that we write for it, and an OID out of its URN; anything else as it is.

    >>> plain_name("urn:mpi:authority:NORTH%20EHR"), plain_name("urn:oid:1.2.3"), plain_name("http://a/b")
    ('NORTH EHR', '1.2.3', 'http://a/b')
    """
    if text.lower().startswith(NAME_PREFIX):
        return unquote(text[len(NAME_PREFIX) :])
    return _oid_of(text) or text


def _oid_of(uri: str | None) -> str | None:
    return uri[len(_OID_PREFIX) :] if uri and uri.lower().startswith(_OID_PREFIX) else None


def _is_oid(text: str) -> bool:
    parts = text.split(".")
    return len(parts) > 2 and all(part.isascii() and part.isdigit() for part in parts)


def _folded(name: str) -> str:
    return name.strip().casefold()
