"""Text as it really is: hidden characters shown, look-alikes named, what differs between two marked."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any, Final

from markupsafe import Markup, escape
from rapidfuzz.distance import Levenshtein

#: A longer text is cut, and says so.
TEXT_MAX: Final = 300
#: Texts that have less than this in common are different as a whole: single marked letters would confuse.
_COMMON_MIN: Final = 0.4
_SCRIPTS: Final = frozenset(
    {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH", "MATHEMATICAL"}
)


def shown(value: Any) -> Markup:
    """A value for a page, isolated from the direction of the text around it.

    >>> shown("O\\u202eB")
    Markup('<bdi>O<span class="hidden-char" title="hidden character">U+202E</span>B</bdi>')
    """
    text = "" if value is None else str(value)
    return Markup("<bdi>{}</bdi>{}").format(_letters(text[:TEXT_MAX]), _rest(text))


def compared(text: str, other: str) -> Markup:
    """A text with what the other has not marked as ``<mark>``; plain when they are equal.

    >>> compared("SMITH", "SMYTH")
    Markup('<bdi>SM<mark>I</mark>TH</bdi>')
    """
    text, other = text[: TEXT_MAX + 1], other[: TEXT_MAX + 1]
    if text == other:
        return shown(text)
    if not other or Levenshtein.normalized_similarity(text.casefold(), other.casefold()) < _COMMON_MIN:
        return Markup("<bdi><mark>{}</mark></bdi>{}").format(_letters(text[:TEXT_MAX]), _rest(text))
    parts = [
        _letters(part) if same else Markup("<mark>{}</mark>").format(_letters(part))
        for part, same in _parts(text[:TEXT_MAX], other[:TEXT_MAX])
    ]
    return Markup("<bdi>{}</bdi>{}").format(Markup("").join(parts), _rest(text))


def _parts(text: str, other: str) -> Iterator[tuple[str, bool]]:
    for step in Levenshtein.opcodes(text, other):
        if step.src_end > step.src_start:
            yield text[step.src_start : step.src_end], step.tag == "equal"


def _rest(text: str) -> Markup:
    return (
        Markup("")
        if len(text) <= TEXT_MAX
        else Markup(' <span class="muted">… cut at {}</span>').format(TEXT_MAX)
    )


def _letters(text: str) -> Markup:
    return Markup("").join(_letter(c) for c in text)


def _letter(character: str) -> Markup:
    if character.isprintable():
        return escape(character)
    return Markup('<span class="hidden-char" title="hidden character">U+{:04X}</span>').format(ord(character))


def look_alike(text: str) -> str | None:
    """The scripts that one word mixes, which no name does by itself; None when all is well.

    >>> look_alike("Pаul"), look_alike("Paul Иванов")
    ('CYRILLIC and LATIN in one word', None)
    """
    for word in text.split():
        scripts = {unicodedata.name(c, "").partition(" ")[0] for c in word if c.isalpha()} & _SCRIPTS
        if len(scripts) > 1:
            return f"{' and '.join(sorted(scripts))} in one word"
    return None
