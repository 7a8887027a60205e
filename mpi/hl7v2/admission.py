"""Which connection may speak for which source.

MLLP knows no credentials, so a source says where its messages come from: the names in the certificates of its
clients, their addresses, our port. What it does not say does not matter, but a certificate that some source
names speaks for the sources that name it and for no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from mpi.hl7v2.connection import Connection


def why_refused(connection: Connection, source: str, sources: Iterable[Mapping[str, Any]]) -> str | None:
    """Why this connection may not send for ``source``, None when it may.

    ``sources`` as ``Index.sources`` answers them. Over HTTP (no port of ours) the API client's own source
    counts, and nothing else.
    """
    actor = connection.actor
    if actor is not None and actor.source not in (None, source):
        return "this client speaks for another source"
    if connection.port is None:
        return None
    declared = {known["name"]: known for known in sources}
    own = declared.get(source, {})
    name = connection.certificate_name
    named = [
        known for known in declared.values() if name is not None and name in _list(known, "certificates")
    ]
    if named and own not in named:
        return "this certificate speaks for another source"
    if (wanted := _list(own, "certificates")) and name not in wanted:
        return "this source sends with another certificate"
    if (wanted := _list(own, "ports")) and connection.port not in wanted:
        return "this source sends to another port"
    if (wanted := _list(own, "addresses")) and not _within(connection.peer, tuple(wanted)):
        return "this source sends from another address"
    return None


def _list(source: Mapping[str, Any], key: str) -> list[Any]:
    return list(source.get(key) or ())


def _within(address: str, networks: tuple[str, ...]) -> bool:
    found = ip_address(address.partition("%")[0])
    return any(found in _network(text) for text in networks)


@lru_cache(maxsize=1_000)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)
