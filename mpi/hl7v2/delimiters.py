"""The characters that divide a message, and the escapes for them in text (HL7 v2.8.2 §2.5.4, §2.7)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mpi.hl7v2.faults import Unparsable

#: What stands for "delete the stored value"; an empty field says nothing about it.
DELETE = '""'


class Delimiters(NamedTuple):
    """MSH-1 and the characters of MSH-2."""

    field: str = "|"
    component: str = "^"
    repeat: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding_characters(self) -> str:
        """MSH-2."""
        return self.component + self.repeat + self.escape + self.subcomponent


STANDARD = Delimiters()
#: Taken where a sender declares one character twice: it divides nothing that is ever sent.
_SPARE = ("\x1f", "\x1e", "\x1d", "\x19")


@lru_cache(maxsize=64)
def delimiters_of(head: str) -> Delimiters:
    r"""The delimiters that the head of an MSH, FHS or BHS segment (``MSH|^~\&``) declares.

    What MSH-2 leaves out is the standard's. Raises Unparsable where MSH-1 cannot divide anything.
    """
    field = head[3:4]
    if not _can_divide(field):
        raise Unparsable("MSH-1 is not a field separator", place="MSH^1^1")
    declared = head[4:]
    # Some write MSH-2 escaped, ^~\\&: their second backslash is not the subcomponent separator.
    if len(declared) > 4 and declared[3] == declared[2]:
        declared = declared[:3] + declared[4:]
    chosen = [field]
    for standard, sent in zip(STANDARD[1:], declared.ljust(4)[:4], strict=True):
        wanted = sent if _can_divide(sent) else standard
        chosen.append(next(c for c in (wanted, standard, *_SPARE) if c not in chosen))
    return Delimiters(*chosen)


def _can_divide(character: str) -> bool:
    return character.isprintable() and not character.isalnum() and not character.isspace() and character != ""


_BY_ESCAPE = {"F": 0, "S": 1, "R": 2, "E": 3, "T": 4}
#: Highlighting starts and ends here, lines break: of no other meaning in a name or an address.
_FORMATTING = {"H": "", "N": "", ".br": "\n", ".sp": "\n"}


def unescape(text: str, delimiters: Delimiters = STANDARD) -> str:
    r"""The text that was meant.

    Hexadecimal escapes are bytes of UTF-8 or, failing that, of Windows-1252. What is no known escape stays
    as it is: ``C:\temp`` was never meant as one.

    >>> unescape(r"Smith \T\ Sons\.br\Ltd")
    'Smith & Sons\nLtd'
    """
    if delimiters.escape not in text:
        return text

    def meant(found: re.Match[str]) -> str:
        code = found[1]
        if code in _BY_ESCAPE:
            return delimiters[_BY_ESCAPE[code]]
        return _text_of(bytes.fromhex(code[1:])) if code[0] == "X" else _FORMATTING[code]

    return _escapes(delimiters.escape).sub(meant, text)


@lru_cache(maxsize=64)
def _escapes(character: str) -> re.Pattern[str]:
    mark = re.escape(character)
    return re.compile(rf"{mark}([FSRETHN]|\.br|\.sp|X(?:[0-9A-Fa-f]{{2}})+){mark}")


def _text_of(raw: bytes) -> str:
    raw = raw.replace(b"\0", b"")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


_TO_ESCAPE = re.compile(r"[|^~\\&\x00-\x1f\x7f]")
_ESCAPED = {"|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "\\": "\\E\\", "&": "\\T\\", "\n": "\\.br\\", "\0": ""}


def escape(text: str) -> str:
    r"""``text`` as it is written between the standard delimiters; ``unescape`` of it is the same text.

    Control characters become hexadecimal escapes, so that no name can end a segment or an MLLP frame; NUL,
    which is none of HL7's characters, is left out.

    >>> escape("Smith & Sons")
    'Smith \\T\\ Sons'
    """
    if not _TO_ESCAPE.search(text):
        return text
    return _TO_ESCAPE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    known = _ESCAPED.get(found[0])
    return known if known is not None else f"\\X{ord(found[0]):02X}\\"
