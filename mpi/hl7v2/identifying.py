"""Which identifiers a PID or MRG names, and whether its sender may assign them (IHE ITI-8, OHIE CR-01 to
CR-04).

PID-3 is what a record goes by, so it is read strictly: an authority that is missing, not known or said
wrongly is refused and never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mpi.hl7v2.datatypes.extensions import sent
from mpi.hl7v2.datatypes.identifiers import authority_domain, ssn_domain
from mpi.hl7v2.exchange import Asked
from mpi.hl7v2.faults import REQUIRED, UNKNOWN_KEY, Fault, Refused
from mpi.hl7v2.message import Segment, Value
from mpi.patient import Domain

#: PID fields with identifiers beside PID-3, whose authorities are declared too where that is done on sight.
_OTHER_FIELDS = (2, 4, 18, 19, 21)


class Named(NamedTuple):
    """An identifier of a known domain; ``place`` is its CX as an ERL."""

    domain: Domain
    value: str
    place: str


def identifiers(asked: Asked, segment: Segment, field: int) -> list[Named]:
    """The identifiers of a CX field, of which there is at least one.

    Repeats without an assigning authority are passed over where others have one. Raises Fault (none at all)
    and Refused (none with an authority, or an authority that is not known).
    """
    found: list[Named] = []
    nameless = ""
    for number, value in _values(segment, field):
        place = f"{segment.name}^1^{field}^{number}"
        domain = domain_of(asked, value, f"{place}^4")
        if domain is None:
            nameless = nameless or f"{place}^4"
        else:
            found.append(Named(domain, sent(value.text(1)), place))
    if not found and nameless:
        text = (
            f"{segment.name}-{field}.4: the assigning authority is missing, and {asked.source} has no default"
        )
        raise Refused(UNKNOWN_KEY, text, place=nameless)
    if not found:
        place = f"{segment.name}^1^{field}"
        raise Fault(REQUIRED, f"{segment.name}-{field} holds no identifier", place=place)
    return list({(one.domain.name, one.value): one for one in reversed(found)}.values())[::-1]


def _values(segment: Segment, field: int) -> Iterator[tuple[int, Value]]:
    """The repeats with a value, by their number in the message."""
    for number, raw in enumerate(segment.raw(field).split(segment.delimiters.repeat), start=1):
        value = Value(raw, segment.delimiters)
        if sent(value.text(1)):
            yield number, value


def domain_of(asked: Asked, value: Value, place: str) -> Domain | None:
    """The domain of a CX; the source's default where it is empty, None where it has none.

    Where domains are declared on sight an unknown one is. Raises Fault for a universal ID without its type
    or a type without an ID, Refused for an authority that nobody declared.
    """
    namespace, universal_id, kind = (sent(value.text(4, part)) for part in (1, 2, 3))
    if (ssn := ssn_domain(value, asked.domains)) is not None:
        return ssn
    if not (namespace or universal_id or kind):
        default = asked.profile.default_authority
        return asked.domains.named(default) if default else None
    if bool(universal_id) != bool(kind) and (not namespace or asked.domains.named(namespace) is None):
        raise Fault(
            UNKNOWN_KEY, "the assigning authority's universal ID and its type go together", place=place
        )
    known = authority_domain(namespace, universal_id, asked.domains)
    if known is None and asked.domains.declares_on_sight:
        asked.index.registry.senders.declare_authority(namespace, universal_id, asked.domains)
        known = authority_domain(namespace, universal_id, asked.domains)
    if known is None:
        name = universal_id or namespace
        raise Refused(UNKNOWN_KEY, f"the assigning authority {name!r} is not declared", place=place)
    return known


def own(asked: Asked, named: list[Named]) -> list[Named]:
    """Those that the sender may assign: of its own domains, else of domains that nobody owns.

    Raises Refused where all belong to others.
    """
    mine = [one for one in named if one.domain.owner == asked.source]
    if not mine and not asked.domains.owned_by(asked.source):
        mine = [one for one in named if one.domain.owner is None and not one.domain.person_unique]
    if not mine:
        refuse_foreign(asked, named)
    return mine


def refuse_foreign(asked: Asked, named: list[Named]) -> None:
    """Raise Refused for the first identifier whose domain belongs to another source, or is nobody's to
    use.
    """
    foreign = next((one for one in named if one.domain.owner != asked.source), None)
    if foreign is not None:
        text = f"{asked.source} may not assign identifiers of {foreign.domain.name!r}"
        raise Refused(UNKNOWN_KEY, text, place=foreign.place)


def declare_on_sight(asked: Asked, pid: Segment) -> None:
    """Declare the authorities of the other identifiers of a PID, where unknown ones are declared."""
    if not asked.domains.declares_on_sight:
        return
    for field in _OTHER_FIELDS:
        for _, value in _values(pid, field):
            namespace, universal_id = sent(value.text(4, 1)), sent(value.text(4, 2))
            if not (namespace or universal_id):
                continue
            if authority_domain(namespace, universal_id, asked.domains) is None:
                asked.index.registry.senders.declare_authority(namespace, universal_id, asked.domains)
