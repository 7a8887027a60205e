"""``mpi serve --mllp``: what was acknowledged is there, whoever is killed, and whatever bytes come."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import STEWARD
from hl7v2_messages import ADMIN, SOURCES
from mllp_calls import Wire, msa
from mpi.errors import NotFound
from mpi.hl7v2.framing import framed
from mpi.hl7v2.sending import Destination, NotDelivered, Sender, client_tls
from mpi.index import Index, MessageFilter
from mpi.storage.embedded.process import children_of

END_SECONDS = 20.0
KILLS = 5


def adt(control_id: str, local_id: str, event: str = "A04") -> bytes:
    given = "".join(chr(ord("A") + int(digit)) for digit in local_id if digit.isdigit())
    return (
        f"MSH|^~\\&|EPIC|NORTH|MPI|HUB|20250102030405||ADT^{event}^ADT_A01|{control_id}|P|2.5\r"
        f"EVN|{event}|20250102030405\r"
        f"PID|1||{local_id}^^^NORTH^MR||OKONKWO{given}^G{given}||1974{1 + len(given) % 9:02}11|F\r"
        "PV1|1|O\r"
    ).encode()


class Served:
    """A running ``mpi serve`` with two workers."""

    def __init__(self, database_url: str, home: Path, *options: str) -> None:
        kept = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("MPI_")}
        settings = {"DATABASE_URL": database_url, "MPI_HOME": str(home), "MPI_AUTH": "off"}
        arguments = ["serve", "--port", "0", "--workers", "2", "--mllp", "127.0.0.1:0", *options]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mpi.cli.main", *arguments],
            env={**kept, **settings, "MPI_LOG_LEVEL": "error"},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.port = 0
        for line in self.process.stderr:
            if found := re.search(r"HL7 v2 on mllp://127\.0\.0\.1:(\d+), (plain|TLS)", line):
                self.port = int(found[1])
                break
        assert self.port, "it did not start"
        self._reading = threading.Thread(target=self.process.stderr.read, daemon=True)
        self._reading.start()

    def workers(self) -> list[int]:
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in children_of(self.process.pid)}
        return [pid for pid, command in commands.items() if "mpi.cli.worker" in command]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=END_SECONDS)
        self._reading.join()
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture
def served(index: Index, database_url: str, tmp_path: Path) -> Iterator[Served]:
    index.apply_sources(SOURCES, actor=ADMIN)
    running = Served(database_url, tmp_path)
    try:
        yield running
    finally:
        running.end()


class Feeder(threading.Thread):
    """A sender as engines are: the next message when the one before was acknowledged, else the same again."""

    def __init__(self, port: int, name: str, ended: threading.Event) -> None:
        super().__init__(daemon=True)
        self._sender = Sender(Destination(host="127.0.0.1", port=port, timeout_seconds=15))
        self._prefix = name
        self._ended = ended
        self.acknowledged: list[str] = []
        self.interruptions = 0

    def run(self) -> None:
        number = 0
        while not self._ended.is_set():
            number += 1
            local_id = f"{self._prefix}{number}"
            while not self._ended.is_set():
                try:
                    reply = self._sender.send(adt(f"C{local_id}", local_id))
                except NotDelivered:
                    self.interruptions += 1
                    time.sleep(0.05)
                    continue
                if msa(reply) == ("AA", f"C{local_id}"):
                    self.acknowledged.append(local_id)
                    break
        self._sender.close()


def _is_stored(index: Index, local_id: str) -> bool:
    try:
        return bool(index.record("north", local_id, actor=STEWARD).enterprise_id)
    except NotFound:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_acknowledged_is_lost_when_workers_are_killed(
    served: Served, index: Index, database_url: str
) -> None:
    ended = threading.Event()
    feeders = [Feeder(served.port, f"{n}0", ended) for n in range(4)]
    for feeder in feeders:
        feeder.start()
    chance = random.Random(7)
    for _ in range(KILLS):
        time.sleep(0.8)
        os.kill(chance.choice(served.workers()), signal.SIGKILL)
        deadline = time.monotonic() + END_SECONDS
        while len(served.workers()) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
    time.sleep(2)
    ended.set()
    for feeder in feeders:
        feeder.join(timeout=END_SECONDS)
    acknowledged = [local_id for feeder in feeders for local_id in feeder.acknowledged]
    assert sum(feeder.interruptions for feeder in feeders) > 0, "no kill was felt"
    assert len(acknowledged) > 20
    assert [local_id for local_id in acknowledged if not _is_stored(index, local_id)] == []
    assert not [result for result in index.check(actor=STEWARD) if result.violations]
    accepted = index.messages.listed(MessageFilter(outcome="accepted"), actor=STEWARD, limit=1_000_000)
    assert {f"C{local_id}" for local_id in acknowledged} <= {message.control_id for message in accepted.items}


def test_a_message_is_answered_as_before_after_a_restart(database_url: str, tmp_path: Path) -> None:
    first = Served(database_url, tmp_path)
    try:
        with Wire(first.port) as wire:
            reply = wire.ask(adt("1", "N1"))
            assert msa(reply) == ("AA", "1")
    finally:
        first.end()
    second = Served(database_url, tmp_path)
    try:
        with Wire(second.port) as wire:
            assert wire.ask(adt("1", "N1")) == reply
    finally:
        second.end()


def test_a_certificate_speaks_for_its_source_and_for_no_other(
    index: Index, database_url: str, tmp_path: Path, certificates: Path
) -> None:
    bound = '[[source]]\nname = "north"\nmsh = ["EPIC|NORTH"]\ncertificates = ["epic.north"]'
    index.apply_sources(SOURCES, actor=ADMIN)
    index.apply_sources(bound, actor=ADMIN)
    files = {name: str(certificates / name) for name in ("localhost.pem", "localhost.key", "ca.pem")}
    options = ["--mllp-tls-cert", files["localhost.pem"], "--mllp-tls-key", files["localhost.key"]]
    running = Served(database_url, tmp_path, *options, "--mllp-client-ca", files["ca.pem"])
    try:
        for name, expected in (("epic.north", "AA"), ("localhost", "AR")):
            client = client_tls(
                files["ca.pem"], str(certificates / f"{name}.pem"), str(certificates / f"{name}.key")
            )
            with Sender(Destination(host="localhost", port=running.port, tls=client)) as sender:
                assert msa(sender.send(adt(f"t-{name}", "T1"))) == (expected, f"t-{name}")
                other = adt(f"o-{name}", "T2").replace(b"EPIC|NORTH", b"CERNER|SOUTH")
                theirs = other.replace(b"^^^NORTH", b"^^^SOUTH")
                assert msa(sender.send(theirs))[0] == ("AR" if name == "epic.north" else "AA")
    finally:
        running.end()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_connections_spread_over_the_workers(served: Served) -> None:
    deadline = time.monotonic() + END_SECONDS
    while min(held := _held(served, 16)) == 0:
        assert time.monotonic() < deadline, "the second worker takes none"
    assert sum(held) == 16 and min(_held(served, 16)) >= 3


def _held(served: Served, count: int) -> list[int]:
    """How many of so many new connections each worker took."""
    wires = [Wire(served.port) for _ in range(count)]
    for n, wire in enumerate(wires):
        assert msa(wire.ask(adt(f"s{n}", f"s{n}")))[0] == "AA"
    held = [
        sum(1 for link in Path(f"/proc/{pid}/fd").iterdir() if _is_connection(link, served.port))
        for pid in served.workers()
    ]
    for wire in wires:
        wire.close()
    return held


def _is_connection(link: Path, port: int) -> bool:
    """Whether a descriptor is an established connection to our port (/proc/net/tcp knows by inode)."""
    try:
        inode = re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))
    except OSError:
        return False
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    wanted = {row[9] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"}
    return inode is not None and inode[1] in wanted


# Whatever bytes arrive

WORDS = [b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b'""', b"\\X", b"\x00"]


def _mutated(chance: random.Random, message: bytes) -> bytes:
    """The message with a few things done to it that senders and wires do."""
    raw = bytearray(message)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(raw) + 1)
        match chance.randrange(8):
            case 0:
                del raw[place : place + chance.randint(1, 40)]
            case 1:
                raw[place:place] = bytes(chance.choices(range(256), k=chance.randint(1, 8)))
            case 2:
                raw[place : place + 1] = bytes([chance.randrange(256)])
            case 3:
                raw[place:place] = raw[chance.randrange(len(raw) + 1) :][:200]
            case 4:
                raw[place:place] = chance.choice(WORDS)
            case 5:
                del raw[place:]
            case 6:
                raw[place:place] = b"9" * chance.randint(1, 2_000)
            case _:
                raw[:] = raw.replace(b"ADT", chance.choice([b"QBP", b"ACK", b"ORU", b"", b"AD"]), 1)
        if not raw:
            raw[:] = b"M"
    return bytes(raw).replace(b"\x0b", b"").replace(b"\x1c", b"")


def _fuzz(port: int, count: int, seed: int) -> None:
    chance = random.Random(seed)
    slowest = 0.0
    with Wire(port) as wire:
        for n in range(count):
            message = _mutated(
                chance, adt(f"f{seed}-{n}", f"{n % 50}", chance.choice(["A04", "A08", "A31", "A40"]))
            )
            began = time.monotonic()
            wire.write(framed(message))
            reply = wire.reply()
            slowest = max(slowest, time.monotonic() - began)
            assert reply, f"the socket died of seed {seed}, message {n}"
            assert re.search(rb"\rMSA.(AA|AE|AR|CA|CE|CR)", reply), f"seed {seed}, message {n}"
        assert msa(wire.ask(adt(f"after{seed}", "1")))[0] in ("AA", "AE")
    assert slowest < 5, "one message took seconds"


def test_whatever_bytes_arrive_they_are_answered_and_the_socket_lives(served: Served, index: Index) -> None:
    _fuzz(served.port, 400, seed=1)
    assert not [result for result in index.check(actor=STEWARD) if result.violations]


@pytest.mark.long
def test_a_hundred_thousand_messages_whatever_bytes(served: Served, index: Index) -> None:
    failures: list[BaseException] = []

    def fuzz(seed: int) -> None:
        try:
            _fuzz(served.port, 12_500, seed)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=fuzz, args=(seed,)) for seed in range(100, 108)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    assert not [result for result in index.check(actor=STEWARD) if result.violations]
