"""A message that the index does not answer in time: the sender is told, and order holds all the same."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest

from api_client import settings_of
from mllp_calls import msa
from mpi.api import hl7v2
from mpi.api.hl7v2 import Door
from mpi.api.threads import Threads
from mpi.hl7v2 import Connection
from mpi.hl7v2.framing import Frame
from mpi.index import Actor, Index, MessageFilter

PEER = Connection(peer="127.0.0.1", port=2575, actor=Actor(name="test", role="registrar"))


def _frame(control_id: str, event: str, family: str) -> Frame:
    content = (
        f"MSH|^~\\&|EPIC|NORTH|MPI|HUB|20250102030405||ADT^{event}^ADT_A01|{control_id}|P|2.5\r"
        f"PID|1||N1^^^NORTH^MR||{family}^GRACE||19740211|F\r"
    ).encode()
    return Frame(content=content, size=len(content))


def test_a_late_message_is_refused_in_time_and_done_before_the_next(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hl7v2, "DEADLINE_SECONDS", 0.5)
    with Index.open(settings_of(database_url, tmp_path)) as index:
        # Declares the sender, which has to wait for nobody.
        asyncio.run(_answers(index, [_frame("0", "A04", "OKONKWO")]))
        with psycopg.connect(database_url) as holder:
            holder.execute("LOCK TABLE record IN EXCLUSIVE MODE")
            late, refused = asyncio.run(
                _answers(
                    index, [_frame("1", "A08", "OKONKWA"), _frame("2", "A08", "OKONKWI")], release=holder
                )
            )
        assert msa(late) == ("AE", "1") and b"207" in late
        assert msa(refused) == ("AA", "2")
        stored = index.record("EPIC|NORTH", "NORTH|N1", actor=PEER.actor or Actor(name="t", role="reader"))
        assert stored.version == 3 and stored.demographics["family"] == "OKONKWI"
        kept = index.messages.listed(MessageFilter(), actor=Actor(name="t", role="steward")).items
        assert [message.outcome for message in kept] == ["accepted"] * 3


async def _answers(
    index: Index, frames: list[Frame], release: psycopg.Connection[tuple[object, ...]] | None = None
) -> list[bytes]:
    threads = Threads(2)
    door = Door(index, threads)
    replies = []
    for frame in frames:
        replies += (await door.answer(frame, PEER)).replies
        if release is not None:
            release.commit()
    threads.close()
    return replies
