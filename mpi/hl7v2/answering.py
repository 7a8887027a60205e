"""One message in, one reply out, whatever bytes come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import structlog

from mpi.errors import MpiError
from mpi.hl7v2 import feeding, merging, pdq, pix
from mpi.hl7v2.acknowledging import Replies, replies
from mpi.hl7v2.admission import why_refused
from mpi.hl7v2.charsets import codec_named, declared_charset, decode
from mpi.hl7v2.connection import Connection
from mpi.hl7v2.delimiters import STANDARD
from mpi.hl7v2.errors import fault_of
from mpi.hl7v2.exchange import Asked, Done
from mpi.hl7v2.faults import EVENT, INTERNAL, TYPE, UNKNOWN_KEY, Fault, Refused
from mpi.hl7v2.message import Message, Segment, parse
from mpi.index import Index, Profile

Acknowledgement = Literal["AA", "AE", "AR"]

#: Events that carry demographics and mean no more than that to an index of patients.
UPDATES: Final = (
    "A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A10", "A11", "A12", "A13", "A14", "A15",
    "A16", "A17", "A21", "A22", "A23", "A25", "A26", "A27", "A28", "A31", "A32", "A33", "A35", "A38", "A41",
    "A42", "A44", "A48", "A50", "A51", "A52", "A53", "A54", "A55", "A60", "A61", "A62",
)  # fmt: skip
MERGES: Final = ("A18", "A30", "A34", "A36", "A39", "A40")
RENAMES: Final = ("A46", "A47", "A49")
MOVES: Final = ("A43", "A45")

Deed = Callable[[Asked], Done]
#: (MSH-9.1, MSH-9.2) → what is done.
DEEDS: Final[dict[tuple[str, str], Deed]] = {
    **{("ADT", event): feeding.register for event in UPDATES},
    **{("ADT", event): merging.merge for event in MERGES},
    **{("ADT", event): merging.rename for event in RENAMES},
    **{("ADT", event): merging.move for event in MOVES},
    ("ADT", "A24"): merging.link,
    ("ADT", "A37"): merging.unlink,
    ("ADT", "A29"): feeding.delete,
    ("QBP", "Q23"): pix.cross_reference,
    ("QBP", "Q22"): pdq.find_people,
    ("QCN", "J01"): pdq.cancel,
}
#: Roles that may ask; to say something a client needs one of the first three.
_FEEDERS: Final = frozenset(("registrar", "reviewer", "steward"))
_ASKERS: Final = _FEEDERS | {"reader"}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answer:
    """What became of one message. Only ``reply`` goes back to the sender."""

    #: The encoded reply with its final CR, without MLLP framing; ``b""`` where the sender asked for none.
    reply: bytes
    #: CA, CE and CR of enhanced mode count as AA, AE and AR.
    acknowledgement: Acknowledgement
    #: MSH-10, ``""`` where there is none.
    control_id: str
    #: MSH-9.1 and MSH-9.2 as sent.
    message_type: str
    trigger_event: str
    #: The declared source whose profile the message was read by, None where it is not known.
    source: str | None
    #: HL7 table 0357, and its words without any of the patient's; None with AA.
    error_code: str | None
    error_text: str | None
    #: The identities touched or shown, as displayed.
    enterprise_ids: tuple[str, ...]
    #: What was taken, but not as sent (charset fallback, a control ID seen with other content).
    warnings: tuple[str, ...] = ()
    #: In enhanced mode the application acknowledgement, sent after ``reply`` as a message of its own.
    application_reply: bytes = b""


class _Read(NamedTuple):
    """A message as far as it could be read."""

    header: Segment
    codec: str = "utf-8"
    message: Message | None = None
    profile: Profile | None = None
    warnings: tuple[str, ...] = ()


def answer(index: Index, raw: bytes, *, connection: Connection) -> Answer:
    """Read ``raw`` (one message without framing), do what it asks, and say so. Never raises.

    What is acknowledged with AA is committed. A failure of the database or of the program is AE with 207: the
    sender may send the message again.
    """
    read = _Read(header_of(raw))
    try:
        read = _read(index, raw, read, connection.source)
        done = _do(index, read, connection)
    except MpiError as error:
        return _answer(read, Done(), fault_of(error))
    except Exception as error:
        log.error("hl7v2 message failed", kind=type(error).__name__, where=_where(error))
        return _answer(read, Done(), Fault(INTERNAL, "the index failed on this message"))
    return _answer(read, done, done.fault)


def header_of(raw: bytes) -> Segment:
    """The MSH of bytes that may be no message, to answer by; an empty one where there is none."""
    start = raw.find(b"MSH")
    line = raw[start : start + 4_096].split(b"\r", 1)[0].split(b"\n", 1)[0].decode("latin-1")
    try:
        return parse(line if start >= 0 else "MSH|^~\\&|").header
    except MpiError:
        return Segment(("MSH", "|", "^~\\&"), STANDARD)


def _read(index: Index, raw: bytes, read: _Read, source: str | None) -> _Read:
    """The message by its own charset or its source's, and the source's profile."""
    decoded = decode(raw)
    message = parse(decoded.text)
    read = read._replace(header=message.header, codec=decoded.codec, message=message)
    profile = index.registry.senders.named(source) if source else _profile(index, message)
    if profile.charset and not declared_charset(raw):
        default = codec_named(profile.charset) or "utf-8"
        if default != decoded.codec:
            decoded = decode(raw, default)
            message = parse(decoded.text)
    warnings: tuple[str, ...] = (decoded.warning,) if decoded.warning else ()
    if profile.on_sight:
        warnings += (f"declared-on-sight: source {profile.source}",)
    return _Read(message.header, decoded.codec, message, profile, warnings)


def _profile(index: Index, message: Message) -> Profile:
    """Raises Refused for a sender that nobody declared."""
    named = [
        tuple(text for text in (field.text(1), field.text(2)) if text)
        for field in (message.header.first(3), message.header.first(4))
    ]
    application, facility = named
    senders = index.registry.senders
    known = senders.profile(application, facility)
    if known is not None:
        return known
    if index.registry.domains().declares_on_sight:
        return senders.declare(next(iter(application), ""), next(iter(facility), ""))
    sender = f"{next(iter(application), '')}|{next(iter(facility), '')}"
    raise Refused(UNKNOWN_KEY, f"no source is declared with msh = [{sender!r}]", place="MSH^1^3")


def _do(index: Index, read: _Read, connection: Connection) -> Done:
    assert read.message is not None and read.profile is not None
    profile, header = read.profile, read.header
    actor = connection.actor or profile.actor
    asked = Asked(index=index, message=read.message, profile=profile, actor=actor)
    kind = header.text(9, 1).upper()
    deed = DEEDS.get((kind, asked.event))
    if deed is None:
        supported = {known for known, _ in DEEDS}
        code, place = (EVENT, "MSH^1^9^1^2") if kind in supported else (TYPE, "MSH^1^9^1^1")
        raise Refused(code, "this message is not supported: see docs/integration.md", place=place)
    _admit(asked, connection, writes=kind == "ADT")
    return deed(asked)


def _admit(asked: Asked, connection: Connection, *, writes: bool) -> None:
    """Raise Refused unless this peer may speak for this source."""
    role = asked.actor.role
    if not (_FEEDERS if writes else _ASKERS).intersection(role.split("+")):
        raise Refused(INTERNAL, f"the role {role!r} may not send this message", place="MSH^1^3")
    reason = why_refused(connection, asked.source, asked.index.registry.senders.declared())
    if reason is not None:
        raise Refused(INTERNAL, reason, place="MSH^1^3")


def _answer(read: _Read, done: Done, fault: Fault | None) -> Answer:
    outcome: Acknowledgement = fault.acknowledgement if fault else "AA"
    faults = (fault,) if fault else ()
    mode = read.profile.ack if read.profile else "always-one"
    sent: Replies = replies(
        read.header,
        outcome,
        faults=faults,
        body=done.body,
        reply_type=done.reply_type,
        codec=read.codec,
        mode=mode,
    )
    return Answer(
        reply=sent.reply,
        acknowledgement=outcome,
        control_id=read.header.text(10),
        message_type=read.header.text(9, 1),
        trigger_event=read.header.text(9, 2),
        source=read.profile.source if read.profile else None,
        error_code=fault.code if fault else None,
        error_text=fault.text if fault else None,
        enterprise_ids=done.enterprise_ids,
        warnings=(*read.warnings, *done.warnings),
        application_reply=sent.application,
    )


def _where(error: BaseException) -> str:
    """The line of code, never the message of the error."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return f"{traceback.tb_frame.f_code.co_name}:{traceback.tb_lineno}" if traceback else ""
