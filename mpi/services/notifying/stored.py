"""Subscriptions and notices as they are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import orjson

from mpi.errors import BadInput, Forbidden, NotFound
from mpi.services.answers import Actor
from mpi.services.notifying.wanted import Wanted
from mpi.storage.database import Connection
from mpi.storage.queries import query

Status = Literal["requested", "active", "error", "off"]

#: Who may see and change the subscriptions of others.
LEADS: Final = frozenset({"steward", "admin", "steward+admin"})
TEXT_LENGTH_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Somebody who is told. ``channel`` is as the subscriber wrote it."""

    subscription_id: int
    owner: str
    wanted: Wanted
    channel: Mapping[str, Any]
    reason: str
    status: Status
    error: str | None
    version: int
    ends_at: datetime | None
    created_at: datetime
    changed_at: datetime
    waiting_count: int = 0
    dead_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberNotice:
    """One event to be told to one subscriber. ``record_id`` is of the record that the event is about."""

    notice_id: int
    subscription_id: int
    seq: int
    enterprise_ids: tuple[str, ...]
    record_id: int | None
    type: str
    attempts: int
    channel: Mapping[str, Any]
    error: str | None = None


def own_subscription(conn: Connection, subscription_id: int, actor: Actor) -> Subscription:
    found = stored_subscription(conn, subscription_id)
    if found.owner != actor.name and actor.role not in LEADS:
        raise Forbidden("this subscription belongs to another client")
    return found


def stored_subscription(conn: Connection, subscription_id: int) -> Subscription:
    row = conn.execute(query("subscription"), {"subscription_id": subscription_id}).fetchone()
    if row is None:
        raise NotFound("there is no such subscription", field="subscription_id")
    return subscription_of(row)


def subscription_of(row: Sequence[Any]) -> Subscription:
    return Subscription(
        subscription_id=row[0],
        owner=row[1],
        wanted=Wanted(**row[2]),
        channel=row[3],
        reason=row[4],
        status=row[5],
        error=row[6],
        version=row[7],
        ends_at=row[9],
        created_at=row[10],
        changed_at=row[11],
        waiting_count=row[12],
        dead_count=row[13],
    )


def notice_of(
    notice_id: int,
    subscription_id: int,
    seq: int,
    enterprise_ids: list[str],
    record_id: int | None,
    kind: str,
    attempts: int,
    channel: Mapping[str, Any],
    error: str | None = None,
) -> SubscriberNotice:
    """The notice of a row."""
    return SubscriberNotice(
        notice_id=notice_id,
        subscription_id=subscription_id,
        seq=seq,
        enterprise_ids=tuple(enterprise_ids),
        record_id=record_id,
        type=kind,
        attempts=attempts,
        channel=channel,
        error=error,
    )


def stored_values(
    subscription_id: int,
    wanted: Wanted,
    channel: Mapping[str, Any],
    reason: str,
    ends_at: datetime | None,
    *,
    is_off: bool,
) -> dict[str, Any]:
    """The parameters of a subscription's row. Raises BadInput for texts that are too long."""
    criteria = {name: value for name in Wanted.__slots__ if (value := getattr(wanted, name)) is not None}
    for field, text in (("criteria", wanted.text), ("reason", reason)):
        if len(text) > TEXT_LENGTH_MAX:
            raise BadInput(f"{field} is longer than {TEXT_LENGTH_MAX} characters", field=field)
    return {
        "subscription_id": subscription_id,
        "criteria": orjson.dumps(criteria).decode(),
        "channel": orjson.dumps(dict(channel)).decode(),
        "reason": reason,
        "status": "off" if is_off else "requested",
        "ends_at": ends_at,
    }
