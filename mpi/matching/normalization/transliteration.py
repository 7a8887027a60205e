"""Any script to ASCII, so that names written in two scripts meet; the source record keeps the original."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import category, normalize

from anyascii import anyascii

# NFKC would turn the spacing accents into a space and a combining mark, and split O´Neil.
_APOSTROPHES = str.maketrans(dict.fromkeys("´‘’‛ʹʻʼʽˈ′＇᾿`", "'"))
_NOTHING = ("Cf", "Cs", "Co", "Cn")


@lru_cache(maxsize=32_768)
def _transliterated(text: str) -> str:
    composed = normalize("NFKC", text.translate(_APOSTROPHES))
    return anyascii("".join(map(_kept, composed)))


def _kept(character: str) -> str:
    """Format characters and lone surrogates vanish; symbols, whose names anyascii spells, separate words."""
    if character.isascii():
        return character
    kind = category(character)
    if kind in _NOTHING:
        return ""
    return " " if kind[0] in "SZC" else character


def to_ascii(text: str) -> str:
    """The text in ASCII, case kept; never raises, whatever the text holds.

    >>> to_ascii("Łukasz Παπαδόπουλος")
    'Lukasz Papadopoylos'
    """
    return text if text.isascii() else _transliterated(text)


def ascii_upper(text: str) -> str:
    """The text in upper-case ASCII.

    >>> ascii_upper("Владимир")
    'VLADIMIR'
    """
    return text.upper() if text.isascii() else _transliterated(text).upper()
