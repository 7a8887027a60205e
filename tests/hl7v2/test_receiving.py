"""From the wire to the reply and the store: what is kept, what a repetition is answered, what is refused."""

from __future__ import annotations

import dataclasses

import hl7
import pytest

from builders import STEWARD
from mllp_calls import msa
from mpi.errors import DatabaseUnavailable
from mpi.hl7v2 import Connection
from mpi.hl7v2.framing import Frame
from mpi.hl7v2.receiving import head_of, receive, refuse_frame, unavailable, unforeseen
from mpi.index import Index, MessageFilter, Messages

HERE = Connection(peer="127.0.0.1", actor=STEWARD)
FILTER = MessageFilter()


def adt(control_id: str, *, event: str = "A04", local_id: str = "N1", family: str = "OKONKWO") -> bytes:
    return (
        f"MSH|^~\\&|EPIC|NORTH|MPI|HUB|20250102030405||ADT^{event}^ADT_A01|{control_id}|P|2.5\r"
        f"EVN|{event}|20250102030405\r"
        f"PID|1||{local_id}^^^NORTH^MR||{family}^GRACE||19740211|F|||48 ALDER ST^^BOSTON^MA^02118\r"
        "PV1|1|O\r"
    ).encode()


def query(control_id: str, local_id: str = "N1") -> bytes:
    return (
        f"MSH|^~\\&|EPIC|NORTH|MPI|HUB|20250102030405||QBP^Q23^QBP_Q21|{control_id}|P|2.5\r"
        f"QPD|IHE PIX Query|{control_id}|{local_id}^^^NORTH\rRCP|I\r"
    ).encode()


def outcome(index: Index, message_id: int | None) -> tuple[str, bool, str | None]:
    assert message_id is not None
    told = index.messages.message(message_id, actor=STEWARD).told
    return told.outcome, told.dead, told.acknowledgement


def test_a_message_is_kept_with_what_it_did(index: Index) -> None:
    replied = receive(index, adt("1"), connection=HERE)
    assert msa(replied.replies[0]) == ("AA", "1")
    assert outcome(index, replied.message_id) == ("accepted", False, "AA")
    kept = index.messages.message(replied.message_id or 0, actor=STEWARD)
    assert kept.raw == adt("1") and kept.reply == replied.replies[0]
    assert (kept.told.message_type, kept.told.trigger_event) == ("ADT", "A04")
    assert (kept.told.sender, kept.told.control_id) == ("EPIC|NORTH", "1")
    assert len(kept.told.enterprise_ids) == 1


def test_another_library_reads_our_replies(index: Index) -> None:
    """python-hl7, which python people read acknowledgements with."""
    for raw in (adt("1"), query("2"), query("3", "N9"), adt("4").replace(b"|2.5", b"|2.3"), b"hello"):
        (reply,) = receive(index, raw, connection=HERE).replies
        read = hl7.parse(reply.decode())
        assert str(read.segment("MSA")[1]) in ("AA", "AE", "AR")
        assert str(read["MSH.F10"]) and str(read["MSH.F12"])
    broken = refuse_frame(index, Frame(content=adt("9")[:80], size=80, fault="broken-off"), connection=HERE)
    assert str(hl7.parse(broken.replies[0].decode())["MSA.F1"]) == "AR"


def test_a_repetition_is_answered_as_before_and_does_nothing(index: Index) -> None:
    first = receive(index, adt("1"), connection=HERE)
    again = receive(index, adt("1"), connection=HERE)
    assert again.repeated and again.replies == first.replies and again.message_id == first.message_id
    receive(index, adt("2", family="OKONKWA"), connection=HERE)
    assert receive(index, adt("1"), connection=HERE).repeated
    (identity,) = index.search("okonkwa", actor=STEWARD).items
    assert identity, "the repetition of the older message changed nothing"


def test_a_query_is_answered_anew(index: Index) -> None:
    assert msa(receive(index, query("q"), connection=HERE).replies[0])[0] == "AE"
    receive(index, adt("1"), connection=HERE)
    assert msa(receive(index, query("q"), connection=HERE).replies[0]) == ("AA", "q")


def test_a_control_id_that_comes_with_other_content_is_taken_and_noted(index: Index) -> None:
    receive(index, adt("1"), connection=HERE)
    other = receive(index, adt("1", local_id="N2"), connection=HERE)
    assert msa(other.replies[0]) == ("AA", "1") and not other.repeated
    kept = index.messages.message(other.message_id or 0, actor=STEWARD)
    assert "control-id-reused" in kept.told.warnings


def test_what_is_no_message_is_refused_and_kept(index: Index) -> None:
    for raw in (b"", b"hello", b"\xff\xfe\x00", b"MSH", b"MSH|", b"PID|1||2\r"):
        replied = receive(index, raw, connection=HERE)
        assert msa(replied.replies[0])[0] in ("AE", "AR")
        assert outcome(index, replied.message_id)[:2] == ("refused", True)


def test_a_message_with_nul_characters_is_kept_too(index: Index) -> None:
    for raw in (
        adt("1").replace(b"ADT^A04", b"AD\x00T^A\x0004"),
        adt("\x00"),
        adt("2").replace(b"EPIC", b"E\x00"),
    ):
        replied = receive(index, raw, connection=HERE)
        assert replied.message_id is not None
        assert outcome(index, replied.message_id)[0] in ("accepted", "refused")


def test_a_frame_without_a_whole_message_is_refused_by_its_control_id(index: Index) -> None:
    for fault in ("too-long", "broken-off", "unframed"):
        frame = Frame(content=adt(fault), size=2_000_000, fault=fault)  # type: ignore[arg-type]
        replied = refuse_frame(index, frame, connection=HERE)
        assert msa(replied.replies[0]) == ("AR", fault)
    page = index.messages.listed(dataclasses.replace(FILTER, dead=True), actor=STEWARD)
    assert {message.size for message in page.items} == {2_000_000}


def test_while_the_database_is_away_the_sender_is_asked_to_send_again(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(Messages, "settle", lost)
    replied = receive(index, adt("1"), connection=HERE)
    assert msa(replied.replies[0]) == ("AE", "1") and b"207" in replied.replies[0]
    monkeypatch.undo()
    assert msa(receive(index, adt("1"), connection=HERE).replies[0]) == ("AA", "1")


@pytest.mark.parametrize(
    ("raw", "control_id"),
    [
        (b"MSH|^~\\&|A|B|C|D|2025||ADT^A04|7|P|2.3\rPID", "7"),
        (b"\r\nMSH|^~\\&|A|B|C|D|2025||ADT^A04|7\r", "7"),
        (b"MSH#^~\\&#A#B#C#D#2025##ADT^A04#7#P#2.3", "7"),
        (b"MSH|^~\\&|A|B", ""),
        (b"MSHH^~\\&HAHBHCHDH2025HHADT^A04H7", ""),
        (b"MSH", ""),
        (b"", ""),
    ],
)
def test_the_head_is_read_of_anything(raw: bytes, control_id: str) -> None:
    assert head_of(raw).control_id == control_id
    for reply in (unavailable(raw), unforeseen(raw)):
        assert b"\rMSA" in reply and b"\rERR" in reply
