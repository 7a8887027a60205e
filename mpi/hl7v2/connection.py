"""Where a message came from."""

from __future__ import annotations

from dataclasses import dataclass

from mpi.index import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where a message came from: ``peer`` is its address, ``certificate_name`` the subject of its client
    certificate, None without one. ``port`` is the port of ours it came in by, None over HTTP; ``actor`` is
    whom the transport admitted, None over MLLP without a certificate. ``source``: whose messages come by it,
    where that does not depend on MSH-3 and MSH-4 (a file that was named with its source).
    """

    peer: str
    certificate_name: str | None = None
    port: int | None = None
    actor: Actor | None = None
    source: str | None = None
