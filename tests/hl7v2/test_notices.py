"""What subscribers are told over MLLP: who is called what, who was merged, once each and in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest

from builders import GRACE, STEWARD, TOMAS
from mllp_calls import listening
from mpi.hl7v2 import Connection
from mpi.hl7v2.acknowledging import replies
from mpi.hl7v2.answering import header_of
from mpi.hl7v2.delivering import judged, send_again
from mpi.hl7v2.framing import Frame
from mpi.hl7v2.notifying import Notifier
from mpi.index import Index, MessageFilter

PATIENCE_SECONDS = 15.0
AUTHORITIES = """
[index]
authority = {name = "MPI", oid = "1.2.3"}
[[source]]
name = "north"
[[source]]
name = "south"
[[authority]]
name = "NORTH"
oid = "1.2.3.1"
owner = "north"
[[authority]]
name = "SOUTH"
owner = "south"
"""


@dataclass
class Lab:
    """A subscriber: what it was sent, and how it answers."""

    received: list[list[str]] = field(default_factory=list)
    answers: Callable[[int], str | None] = lambda n: "AA"

    async def take(self, frame: Frame, connection: Connection) -> tuple[bytes, ...]:
        self.received.append(frame.content.decode().split("\r")[:-1])
        code = self.answers(len(self.received))
        return (replies(header_of(frame.content), code).reply,) if code else ()

    def segments(self, name: str) -> list[str]:
        return [line for message in self.received for line in message if line.startswith(name)]

    def events(self) -> list[str]:
        return [message[0].split("|")[8].split("^")[1] for message in self.received]


def wait_for(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def subscribe(index: Index, port: int, **more: str) -> None:
    lines = ["[[subscriber]]", 'name = "lab"', 'host = "127.0.0.1"', f"port = {port}", 'msh = "LAB|SOUTH"']
    lines += [f"{name} = {value}" for name, value in more.items()]
    index.apply_sources("\n".join(lines), actor=STEWARD)


@contextmanager
def told(index: Index, lab: Lab, **more: str) -> Iterator[None]:
    """``lab`` is subscribed, and told as long as the block runs."""
    index.apply_sources(AUTHORITIES, actor=STEWARD)
    with ExitStack() as stack:
        port, _ = stack.enter_context(listening(lab.take))
        subscribe(index, port, **more)
        notifier = Notifier(index, message_days=90, look_seconds=0.05)
        notifier.start()
        stack.callback(notifier.close)
        yield


def register(index: Index, source: str, local_id: str, person: dict[str, object], **more: object) -> str:
    authority = {"north": "NORTH", "south": "SOUTH"}[source]
    identifiers = [{"authority": authority, "value": local_id, "type": "MR"}]
    record = {"source": source, "local_id": local_id, "identifiers": identifiers, **person, **more}
    return index.receive(record, actor=STEWARD).enterprise_id


def behind(index: Index) -> int:
    (lab,) = index.messages.subscribers.declared()
    return lab.behind


def test_a_new_link_is_told_with_every_identifier(index: Index) -> None:
    lab = Lab()
    with told(index, lab):
        eid = register(index, "north", "N1", GRACE)
        wait_for(lambda: behind(index) == 0)
        assert lab.received == [], "one identifier is no cross-reference"
        assert register(index, "south", "S1", GRACE) == eid
        wait_for(lambda: bool(lab.received))
    (pid,) = lab.segments("PID")
    assert pid == f"PID|||{eid}^^^MPI&1.2.3&ISO^PI~N1^^^NORTH&1.2.3.1&ISO~S1^^^SOUTH||^^^^^^S"
    (msh,) = lab.segments("MSH")
    assert msh.split("|")[2:6] == ["MPI", "", "LAB", "SOUTH"]
    assert msh.split("|")[8] == "ADT^A31^ADT_A05"
    assert lab.received[0][1].startswith("EVN|A31|") and lab.received[0][3] == "PV1||N"


def test_only_domains_of_interest_are_told(index: Index) -> None:
    lab = Lab()
    with told(index, lab, domains='["urn:oid:1.2.3.1", "SOUTH"]'):
        register(index, "north", "N1", GRACE)
        register(index, "south", "S1", GRACE)
        wait_for(lambda: bool(lab.received))
    assert lab.segments("PID") == ["PID|||N1^^^NORTH&1.2.3.1&ISO~S1^^^SOUTH||^^^^^^S"]


def test_a_merge_and_its_undoing_are_told_in_order(index: Index) -> None:
    lab = Lab()
    with told(index, lab):
        first, second = register(index, "north", "N1", GRACE), register(index, "south", "S1", TOMAS)
        merge = index.merge(first, second, "the same person", actor=STEWARD)
        wait_for(lambda: len(lab.received) == 2)
        index.unmerge(merge.merge_id or 0, "they are not", actor=STEWARD)
        wait_for(lambda: len(lab.received) == 4)
        wait_for(lambda: behind(index) == 0)
    assert lab.events() == ["A40", "A31", "A31", "A31"]
    (mrg,) = lab.segments("MRG")
    assert mrg == f"MRG|{second}^^^MPI&1.2.3&ISO^PI"
    merged, *parted = [pid.split("|")[3] for pid in lab.segments("PID")[1:]]
    assert "N1^^^NORTH" in merged and "S1^^^SOUTH" in merged
    assert sorted("N1^^^NORTH" in pid for pid in parted) == [False, True]
    assert sorted("S1^^^SOUTH" in pid for pid in parted) == [False, True]


def test_what_is_refused_is_sent_again_and_then_a_dead_letter(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mpi.hl7v2.delivering.PAUSE_SECONDS_MAX", 0.05)
    lab = Lab(answers=lambda n: "AE" if n <= 3 else "AA")
    with told(index, lab, attempts="3"):
        register(index, "north", "N1", GRACE)
        register(index, "south", "S1", GRACE)
        wait_for(lambda: len(lab.received) == 3)
        register(index, "north", "N2", TOMAS)
        register(index, "south", "S2", TOMAS)
        wait_for(lambda: len(lab.received) == 4 and behind(index) == 0)
    control_ids = [msh.split("|")[9] for msh in lab.segments("MSH")]
    assert control_ids[0] == control_ids[1] == control_ids[2] != control_ids[3]
    page = index.messages.listed(MessageFilter(direction="out"), actor=STEWARD)
    assert [(m.outcome, m.dead, m.times) for m in page.items] == [
        ("accepted", False, 1),
        ("refused", True, 3),
    ]


def test_a_dead_letter_is_sent_again(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(answers=lambda n: "AR" if n == 1 else "AA")
    with told(index, lab, attempts="1"):
        register(index, "north", "N1", GRACE)
        register(index, "south", "S1", GRACE)
        wait_for(lambda: behind(index) == 0 and len(lab.received) == 1)
        (dead,) = index.messages.listed(MessageFilter(dead=True), actor=STEWARD).items
        found = index.messages.message(dead.message_id, actor=STEWARD)
        assert send_again(index, found).acknowledgement == "AA"
    assert lab.received[0] == lab.received[1]
    assert index.messages.listed(MessageFilter(dead=True), actor=STEWARD).items == ()


def test_nothing_is_lost_or_told_twice_when_the_subscriber_or_we_are_away(
    index: Index, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mpi.hl7v2.delivering.PAUSE_SECONDS_MAX", 0.05)
    index.apply_sources(AUTHORITIES, actor=STEWARD)
    lab = Lab()
    with listening(lab.take) as (port, _):
        pass  # the port is free again, and nobody answers
    subscribe(index, port)
    register(index, "north", "N1", GRACE)
    register(index, "south", "S1", GRACE)
    first = Notifier(index, message_days=90, look_seconds=0.05)
    first.start()
    wait_for(lambda: index.messages.subscribers.declared()[0].error == "cannot connect")
    first.close()
    with told(index, lab):
        wait_for(lambda: len(lab.received) == 1 and behind(index) == 0)
    with told(index, lab):
        register(index, "north", "N2", TOMAS)
        register(index, "south", "S2", TOMAS)
        wait_for(lambda: len(lab.received) == 2 and behind(index) == 0)
        time.sleep(0.3)
    assert len(lab.received) == 2


def test_one_process_at_a_time_tells(index: Index, database_url: str) -> None:
    first, second = index.messages.subscribers.lead(), index.messages.subscribers.lead()
    assert first.hold() and first.hold() and not second.hold()
    with psycopg.connect(database_url, autocommit=True) as conn:  # as if the process had been killed
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mpi lead'"
        )
    wait_for(second.hold)
    assert not first.hold()
    second.drop()
    assert first.hold()
    first.drop()


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (b"MSH|^~\\&|\rMSA|AA|1\r", "accepted"),
        (b"MSH|^~\\&|\nMSA|CA|1\n", "accepted"),
        (b"MSH|^~\\&|\rMSA|AE|1\r", "refused"),
        (b"MSH|^~\\&|\rMSA|AA|other\r", "failed"),
        (b"", "failed"),
        (b"MSA", "failed"),
        (b"hello", "failed"),
    ],
)
def test_only_an_acknowledgement_of_this_message_counts(reply: bytes, outcome: str) -> None:
    assert judged(reply, "1")[0] == outcome
