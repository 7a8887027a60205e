"""ADT that says who a patient is: registrations, updates, deletions (IHE ITI-8; table in
docs/integration.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mpi.errors import Conflict, NotFound, Replaced
from mpi.hl7v2.datatypes.extensions import Element
from mpi.hl7v2.exchange import Asked, Doing, Done
from mpi.hl7v2.faults import DATA_TYPE, SEQUENCE, UNKNOWN_KEY, Fault
from mpi.hl7v2.identifying import Named, declare_on_sight, identifiers, own
from mpi.hl7v2.message import Segment
from mpi.hl7v2.patients import apply_delta, read_patient_segments
from mpi.hl7v2.patients.reading import segments_of
from mpi.index import TakenIn
from mpi.matching.flat import LOCAL_ID_LENGTH_MAX
from mpi.patient import RecordView, write_record
from mpi.patient.carried import local_key

#: PIDs of a message, and identifiers of its own that one names: each is a registration.
PIDS_MAX, RECORDS_MAX = 100, 50
#: Elements that say where a Patient is kept, not who it is.
_OF_THE_INDEX = ("id", "meta", "link", "active")


def register(asked: Asked) -> Done:
    """A01, A04, A05, A08, A28, A31 and every other event that carries demographics: each PID is
    registered.
    """
    asked.segment("PID")
    doing = Doing()
    pids = asked.message.all("PID")
    if len(pids) > PIDS_MAX:
        raise Fault(SEQUENCE, f"a message has at most {PIDS_MAX} PID segments", place="PID")
    for pid in pids:
        register_pid(asked, pid, doing)
    return doing.done()


def register_pid(asked: Asked, pid: Segment, doing: Doing, *, as_delta: bool = False) -> list[TakenIn]:
    """Register or update the records that a PID names in its sender's own domains.

    ``as_delta``: what the PID does not say stays, whatever the source's mode.
    """
    declare_on_sight(asked, pid)
    named = own(asked, identifiers(asked, pid, 3))
    registered = []
    for one in _first_of_each_record(asked, named):
        patient = _patient(asked, pid, one, as_delta=as_delta)
        registered.append(_receive(asked, patient, one, doing))
    return registered


def _first_of_each_record(asked: Asked, named: list[Named]) -> list[Named]:
    """One for each record: the identifiers of the domain that the source's records go by, else the first.

    Raises Fault where they are too many.
    """
    primary = asked.domains.primary(asked.source)
    main = [one for one in named if primary is not None and one.domain.name == primary.name]
    if len(main) > RECORDS_MAX:
        raise Fault(
            DATA_TYPE, f"PID-3 has more than {RECORDS_MAX} identifiers of one domain", place="PID^1^3"
        )
    return main or named[:1]


def local_id(asked: Asked, one: Named) -> str:
    """The local ID of the record that goes by an identifier. Raises Fault for one that is too long."""
    key = local_key(one.domain, one.value, asked.source, asked.domains)
    if len(key) > LOCAL_ID_LENGTH_MAX:
        raise Fault(
            DATA_TYPE, f"an identifier is longer than {LOCAL_ID_LENGTH_MAX} characters", place=one.place
        )
    return key


def _patient(asked: Asked, pid: Segment, one: Named, *, as_delta: bool) -> Element:
    default = asked.profile.default_authority
    default_domain = asked.domains.named(default) if default else None
    system = default_domain.system if default_domain else ""
    if as_delta or asked.profile.mode == "delta":
        stored = stored_patient(asked, local_id(asked, one))
        if stored is not None:
            return apply_delta(asked.message, pid, stored, asked.domains, default_domain=system)
    pd1, next_of_kin = segments_of(asked.message, pid)
    return read_patient_segments(pid, asked.domains, pd1=pd1, next_of_kin=next_of_kin, default_domain=system)


def says_who(asked: Asked, pid: Segment) -> bool:
    """Whether a PID holds more than identifiers; that of a merge may not."""
    patient = read_patient_segments(pid, asked.domains)
    return bool(patient.keys() - {"resourceType", "identifier"})


def stored_patient(asked: Asked, key: str) -> Mapping[str, Any] | None:
    """The Patient as stored, None for a record not seen before."""
    try:
        view = asked.index.registry.record(asked.source, key, actor=asked.actor)
    except NotFound:
        return None
    written = write_record(view, asked.domains)
    return {name: value for name, value in written.items() if name not in _OF_THE_INDEX}


def _receive(asked: Asked, patient: Element, one: Named, doing: Doing) -> TakenIn:
    try:
        registered = asked.index.registry.take_in(
            patient, actor=asked.actor, source=asked.source, local_id=local_id(asked, one)
        )
    except Replaced as error:
        text = "this identifier was merged into another one: send under the surviving identifier"
        raise Fault(UNKNOWN_KEY, text, place=one.place) from error
    doing.enterprise_ids.append(registered.receipt.enterprise_id)
    if registered.receipt.decision == "quarantined":
        doing.warnings.append("update-held: it reads like another person and waits for a reviewer")
    doing.warnings += [f"{note.expression}: {note.text}" for note in registered.notes]
    return registered


def delete(asked: Asked) -> Done:
    """A29: the records leave the index's answers; their history stays, and sent again they are back."""
    doing = Doing()
    for one in own(asked, identifiers(asked, asked.segment("PID"), 3)):
        try:
            retired = asked.index.retire(
                asked.source,
                local_id(asked, one),
                actor=asked.actor,
                reason="deleted by its source (ADT^A29)",
            )
        except NotFound as error:
            raise Fault(UNKNOWN_KEY, "there is no patient with this identifier", place=one.place) from error
        except Conflict:
            doing.warnings.append("deleted-before")
        else:
            doing.enterprise_ids.append(retired.enterprise_id)
    return doing.done()


def holder(asked: Asked, one: Named) -> RecordView:
    """The active record that goes by an identifier, or carries it. Raises Fault where there is none."""
    views = asked.index.registry.holders(one.domain.name, one.value, actor=asked.actor)
    found = next((view for view in views if view.active), None)
    if found is None:
        raise Fault(UNKNOWN_KEY, "there is no patient with this identifier", place=one.place)
    return found
