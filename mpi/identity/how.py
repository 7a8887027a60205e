"""How an identity came to be: its events as steps that a person can read, with IDs and never demographics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from mpi.identity.change import Cause, EventType
from mpi.identity.enterprise_id import display


class RecordReference(Protocol):
    """Names a record."""

    @property
    def source(self) -> str: ...
    @property
    def local_id(self) -> str: ...


class ToldEvent(Protocol):
    """An event as it is answered; ``enterprise_ids`` as shown, where a record is now before where it was."""

    @property
    def type(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def enterprise_ids(self) -> Sequence[str]: ...
    @property
    def record(self) -> RecordReference | None: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


def story(enterprise_id: str, events: Iterable[ToldEvent]) -> list[dict[str, Any]]:
    """The steps of one identity (stored form), oldest first: ``{at, step, text, ids}`` each.

    ``step`` is the event's type, ``text`` one sentence in English, ``ids`` what the sentence is about.
    """
    own = display(enterprise_id)
    return [
        {
            "at": event.at.isoformat(),
            "step": str(event.type),
            "text": _sentence(own, event),
            "ids": _ids(event),
        }
        for event in events
    ]


def _sentence(own: str, event: ToldEvent) -> str:
    say = _SENTENCES.get(str(event.type))
    return say(own, event) if say else f"{event.type}."


def _ids(event: ToldEvent) -> dict[str, Any]:
    ids: dict[str, Any] = {"enterprise_ids": list(event.enterprise_ids)}
    if event.record is not None:
        ids["record"] = _named(event)
    for name in ("merge_id", "task_id", "assertion_id"):
        if event.data.get(name) is not None:
            ids[name] = event.data[name]
    return ids


def _named(event: ToldEvent) -> str:
    return f"{event.record.source}/{event.record.local_id}" if event.record else "a record"


def _by(event: ToldEvent) -> str:
    actor = event.data.get("actor")
    if event.data.get("decided_by") == "machine":
        return " by the machine"
    return f" by {actor}" if actor else ""


def _other(own: str, event: ToldEvent) -> str:
    return next((other for other in event.enterprise_ids if other != own), own)


def _assigned(own: str, event: ToldEvent) -> str:
    if event.record is None:
        return f"{event.enterprise_ids[0]} was issued for records parted from another identity."
    return f"{_named(event)} came in, was like nobody enough to be linked, and got {event.enterprise_ids[0]}."


def _linked(own: str, event: ToldEvent) -> str:
    record, cause = _named(event), event.data.get("cause")
    to_id, from_id = event.enterprise_ids[0], event.enterprise_ids[-1]
    if cause == Cause.MERGE:
        return f"{record} moved from {from_id} to {to_id} with the merge."
    if cause == Cause.UNMERGE:
        return f"{record} returned from {from_id} to {to_id} when the merge was undone."
    if cause == Cause.RELINK:
        return (
            f"{record} moved from {from_id} to {to_id} when all records were looked at anew{_weight(event)}."
        )
    if cause == Cause.ROLLBACK:
        return f"{record} returned from {from_id} to {to_id} when a relink was taken back{_by(event)}."
    if cause == Cause.UNDO:
        return f"{record} returned from {from_id} to {to_id} when an answer was taken back{_by(event)}."
    if cause == Cause.RETURNED:
        return f"{record} was sent again after it had been retired."
    return f"{record} came in and was linked to {to_id}{_weight(event)}."


def _weight(event: ToldEvent) -> str:
    weight = event.data.get("weight")
    return f" with a match weight of {weight:.1f}" if isinstance(weight, int | float) else ""


def _unlinked(own: str, event: ToldEvent) -> str:
    to_id, from_id = event.enterprise_ids[0], event.enterprise_ids[-1]
    cause = event.data.get("cause")
    if cause == Cause.RELINK:
        parted = "was taken out of {} and got {} when all were looked at anew"
        return f"{_named(event)} {parted.format(from_id, to_id)}."
    why = ": a person stated that they are different" if cause == Cause.ASSERTION else ""
    return f"{_named(event)} was taken out of {from_id}{_by(event)} and got {to_id}{why}."


def _merged(own: str, event: ToldEvent) -> str:
    survivor, subsumed = event.enterprise_ids[0], event.enterprise_ids[-1]
    return f"{subsumed} was merged into {survivor}{_by(event)}."


def _unmerged(own: str, event: ToldEvent) -> str:
    subsumed, survivor = event.enterprise_ids[0], event.enterprise_ids[-1]
    left = event.data.get("left") or 0
    stayed = f"; {left} stayed where they were put since" if left else ""
    returned = f"{event.data.get('returned', 0)} records returned{stayed}"
    return f"The merge of {subsumed} into {survivor} was undone{_by(event)}: {returned}."


def _asserted(own: str, event: ToldEvent) -> str:
    people = "one person" if event.data.get("verdict") == "same" else "different people"
    return f"It was stated{_by(event)} that records of {' and '.join(event.enterprise_ids)} are {people}."


def _withdrawn(own: str, event: ToldEvent) -> str:
    left = event.data.get("pairs_left")
    part = "in part" if left else "as a whole"
    return f"Statement {event.data.get('assertion_id')} was withdrawn {part}{_by(event)}."


def _queued(own: str, event: ToldEvent) -> str:
    kind = str(event.data.get("kind", "question")).replace("_", " ")
    about = f" with {_other(own, event)}" if len(event.enterprise_ids) > 1 else ""
    return f"Task {event.data.get('task_id')} was queued: {kind}{about}."


def _resolved(own: str, event: ToldEvent) -> str:
    resolution, task = event.data.get("resolution"), f"Task {event.data.get('task_id')}"
    if not resolution:
        return f"{task} was closed: there was nothing left to ask."
    return f"{task} was answered{_by(event)}: {str(resolution).replace('_', ' ')}."


_SENTENCES: Mapping[str, Callable[[str, ToldEvent], str]] = {
    EventType.ENTERPRISE_ID_ASSIGNED: _assigned,
    EventType.RECORD_LINKED: _linked,
    EventType.RECORD_UNLINKED: _unlinked,
    EventType.RECORD_RETIRED: lambda own, event: f"{_named(event)} was retired{_by(event)}.",
    EventType.RECORD_RECEIVED: lambda own, event: f"{_named(event)} was updated.",
    EventType.UPDATE_QUARANTINED: lambda own, event: (
        f"An update of {_named(event)} reads as somebody else and is held until a person decides."
    ),
    EventType.IDENTITIES_MERGED: _merged,
    EventType.IDENTITIES_UNMERGED: _unmerged,
    EventType.PEOPLE_ASSERTED: _asserted,
    EventType.ASSERTION_WITHDRAWN: _withdrawn,
    EventType.TASK_QUEUED: _queued,
    EventType.TASK_RESOLVED: _resolved,
    EventType.TASK_REOPENED: lambda own, event: f"Task {event.data.get('task_id')} was opened again.",
}
