"""Telling subscribers what changed: subscriptions, the notices made from the feed, and how they are settled.

The feed is looked through and due notices are handed out by one process at a time. A notice that is handed
out is leased: whoever took it settles it, or it is due again when the lease ends. So every notice arrives at
least once, and those of a subscriber in the order of the feed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from mpi.identity.change import EventType
from mpi.identity.enterprise_id import display
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.services.notifying.stored import (
    LEADS,
    Status,
    SubscriberNotice,
    Subscription,
    notice_of,
    own_subscription,
    stored_subscription,
    stored_values,
    subscription_of,
)
from mpi.services.notifying.wanted import Wanted, wanted_events
from mpi.services.publishing import PUBLISH_MAX
from mpi.storage.database import LOCK_NOTIFY, LOCK_PUBLISH, Connection
from mpi.storage.identities import EventRow
from mpi.storage.queries import query

__all__ = ["Notifying", "Status", "SubscriberNotice", "Subscription", "Wanted", "pause_seconds"]

#: Events that change who somebody is or what is known of them; tasks and assertions concern nobody else.
TOLD: Final = frozenset(
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
EVENTS_MAX: Final = 500
SUBSCRIPTIONS_MAX: Final = 100
#: Attempts after which a notice is a dead letter: with the pauses below, after about a day.
ATTEMPTS_MAX: Final = 17
PAUSE_SECONDS_MAX: Final = 3 * 3600
LEASE_SECONDS: Final = 60
KEPT_SECONDS: Final = 7 * 24 * 3600
ERROR_LENGTH_MAX: Final = 200


class Notifying:
    """``index.notifying``: what subscribers ask, and what the process that tells them asks."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def subscribe(
        self,
        wanted: Wanted,
        channel: Mapping[str, Any],
        *,
        actor: Actor,
        reason: str = "",
        ends_at: datetime | None = None,
        is_off: bool = False,
    ) -> Subscription:
        """Have a subscriber told of everything from here on."""
        subscription_id = self._context.mint.number()
        values = stored_values(subscription_id, wanted, channel, reason, ends_at, is_off=is_off)
        with self._context.transaction() as conn:
            _publish(conn)
            conn.execute(query("add_subscription"), {**values, "owner": actor.name})
            self._context.audit_read(conn, actor, "subscribe", [])
            return stored_subscription(conn, subscription_id)

    def subscription(self, subscription_id: int, *, actor: Actor) -> Subscription:
        """One. Raises NotFound, Forbidden."""
        with self._context.transaction() as conn:
            return own_subscription(conn, subscription_id, actor)

    def subscriptions(self, *, actor: Actor, limit: int = 100) -> list[Subscription]:
        """The actor's own; everybody's for those who may see them."""
        owner = None if actor.role in LEADS else actor.name
        with self._context.transaction() as conn:
            rows = conn.execute(query("subscriptions_of"), {"owner": owner, "limit": limit}).fetchall()
        return [subscription_of(row) for row in rows]

    def change(
        self,
        subscription_id: int,
        wanted: Wanted,
        channel: Mapping[str, Any],
        *,
        actor: Actor,
        reason: str = "",
        ends_at: datetime | None = None,
        is_off: bool = False,
    ) -> Subscription:
        """Change it; unless it is off, its dead letters are tried anew. Raises NotFound, Forbidden."""
        values = stored_values(subscription_id, wanted, channel, reason, ends_at, is_off=is_off)
        with self._context.transaction() as conn:
            own_subscription(conn, subscription_id, actor)
            conn.execute(query("change_subscription"), values)
            if not is_off:
                conn.execute(query("revive_notices"), {"subscription_id": subscription_id})
            self._context.audit_read(conn, actor, "change subscription", [])
            return stored_subscription(conn, subscription_id)

    def unsubscribe(self, subscription_id: int, *, actor: Actor) -> None:
        """Tell no more; what was still to be told is dropped. Raises NotFound, Forbidden."""
        with self._context.transaction() as conn:
            own_subscription(conn, subscription_id, actor)
            conn.execute(query("remove_notices"), {"subscription_id": subscription_id})
            conn.execute(query("remove_subscription"), {"subscription_id": subscription_id})
            self._context.audit_read(conn, actor, "unsubscribe", [])

    def dead_letters(self, subscription_id: int, *, actor: Actor, limit: int = 100) -> list[SubscriberNotice]:
        """Notices that nobody took. Raises NotFound, Forbidden."""
        with self._context.transaction() as conn:
            own_subscription(conn, subscription_id, actor)
            parameters = {"subscription_id": subscription_id, "state": "dead", "limit": limit}
            rows = conn.execute(query("subscriber_notices"), parameters).fetchall()
        return [notice_of(*row) for row in rows]

    def look_through(self) -> int:
        """Make notices of what happened since; how many. 0 while another process is at it."""
        with self._context.transaction() as conn:
            if conn.execute(query("any_subscription")).fetchone() is None or not _is_ours(conn):
                return 0
            _publish(conn)
            conn.execute(query("end_subscriptions"))
            conn.execute(query("forget_notices"), {"kept_seconds": KEPT_SECONDS})
            lagging = conn.execute(query("lagging_subscriptions"), {"limit": SUBSCRIPTIONS_MAX}).fetchall()
            return sum(self._note(conn, *row) for row in lagging)

    def due(self, limit: int = 20) -> list[SubscriberNotice]:
        """Notices to be sent now, the first of each subscriber; whoever gets them settles them."""
        with self._context.transaction() as conn:
            if not _is_ours(conn):
                return []
            parameters = {"limit": limit, "lease_seconds": LEASE_SECONDS}
            rows = conn.execute(query("due_notices"), parameters).fetchall()
        return sorted((notice_of(*row) for row in rows), key=lambda notice: notice.notice_id)

    def delivered(self, notice: SubscriberNotice) -> None:
        """The subscriber has it."""
        with self._context.transaction() as conn:
            conn.execute(query("notice_delivered"), {"notice_id": notice.notice_id})

    def failed(self, notice: SubscriberNotice, error: str, *, first_pause_seconds: float) -> bool:
        """It did not arrive: later again. True when it is a dead letter from now on."""
        is_dead = notice.attempts >= ATTEMPTS_MAX
        parameters = {
            "notice_id": notice.notice_id,
            "state": "dead" if is_dead else "waiting",
            "error": error[:ERROR_LENGTH_MAX],
            "retry_seconds": pause_seconds(notice.attempts, first_pause_seconds),
        }
        with self._context.transaction() as conn:
            conn.execute(query("notice_failed"), parameters)
        return is_dead

    def _note(self, conn: Connection, subscription_id: int, criteria: Any, after: int) -> int:
        """One subscriber's notices of the next events."""
        rows = conn.execute(query("feed"), {"after": after, "limit": EVENTS_MAX}).fetchall()
        if not rows:
            return 0
        told = [event for event in (EventRow(*row) for row in rows) if event.type in TOLD]
        kept = wanted_events(conn, Wanted(**criteria), told)
        if kept:
            notices = [self._notice_row(subscription_id, event) for event in kept]
            conn.execute(query("add_notices"), {"notices": orjson.dumps(notices).decode()})
        parameters = {"subscription_id": subscription_id, "after_seq": rows[-1][0]}
        conn.execute(query("advance_subscription"), parameters)
        return len(kept)

    def _notice_row(self, subscription_id: int, event: EventRow) -> dict[str, Any]:
        ids = [id for id in (event.enterprise_id, event.other_enterprise_id) if id]
        return {
            "notice_id": self._context.mint.number(),
            "subscription_id": subscription_id,
            "seq": event.event_id,
            "enterprise_ids": " ".join(display(id) for id in ids),
            "record_id": event.record_id,
            "type": event.type,
        }


def pause_seconds(attempts: int, first_pause_seconds: float) -> float:
    """How long after the so-manieth failure the next attempt is made.

    >>> [pause_seconds(n, 5) for n in (1, 2, 3, 20)]
    [5.0, 10.0, 20.0, 10800]
    """
    return min(first_pause_seconds * 2.0 ** min(attempts - 1, 30), PAUSE_SECONDS_MAX)


def _publish(conn: Connection) -> None:
    """Events of finished transactions get their place in the feed."""
    conn.execute(query("lock_publishing"), {"lock": LOCK_PUBLISH})
    conn.execute(query("publish"), {"limit": PUBLISH_MAX})


def _is_ours(conn: Connection) -> bool:
    row = conn.execute(query("try_lock_notifying"), {"lock": LOCK_NOTIFY}).fetchone()
    return row is not None and bool(row[0])
