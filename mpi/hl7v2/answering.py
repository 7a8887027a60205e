"""One message in, one reply out, whatever bytes come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mpi.index import Actor, Index

Acknowledgement = Literal["AA", "AE", "AR"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where a message came from: ``peer`` is its address, ``certificate_name`` the subject of its client
    certificate, None without one. ``port`` is the port of ours it came in by, None over HTTP; ``actor`` is
    whom the transport admitted, None over MLLP without a certificate.
    """

    peer: str
    certificate_name: str | None = None
    port: int | None = None
    actor: Actor | None = None


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


def answer(index: Index, raw: bytes, *, connection: Connection) -> Answer:
    """Read ``raw`` (one message without framing), do what it asks, and say so. Never raises."""
    del index, raw, connection
    reply = b"MSH|^~\\&|MPI||||||ACK|0|P|2.5\rMSA|AR|0\rERR|||200^Unsupported message type^HL70357|E\r"
    return Answer(
        reply=reply,
        acknowledgement="AR",
        control_id="",
        message_type="",
        trigger_event="",
        source=None,
        error_code="200",
        error_text="Unsupported message type",
        enterprise_ids=(),
    )
