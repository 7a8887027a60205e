"""npm's simple-hl7 as sender and as subscriber: an HL7 v2 library that knows nothing of us."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from api_client import settings_of
from hl7v2_messages import ADMIN, SOURCES
from mllp_calls import listening
from mpi.hl7v2 import Connection
from mpi.hl7v2.framing import Frame
from mpi.hl7v2.notifying import Notifier
from mpi.hl7v2.receiving import receive
from mpi.index import Index

HERE = Path(__file__).parent
PATIENCE_SECONDS = 20

pytestmark = pytest.mark.skipif(
    not (HERE / "node_modules" / "simple-hl7").exists(), reason="`make test-interop` installs it"
)


@pytest.fixture
def index(database_url: str, tmp_path: Path) -> Iterator[Index]:
    with Index.open(settings_of(database_url, tmp_path)) as index:
        index.apply_sources(SOURCES, actor=ADMIN)
        yield index


def _adt(number: int, sender: str, identifier: str) -> str:
    return (
        f"MSH|^~\\&|{sender}|MPI|HUB|20250102030405||ADT^A04|{number}|P|2.3\r"
        f"PID|1||{identifier}||OKONKWO^GRACE^ADA||19740211|F|||48 ALDER ST^^BOSTON^MA^02118||6174420198\r"
    )


def _query(number: int, identifier: str) -> str:
    return (
        f"MSH|^~\\&|EPIC|NORTH|MPI|HUB|20250102030405||QBP^Q23^QBP_Q21|{number}|P|2.5\r"
        f"QPD|IHE PIX Query|q{number}|{identifier}\rRCP|I\r"
    )


def test_simple_hl7_sends_and_reads_every_answer(index: Index) -> None:
    async def answering(frame: Frame, connection: Connection) -> tuple[bytes, ...]:
        return (await asyncio.to_thread(receive, index, frame.content, connection=connection)).replies

    messages = [
        _adt(1, "EPIC|NORTH", "N1^^^NORTH"),
        _adt(2, "CERNER|SOUTH", "S1^^^SOUTH"),
        _query(3, "N1^^^NORTH"),
        _adt(4, "EPIC|NORTH", "S1^^^SOUTH"),
        _query(5, "N9^^^NORTH"),
    ]
    with listening(answering) as (port, _):
        done = subprocess.run(
            ["node", "simple_hl7.js", str(port)],
            cwd=HERE, input=json.dumps(messages), capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    replies: list[dict[str, Any]] = json.loads(done.stdout)
    assert [(reply["code"], reply["control_id"]) for reply in replies] == [
        ("AA", "1"), ("AA", "2"), ("AA", "3"), ("AR", "4"), ("AE", "5"),
    ]  # fmt: skip
    assert replies[0]["type"].startswith("ACK") and replies[2]["type"].startswith("RSP")
    assert "PID" in replies[2]["segments"] and "ERR" in replies[3]["segments"]


@contextmanager
def _subscriber() -> Iterator[tuple[int, Any]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["node", "simple_hl7.js", "serve", str(port)], cwd=HERE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield port, process.stdout
    finally:
        process.terminate()
        process.communicate()


def test_simple_hl7_is_told_of_a_link(index: Index) -> None:
    with _subscriber() as (port, said):
        subscriber = f'[[subscriber]]\nname = "lab"\nhost = "127.0.0.1"\nport = {port}\nmsh = "LAB|SOUTH"'
        index.apply_sources(subscriber, actor=ADMIN)
        for number, sender, identifier in (
            (1, "EPIC|NORTH", "N1^^^NORTH"),
            (2, "CERNER|SOUTH", "S1^^^SOUTH"),
        ):
            raw = _adt(number, sender, identifier).encode()
            assert receive(index, raw, connection=Connection(peer="127.0.0.1")).acknowledgement == "AA"
        notifier = Notifier(index, message_days=0, look_seconds=0.1)
        notifier.start()
        told = json.loads(said.readline())
        deadline = time.monotonic() + PATIENCE_SECONDS
        while index.messages.subscribers.declared()[0].delivered_at is None:
            assert time.monotonic() < deadline, "it was told and its acknowledgement was not taken"
            time.sleep(0.05)
        notifier.close()
    assert (told["type"], told["event"]) == ("ADT", "A31")
    assert "N1^^^NORTH" in told["message"] and "S1^^^SOUTH" in told["message"]
