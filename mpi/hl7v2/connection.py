"""Where a message came from."""

from __future__ import annotations

from dataclasses import dataclass

from mpi.index import Actor


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
