"""The store of HL7 v2 messages: every one with its outcome, the answer to a repetition, and dead letters.

A message costs two round trips here. ``keep`` before it is processed, committed but not flushed: the log of
the database is one, so whatever the message changes is flushed after it, and a killed process leaves the
message without an outcome. ``settle`` with the outcome, flushed: the reply leaves after it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import orjson

from mpi.errors import NotFound
from mpi.services.answers import Actor, Outcome, Page
from mpi.services.context import Context
from mpi.services.hl7_notices import Subscribers
from mpi.storage.database import connection
from mpi.storage.queries import query

#: Characters of a sender or control ID that are kept; the digest tells longer ones apart.
WORD_LENGTH_MAX = 200
#: Rows that one step of the clean-up deletes.
EXPIRE_STEP = 1_000
BIGINT_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A message as the transport got it; ``sender`` is MSH-3|MSH-4, ``size`` the bytes that came."""

    raw: bytes
    sender: str
    control_id: str
    peer: str
    size: int
    #: The message whose content this one corrects.
    mends: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A message in the store. ``reply`` is what it was answered when it was accepted before."""

    message_id: int
    times: int
    reply: bytes | None
    #: Another message of this sender had the same control ID.
    control_id_reused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a message; fields as in ``mpi.hl7v2.Answer``."""

    outcome: Outcome
    #: Somebody should look at it.
    dead: bool
    reply: bytes
    acknowledgement: str
    message_type: str = ""
    trigger_event: str = ""
    source: str | None = None
    error_code: str | None = None
    error_text: str | None = None
    enterprise_ids: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class MessageAnswer(NamedTuple):
    """A message of the store without its content."""

    message_id: int
    received_at: datetime
    direction: str
    sender: str
    control_id: str
    size: int
    peer: str
    times: int
    last_at: datetime
    outcome: str
    dead: bool
    acknowledgement: str | None
    message_type: str | None
    trigger_event: str | None
    source: str | None
    error_code: str | None
    error_text: str | None
    warnings: list[str]
    answered_at: datetime | None
    mends: int | None
    enterprise_ids: list[str]


class MessageContent(NamedTuple):
    """A message of the store: what is told of it, what came and what was answered."""

    told: MessageAnswer
    raw: bytes
    reply: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFilter:
    """Which messages are listed; what is None does not matter."""

    dead: bool = False
    direction: str | None = None
    outcome: str | None = None
    sender: str | None = None
    source: str | None = None
    control_id: str | None = None
    #: ``ADT`` or ``ADT^A40``.
    message_type: str | None = None
    since: datetime | None = None


class Messages:
    """What faces ask of the store."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def subscribers(self) -> Subscribers:
        """The systems that are sent messages, and how far each was told."""
        return Subscribers(self._context)

    def keep(self, arrived: Arrived) -> Kept:
        """Write a message down before it is processed. Raises DatabaseUnavailable."""
        values = {
            "sender": _word(arrived.sender),
            "control_id": _word(arrived.control_id),
            "digest": hashlib.blake2b(arrived.raw, digest_size=16).digest(),
            "raw": arrived.raw,
            "size": arrived.size,
            "peer": arrived.peer,
            "mends": arrived.mends,
        }
        with connection(self._context.pool) as conn:
            row = conn.execute(query("keep_message"), values).fetchone()
        assert row is not None
        message_id, times, outcome, reply, reused = row
        return Kept(
            message_id=message_id,
            times=times,
            reply=reply if outcome == "accepted" else None,
            control_id_reused=reused,
        )

    def settle(self, message_id: int, settled: Settled) -> None:
        """Write down what became of it; on disk when this returns. Raises DatabaseUnavailable."""
        row = {
            "message_id": message_id,
            "outcome": settled.outcome,
            "dead": settled.dead,
            "acknowledgement": settled.acknowledgement,
            "message_type": _word(settled.message_type),
            "trigger_event": _word(settled.trigger_event),
            "source": settled.source,
            "error_code": settled.error_code,
            "error_text": None if settled.error_text is None else _word(settled.error_text),
            "enterprise_ids": settled.enterprise_ids,
            "warnings": [_word(warning) for warning in settled.warnings],
        }
        values = {"row": orjson.dumps(row).decode(), "reply": settled.reply}
        with connection(self._context.pool) as conn:
            mends = conn.execute(query("settle_message"), values).fetchone()
            if settled.outcome == "accepted" and mends is not None and mends[0] is not None:
                conn.execute(query("bury_dead_letter"), {"message_id": mends[0]})

    def listed(
        self, wanted: MessageFilter, *, actor: Actor, limit: int = 50, cursor: int | None = None
    ) -> Page:
        """Messages without their content, newest first."""
        values = {name: getattr(wanted, name) for name in MessageFilter.__dataclass_fields__}
        before = BIGINT_MAX if cursor is None else cursor
        with self._context.transaction() as conn:
            rows = conn.execute(query("messages"), {**values, "limit": limit, "before": before}).fetchall()
            self._context.audit_read(conn, actor, "list messages", [])
        items = tuple(MessageAnswer(*row) for row in rows)
        return Page(items=items, next=items[-1].message_id if len(items) == limit else None)

    def message(self, message_id: int, *, actor: Actor) -> MessageContent:
        """One message, whole. Raises NotFound."""
        with self._context.transaction() as conn:
            row = conn.execute(query("message"), {"message_id": message_id}).fetchone()
            if row is None:
                raise NotFound(f"there is no message {message_id}", field="message_id")
            told = MessageAnswer(*row[:-2])
            self._context.audit_read(conn, actor, "show message", told.enterprise_ids)
        return MessageContent(told, row[-2], row[-1])

    def expire(self, days: int) -> int:
        """Delete a bounded number of messages that came more than ``days`` ago; returns how many it were."""
        with connection(self._context.pool) as conn:
            return conn.execute(query("expire_messages"), {"days": days, "limit": EXPIRE_STEP}).rowcount


def _word(text: str) -> str:
    """As much of what somebody sent as a column of words holds; PostgreSQL stores no NUL."""
    return text.replace("\0", "�")[:WORD_LENGTH_MAX]
