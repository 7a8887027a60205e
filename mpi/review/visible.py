"""Text as it really is: hidden characters shown, look-alikes marked, what differs between two marked."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from markupsafe import Markup, escape
from rapidfuzz.distance import Levenshtein

#: A longer text is cut, and says so.
TEXT_MAX: Final = 300
#: Texts that have less than this in common are different as a whole: single marked letters would confuse.
_COMMON_MIN: Final = 0.4
#: Alphabets whose letters can be taken for each other's.
_SCRIPTS: Final = frozenset(
    {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "FULLWIDTH", "MATHEMATICAL"}
)
#: Characters that count as printable and yet show nothing: fillers, joiners and variation selectors.
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u2800\u3164\uffa0") | {
    chr(code) for code in range(0xFE00, 0xFE10)
}
#: Letters of other alphabets that are drawn like Latin ones (a selection of Unicode's confusables.txt).
_DRAWN_LIKE: Final = str.maketrans(
    "АВЕЅІЈКМНОРСТУХԚԜаеорсухѕіјԛԝԁһӏѵΑΒΕΖΗΙΚΜΝΟΡΤΥΧαονιρυՍՕԼօսհᎪᏴᏟᎠᎬᏀᎻᎫᏦᏞᎷᏢᏒᏚᏙᏔᏃ",
    "ABESIJKMHOPCTYXQWaeopcyxsijqwdhlvABEZHIKMNOPTYXaovipuUOLouhABCDEGHJKLMPRSVWZ",
)
_DRAWN_LIKE_DIGITS: Final = str.maketrans("015|", "OLSL")


def shown(value: Any) -> Markup:
    """A value for a page, isolated from the direction of the text around it.

    >>> shown("O\u202eB")
    Markup('<bdi>O<span class="hidden-char" title="RIGHT-TO-LEFT OVERRIDE">U+202E</span>B</bdi>')
    """
    text = "" if value is None else str(value)
    return Markup("<bdi>{}</bdi>{}").format(Markup("").join(_letters(text[:TEXT_MAX])), _rest(text))


def plain(text: str) -> str:
    """A value where there can be no markup: hidden characters as their codes, each direction isolated.

    >>> plain("Ro\\u200bsa")
    'Ro[U+200B]sa'
    """
    letters = (
        f"[U+{ord(c):04X}]" if not c.isprintable() or c in _BLANK else c for c in text[:TEXT_MAX].strip()
    )
    return "".join(letters)


def compared(text: str, other: str) -> Markup:
    """A text with what the other has not marked as ``<mark>``; plain when they are equal.

    >>> compared("SMITH", "SMYTH")
    Markup('<bdi>SM<mark>I</mark>TH</bdi>')
    """
    text, other = text[: TEXT_MAX + 1], other[: TEXT_MAX + 1]
    if text == other:
        return shown(text)
    letters = _letters(text[:TEXT_MAX])
    if not other or Levenshtein.normalized_similarity(text.casefold(), other.casefold()) < _COMMON_MIN:
        return Markup("<bdi><mark>{}</mark></bdi>{}").format(Markup("").join(letters), _rest(text))
    parts = [
        Markup("").join(letters[start:end])
        if same
        else Markup("<mark>{}</mark>").format(Markup("").join(letters[start:end]))
        for start, end, same in _parts(text[:TEXT_MAX], other[:TEXT_MAX])
    ]
    return Markup("<bdi>{}</bdi>{}").format(Markup("").join(parts), _rest(text))


def _parts(text: str, other: str) -> Iterator[tuple[int, int, bool]]:
    for step in Levenshtein.opcodes(text, other):
        if step.src_end > step.src_start:
            yield step.src_start, step.src_end, step.tag == "equal"


def _rest(text: str) -> Markup:
    return (
        Markup("")
        if len(text) <= TEXT_MAX
        else Markup(' <span class="muted">… cut at {}</span>').format(TEXT_MAX)
    )


def _letters(text: str) -> list[Markup]:
    """Each character as markup: hidden ones by their code, strangers in a word of another alphabet marked."""
    strangers = _strangers(text)
    return [_letter(text, place, place in strangers) for place in range(len(text))]


def _letter(text: str, place: int, is_stranger: bool) -> Markup:
    character = text[place]
    if not character.isprintable() or character in _BLANK or _is_stray_space(text, place):
        name, code = unicodedata.name(character, "control character"), f"U+{ord(character):04X}"
        return Markup('<span class="hidden-char" title="{}">{}</span>').format(name, code)
    if is_stranger:
        name = unicodedata.name(character, "letter")
        return Markup('<span class="look-alike" title="{}">{}</span>').format(name, character)
    return escape(character)


def _is_stray_space(text: str, place: int) -> bool:
    """A space that a page would not show: at an end, or after another."""
    return text[place] == " " and (place in (0, len(text) - 1) or text[place - 1] == " ")


def _strangers(text: str) -> frozenset[int]:
    """The places of letters that are of another alphabet than most of their word."""
    found: set[int] = set()
    start = 0
    for word in text.split(" "):
        scripts = {place: script for place, c in enumerate(word, start) if (script := _script(c))}
        counted = Counter(scripts.values())
        if len(counted) > 1:
            usual = max(counted, key=lambda script: (counted[script], script == "LATIN"))
            found |= {place for place, script in scripts.items() if script != usual}
        start += len(word) + 1
    return frozenset(found)


def _script(character: str) -> str | None:
    if character.isascii():
        return "LATIN" if character.isalpha() else None
    script = unicodedata.name(character, "").partition(" ")[0] if character.isalpha() else ""
    return script if script in _SCRIPTS else None


def look_alike(text: str) -> str | None:
    """The alphabets that one word mixes, which no name does by itself; None when all is well.

    >>> look_alike("Pаul"), look_alike("Paul Иванов")
    ('CYRILLIC and LATIN in one word', None)
    """
    for word in text.split():
        scripts = {script for c in word if (script := _script(c))}
        if len(scripts) > 1:
            return f"{' and '.join(sorted(scripts))} in one word"
    return None


def drawn_alike(text: str, other: str) -> str | None:
    """Why two texts that are not the same look it; None when they look different, or are the same.

    >>> drawn_alike("Сора", "Copa"), drawn_alike("O'NEIL", "0'NEIL")
    ('looks like the other side, but is not: letters of another alphabet', 'a digit stands for a letter')
    """
    if text == other or not text or not other:
        return None
    left, right = unicodedata.normalize("NFKC", text), unicodedata.normalize("NFKC", other)
    if left == right:
        return "the same letters, stored in another form"
    left, right = left.translate(_DRAWN_LIKE).casefold(), right.translate(_DRAWN_LIKE).casefold()
    if left == right:
        is_same = text.casefold() == other.casefold()
        return None if is_same else "looks like the other side, but is not: letters of another alphabet"
    if any(c.isalpha() for c in left) and _as_letters(left) == _as_letters(right):
        return "a digit stands for a letter"
    return None


def _as_letters(text: str) -> str:
    return text.upper().translate(_DRAWN_LIKE_DIGITS).replace("I", "L")
