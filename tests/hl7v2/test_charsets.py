"""Bytes to text: MSH-18, the source's default, and what does not keep to either."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpi.hl7v2.charsets import codec_named, decode


def _raw(charset: str, name: str, codec: str) -> bytes:
    return f"MSH|^~\\&|A|B|C|D|2026||ADT^A04|1|P|2.5||||||{charset}\rPID|||1||{name}\r".encode(codec)


@pytest.mark.parametrize(
    ("charset", "codec", "name"),
    [
        ("UNICODE UTF-8", "utf-8", "Łukasiewicz"),
        ("UTF-8", "utf-8", "Müller"),
        ("8859/1", "latin-1", "Müller"),
        ("8859/2", "iso8859-2", "Łukasiewicz"),
        ("8859/5", "iso8859-5", "Иванов"),
        ("8859/15", "iso8859-15", "Œuvrard"),
        ("ASCII", "ascii", "Muller"),
        ("", "utf-8", "Müller"),
        ("GB 18030-2000", "gb18030", "王秀英"),
        ("KS X 1001", "euc_kr", "김철수"),
        ("UNICODE", "utf-8", "Müller"),
    ],
)
def test_a_message_is_read_by_its_charset(charset: str, codec: str, name: str) -> None:
    decoded = decode(_raw(charset, name, codec))
    assert name in decoded.text
    assert decoded.warning is None


def test_a_byte_order_mark_decides() -> None:
    assert "Müller" in decode(_raw("", "Müller", "utf-16")).text


def test_what_is_not_its_charset_is_read_as_windows_1252_and_said() -> None:
    decoded = decode(_raw("UNICODE UTF-8", "Müller", "cp1252"))
    assert "Müller" in decoded.text
    assert decoded.codec == "cp1252"
    assert decoded.warning == "charset: not utf-8, read as cp1252"


def test_the_sources_charset_counts_where_the_message_names_none() -> None:
    raw = _raw("", "Иванов", "iso8859-5")
    assert "Иванов" in decode(raw, "iso8859-5").text
    assert "Иванов" not in decode(raw).text


def test_an_unknown_charset_is_said() -> None:
    assert "Müller" in decode(_raw("KLINGON", "Müller", "utf-8")).text
    assert "names one we do not know" in (decode(_raw("KLINGON", "x", "utf-8")).warning or "")


def test_charsets_are_called_as_sources_declare_them() -> None:
    assert codec_named("windows-1252") == codec_named("8859/1") == "cp1252"
    assert codec_named("iso-8859-15") == "iso8859-15"
    assert codec_named("nonsense") is None


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_some_text(raw: bytes) -> None:
    assert isinstance(decode(raw).text, str)
    assert isinstance(decode(b"MSH|^~\\&|A|B|C|D|2026||ADT^A04|1|P|2.5||||||UNICODE\r" + raw).text, str)
