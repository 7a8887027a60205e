"""MLLP framing: what is cut out of which bytes, however they are split."""

from __future__ import annotations

import random
import time

import pytest

from mpi.hl7v2.framing import HEAD_BYTES_MAX, MESSAGE_BYTES_MAX, Framer, framed

A = b"MSH|^~\\&|A|B|C|D|2025||ADT^A04|1|P|2.3\rPID|1\r"
B = b"MSH|^~\\&|A|B|C|D|2025||ADT^A08|2|P|2.3\rPID|2\r"


def _all(*chunks: bytes) -> list[tuple[bytes, str | None]]:
    framer = Framer()
    return [(frame.content, frame.fault) for chunk in chunks for frame in framer.feed(chunk)]


def _one_by_one(stream: bytes) -> list[bytes]:
    return [stream[n : n + 1] for n in range(len(stream))]


def test_a_frame_is_a_message() -> None:
    assert framed(A) == b"\x0b" + A + b"\x1c\r"
    assert _all(framed(A)) == [(A, None)]


def test_several_messages_in_one_packet() -> None:
    assert _all(framed(A) + framed(B) + framed(A)) == [(A, None), (B, None), (A, None)]


@pytest.mark.parametrize(
    "ending", [b"\x1c\r", b"\x1c", b"\x1c\n", b"\x1c\r\n", b"\x1c\x1c\r", b"\x1c\r\x1c\r"]
)
def test_every_ending_that_senders_write(ending: bytes) -> None:
    stream = b"\x0b" + A + ending + b"\x0b" + B + ending
    assert _all(stream) == [(A, None), (B, None)]
    assert _all(*_one_by_one(stream)) == [(A, None), (B, None)]


@pytest.mark.parametrize(
    "junk", [b"\r\n", b"hello", b"\x00\xff\xfe", b"\x1c\r", b"GET / HTTP/1.1\r\n\r\n", b" " * 100_000]
)
def test_junk_before_a_frame_is_skipped(junk: bytes) -> None:
    assert _all(junk + framed(A) + junk + framed(B)) == [(A, None), (B, None)]
    assert _all(junk, framed(A), junk, framed(B)) == [(A, None), (B, None)]


def test_a_message_without_a_start_is_told_apart_from_junk() -> None:
    assert _all(A + b"\x1c\r" + framed(B)) == [(A, "unframed"), (B, None)]
    assert _all(A + framed(B)) == [(A, "unframed"), (B, None)]


def test_a_frame_that_the_next_one_interrupts_is_broken_off() -> None:
    assert _all(b"\x0b" + A[:30] + framed(B)) == [(A[:30], "broken-off"), (B, None)]
    assert _all(*_one_by_one(b"\x0b" + A[:30] + framed(B))) == [(A[:30], "broken-off"), (B, None)]


def test_frame_characters_within_a_segment_are_part_of_it() -> None:
    stray = A.replace(b"PID|1", b"PID|\x0b1\x1c2")
    assert _all(framed(stray)) == [(stray, None)]


def test_nothing_follows() -> None:
    framer = Framer()
    framer.feed(b"\x0bMSH|half")
    assert framer.waits
    broken = framer.broken_off()
    assert broken is not None and (broken.content, broken.fault) == (b"MSH|half", "broken-off")
    assert not Framer().waits and Framer().broken_off() is None
    framer = Framer()
    assert framer.feed(A) == []
    unframed = framer.broken_off()
    assert unframed is not None and unframed.fault == "unframed"


def test_the_longest_message_and_one_byte_more() -> None:
    longest = A + b"Z" * (MESSAGE_BYTES_MAX - len(A))
    assert _all(framed(longest)) == [(longest, None)]
    framer = Framer()
    (frame,) = framer.feed(framed(longest + b"Z"))
    assert (frame.fault, frame.size) == ("too-long", MESSAGE_BYTES_MAX + 1)
    assert frame.content == longest[:HEAD_BYTES_MAX]
    assert [(one.content, one.fault) for one in framer.feed(framed(B))] == [(B, None)]


def test_an_endless_message_is_not_held() -> None:
    framer = Framer()
    framer.feed(b"\x0b" + A)
    for _ in range(300):
        assert framer.feed(b"Z" * 65_536) == []
        assert len(framer._kept) < MESSAGE_BYTES_MAX + 2 * 65_536
    (frame,) = framer.feed(b"\x1c\r")
    assert (frame.fault, frame.size) == ("too-long", len(A) + 300 * 65_536)
    assert frame.content.startswith(A)


def test_a_sender_of_single_bytes_costs_linear_time() -> None:
    message = A + b"Z" * 200_000
    began = time.process_time()
    assert _all(*_one_by_one(framed(message))) == [(message, None)]
    assert time.process_time() - began < 5


@pytest.mark.parametrize("seed", range(200))
def test_how_bytes_are_split_makes_no_difference_but_at_an_end(seed: int) -> None:
    """Whole frames with junk between them give the same messages in whatever packets they come."""
    chance = random.Random(seed)
    messages = [
        bytes(chance.choices(b"MSHPID|^~\\&\r \x00\xe9\xff", k=chance.randint(0, 60))) for _ in range(8)
    ]
    junk = [bytes(chance.choices(b"\r\n \x00x\x1c", k=chance.randint(0, 5))) for _ in messages]
    stream = b"".join(before + framed(message) for before, message in zip(junk, messages, strict=True))
    places = sorted(chance.choices(range(len(stream)), k=chance.randint(0, 30)))
    chunks = [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]
    assert _all(*chunks) == [(message, None) for message in messages]


@pytest.mark.parametrize("seed", range(200))
def test_any_bytes_whatever_are_taken(seed: int) -> None:
    """Nothing raises, and a whole message after them is found."""
    chance = random.Random(seed)
    framer = Framer(bytes_max=500)
    for _ in range(50):
        framer.feed(bytes(chance.choices(b"\x0b\x1c\rMSH|x\xff", k=chance.randint(1, 200))))
        assert len(framer._kept) <= 1_000
    found = framer.feed(b"\x1c\r" + framed(B)) + framer.feed(framed(B))
    assert B in [frame.content for frame in found]
