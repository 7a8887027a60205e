"""QBP^Q22: people by demographics, page by page (IHE ITI-21); QCN^J01 ends a search."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final, NamedTuple

from mpi.errors import BadInput, NotFound
from mpi.hl7v2.datatypes.extensions import Element, list_of
from mpi.hl7v2.errors import fault_of
from mpi.hl7v2.exchange import Asked, Done
from mpi.hl7v2.faults import UNKNOWN_KEY, Fault
from mpi.hl7v2.patients.reading import mother_name_extension
from mpi.hl7v2.patients.writing import pid_fields
from mpi.hl7v2.pdq_criteria import criteria_of
from mpi.hl7v2.pix import query_acknowledgement, restated, wanted_domains
from mpi.hl7v2.writing import write_segment
from mpi.index import Criterion, Field, Found
from mpi.patient import (
    MOTHER_IDENTIFIER_URL,
    MOTHERS_MAIDEN_NAME_URL,
    IdentityView,
    write_identity,
)
from mpi.patient.elements import identifier_element

REPLY_TYPE = ("RSP", "K22", "RSP_K21")
#: People in one message, where the sender does not say how many it takes, and at most.
PAGE, PAGE_MAX = 50, 100
#: What is asked of the mother's name, and the field of her own record that it is.
OF_MOTHER: Final[dict[Field, Field]] = {"mother_maiden": "family", "mother_name": "given"}


class _Page(NamedTuple):
    limit: int
    #: The registry's cursor, None for the first page.
    cursor: str | None
    #: Of the question: a continuation belongs to one.
    digest: str
    #: People on the pages before.
    before: int


def find_people(asked: Asked) -> Done:
    """The people of whom one record satisfies every parameter of QPD-3, with all their identifiers."""
    qpd = asked.segment("QPD")
    try:
        targets = [domain.name for domain in wanted_domains(asked, qpd, 8)]
        criteria = criteria_of(asked, qpd)
        page = _page(asked)
        found = _find(asked, criteria, page, targets)
    except BadInput as error:
        # What the registry refuses is one of the parameters; a fault of ours says its own place.
        fault = fault_of(error, place="QPD^1^3")
        refused = (query_acknowledgement(qpd, "AE"), restated(qpd))
        return Done(body=refused, reply_type=REPLY_TYPE, fault=fault)
    people = found.people
    told = page.before + len(people)
    counts = (found.total, len(people), max(0, found.total - told))
    body = [query_acknowledgement(qpd, "OK" if people else "NF", counts), restated(qpd)]
    body += [_person(asked, person, number, targets) for number, person in enumerate(people, start=1)]
    if found.next is not None:
        body.append(write_segment("DSC", {1: f"{page.digest}.{told}.{found.next}", 2: "I"}))
    return Done(enterprise_ids=_shown(found), body=tuple(body), reply_type=REPLY_TYPE)


def _find(asked: Asked, criteria: list[Criterion], page: _Page, targets: list[str]) -> Found:
    """One page. A mother's name that no record has is looked for among the mothers that records are linked
    to.
    """
    find = asked.index.registry.find
    found = find(criteria, actor=asked.actor, limit=page.limit, cursor=page.cursor, targets=targets)
    of_mother = [one for one in criteria if one.field in OF_MOTHER]
    if found.total or not of_mother:
        return found
    names = [replace(one, field=OF_MOTHER[one.field]) for one in of_mother]
    mothers = find(names, actor=asked.actor, limit=PAGE_MAX)
    identifiers = [f"{i.authority}|{i.value}" for person in mothers.people for i in person.identifiers]
    if not identifiers:
        return found
    children = Criterion(field="mother_identifier", values=tuple(identifiers), how="is")
    others = [one for one in criteria if one.field not in OF_MOTHER]
    return find([*others, children], actor=asked.actor, limit=page.limit, cursor=page.cursor, targets=targets)


def _shown(found: Found) -> tuple[str, ...]:
    return tuple(person.enterprise_id for person in found.people)


def _page(asked: Asked) -> _Page:
    """How many, and from where on. Raises Fault for a continuation that is not of this question."""
    rcp, dsc = asked.message.first("RCP"), asked.message.first("DSC")
    wanted = rcp.text(2) if rcp is not None else ""
    limit = int(wanted) if wanted.isascii() and wanted.isdigit() and 0 < len(wanted) < 9 else PAGE
    question = restated(asked.segment("QPD")).split("|")
    digest = hashlib.blake2b("|".join((question + [""] * 4)[3:]).encode(), digest_size=6).hexdigest()
    pointer = dsc.text(1) if dsc is not None else ""
    if not pointer:
        return _Page(max(1, min(limit, PAGE_MAX)), None, digest, 0)
    sent_digest, _, rest = pointer.partition(".")
    before, _, cursor = rest.partition(".")
    if sent_digest != digest or not (before.isascii() and before.isdigit() and len(before) < 9) or not cursor:
        raise Fault(UNKNOWN_KEY, "the continuation pointer is not of this query", place="DSC^1^1")
    return _Page(max(1, min(limit, PAGE_MAX)), cursor, digest, int(before))


def _person(asked: Asked, person: IdentityView, number: int, targets: list[str]) -> str:
    """The PID of one person."""
    patient = write_identity(person, asked.domains, targets=targets)
    _add_mother(asked, person, patient)
    return write_segment("PID", {1: str(number), **pid_fields(patient, asked.domains)})


def _add_mother(asked: Asked, person: IdentityView, patient: Element) -> None:
    """A newborn's mother, where one is known: her identifiers as PID-21, and her name as PID-6."""
    records = [record for record in person.records if record.active]
    present = {one.get("url") for one in list_of(patient, "extension")}
    mothers = dict.fromkeys(one for record in records for one in record.mother_identifiers)
    if mothers and MOTHER_IDENTIFIER_URL not in present:
        for identifier in mothers:
            value = identifier_element(identifier, asked.domains)
            extensions = patient.setdefault("extension", [])
            extensions.append({"url": MOTHER_IDENTIFIER_URL, "valueIdentifier": value})
    known = next((record.mother_enterprise_id for record in records if record.mother_enterprise_id), None)
    if known and MOTHERS_MAIDEN_NAME_URL not in present:
        _add_mother_name(asked, known, patient)


def _add_mother_name(asked: Asked, enterprise_id: str, patient: Element) -> None:
    try:
        mother = asked.index.registry.patient(enterprise_id, actor=asked.actor)
    except NotFound:
        return
    names = list_of(write_identity(mother, asked.domains), "name") if isinstance(mother, IdentityView) else []
    if names and isinstance(names[0], dict):
        patient.setdefault("extension", []).append(mother_name_extension(names[0]))


def cancel(asked: Asked) -> Done:
    """QCN^J01: nothing is held for a search between its pages, so there is nothing to let go."""
    return Done()
