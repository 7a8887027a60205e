"""A message from the wire to its reply: written down, answered, its outcome written down, only then replied.

Nothing is acknowledged that is not on disk: a reply leaves after the commit of what the message did and of
its outcome. What a killed process had not replied to, its sender sends again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from mpi.errors import MpiError, Unavailable
from mpi.hl7v2.answering import Answer, answer
from mpi.hl7v2.connection import Connection
from mpi.hl7v2.framing import START, Fault, Frame, Framer, framed
from mpi.index import Arrived, Index, Kept, Outcome, Settled

#: Messages that change nothing: sent again they are answered anew, as the index is then.
QUERY_TYPES = ("QBP", "QCN", "QRY")
#: HL7 table 0357, for what never becomes a message: code and words.
INTERNAL_ERROR = ("207", "Application internal error")
UNREADABLE = ("100", "Segment sequence error")

_FAULTS: dict[Fault, str] = {
    "too-long": "the message is longer than 1048576 bytes",
    "broken-off": "the message was not completed",
    "unframed": "the message has no start character 0x0B",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What can be told of a message without reading it; ``""`` for what is not there."""

    separator: str = "|"
    sender: str = ""
    receiver: str = ""
    message_type: str = ""
    control_id: str = ""
    version: str = ""


def head_of(raw: bytes) -> Head:
    """The words of the first MSH segment, wherever it stands.

    >>> head_of(b"MSH|^~\\\\&|EPIC|NORTH|MPI|HUB|2025||ADT^A04|77|P|2.5").control_id
    '77'
    """
    start = raw.find(b"MSH")
    if start < 0:
        return Head()
    segment = re.split(rb"[\r\n]", raw[start : start + 4_096], maxsplit=1)[0].decode("latin-1")
    separator = segment[3:4]
    if not separator.isprintable() or separator.isalnum() or separator in ("", " "):
        return Head()
    fields = [_CONTROL.sub("", field) for field in segment.split(separator)[:12]]
    fields += [""] * (12 - len(fields))
    return Head(
        separator=separator,
        sender=_pair(fields[2], fields[3]),
        receiver=_pair(fields[4], fields[5]),
        message_type=fields[8],
        control_id=fields[9],
        version=fields[11],
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
    kind = "^".join(head.message_type.split("^")[:2])
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
                message_type=kind,
                message_id=kept.message_id,
                repeated=True,
            )
        answered = answer(index, raw, connection=connection)
        index.messages.settle(kept.message_id, settled(answered, kept))
    except MpiError:
        return Replied(replies=(unavailable(raw),), acknowledgement="AE", message_type=kind)
    return Replied(
        replies=tuple(filter(None, (answered.reply, answered.application_reply))),
        acknowledgement=answered.acknowledgement,
        message_type=kind,
        source=answered.source,
        message_id=kept.message_id,
        error_text=answered.error_text,
    )


def refuse_frame(index: Index, frame: Frame, *, connection: Connection) -> Replied:
    """The reply to what came as no whole message; kept as refused, with as much of it as there is."""
    assert frame.fault is not None
    head, reason = head_of(frame.content), _FAULTS[frame.fault]
    reply = refusal(head, "AR", UNREADABLE, reason)
    kind, _, event = head.message_type.partition("^")
    outcome = Settled(
        outcome="refused",
        dead=True,
        reply=reply,
        acknowledgement="AR",
        message_type=kind,
        trigger_event=event.partition("^")[0],
        error_code=UNREADABLE[0],
        error_text=reason,
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
    return Replied(replies=(reply,), acknowledgement="AR", error_text=reason)


def settled(answered: Answer, kept: Kept) -> Settled:
    """What the store keeps of an answer."""
    outcome: Outcome
    if answered.acknowledgement == "AA":
        outcome = "accepted"
    else:
        again = answered.acknowledgement == "AE" and answered.error_code == INTERNAL_ERROR[0]
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
    return refusal(head_of(raw), "AE", INTERNAL_ERROR, "the index is not available: send again")


def unforeseen(raw: bytes) -> bytes:
    """The reply to a message on which the program failed: its sender may send it again."""
    return refusal(head_of(raw), "AE", INTERNAL_ERROR, "the index failed on this message")


def refusal(head: Head, acknowledgement: str, code: tuple[str, str], reason: str) -> bytes:
    """An acknowledgement of what could not be read, or not be processed at this moment; ERR by version."""
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000")
    event = head.message_type.split("^")[1:2]
    kind = f"ACK^{event[0]}^ACK" if event and event[0] else "ACK"
    version = head.version.split("^")[0] or "2.5"
    addresses = (head.receiver or "|").split("|") + (head.sender or "|").split("|")
    told = version < "2.5"
    segments = [
        ["MSH", "^~\\&", *addresses, now, "", kind, uuid4().hex[:20], "P", version],
        ["MSA", acknowledgement, head.control_id, *([reason] if told else [])],
        ["ERR", f"^^^{code[0]}&{code[1]}"]
        if told
        else ["ERR", "", "", f"{code[0]}^{code[1]}^HL70357", "E", "", "", "", reason],
    ]
    text = "".join(head.separator.join(fields) + "\r" for fields in segments)
    return text.encode("latin-1", "replace")


def _pair(application: str, facility: str) -> str:
    """MSH-3|MSH-4 as ``[[source]] msh`` declares them, ``""`` when both are empty."""
    return f"{application}|{facility}" if application or facility else ""
