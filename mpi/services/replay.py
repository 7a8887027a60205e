"""Idempotency keys: a request sent again gets the answer it was given, and changes nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import orjson

from mpi.errors import IdempotencyMismatch, RequestInFlight
from mpi.services.answers import Receipt, RecordRef
from mpi.storage.database import LOCK_IDEMPOTENCY, Connection
from mpi.storage.queries import query


@dataclass(frozen=True, slots=True)
class Replay:
    """One idempotency key: ``scope`` is the client that sent it, ``body`` what was sent."""

    scope: str
    key: str
    body: bytes

    def stored_receipt(self, conn: Connection) -> Receipt | None:
        """The answer this key was given before, or None for a first request.

        Raises RequestInFlight while a first request runs, IdempotencyMismatch when the body is another.
        """
        row = conn.execute(
            query("lock_idempotency"), {"lock": LOCK_IDEMPOTENCY, "key_hash": self._key_hash()}
        ).fetchone()
        if row is None or not row[0]:
            raise RequestInFlight
        stored = conn.execute(query("stored_answer"), {"scope": self.scope, "key": self.key}).fetchone()
        if stored is None:
            return None
        body_hash, _, response = stored
        if body_hash != self._body_hash():
            raise IdempotencyMismatch
        return _receipt(response)

    def store(self, conn: Connection, receipt: Receipt) -> None:
        """Keep the answer, in the transaction that did the work."""
        conn.execute(
            query("store_answer"),
            {
                "scope": self.scope,
                "key": self.key,
                "body_hash": self._body_hash(),
                "status": 201 if receipt.created else 200,
                "response": orjson.dumps(receipt),
            },
        )

    def _body_hash(self) -> bytes:
        return hashlib.sha256(self.body).digest()

    def _key_hash(self) -> int:
        digest = hashlib.blake2b(f"{self.scope}\x1f{self.key}".encode(), digest_size=4).digest()
        return int.from_bytes(digest, "big", signed=True)


def _receipt(response: bytes) -> Receipt:
    stored = orjson.loads(response)
    stored["record"] = RecordRef(**stored["record"])
    for name in ("tasks", "suppressed_keys", "dropped", "declared"):
        stored[name] = tuple(stored[name])
    return Receipt(**stored)
