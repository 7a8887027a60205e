"""ADT that says which patients are one, or are not: merges, links, changed and moved identifiers.

HL7 v2.8.2 §3.3.18 (A18) to §3.3.47 (A47); IHE ITI-8 case 5 (A40).
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from mpi.errors import AssertedDifferent, Conflict, MpiError, NotFound, SameIdentity
from mpi.hl7v2.errors import fault_of
from mpi.hl7v2.exchange import Asked, Doing, Done
from mpi.hl7v2.faults import DUPLICATE_KEY, INTERNAL, SEQUENCE, UNKNOWN_KEY, Fault
from mpi.hl7v2.feeding import PIDS_MAX, holder, local_id, register_pid, says_who
from mpi.hl7v2.identifying import Named, identifiers, own, refuse_foreign
from mpi.hl7v2.message import Segment
from mpi.patient import RecordView


class _Pair(NamedTuple):
    pid: Segment
    surviving: Named
    subsumed: Named


def merge(asked: Asked) -> Done:
    """A40, A18, A30, A34, A36, A39: the identifiers of MRG-1 give way to those of PID-3, authority by
    authority.

    An unknown survivor is made; an unknown subsumed identifier is refused. What the PID says of the
    survivor is taken as an update of what it says.
    """
    doing = Doing()
    pairs = [pair for pid, mrg in _groups(asked) for pair in _pairs(asked, pid, mrg)]
    for pair in pairs:
        _replace(asked, pair, doing)
    return doing.done()


def _groups(asked: Asked) -> list[tuple[Segment, Segment]]:
    """Each MRG with the PID before it. Raises Fault where there is none."""
    groups, pid = [], None
    for segment in asked.message.segments:
        if segment.name == "PID":
            pid = segment
        elif segment.name == "MRG":
            if pid is None:
                raise Fault(SEQUENCE, "an MRG segment stands before any PID", place="MRG")
            groups.append((pid, segment))
    asked.segment("PID")
    asked.segment("MRG")
    if len(groups) > PIDS_MAX:
        raise Fault(SEQUENCE, f"a message has at most {PIDS_MAX} MRG segments", place="MRG")
    return groups


def _pairs(asked: Asked, pid: Segment, mrg: Segment) -> list[_Pair]:
    """Survivor and subsumed of each identifier of MRG-1. Raises Fault for one without a partner in PID-3."""
    subsumed = identifiers(asked, mrg, 1)
    refuse_foreign(asked, [one for one in subsumed if one not in own(asked, subsumed)])
    surviving = own(asked, identifiers(asked, pid, 3))
    pairs = []
    for one in subsumed:
        partner = next((other for other in surviving if other.domain.name == one.domain.name), None)
        if partner is None:
            text = f"PID-3 holds no identifier of {one.domain.name!r}, which MRG-1 has"
            raise Fault(UNKNOWN_KEY, text, place=one.place)
        pairs.append(_Pair(pid, partner, one))
    return pairs


def _replace(asked: Asked, pair: _Pair, doing: Doing) -> None:
    surviving, subsumed = local_id(asked, pair.surviving), local_id(asked, pair.subsumed)
    _refuse_unknown(asked, subsumed, pair.subsumed)
    if surviving == subsumed:
        raise Fault(DUPLICATE_KEY, "PID-3 and MRG-1 are the same identifier", place=pair.subsumed.place)
    if says_who(asked, pair.pid):
        register_pid(asked, pair.pid, doing, as_delta=True)
    try:
        done = asked.index.registry.replace(
            asked.source, surviving, subsumed, f"merged by its source (ADT^{asked.event})", actor=asked.actor
        )
    except NotFound as error:
        place = pair.subsumed.place if error.field == "subsumed" else pair.surviving.place
        raise Fault(UNKNOWN_KEY, "there is no patient with this identifier", place=place) from error
    except AssertedDifferent as error:
        text = "a person stated that these are different people"
        raise Fault(INTERNAL, text, place=pair.subsumed.place) from error
    except MpiError as error:
        raise fault_of(error, place=pair.subsumed.place) from error
    doing.enterprise_ids += [done.surviving.enterprise_id, done.subsumed_enterprise_id]


def _refuse_unknown(asked: Asked, key: str, one: Named) -> None:
    try:
        asked.index.registry.record(asked.source, key, actor=asked.actor)
    except NotFound as error:
        raise Fault(UNKNOWN_KEY, "there is no patient with this identifier", place=one.place) from error


def link(asked: Asked) -> Done:
    """A24: two PIDs are one person. It holds over the machine's own decisions."""
    return _assert(asked, "same")


def unlink(asked: Asked) -> Done:
    """A37: two PIDs are not one person."""
    return _assert(asked, "different")


def _assert(asked: Asked, verdict: str) -> Done:
    pids = asked.message.all("PID")
    if len(pids) < 2:
        raise Fault(SEQUENCE, f"ADT^{asked.event} needs two PID segments", place="PID")
    doing = Doing()
    first, second = (_known(asked, pid, doing) for pid in pids[:2])
    reason = f"stated by {asked.source} (ADT^{asked.event})"
    try:
        stated = asked.index.assert_people(
            _reference(first), _reference(second), verdict, reason, actor=asked.actor, override=True
        )
    except SameIdentity:
        doing.warnings.append("linked-before")
    else:
        doing.enterprise_ids += stated.enterprise_ids
    return doing.done()


def _known(asked: Asked, pid: Segment, doing: Doing) -> RecordView:
    """The record that a PID means; one of the sender's own that is new is registered first."""
    named = identifiers(asked, pid, 3)
    try:
        return holder(asked, named[0])
    except Fault:
        own(asked, named)
        register_pid(asked, pid, doing)
        return holder(asked, named[0])


def _reference(view: RecordView) -> str:
    return f"{quote(view.record.source, safe='')}/{quote(view.record.local_id, safe='')}"


def rename(asked: Asked) -> Done:
    """A47, A46, A49: the identifier of MRG-1 becomes the one of PID-3, in the same domain."""
    doing = Doing()
    for pid, mrg in _groups(asked):
        for pair in _pairs(asked, pid, mrg):
            before, after = local_id(asked, pair.subsumed), local_id(asked, pair.surviving)
            reason = f"renamed by its source (ADT^{asked.event})"
            try:
                view = asked.index.registry.rename(asked.source, before, after, reason, actor=asked.actor)
            except NotFound as error:
                text = "there is no patient with this identifier"
                raise Fault(UNKNOWN_KEY, text, place=pair.subsumed.place) from error
            except Conflict as error:
                text = "the new identifier belongs to another patient: merge them with ADT^A40"
                raise Fault(DUPLICATE_KEY, text, place=pair.surviving.place) from error
            doing.enterprise_ids.append(view.enterprise_id)
    return doing.done()


def move(asked: Asked) -> Done:
    """A43, A45: what stood under MRG-1 belongs to the person of PID-3 from now on.

    Without MRG-1 (an A45 may name a visit only) there is nothing to move, and the PID is an update.
    """
    doing = Doing()
    for pid, mrg in _groups(asked):
        register_pid(asked, pid, doing, as_delta=True)
        if not mrg.repeats(1):
            continue
        for pair in _pairs(asked, pid, mrg):
            moved, to = local_id(asked, pair.subsumed), local_id(asked, pair.surviving)
            _refuse_unknown(asked, moved, pair.subsumed)
            reason = f"moved by its source (ADT^{asked.event})"
            view = asked.index.registry.move(asked.source, moved, to, reason, actor=asked.actor)
            doing.enterprise_ids.append(view.enterprise_id)
    return doing.done()
