"""Reading and writing messages: delimiters, escapes, odd shapes, and that nothing is lost between the two."""

from __future__ import annotations

import doctest
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpi.hl7v2 import delimiters, writing
from mpi.hl7v2.delimiters import DELETE, STANDARD, delimiters_of, escape, unescape
from mpi.hl7v2.faults import Unparsable
from mpi.hl7v2.message import Value, parse
from mpi.hl7v2.writing import write_message, write_segment

MSH = "MSH|^~\\&|EPIC|NORTH|MPI|HUB|20260102||ADT^A04^ADT_A01|77|P|2.5"


def test_examples_in_the_documentation() -> None:
    for module in (delimiters, writing):
        assert doctest.testmod(module).failed == 0


def test_a_path_leads_to_a_text() -> None:
    message = parse(f"{MSH}\rPID|||1^^^A&1.2&ISO~2^^^B||Doe^Jane\rNK1|1|Doe^John\rNK1|2|Doe^Ann\r")
    assert message["MSH-1"] == "|"
    assert message["MSH-9.2"] == "A04"
    assert message["PID-3"] == "1"
    assert message["PID-3(2).4"] == "B"
    assert message["PID-3.4.2"] == "1.2"
    assert message["NK1(2)-2.2"] == "Ann"
    assert message["PID-5.9"] == message["PID-99"] == message["ZZZ-1"] == message["PID-3(7)"] == ""
    with pytest.raises(KeyError):
        message["PID"]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\n\r\n", "\n\n"])
def test_segments_end_in_whatever_way(end: str) -> None:
    message = parse(end.join((MSH, "PID|||1", "PV1|1", "")))
    assert [segment.name for segment in message.segments] == ["MSH", "PID", "PV1"]


def test_what_frames_or_precedes_a_message_is_passed_over() -> None:
    assert parse(f"\ufeff\x0b\r\n {MSH}\rPID|||1\r\x1c\r")["PID-3"] == "1"


def test_a_line_break_inside_a_field_does_not_end_it() -> None:
    message = parse(f"{MSH}\rPID|||1||||||||1 Main St\nApt 5^^Boston\rPV1|1\r")
    assert message["PID-11"] == "1 Main St\nApt 5"
    assert message["PID-11.3"] == "Boston"
    assert [segment.name for segment in message.segments] == ["MSH", "PID", "PV1"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("MSH|^~\\&", "|^~\\&"),
        ("MSH|^~\\&#", "|^~\\&"),
        ("MSH|^~\\", "|^~\\&"),
        ("MSH|^~\\\\&", "|^~\\&"),
        ("MSH|^~\\}", "|^~\\}"),
        ("MSH|^~&", "|^~&\x1f"),
        ("MSH|", "|^~\\&"),
        ("MSH#*@!%", "#*@!%"),
    ],
)
def test_delimiters_are_the_ones_that_are_declared(head: str, expected: str) -> None:
    assert "".join(delimiters_of(head)) == expected


def test_declared_delimiters_divide() -> None:
    message = parse("MSH#*@!%#EPIC\rPID###1***A%1.2%ISO@2##Doe!S!Inc*Jane")
    assert message["PID-3.4.2"] == "1.2"
    assert message["PID-3(2)"] == "2"
    assert message["PID-5"] == "Doe*Inc"


@pytest.mark.parametrize("text", ["", "PID|||1", "MSH", "MSHA^~\\&", "MSH\r", "hello", "\x00\x01"])
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(Unparsable):
        parse(text)


@pytest.mark.parametrize(
    "piece", ["~", "^", "&", "\\", "|", "\r", "\n", "x\r", "\\X41\\", "Z|\r", "ZZZ|\r", " "]
)
def test_a_mebibyte_of_anything_is_read_or_refused_at_once(piece: str) -> None:
    text = f"{MSH}\rPID|||" + piece * ((1 << 20) // len(piece))
    began = time.process_time()
    with suppress(Unparsable):
        found = parse(text)
        for segment in found.segments[:2]:
            for number in range(1, min(len(segment.fields), 40)):
                for value in segment.repeats(number):
                    value.texts()
    assert time.process_time() - began < 1.0


def test_two_messages_in_one_are_refused() -> None:
    with pytest.raises(Unparsable, match="more than one message"):
        parse(f"{MSH}\rPID|||1\r{MSH}\rPID|||2")


def test_empty_and_delete_are_different() -> None:
    segment = parse(f'{MSH}\rPID||""|""^^^A||^^^||""').segments[1]
    assert segment.raw(2) == segment.raw(7) == segment.text(3) == DELETE
    assert segment.first(5).is_empty
    assert segment.repeats(5) == []


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (r"A\T\B\S\C\R\D\F\E\E\F", r"A&B^C~D|E\F"),
        (r"line\.br\break", "line\nbreak"),
        (r"M\XC3BC\ller", "Müller"),
        (r"M\XFC\ller", "Müller"),
        (r"\H\bold\N\ end", "bold end"),
        (r"C:\temp\file", r"C:\temp\file"),
        (r"a\Zfoo\b", r"a\Zfoo\b"),
        ("trailing\\", "trailing\\"),
    ],
)
def test_escapes_mean_what_they_stand_for(sent: str, meant: str) -> None:
    assert unescape(sent) == meant


def test_nothing_written_can_end_a_segment_or_a_frame() -> None:
    written = write_segment("PID", {5: [("a\rb\x0bc\x1cd\ne", "|^~\\&")]})
    assert not set("\r\n\x0b\x1c") & set(written)
    assert parse(f"{MSH}\r{written}")["PID-5"] == "a\rb\x0bc\x1cd\ne".strip()


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12).map(str.strip)
fields = st.dictionaries(
    st.integers(1, 12),
    st.lists(
        st.lists(st.lists(texts, min_size=1, max_size=3), min_size=1, max_size=4), min_size=1, max_size=3
    ),
    min_size=1,
    max_size=5,
)


@settings(deadline=None)
@given(texts)
def test_escaping_and_unescaping_give_the_text_back(text: str) -> None:
    assert unescape(escape(text)) == text


@settings(deadline=None)
@given(fields)
def test_what_is_written_is_what_is_read(values: dict[int, list[list[list[str]]]]) -> None:
    written = write_segment("ZZZ", values)  # type: ignore[arg-type]
    segment = parse(write_message([MSH, written])).segments[-1]
    for number, repeats in values.items():
        # What is empty at the end of anything is not written; in between it keeps its place.
        raw = segment.raw(number).split(STANDARD.repeat)
        for place, repeat in enumerate(repeats):
            value = Value(raw[place] if place < len(raw) else "", STANDARD)
            for c, component in enumerate(repeat, start=1):
                for s, text in enumerate(component, start=1):
                    assert value.text(c, s) == text


@settings(deadline=None)
@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=30), max_size=6))
def test_reading_and_writing_a_message_changes_nothing(lines: list[str]) -> None:
    text = "".join(f"{line}\r" for line in (MSH, *(f"Z{n:02d}|{line}" for n, line in enumerate(lines))))
    assert str(parse(text)) == "".join(f"{line}\r" for line in text.split("\r") if line.strip())


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_whatever_is_read_is_a_message_or_refused(raw: bytes) -> None:
    with suppress(Unparsable):
        parse("MSH|^~\\&|" + raw.decode("latin-1"))
    with suppress(Unparsable):
        parse(raw.decode("latin-1"))
