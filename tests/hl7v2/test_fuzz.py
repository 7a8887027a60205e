"""Mutated messages: each is answered with AA, AE or AR, in time, and never by a failure of the program.

Seeded, so that a failure comes again. ``make test`` sends some, ``make test-long`` 100 000.
"""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from hl7v2_messages import GRACE, NORTH, SOUTH, TOMAS, Wire, adt, merge, message, pdq, pid, pix

SEED = 20_260_101
MESSAGE_SECONDS_MAX = 1.0
BYTES = b"|^~\\&\r\n\x0b\x1c\x00\xff\"'-0 AZ\xc3\xa9"


def _originals() -> list[bytes]:
    rich = "Okonkwo^Grace^Ada^Jr^Dr^PhD^L~Bello^Grace^^^^^M|Adeyemi^Ife|19740211|F|Star^Amy|2054-5|"
    return [
        adt("1^^^NORTH&1.2.3.1&ISO~88^^^NATIONAL", GRACE),
        adt(
            "2^^^NORTH",
            rich + "48 Alder St&Alder St&48^Apt 5^Boston^MA^02118^USA^H~PO Box 9^^^^^^M||^PRN^PH^^1^617^4",
        ),
        adt("9^^^SOUTH", TOMAS, sender=SOUTH, event="A08"),
        adt("3^^^NORTH", "Okonkwo^BabyGirl||20260102|F|||||||||||||1^^^NORTH|||Y|2"),
        adt("1^^^NORTH", "", event="A29"),
        merge("1^^^NORTH~88^^^NATIONAL", "2^^^NORTH"),
        message("ADT^A24", pid("1^^^NORTH"), pid("9^^^SOUTH", TOMAS)),
        message("ADT^A47", pid("5^^^NORTH"), "MRG|1^^^NORTH"),
        message("ADT^A43", pid("1^^^NORTH"), "MRG|2^^^NORTH"),
        pix("1^^^NORTH", "^^^SOUTH~^^^HUB"),
        pdq("@PID.5.1^OKON*~@PID.7^1974~@PID.3.4^NORTH~@PID.21.1^1", domains="^^^NORTH", rcp="RCP|I|2^RD"),
        message("QCN^J01", "QID|Q1|x", sender=NORTH),
    ]


def _mutated(rng: random.Random, originals: list[bytes]) -> bytes:
    raw = bytearray(rng.choice(originals))
    for _ in range(rng.choice((1, 1, 2, 4, 12))):
        place = rng.randrange(len(raw) + 1)
        kind = rng.randrange(8)
        if kind == 0:
            raw[place:place] = bytes([rng.choice(BYTES)]) * rng.choice((1, 1, 3, 40))
        elif kind == 1:
            del raw[place : place + rng.choice((1, 1, 5, 60))]
        elif kind == 2 and place < len(raw):
            raw[place] = rng.choice(BYTES)
        elif kind == 3:
            raw[place:place] = raw[rng.randrange(len(raw) + 1) :][: rng.choice((5, 80, 300))]
        elif kind == 4:
            raw[place:] = b""
        elif kind == 5:
            other = rng.choice(originals)
            raw[place:] = other[rng.randrange(len(other)) :]
        elif kind == 6:
            raw[place:place] = rng.randbytes(rng.choice((1, 4, 30)))
        else:
            lines = bytes(raw).split(b"\r")
            rng.shuffle(lines)
            raw = bytearray(b"\r".join(lines))
        raw = raw or bytearray(b"M")
    return bytes(raw)


def _fuzz(wire: Wire, count: int) -> Counter[str]:
    rng = random.Random(SEED)
    originals = _originals()
    outcomes: Counter[str] = Counter()
    for number in range(count):
        raw = _mutated(rng, originals)
        began = time.process_time()
        answered = wire.ask(raw)
        seconds = time.process_time() - began
        assert seconds < MESSAGE_SECONDS_MAX, (number, raw)
        assert answered.reply.startswith(b"MSH|^~\\&|"), (number, raw)
        assert b"\rMSA|%s|" % answered.acknowledgement.encode() in answered.reply, (number, raw)
        # Nothing outside the index failed here: a 207 would be a fault of the program.
        assert answered.error_code != "207" or "person stated" in (answered.error_text or ""), (number, raw)
        outcomes[answered.acknowledgement] += 1
    return outcomes


def test_mutated_messages_are_answered(wire: Wire) -> None:
    outcomes = _fuzz(wire, 1_000)
    assert outcomes["AA"]
    assert outcomes["AE"]
    assert outcomes["AR"]
    wire.accepted(adt("42^^^NORTH", "Fine^Still||19500101|M"))


@pytest.mark.long
def test_a_hundred_thousand_mutated_messages_are_answered(wire: Wire) -> None:
    assert sum(_fuzz(wire, 100_000).values()) == 100_000
    wire.accepted(adt("42^^^NORTH", "Fine^Still||19500101|M"))
