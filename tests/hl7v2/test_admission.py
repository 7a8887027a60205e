"""Who may send for which source over MLLP."""

from __future__ import annotations

import pytest

from mpi.hl7v2 import Connection
from mpi.hl7v2.admission import why_refused
from mpi.index import Actor

SOURCES = [
    {"name": "open"},
    {"name": "north", "certificates": ["epic.north"]},
    {"name": "south", "certificates": ["epic.south", "lab.south"]},
    {"name": "lab", "addresses": ["10.1.0.0/16", "192.0.2.7"]},
    {"name": "old", "ports": [2576]},
]


def _mllp(peer: str = "10.9.9.9", certificate: str | None = None, port: int = 2575) -> Connection:
    return Connection(peer=peer, certificate_name=certificate, port=port)


@pytest.mark.parametrize(
    ("source", "connection", "allowed"),
    [
        ("open", _mllp(), True),
        ("open", _mllp(certificate="somebody"), True),
        ("open", _mllp(certificate="epic.north"), False),
        ("north", _mllp(certificate="epic.north"), True),
        ("north", _mllp(), False),
        ("north", _mllp(certificate="epic.south"), False),
        ("south", _mllp(certificate="lab.south"), True),
        ("lab", _mllp("10.1.2.3"), True),
        ("lab", _mllp("192.0.2.7"), True),
        ("lab", _mllp("10.2.0.1"), False),
        ("old", _mllp(port=2576), True),
        ("old", _mllp(port=2575), False),
        ("nobody declared it", _mllp(), True),
    ],
)
def test_a_source_says_where_its_messages_come_from(
    source: str, connection: Connection, allowed: bool
) -> None:
    assert (why_refused(connection, source, SOURCES) is None) == allowed


def test_over_http_the_key_decides() -> None:
    bound = Connection(peer="10.9.9.9", actor=Actor(name="c", role="registrar", source="north"))
    assert why_refused(bound, "north", SOURCES) is None
    assert why_refused(bound, "open", SOURCES) is not None
    free = Connection(peer="10.9.9.9", actor=Actor(name="c", role="registrar"))
    assert why_refused(free, "north", SOURCES) is None
