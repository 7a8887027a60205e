"""A message from the wire to its reply: written down, answered, its outcome written down, only then replied.

Nothing is acknowledged that is not on disk: a reply leaves after the commit of what the message did and of
its outcome. What a killed process had not replied to, its sender sends again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from mpi.errors import MpiError, Unavailable
from mpi.hl7v2.acknowledging import replies
from mpi.hl7v2.answering import Answer, answer, header_of
from mpi.hl7v2.connection import Connection
from mpi.hl7v2.faults import INTERNAL, Fault, Unparsable
from mpi.hl7v2.framing import START, Frame, FrameFault, Framer, framed
from mpi.index import Arrived, Index, Kept, Outcome, Settled

#: Messages that change nothing: sent again they are answered anew, as the index is then.
QUERY_TYPES = ("QBP", "QCN", "QRY")
_FAULTS: dict[FrameFault, str] = {
    "too-long": "the message is longer than 1048576 bytes",
    "broken-off": "the message was not completed",
    "unframed": "the message has no start character 0x0B",
}


class Head(NamedTuple):
    """What tells one message from another without reading it; ``""`` for what is not there."""

    #: MSH-3|MSH-4 as ``[[source]] msh`` declares them, ``""`` when both are empty.
    sender: str
    control_id: str
    #: ``ADT^A04`` as sent.
    message_type: str


def head_of(raw: bytes) -> Head:
    """The words of the first MSH segment, wherever it stands.

    >>> head_of(b"MSH|^~\\\\&|EPIC|NORTH|MPI|HUB|2025||ADT^A04^ADT_A01|77|P|2.5")
    Head(sender='EPIC|NORTH', control_id='77', message_type='ADT^A04')
    """
    header = header_of(raw)
    application, facility = header.raw(3), header.raw(4)
    kind = (header.text(9, 1), header.text(9, 2))
    return Head(
        sender=f"{application}|{facility}" if application or facility else "",
        control_id=header.text(10),
        message_type="^".join(part for part in kind if part),
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Replied:
    """What goes back, and what may be told about it."""

    #: None where the sender asked for none; in enhanced mode perhaps two.
    replies: tuple[bytes, ...]
    acknowledgement: str
    #: ``ADT^A04`` as sent.
    message_type: str = ""
    source: str | None = None
    #: Its row in the store, None when it could not be written down.
    message_id: int | None = None
    error_text: str | None = None
    #: It was accepted before, and this is what was said then.
    repeated: bool = False


def receive(index: Index, raw: bytes, *, connection: Connection, mends: int | None = None) -> Replied:
    """The reply to one message; what the index refuses or cannot do at this moment is a reply as well.

    A message that was accepted before and changed something is answered as it was then.
    """
    head = head_of(raw)
    try:
        arrived = Arrived(
            raw=raw,
            sender=head.sender,
            control_id=head.control_id,
            peer=connection.peer,
            size=len(raw),
            mends=mends,
        )
        kept = index.messages.keep(arrived)
        if kept.reply is not None and not head.message_type.startswith(QUERY_TYPES):
            return Replied(
                replies=_cut(kept.reply),
                acknowledgement="AA",
                message_type=head.message_type,
                message_id=kept.message_id,
                repeated=True,
            )
        answered = answer(index, raw, connection=connection)
        index.messages.settle(kept.message_id, settled(answered, kept))
    except MpiError:
        return Replied(replies=(unavailable(raw),), acknowledgement="AE", message_type=head.message_type)
    return Replied(
        replies=tuple(filter(None, (answered.reply, answered.application_reply))),
        acknowledgement=answered.acknowledgement,
        message_type=head.message_type,
        source=answered.source,
        message_id=kept.message_id,
        error_text=answered.error_text,
    )


def refuse_frame(index: Index, frame: Frame, *, connection: Connection) -> Replied:
    """The reply to what came as no whole message; kept as refused, with as much of it as there is."""
    assert frame.fault is not None
    head, fault = head_of(frame.content), Unparsable(_FAULTS[frame.fault])
    reply = refusal(frame.content, fault)
    kind, _, event = head.message_type.partition("^")
    outcome = Settled(
        outcome="refused",
        dead=True,
        reply=reply,
        acknowledgement="AR",
        message_type=kind,
        trigger_event=event,
        error_code=fault.code,
        error_text=fault.text,
    )
    try:
        arrived = Arrived(
            raw=frame.content,
            sender=head.sender,
            control_id=head.control_id,
            peer=connection.peer,
            size=frame.size,
        )
        index.messages.settle(index.messages.keep(arrived).message_id, outcome)
    except Unavailable:
        pass  # what nobody can read is not worth a second refusal
    return Replied(replies=(reply,), acknowledgement="AR", error_text=fault.text)


def settled(answered: Answer, kept: Kept) -> Settled:
    """What the store keeps of an answer."""
    outcome: Outcome
    if answered.acknowledgement == "AA":
        outcome = "accepted"
    else:
        again = answered.acknowledgement == "AE" and answered.error_code == INTERNAL
        outcome = "failed" if again else "refused"
    reused = ("control-id-reused",) if kept.control_id_reused else ()
    return Settled(
        outcome=outcome,
        # A query that failed did nothing and asks nothing of anybody.
        dead=outcome != "accepted" and answered.message_type not in QUERY_TYPES,
        reply=_joined(answered),
        acknowledgement=answered.acknowledgement,
        message_type=answered.message_type,
        trigger_event=answered.trigger_event,
        source=answered.source,
        error_code=answered.error_code,
        error_text=answered.error_text,
        enterprise_ids=answered.enterprise_ids,
        warnings=tuple(dict.fromkeys((*answered.warnings, *reused))),
    )


def _joined(answered: Answer) -> bytes:
    """What the store keeps of the replies: the one as it is, two as frames."""
    if not answered.application_reply:
        return answered.reply
    return framed(answered.reply) + framed(answered.application_reply)


def _cut(stored: bytes) -> tuple[bytes, ...]:
    """The replies of the store."""
    if stored.startswith(START):
        return tuple(frame.content for frame in Framer().feed(stored))
    return (stored,) if stored else ()


def unavailable(raw: bytes) -> bytes:
    """The reply while the index cannot be asked: nothing was done, or it may be done again without harm."""
    return refusal(raw, Fault(INTERNAL, "the index is not available: send again"))


def unforeseen(raw: bytes) -> bytes:
    """The reply to a message on which the program failed: its sender may send it again."""
    return refusal(raw, Fault(INTERNAL, "the index failed on this message"))


def refusal(raw: bytes, fault: Fault) -> bytes:
    """The acknowledgement of bytes that were not processed, by as much of an MSH as they have."""
    return replies(header_of(raw), fault.acknowledgement, faults=(fault,)).reply
