"""The MLLP listener on real sockets: every message answered, in order, whatever the peer does."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
import time
from ipaddress import ip_network
from pathlib import Path

import pytest

from mllp_calls import Wire, listening, msa
from mpi.hl7v2 import Connection
from mpi.hl7v2.acknowledging import replies
from mpi.hl7v2.answering import header_of
from mpi.hl7v2.framing import MESSAGE_BYTES_MAX, Frame, framed
from mpi.hl7v2.mllp import CONNECTIONS_PER_ADDRESS_MAX, Limits, server_tls
from mpi.hl7v2.sending import Destination, NotDelivered, Sender, client_tls


def message(control_id: str, rest: str = "") -> bytes:
    return f"MSH|^~\\&|EPIC|NORTH|MPI|HUB|2025||ADT^A04|{control_id}|P|2.3\rPID|1{rest}\r".encode()


async def echo(frame: Frame, connection: Connection) -> tuple[bytes, ...]:
    """Accepts every whole message."""
    return (replies(header_of(frame.content), "AR" if frame.fault else "AA").reply,)


def test_a_message_is_answered() -> None:
    with listening(echo) as (port, _), Wire(port) as wire:
        assert msa(wire.ask(message("1"))) == ("AA", "1")
        assert msa(wire.ask(message("2"))) == ("AA", "2")


def test_messages_of_one_packet_are_answered_in_order() -> None:
    async def slow_first(frame: Frame, connection: Connection) -> tuple[bytes, ...]:
        await asyncio.sleep(0.2 if b"|first|" in frame.content else 0)
        return await echo(frame, connection)

    with listening(slow_first) as (port, _), Wire(port) as wire:
        wire.write(b"".join(framed(message(name)) for name in ("first", "second", "third")))
        assert [msa(wire.reply())[1] for _ in range(3)] == ["first", "second", "third"]


def test_a_message_in_many_packets_is_one() -> None:
    with listening(echo) as (port, _), Wire(port) as wire:
        stream = framed(message("1"))
        for n in range(len(stream)):
            wire.write(stream[n : n + 1])
        assert msa(wire.reply()) == ("AA", "1")


def test_what_is_no_message_is_refused_and_the_socket_lives() -> None:
    with listening(echo) as (port, _), Wire(port) as wire:
        wire.write(b"\xff\x00junk" + framed(b"hello"))
        assert msa(wire.reply()) == ("AA", "0")  # a frame; what is in it is not the transport's business
        wire.write(message("9") + b"\x1c\r")
        assert msa(wire.reply()) == ("AR", "9")
        assert msa(wire.ask(message("1"))) == ("AA", "1")


def test_a_message_beyond_the_limit_is_refused_by_its_control_id_and_the_socket_lives() -> None:
    with listening(echo) as (port, _), Wire(port) as wire:
        assert msa(wire.ask(message("big", "Z" * MESSAGE_BYTES_MAX))) == ("AR", "big")
        assert msa(wire.ask(message("1"))) == ("AA", "1")


def test_a_message_that_never_ends_is_refused_when_its_time_is_up() -> None:
    limits = Limits(message_seconds=0.4)
    with listening(echo, limits=limits) as (port, _), Wire(port) as wire:
        began = time.monotonic()
        wire.write(framed(message("half"))[:40])
        for _ in range(6):  # a byte now and then gives it no more time
            time.sleep(0.1)
            try:
                wire.write(b"x")
            except OSError:
                break
        assert msa(wire.reply())[0] == "AR"
        assert wire.reply() == b""
        assert time.monotonic() - began < 3


def test_a_message_without_a_start_is_refused_when_nothing_follows() -> None:
    limits = Limits(message_seconds=0.3)
    with listening(echo, limits=limits) as (port, _), Wire(port) as wire:
        wire.write(message("bare"))
        assert msa(wire.reply()) == ("AR", "bare")


def test_a_half_closed_peer_gets_its_answers() -> None:
    with listening(echo) as (port, _), Wire(port) as wire:
        wire.write(framed(message("1")) + framed(message("2"))[:30])
        wire.socket.shutdown(socket.SHUT_WR)
        assert msa(wire.reply()) == ("AA", "1")
        assert msa(wire.reply())[0] == "AR"
        assert wire.reply() == b""


def test_a_silent_peer_is_closed_and_others_are_not_held_up() -> None:
    limits = Limits(idle_seconds=0.3, message_seconds=0.3)
    with listening(echo, limits=limits) as (port, listener):
        silent = [Wire(port) for _ in range(60)]
        for wire in silent[:30]:
            wire.write(framed(message("half"))[:20])
        began = time.monotonic()
        with Wire(port) as good:
            assert msa(good.ask(message("1"))) == ("AA", "1")
        assert time.monotonic() - began < 2
        assert all(msa(wire.reply())[0] == "AR" for wire in silent[:30])
        assert all(wire.reply() == b"" for wire in silent)
        deadline = time.monotonic() + 5
        while listener.connections and time.monotonic() < deadline:
            time.sleep(0.05)
        assert listener.connections == 0
        for wire in silent:
            wire.close()


def test_a_peer_that_reads_nothing_holds_nobody_up() -> None:
    async def long_reply(frame: Frame, connection: Connection) -> tuple[bytes, ...]:
        return (*await echo(frame, connection), b"x" * 500_000)

    with listening(long_reply, limits=Limits(at_once=1)) as (port, _), Wire(port) as deaf:

        def flood() -> None:
            try:
                for n in range(200):
                    deaf.write(framed(message(str(n))))
            except OSError:
                pass

        flooding = threading.Thread(target=flood, daemon=True)
        flooding.start()
        time.sleep(0.3)
        with Wire(port) as good:
            assert msa(good.ask(message("1"))) == ("AA", "1")


def test_as_many_messages_are_in_work_as_are_allowed() -> None:
    now, most = 0, 0

    async def counted(frame: Frame, connection: Connection) -> tuple[bytes, ...]:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.02)
        now -= 1
        return await echo(frame, connection)

    with listening(counted, limits=Limits(at_once=3)) as (port, _):
        wires = [Wire(port) for _ in range(20)]
        for wire in wires:
            wire.write(framed(message("1")) * 3)
        for wire in wires:
            assert [msa(wire.reply()) for _ in range(3)] == [("AA", "1")] * 3
            wire.close()
    assert most == 3


def test_one_address_cannot_take_every_connection() -> None:
    with listening(echo) as (port, listener):
        wires = [Wire(port) for _ in range(CONNECTIONS_PER_ADDRESS_MAX)]
        for wire in wires:
            assert wire.ask(message("1"))
        with Wire(port) as refused:
            assert refused.socket.recv(1) == b""
        for wire in wires:
            wire.close()
        deadline = time.monotonic() + 5
        while listener.connections and time.monotonic() < deadline:
            time.sleep(0.05)
        with Wire(port) as wire:
            assert msa(wire.ask(message("2"))) == ("AA", "2")


def test_only_allowed_addresses_may_connect() -> None:
    with listening(echo, allowed=(ip_network("10.0.0.0/8"),)) as (port, _), Wire(port) as wire:
        assert wire.socket.recv(1) == b""
    with listening(echo, allowed=(ip_network("127.0.0.1"),)) as (port, _), Wire(port) as wire:
        assert wire.ask(message("1"))


def test_at_the_end_what_is_in_work_is_answered() -> None:
    async def slow(frame: Frame, connection: Connection) -> tuple[bytes, ...]:
        await asyncio.sleep(0.5)
        return await echo(frame, connection)

    with listening(slow) as (port, _):
        idle, busy = Wire(port), Wire(port)
        busy.write(framed(message("1")))
        time.sleep(0.2)
    assert msa(busy.reply()) == ("AA", "1")
    assert busy.reply() == b"" and idle.reply() == b""
    idle.close()
    busy.close()


@pytest.mark.parametrize("seed", range(20))
def test_whatever_bytes_come_the_next_message_is_answered(seed: int) -> None:
    chance = random.Random(seed)
    with listening(echo) as (port, _), Wire(port) as wire:
        for n in range(20):
            junk = bytes(chance.choices(b"\x0b\x1c\r\nMSH|\x00\xffx", k=chance.randint(0, 400)))
            wire.write(junk + b"\x1c\r" + framed(message(f"sure{n}")))
            while msa(reply := wire.reply())[1] != f"sure{n}":
                assert reply
            assert msa(reply)[0] == "AA"


# TLS


def test_tls_tells_the_name_in_the_clients_certificate(certificates: Path) -> None:
    names: list[str | None] = []

    async def named(frame: Frame, connection: Connection) -> tuple[bytes, ...]:
        names.append(connection.certificate_name)
        return await echo(frame, connection)

    at = {name: str(certificates / name) for name in ("localhost.pem", "localhost.key", "ca.pem")}
    tls = server_tls(at["localhost.pem"], at["localhost.key"], at["ca.pem"])
    with listening(named, tls=tls) as (port, _):
        good = client_tls(
            at["ca.pem"], str(certificates / "epic.north.pem"), str(certificates / "epic.north.key")
        )
        with Sender(Destination(host="localhost", port=port, tls=good)) as sender:
            assert msa(sender.send(message("1"))) == ("AA", "1")
        assert names == ["epic.north"]
        strangers = client_tls(
            at["ca.pem"], str(certificates / "stranger.pem"), str(certificates / "stranger.key")
        )
        for refused in (client_tls(at["ca.pem"]), strangers, None):
            with (
                Sender(Destination(host="localhost", port=port, tls=refused, timeout_seconds=3)) as sender,
                pytest.raises(NotDelivered),
            ):
                sender.send(message("2"))
        assert names == ["epic.north"]


def test_a_server_with_the_wrong_certificate_is_not_sent_to(certificates: Path) -> None:
    tls = server_tls(str(certificates / "stranger.pem"), str(certificates / "stranger.key"), None)
    with listening(echo, tls=tls) as (port, _):
        client = client_tls(str(certificates / "ca.pem"))
        with (
            Sender(Destination(host="localhost", port=port, tls=client)) as sender,
            pytest.raises(NotDelivered, match="TLS") as refused,
        ):
            sender.send(message("1"))
        assert not refused.value.sent


def test_a_sender_connects_again_after_the_connection_was_lost() -> None:
    with listening(echo) as (port, _):
        sender = Sender(Destination(host="127.0.0.1", port=port))
        assert sender.send(message("1"))
    with pytest.raises(NotDelivered):
        sender.send(message("2"))
    with listening(echo) as (port, _):
        sender._destination = Destination(host="127.0.0.1", port=port)
        assert msa(sender.send(message("3"))) == ("AA", "3")
        sender.close()


def test_an_acknowledgement_that_does_not_come_is_told() -> None:
    async def never(frame: Frame, connection: Connection) -> tuple[bytes, ...]:
        return ()

    with (
        listening(never) as (port, _),
        Sender(Destination(host="127.0.0.1", port=port, timeout_seconds=0.3)) as sender,
        pytest.raises(NotDelivered, match="in time") as missing,
    ):
        sender.send(message("1"))
    assert missing.value.sent
