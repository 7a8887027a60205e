"""QBP^Q23: what a patient is called elsewhere (IHE ITI-9)."""

from __future__ import annotations

from mpi.hl7v2.datatypes.extensions import sent
from mpi.hl7v2.datatypes.identifiers import authority_domain
from mpi.hl7v2.exchange import Asked, Done
from mpi.hl7v2.faults import REQUIRED, UNKNOWN_KEY, Fault
from mpi.hl7v2.message import Segment, Value
from mpi.hl7v2.writing import Repeat, write_segment
from mpi.matching.record import Identifier
from mpi.patient import Domain, Domains

REPLY_TYPE = ("RSP", "K23", "RSP_K23")
#: IHE: the name is not answered here, and the second repeat says that on purpose.
_NO_NAME: list[Repeat] = [("", "", "", "", "", "", "S")]


def cross_reference(asked: Asked) -> Done:
    """The identifiers of one person in the wanted domains, or what of the question is unknown."""
    qpd = asked.segment("QPD")
    try:
        domain, value, targets = _question(asked, qpd)
    except Fault as fault:
        return _answer(qpd, "AE", fault=fault)
    found = asked.index.registry.cross_reference(
        domain.name, value, [target.name for target in targets], actor=asked.actor
    )
    if found.outcome in ("unknown-id", "unknown-domain"):
        unknown = Fault(UNKNOWN_KEY, "the patient identifier is not known", place="QPD^1^3^1^1")
        return _answer(qpd, "AE", fault=unknown)
    told = (found.enterprise_id,) if found.enterprise_id else ()
    if found.outcome == "replaced":
        merged = Fault(UNKNOWN_KEY, "the patient identifier was merged into another", place="QPD^1^3^1^1")
        return _answer(qpd, "AE", fault=merged, enterprise_ids=told)
    identifiers = found.identifiers
    if not identifiers and domain.name in {target.name for target in targets}:
        # Nothing else is there, but its own domain is among the wanted ones.
        identifiers = (Identifier(domain.name, domain.type, value),)
    if not identifiers:
        return _answer(qpd, "NF", enterprise_ids=told)
    ids = [write_cx(identifier, asked.domains) for identifier in identifiers]
    pid = write_segment("PID", {3: ids, 5: _NO_NAME})
    return _answer(qpd, "OK", pid, enterprise_ids=told)


def _question(asked: Asked, qpd: Segment) -> tuple[Domain, str, list[Domain]]:
    source = qpd.first(3)
    value = sent(source.text(1))
    if not value:
        raise Fault(REQUIRED, "QPD-3 holds no patient identifier", place="QPD^1^3^1^1")
    domain = _domain(asked, source)
    if domain is None:
        raise Fault(UNKNOWN_KEY, "the identifier's assigning authority is not known", place="QPD^1^3^1^4")
    return domain, value, wanted_domains(asked, qpd, 4)


def wanted_domains(asked: Asked, qpd: Segment, field: int) -> list[Domain]:
    """The domains that are to be answered; empty: all. Raises Fault naming every repeat that is not known."""
    domains, unknown = [], []
    for number, raw in enumerate(qpd.raw(field).split(qpd.delimiters.repeat), start=1):
        value = Value(raw, qpd.delimiters)
        if value.is_empty:
            continue
        domain = _domain(asked, value)
        if domain is None:
            unknown.append(f"QPD^1^{field}^{number}")
        else:
            domains.append(domain)
    if unknown:
        raise Fault(UNKNOWN_KEY, "a wanted domain is not known", place="~".join(unknown))
    return domains


def _domain(asked: Asked, value: Value) -> Domain | None:
    return authority_domain(sent(value.text(4, 1)), sent(value.text(4, 2)), asked.domains)


def write_cx(identifier: Identifier, domains: Domains) -> Repeat:
    """The CX of an identifier, its assigning authority with all that is known of it."""
    authority = [part or "" for part in domains.authority(identifier.authority)]
    return (identifier.value, "", "", authority, identifier.type or "")


def _answer(
    qpd: Segment,
    status: str,
    *segments: str,
    fault: Fault | None = None,
    enterprise_ids: tuple[str, ...] = (),
) -> Done:
    return Done(
        enterprise_ids=enterprise_ids,
        body=(query_acknowledgement(qpd, status), restated(qpd), *segments),
        reply_type=REPLY_TYPE,
        fault=fault,
    )


def query_acknowledgement(qpd: Segment, status: str, counts: tuple[int, int, int] | None = None) -> str:
    """QAK: the query's tag and name, OK, NF or AE, and hits in all, in this message, and left."""
    query = qpd.first(1)
    name = (query.text(1), query.text(2), query.text(3))
    numbers = {4 + place: str(count) for place, count in enumerate(counts or ())}
    return write_segment("QAK", {1: qpd.text(2), 2: status, 3: [name], **numbers})


def restated(segment: Segment) -> str:
    """A segment as it was asked, with the standard delimiters."""
    return "|".join(segment.restated().fields)
