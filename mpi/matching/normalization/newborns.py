"""Newborns' placeholder names: what they say of sex, birth order and mother."""

from __future__ import annotations

import re
from typing import NamedTuple

from mpi.matching.normalization.nicknames import is_known_given
from mpi.matching.normalization.transliteration import to_ascii
from mpi.matching.record import TemporaryName

_SEX = {"BOY": "M", "BOYS": "M", "MALE": "M", "BB": "M", "GIRL": "F", "GIRLS": "F", "FEMALE": "F", "BG": "F"}
_NEWBORN = frozenset(("BABY", "BABE", "NEWBORN", "NB", "INFANT", "TWIN", "TRIPLET", "QUAD", "BB", "BG"))
#: Words that make a placeholder of what stands before them: JUDY GIRL A, JUSTINE'S NEWBORN BOY.
_CLOSING = frozenset(("BOY", "GIRL", "BABY", "NEWBORN", "TWIN", "INFANT"))
_FILLERS = frozenset(("OF", "THE", "NAME", "UNNAMED", "NO", "AKA", "FKA", "NEE", "FORMERLY"))
_ORDER = {
    **{letter: order for order, letter in enumerate("ABCDEFGH", start=1)},
    **{str(order): order for order in range(1, 10)},
    **{
        "I": 1,
        "II": 2,
        "III": 3,
        "ONE": 1,
        "TWO": 2,
        "THREE": 3,
        "FIRST": 1,
        "SECOND": 2,
        "1ST": 1,
        "2ND": 2,
    },
}

_MAYBE = re.compile(r"BABY|BABE|BOY|GIRL|NEWBORN|INFANT|TWIN|TRIPLET|QUAD|\bNB|\bB/?[BG]\b")
_GLUED = re.compile(r"(BABY|NEWBORN|NB|INFANT|TWIN|B(?=BOY|GIRL))?(BOY|GIRL|MALE|FEMALE)?([1-9])?([A-Z]*)")
_WORD = re.compile(r"[A-Za-z0-9/]+")


class NewbornReading(NamedTuple):
    """``rest`` are words of the name that may be the family name."""

    temporary: TemporaryName
    rest: tuple[str, ...]


def may_be_newborn(upper: str) -> bool:
    """Whether an upper-case text holds any of the words that placeholder names are made of."""
    return _MAYBE.search(upper) is not None


def read_newborn(
    given: str, middle: str, family: tuple[str, ...], *, family_field: bool = False
) -> NewbornReading | None:
    """What a placeholder name says, in the forms of AHIMA and the Joint Commission; None for any other name.

    ``family`` are the words of the family name: one of them repeated in the given name is not the mother's.
    With ``family_field`` the text stood in the family name's field.

    >>> read_newborn("Boy1Marie", "", ("SMITH",)).temporary
    TemporaryName(mother_given='MARIE', sex='M', birth_order=1)
    """
    text = to_ascii(f"{given} {middle}")
    if not may_be_newborn(text.upper()):
        return None
    words = _words(text)
    if not _is_placeholder(words):
        return None
    # A name with GIRL alone for a middle name is a name; with GIRL A it is a twin of the mother named.
    if len(words) == 2 and not may_be_newborn(to_ascii(given).upper()):
        return None
    sex = next((_SEX[word] for word in words if word in _SEX), "")
    first = next((position for position, word in enumerate(words) if word in _SEX or word in _NEWBORN), 0)
    order = next((_ORDER[word] for word in words[first:] if word in _ORDER), 0)
    rest = tuple(
        word for word in words
        if word not in _SEX and word not in _NEWBORN and word not in _FILLERS and word not in _ORDER
        and word.isalpha() and word not in family and len(word) > 1
    )  # fmt: skip
    if rest and family:
        return NewbornReading(TemporaryName(" ".join(rest), sex, order), ())
    # Without a family name "BG SMITH" names the family; "BoyMarie" and "Judy Girl" the mother.
    mothers = () if family_field or words[0] in ("BB", "BG") else tuple(filter(is_known_given, rest))
    return NewbornReading(
        TemporaryName(" ".join(mothers), sex, order), tuple(word for word in rest if word not in mothers)
    )


def _words(text: str) -> list[str]:
    words: list[str] = []
    for word in _WORD.findall(re.sub(r"['`][sS]\b", "", text.replace("B/B", "BB").replace("B/G", "BG"))):
        words += _taken_apart(word)
    return [_without_genitive(word) for word in words]


def _taken_apart(word: str) -> list[str]:
    """``BoyMarie``, ``GIRL2MARIE``, ``BABYBOY`` in their words; names that only begin so (BOYD) whole."""
    upper = word.upper()
    glued = _GLUED.fullmatch(upper)
    if not glued or not (glued[1] or glued[2]):
        return [upper]
    rest = glued[4]
    camel = bool(re.match(r"[A-Z][a-z]+\d?[A-Z][a-z]{2}", word))
    both = bool(glued[1] and glued[2])
    mother = len(rest) >= 3 and is_known_given(rest) and not upper.startswith("BOYD")
    if rest and not (glued[3] or camel or both or mother):
        return [upper]
    first = "BABY" if glued[1] == "B" else glued[1]
    return [part for part in (first, glued[2], glued[3], rest) if part]


def _without_genitive(word: str) -> str:
    shorter = word[:-1]
    return shorter if word.endswith("S") and not is_known_given(word) and is_known_given(shorter) else word


def _is_placeholder(words: list[str]) -> bool:
    if not words:
        return False
    if words[0] in _NEWBORN or words[0] in ("BOY", "GIRL"):
        return True
    if words[0] in ("MALE", "FEMALE") and any(word in _NEWBORN for word in words[1:]):
        return True
    for position in range(1, len(words)):
        if words[position] in _CLOSING and words[0] not in ("SONNY", "THE"):
            return all(word in _CLOSING or word in _SEX or word in _ORDER for word in words[position:])
    return False
