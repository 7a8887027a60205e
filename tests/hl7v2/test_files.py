"""Files of messages: how they are told apart, and that each does what it would over a wire."""

from __future__ import annotations

from pathlib import Path

import pytest

from hl7v2_messages import CLERK, TOMAS, Wire, adt
from mpi.errors import BadInput, UnreadableFile
from mpi.hl7v2.files import holds_messages, load_messages, read_messages
from mpi.hl7v2.framing import MESSAGE_BYTES_MAX

ONE = b"MSH|^~\\&|EPIC|NORTH|MPI|HUB|2026||ADT^A04|1|P|2.5\rPID|||1^^^NORTH||Doe^Jane\r"
TWO = ONE.replace(b"|1|P", b"|2|P").replace(b"1^^^", b"2^^^")


def _file(folder: Path, content: bytes) -> Path:
    path = folder / "feed.hl7"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        ONE + TWO,
        ONE + b"\r\n\r\n" + TWO,
        ONE.replace(b"\r", b"\n") + TWO.replace(b"\r", b"\n"),
        ONE.replace(b"\r", b"\r\n") + TWO.replace(b"\r", b"\r\n"),
        b"\x0b" + ONE + b"\x1c\r\x0b" + TWO + b"\x1c\r",
        b"\xef\xbb\xbf" + ONE + TWO,
        b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + ONE + TWO + b"BTS|2\rFTS|1\r",
        b"FHS|^~\\&|A\rBHS|^~\\&\r" + ONE + b"BTS|1\rBHS|^~\\&\r" + TWO + b"BTS|1\rFTS|2\r\x1a",
    ],
)
def test_messages_are_told_apart(tmp_path: Path, content: bytes) -> None:
    path = _file(tmp_path, content)
    assert holds_messages(path)
    messages = list(read_messages(path))
    assert [message.fault for message in messages] == [None, None]
    assert [message.raw for message in messages] == [ONE, TWO]


def test_a_large_file_is_read_piece_by_piece(tmp_path: Path) -> None:
    count = 30_000
    path = _file(tmp_path, ONE * count)
    assert path.stat().st_size > 2 << 20
    messages = list(read_messages(path))
    assert len(messages) == count
    assert {message.raw for message in messages} == {ONE}


def test_what_is_wrong_with_one_message_stops_no_other(tmp_path: Path) -> None:
    huge = ONE + b"ZZZ|" + b"x" * (3 * MESSAGE_BYTES_MAX) + b"\r"
    messages = list(read_messages(_file(tmp_path, b"what is this\r" + ONE + huge + TWO)))
    assert [message.number for message in messages] == [1, 2, 3, 4]
    assert [bool(message.fault) for message in messages] == [True, False, True, False]
    assert messages[3].raw == TWO


def test_other_files_are_no_messages(tmp_path: Path) -> None:
    for content in (b"", b"source,local_id\nnorth,1\n", b'{"a": 1}', b"MSHA", b"MSH"):
        assert not holds_messages(_file(tmp_path, content))
    with pytest.raises(UnreadableFile):
        holds_messages(tmp_path / "missing")


def test_a_file_goes_through_the_same_door(wire: Wire, tmp_path: Path) -> None:
    content = (
        adt("1^^^NORTH") + adt("2^^^NORTH", TOMAS) + adt("3^^^NOBODY") + b"MSH|^~\\&|X|Y|||2026||ADT^A04|9\r"
    )
    path = _file(tmp_path, content)
    summary = load_messages(wire.index, path, actor=CLERK)
    assert (summary.lines, summary.counts) == (4, {"accepted": 2, "rejected": 2})
    assert [line.line for line in summary.rejected] == [3, 4]
    assert "NOBODY" in (summary.rejected[0].reason or "")
    assert wire.index.record("north", "2", actor=CLERK).demographics["family"] == "Lindqvist"
    again = load_messages(wire.index, path, actor=CLERK)
    assert again.counts == {"rejected": 2, "repeated": 2}
    assert wire.index.record("north", "2", actor=CLERK).version == 1


def test_a_file_may_be_named_with_its_source(wire: Wire, tmp_path: Path) -> None:
    path = _file(tmp_path, adt("7^^^SOUTH", sender="WHO|EVER"))
    assert load_messages(wire.index, path, actor=CLERK).counts == {"rejected": 1}
    assert load_messages(wire.index, path, actor=CLERK, source="south").counts == {"accepted": 1}
    assert wire.index.record("south", "7", actor=CLERK)


def test_a_file_without_messages_is_refused(wire: Wire, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no HL7 v2 message"):
        load_messages(wire.index, _file(tmp_path, b"FHS|^~\\&|A\rFTS|0\r"), actor=CLERK)
