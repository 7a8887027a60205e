"""Replies: who is answered, in which mode, version and charset, and that there always is one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_client import settings_of
from hl7v2_messages import ADMIN, NORTH, SOURCES, Wire, adt, message, pid, reply_of
from mpi.hl7v2.acknowledging import error_segment
from mpi.hl7v2.faults import UNKNOWN_KEY, Fault
from mpi.hl7v2.message import parse
from mpi.index import Actor, Index


def _with_header(raw: bytes, **fields: str) -> bytes:
    """The message with other MSH fields, by number: ``f15="AL"``."""
    head, _, rest = raw.decode().partition("\r")
    parts = head.split("|") + [""] * 20
    for name, value in fields.items():
        parts[int(name[1:]) - 1] = value
    return ("|".join(parts).rstrip("|") + "\r" + rest).encode()


def test_a_reply_is_addressed_to_the_sender(wire: Wire) -> None:
    raw = _with_header(message("ADT^A04^ADT_A01", pid("1^^^NORTH"), control_id="77"), f11="T", f12="2.3.1")
    reply = wire.reply(raw)
    assert reply["MSH-3"] == "MPI"
    assert reply["MSH-4"] == "HUB"
    assert reply["MSH-5"] == "EPIC"
    assert reply["MSH-6"] == "NORTH"
    assert [reply["MSH-9.1"], reply["MSH-9.2"], reply["MSH-9.3"]] == ["ACK", "A04", "ACK"]
    assert reply["MSH-11"] == "T"
    assert reply["MSH-12"] == "2.3.1"
    assert 0 < len(reply["MSH-10"]) <= 20
    assert reply["MSH-10"] != "77"
    assert [reply["MSA-1"], reply["MSA-2"]] == ["AA", "77"]
    assert [segment.name for segment in reply.segments] == ["MSH", "MSA"]


def test_addresses_with_universal_ids_and_escapes_are_given_back_as_sent(wire: Wire) -> None:
    reply = wire.reply(_with_header(adt("1^^^NORTH"), f4="NORTH^1.2.3^ISO", f5=r"A\T\B^9.9^ISO"))
    assert reply.header.raw(6) == "NORTH^1.2.3^ISO"
    assert reply.header.raw(3) == r"A\T\B^9.9^ISO"


def test_a_reply_to_other_delimiters_has_the_standard_ones(wire: Wire) -> None:
    reply = wire.reply(
        b"MSH#*@!%#EPIC#NORTH#MPI#HUB#2026##ADT*A04#7#P#2.5\rPID###1***NORTH%1.2.3.1%ISO##Doe*Jo"
    )
    assert reply["MSA-1"] == "AA"
    assert reply["MSH-5"] == "EPIC"


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("2.1", "ERR|PID^1^3^204&Unknown Key Identifier"),
        ("2.3.1", "ERR|PID^1^3^204&Unknown Key Identifier"),
        ("2.4", "ERR|PID^1^3^204&Unknown Key Identifier"),
        ("2.5", "ERR||PID^1^3^1^4|204^Unknown Key Identifier^HL70357|E||||who"),
        ("2.8", "ERR||PID^1^3^1^4|204^Unknown Key Identifier^HL70357|E||||who"),
        ("2.9999", "ERR||PID^1^3^1^4|204^Unknown Key Identifier^HL70357|E||||who"),
        ("", "ERR||PID^1^3^1^4|204^Unknown Key Identifier^HL70357|E||||who"),
    ],
)
def test_errors_are_told_as_the_version_has_it(version: str, expected: str) -> None:
    assert error_segment(Fault(UNKNOWN_KEY, "who", place="PID^1^3^1^4"), version) == expected


def test_several_places_are_repeats() -> None:
    fault = Fault(UNKNOWN_KEY, "which", place="QPD^1^4^2~QPD^1^4^3")
    assert error_segment(fault, "2.5").split("|")[2] == "QPD^1^4^2~QPD^1^4^3"
    assert error_segment(fault, "2.3") == (
        "ERR|QPD^1^4^204&Unknown Key Identifier~QPD^1^4^204&Unknown Key Identifier"
    )


UNDONE = (
    (b"", "100"),
    (b"hello", "100"),
    (b"\xff\xfe\x00", "100"),
    (b"MSH", "100"),
    (b"MSH|^~\\&|", "204"),
    (b"MSH|^~\\&|EPIC|NORTH|MPI|HUB|2026||ORU^R01|7|P|2.5\rPID|||1^^^NORTH", "200"),
    (b"MSH|^~\\&|EPIC|NORTH|MPI|HUB|2026||ADT^A20|7|P|2.5\rPID|||1^^^NORTH", "201"),
    (b"MSH|^~\\&|EPIC|NORTH|MPI|HUB|2026||QBP^ZV1|7|P|2.5\rQPD|x", "201"),
    (b"MSH|^~\\&|EPIC|NORTH|MPI|HUB|2026|||7|P|2.5\rPID|||1^^^NORTH", "200"),
    (b"MSH|^~\\&|EPIC|NORTH|MPI|HUB|2026||ADT|7|P|2.5\rEVN|A04\rPID|||1^^^NORTH", None),
    (b"MSH|^~\\&|EPIC|NORTH|MPI|HUB|2026||ADT^A04|7|P|2.5\r", "100"),
    (b"MSH|^~\\&|EPIC|NORTH|MPI|HUB|2026||ADT^A04|7|P|2.5\rPID|||1^^^NORTH\rMSH|^~\\&|", "100"),
    (b"MSH|^~\\&|WHO|EVER|MPI|HUB|2026||ADT^A04|7|P|2.5\rPID|||1^^^NORTH", "204"),
)


def test_what_cannot_be_done_is_refused_by_its_control_id(wire: Wire) -> None:
    for raw, code in UNDONE:
        answered = wire.ask(raw)
        assert answered.error_code == code, raw
        reply = reply_of(answered)
        assert reply["MSA-2"] == ("7" if b"|7|" in raw else "0")
        assert reply["MSA-1"] in (("AR", "AE") if code is not None else ("AA",))


def test_a_reply_comes_in_the_charset_of_the_message(wire: Wire) -> None:
    raw = _with_header(adt("1^^^NORTH", "Müller^Jörg||19800101|M"), f5="Köln", f18="8859/1")
    answered = wire.accepted(raw.decode().encode("latin-1"))
    assert "Köln" in answered.reply.decode("latin-1")
    assert parse(answered.reply.decode("latin-1"))["MSH-18"] == "8859/1"
    assert wire.index.record("north", "1", actor=ADMIN_READER).demographics["family"] == "Müller"


ADMIN_READER = Actor(name="tests", role="steward")


def test_undeclared_bytes_are_read_as_windows_1252_and_that_is_kept(wire: Wire) -> None:
    answered = wire.accepted(adt("1^^^NORTH", "Müller^Jörg||19800101|M").decode().encode("cp1252"))
    assert answered.warnings == ("charset: not utf-8, read as cp1252",)
    assert wire.index.record("north", "1", actor=ADMIN_READER).demographics["given"] == "Jörg"


def test_a_source_has_a_charset_of_its_own(database_url: str, tmp_path: Path) -> None:
    declared = SOURCES.replace('msh = ["EPIC|NORTH"]', 'msh = ["EPIC|NORTH"]\ncharset = "8859/5"')
    configured = settings_of(database_url, tmp_path).model_copy(update={"auto_declare": False})
    with Index.open(configured) as index:
        index.apply_sources(declared, actor=ADMIN)
        Wire(index).accepted(adt("1^^^NORTH", "Иванов^Пётр||19800101|M").decode().encode("iso8859-5"))
        assert index.record("north", "1", actor=ADMIN_READER).demographics["family"] == "Иванов"


ENHANCED = SOURCES.replace('msh = ["EPIC|NORTH"]', 'msh = ["EPIC|NORTH"]\nack = "enhanced"')


ENHANCED_REPLIES = (
    ("", "", ("AA", ""), ("AR", "")),
    ("AL", "", ("CA", ""), ("CR", "")),
    ("AL", "NE", ("CA", ""), ("CR", "")),
    ("AL", "AL", ("CA", "AA"), ("CR", "AR")),
    ("ER", "SU", ("AA", ""), ("CR", "")),
    ("SU", "ER", ("CA", ""), ("AR", "")),
    ("NE", "NE", ("", ""), ("", "")),
    ("NE", "AL", ("AA", ""), ("AR", "")),
)


def test_in_enhanced_mode_the_sender_gets_what_it_asks_for(database_url: str, tmp_path: Path) -> None:
    configured = settings_of(database_url, tmp_path).model_copy(update={"auto_declare": False})
    with Index.open(configured) as index:
        index.apply_sources(ENHANCED, actor=ADMIN)
        for accept, application, good, bad in ENHANCED_REPLIES:
            for raw, expected in ((adt("1^^^NORTH"), good), (adt("1^^^NOBODY"), bad)):
                answered = Wire(index).ask(_with_header(raw, f15=accept, f16=application))
                replies = (answered.reply, answered.application_reply)
                told = tuple(parse(reply.decode())["MSA-1"] if reply else "" for reply in replies)
                assert told == expected, (accept, application)


def test_by_default_there_is_always_exactly_one_reply(wire: Wire) -> None:
    for accept, application in (("AL", "NE"), ("NE", "NE"), ("ER", ""), ("", "")):
        answered = wire.ask(_with_header(adt("1^^^NORTH"), f15=accept, f16=application))
        assert reply_of(answered)["MSA-1"] == "AA"
        assert answered.application_reply == b""


def test_a_client_speaks_for_its_own_source_and_only_if_it_may(wire: Wire) -> None:
    for role, source, accepted in (
        ("registrar", None, True),
        ("registrar", "north", True),
        ("registrar", "south", False),
        ("reader", None, False),
    ):
        actor = Actor(name="client", role=role, source=source)
        assert (wire.ask(adt("1^^^NORTH"), actor=actor).acknowledgement == "AA") == accepted


def test_a_lost_database_is_an_error_that_may_pass(database_url: str, tmp_path: Path) -> None:
    configured = settings_of(database_url, tmp_path, pool_timeout_seconds=0.5)
    with Index.open(configured) as index:
        wire = Wire(index)
        wire.accepted(adt("1^^^NORTH"))
        index._context.pool.close()
        answered = wire.ask(adt("2^^^NORTH"))
    assert (answered.acknowledgement, answered.error_code) == ("AE", "207")


def test_a_stranger_is_declared_on_sight_where_that_is_allowed(index: Index) -> None:
    answered = Wire(index).accepted(adt("1^^^NORTH&1.2.3.1&ISO", sender="NEW|PLACE"))
    assert answered.source == "NEW|PLACE"
    assert "declared-on-sight: source NEW|PLACE" in answered.warnings
    authorities = index.authorities(actor=ADMIN)
    assert [(a["name"], a["oid"]) for a in authorities] == [("NORTH", "1.2.3.1")]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_get_a_reply(wire: Wire, raw: bytes) -> None:
    for sent in (raw, b"MSH|^~\\&|EPIC|NORTH|MPI|HUB|2026||" + raw, adt("1^^^NORTH") + raw):
        assert parse(wire.ask(sent).reply.decode("utf-8", "replace"))["MSA-1"] in ("AA", "AE", "AR")


def test_the_reply_says_nothing_about_the_patient(wire: Wire) -> None:
    for raw in (adt("1^^^NOBODY"), adt("1^^^SOUTH"), adt("")):
        told = wire.ask(raw).reply.decode()
        assert "Okonkwo" not in told
        assert "219-45" not in told


def test_the_sender_may_be_named_in_several_ways(wire: Wire) -> None:
    for sender in ("DELTA|WARD", "delta|anything", "north|", "|SOUTH"):
        wire.accepted(message("QCN^J01", sender=sender))
    wire.refused(message("QCN^J01", sender="|ELSEWHERE"))
    assert wire.ask(message("QCN^J01", sender=NORTH)).source == "north"
