"""Bytes to text and back: MSH-18, the source's default, and what senders really send (HL7 table 0211)."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

#: Table 0211, and what people write instead. Windows-1252 is what senders of 8859/1 have on their
#: keyboards; it differs only where 8859-1 has control characters.
_CODECS = {
    "": "", "ASCII": "utf-8", "ISOIR6": "utf-8", "USASCII": "utf-8", "UTF8": "utf-8", "UNICODEUTF8": "utf-8",
    "UNICODE": "utf-8", "UNICODEUTF16": "utf-16", "UTF16": "utf-16", "UNICODEUTF32": "utf-32",
    "88591": "cp1252", "ISO88591": "cp1252", "LATIN1": "cp1252", "WINDOWS1252": "cp1252", "CP1252": "cp1252",
    "GB180302000": "gb18030", "GB18030": "gb18030", "BIG5": "big5", "BIG": "big5", "KSX1001": "euc_kr",
    "ISOIR87": "iso2022_jp", "ISOIR14": "shift_jis", "ISOIR13": "shift_jis", "ISOIR159": "iso2022_jp_1",
}  # fmt: skip
_CODECS |= {f"8859{n}": f"iso8859-{n}" for n in range(2, 17) if n != 12}
_CODECS |= {f"ISO8859{n}": f"iso8859-{n}" for n in range(2, 17) if n != 12}
_NOT_WORD = re.compile(r"[^A-Z0-9]")
_HEAD_MAX = 2_000
#: Written in MSH-18 where the sender's own charset cannot hold what is answered.
UTF_8 = "UNICODE UTF-8"


class Decoded(NamedTuple):
    """The text of a message, the codec it was read by, and a warning where that was not the declared one."""

    text: str
    codec: str
    warning: str | None


def codec_named(name: str) -> str | None:
    """Python's codec for a charset as MSH-18 or a source's settings name it; None for one we do not know."""
    known = _CODECS.get(_NOT_WORD.sub("", name.upper()))
    if known is None:
        try:
            known = codecs.lookup(name).name
        except (LookupError, ValueError):
            return None
    return known


def decode(raw: bytes, default: str = "utf-8") -> Decoded:
    """The message's text by MSH-18, else by ``default``; where that fails by UTF-8, then by Windows-1252.

    Never raises: Windows-1252 leaves five bytes undefined, which become U+FFFD.
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or raw[:6] == b"M\0S\0H\0":
        codec = "utf-16" if raw[:1] != b"M" else "utf-16-le"
        return Decoded(raw.decode(codec, errors="replace"), codec, None)
    declared = declared_charset(raw)
    wanted = codec_named(declared) if declared else default
    warning = None if wanted else f"charset: MSH-18 names one we do not know, read as {default}"
    for codec in dict.fromkeys((wanted or default, "utf-8")):
        try:
            text = raw.decode(codec)
        except (UnicodeError, LookupError):
            continue
        if codec != wanted and warning is None:
            warning = f"charset: not {wanted}, read as {codec}"
        return Decoded(text, codec, warning)
    return Decoded(raw.decode("cp1252", errors="replace"), "cp1252", f"charset: not {wanted}, read as cp1252")


def declared_charset(raw: bytes) -> str:
    """The first MSH-18 that is not empty, read from the bytes: which charset they are in is the question."""
    head = re.split(rb"[\r\n]", raw.lstrip(b"\xef\xbb\xbf\x0b\r\n \t")[:_HEAD_MAX], maxsplit=1)[0]
    fields = head.split(head[3:4]) if len(head) > 3 else []
    if len(fields) < 18 or fields[0] != b"MSH":
        return ""
    return next((name for name in fields[17].decode("ascii", "replace").split("~") if name.strip()), "")


def encode(text: str, codec: str) -> bytes | None:
    """The text in ``codec``, None where that cannot hold it."""
    try:
        return text.encode(codec)
    except (UnicodeError, LookupError):
        return None
