"""Which systems are told over HL7 v2 of changed identifiers, how far each was told, and what is next.

The content of a notice is what is true when it is sent, not when it became so: changes of one identity that
are waiting become one notice. A subscriber is told in the order of the feed, at least once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mpi.identity.change import EventType
from mpi.identity.enterprise_id import display
from mpi.services.answers import Outcome
from mpi.services.context import Context
from mpi.services.publishing import PUBLISH_MAX
from mpi.storage.database import LOCK_LEAD, LOCK_PUBLISH, connection
from mpi.storage.identities import EventRow
from mpi.storage.leading import Lead
from mpi.storage.queries import query

#: Events that one call looks through.
EVENTS_MAX: Final = 200
#: What the process does that leads: it tells subscribers over HL7 v2, and deletes old messages.
DUTY_HL7: Final = 1

#: Events after which somebody may be called otherwise than before.
_CHANGES: Final = frozenset(
    {
        EventType.ENTERPRISE_ID_ASSIGNED,
        EventType.RECORD_LINKED,
        EventType.RECORD_UNLINKED,
        EventType.RECORD_RETIRED,
        EventType.RECORD_RECEIVED,
        EventType.IDENTITIES_MERGED,
        EventType.IDENTITIES_UNMERGED,
    }
)
#: After these alone an identity with one identifier is no cross-reference yet, and no news.
_ARRIVALS: Final = frozenset({EventType.ENTERPRISE_ID_ASSIGNED, EventType.RECORD_RECEIVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A system that is told; ``settings`` as declared in ``[[subscriber]]``."""

    name: str
    settings: dict[str, Any]
    #: The event up to which it was told, and how many came since.
    seq: int
    behind: int
    #: Failures in a row, why the last one was, and when it is tried again.
    attempts: int
    retry_at: datetime | None
    error: str | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something to tell: that an identity may be called otherwise, or that ``subsumed`` redirects to it."""

    seq: int
    #: Display form.
    enterprise_id: str
    subsumed: str | None = None
    #: Records joined or left it; otherwise they only arrived.
    regrouped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What comes next for a subscriber; when all is told, it was told up to ``seq``."""

    seq: int
    news: tuple[News, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message to a subscriber and what it answered. ``digest``: of what the identity is called."""

    enterprise_id: str
    control_id: str
    trigger_event: str
    raw: bytes
    peer: str
    outcome: Outcome
    reply: bytes = b""
    acknowledgement: str | None = None
    error_text: str | None = None
    digest: bytes | None = None
    times: int = 1


class Subscribers:
    """What the process asks that tells them."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def lead(self) -> Lead:
        """The right to tell them, which one process has at a time."""
        return Lead(self._context.pool, LOCK_LEAD, DUTY_HL7)

    def declared(self) -> list[Subscriber]:
        """Every subscriber, by name."""
        with connection(self._context.pool) as conn:
            rows = conn.execute(query("subscribers")).fetchall()
        names = ("name", "settings", "seq", "attempts", "retry_at", "error", "delivered_at", "behind")
        return [Subscriber(**dict(zip(names, row, strict=True))) for row in rows]

    def due(self, seq: int) -> Due | None:
        """What happened after ``seq``, each identity once; None when nothing did."""
        with connection(self._context.pool) as conn:
            row = conn.execute(query("anything_to_tell"), {"after": seq}).fetchone()
        if row is None or not row[0]:
            return None
        with self._context.transaction() as conn:
            conn.execute(query("lock_publishing"), {"lock": LOCK_PUBLISH})
            conn.execute(query("publish"), {"limit": PUBLISH_MAX})
            rows = conn.execute(query("feed"), {"after": seq, "limit": EVENTS_MAX}).fetchall()
        events = [EventRow(*row) for row in rows]
        return Due(seq=events[-1].event_id, news=news_of(events)) if events else None

    def told_before(self, name: str, enterprise_id: str) -> bytes | None:
        """The digest of what it was last told an identity is called."""
        values = {"name": name, "enterprise_id": enterprise_id}
        with connection(self._context.pool) as conn:
            row = conn.execute(query("told_before"), values).fetchone()
        return None if row is None else bytes(row[0])

    def keep(self, name: str, sent: Sent, *, seq: int | None) -> None:
        """Keep a message that was sent, with its outcome; refused, it is a dead letter.

        ``seq``: everything up to here was told with it; None: there is more to tell of the same event.
        """
        accepted = sent.outcome == "accepted"
        values: dict[str, Any] = {
            "name": name,
            "control_id": sent.control_id,
            "digest": hashlib.blake2b(sent.raw, digest_size=16).digest(),
            "raw": sent.raw,
            "size": len(sent.raw),
            "peer": sent.peer,
            "outcome": sent.outcome,
            "dead": not accepted,
            "reply": sent.reply,
            "acknowledgement": sent.acknowledgement,
            "trigger_event": sent.trigger_event,
            "error_text": sent.error_text,
            "enterprise_ids": [sent.enterprise_id],
            "times": sent.times,
        }
        with self._context.transaction() as conn:
            conn.execute(query("keep_sent_message"), values)
            if sent.digest is not None:
                told = {"name": name, "enterprise_id": sent.enterprise_id, "digest": sent.digest}
                conn.execute(query("note_told"), told)
            conn.execute(query("subscriber_told"), {"name": name, "seq": seq, "accepted": accepted})

    def passed(self, name: str, seq: int) -> None:
        """Everything up to ``seq`` was told."""
        with connection(self._context.pool) as conn:
            conn.execute(query("subscriber_passed"), {"name": name, "seq": seq})

    def failed(self, name: str, attempts: int, error: str, pause_seconds: float) -> None:
        """What is next could not be told, and is tried again after a pause."""
        values = {"name": name, "attempts": attempts, "error": error, "pause_seconds": pause_seconds}
        with connection(self._context.pool) as conn:
            conn.execute(query("subscriber_failed"), values)


def news_of(events: list[EventRow]) -> tuple[News, ...]:
    """What there is to tell of events: each identity where it last changed, each merge where it was made."""
    merges: list[News] = []
    changed: dict[str, int] = {}
    regrouped: set[str] = set()
    for event in events:
        if event.type not in _CHANGES:
            continue
        ids = [display(id) for id in (event.enterprise_id, event.other_enterprise_id) if id]
        if event.type == EventType.IDENTITIES_MERGED:
            merges.append(News(seq=event.event_id, enterprise_id=ids[0], subsumed=ids[1]))
        for enterprise_id in ids:
            changed[enterprise_id] = event.event_id
            if event.type not in _ARRIVALS:
                regrouped.add(enterprise_id)
    clusters = [
        News(seq=seq, enterprise_id=enterprise_id, regrouped=enterprise_id in regrouped)
        for enterprise_id, seq in changed.items()
    ]
    # A merge is told before what the survivor is called afterwards.
    return tuple(sorted((*merges, *clusters), key=lambda news: (news.seq, news.subsumed is None)))
