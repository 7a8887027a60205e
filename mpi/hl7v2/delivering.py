"""One message to one subscriber: where it goes, what the answer means, and sending it once more."""

from __future__ import annotations

from typing import Any

from mpi.errors import BadInput, NotFound
from mpi.hl7v2.receiving import Replied
from mpi.hl7v2.sending import Destination, NotDelivered, Sender, client_tls
from mpi.index import Index, MessageContent, Outcome, Sent

PAUSE_SECONDS_MAX = 300.0


def pause_seconds(failures: int) -> float:
    """How long to wait after so many failures in a row.

    >>> [pause_seconds(n) for n in (1, 2, 5, 50)]
    [1.0, 2.0, 16.0, 300.0]
    """
    return float(min(PAUSE_SECONDS_MAX, 2.0 ** min(failures - 1, 20)))


def destination_of(settings: dict[str, Any]) -> Destination:
    """Where a subscriber's messages go. Raises OSError when its TLS files cannot be read."""
    tls = client_tls(settings["ca"], settings["certificate"], settings["key"]) if settings["tls"] else None
    return Destination(
        host=settings["host"], port=settings["port"], tls=tls, timeout_seconds=settings["timeout_seconds"]
    )


def send_again(index: Index, found: MessageContent) -> Replied:
    """Send a message of ours once more, as it was, and keep what the subscriber says now. Raises NotFound."""
    name, control_id = found.told.sender, found.told.control_id
    subscribers = index.messages.subscribers
    subscriber = next((one for one in subscribers.declared() if one.name == name), None)
    if subscriber is None:
        raise NotFound(f"no subscriber is called {name!r} any more", field="subscriber")
    reply = b""
    outcome: Outcome = "failed"
    acknowledgement: str | None = None
    try:
        with Sender(destination_of(subscriber.settings)) as sender:
            reply = sender.send(found.raw)
        outcome, acknowledgement, reason = judged(reply, control_id)
    except NotDelivered as missing:
        reason = str(missing)
    except OSError as error:
        raise BadInput("the files named for TLS cannot be read", field="subscriber") from error
    sent = Sent(
        enterprise_id=next(iter(found.told.enterprise_ids), ""),
        control_id=control_id,
        trigger_event=found.told.trigger_event or "",
        raw=found.raw,
        peer=found.told.peer,
        outcome=outcome,
        reply=reply,
        acknowledgement=acknowledgement,
        error_text=reason,
    )
    subscribers.keep(name, sent, seq=None)
    return Replied(
        replies=(reply,),
        acknowledgement="AA" if outcome == "accepted" else acknowledgement or "none",
        message_id=found.told.message_id,
        error_text=reason,
    )


def judged(reply: bytes, control_id: str) -> tuple[Outcome, str | None, str | None]:
    """What a subscriber's reply means: outcome, MSA-1 and, unless it accepted, why not."""
    for segment in reply.replace(b"\n", b"\r").split(b"\r"):
        if segment.startswith(b"MSA") and len(segment) > 4:
            fields = segment.decode("latin-1").split(segment[3:4].decode("latin-1"))
            acknowledgement = fields[1][:2]
            if len(fields) > 2 and fields[2] and fields[2] != control_id:
                return "failed", acknowledgement, "acknowledged another message"
            if acknowledgement in ("AA", "CA"):
                return "accepted", acknowledgement, None
            return "refused", acknowledgement, f"answered {acknowledgement}"
    return "failed", None, "the reply is no acknowledgement"
