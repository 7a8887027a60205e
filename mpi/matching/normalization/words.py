"""The words of a name: one alphabet, titles out, generation suffixes apart, particles in one spelling."""

from __future__ import annotations

import re
from functools import lru_cache

from mpi.matching.normalization.tables import spellings, words
from mpi.matching.normalization.transliteration import ascii_upper

TITLES = words("titles.txt")
SUFFIXES = spellings("suffixes.txt")
CREDENTIALS = words("credentials.txt")
_TAIL_SUFFIXES = {word: form for word, form in SUFFIXES.canonical.items() if word not in SUFFIXES.marked}
_NEVER_NAMES = frozenset(("JR", "JNR", "SNR", "II", "III", "IV", "2ND", "3RD", "4TH"))
_TAIL_CREDENTIALS = frozenset(CREDENTIALS.canonical) - CREDENTIALS.marked

_SEPARATORS = ' \t\n\r\v\f-.,/_&+()[]{}<>";=~'
_FOLD: dict[int, int | str | None] = dict.fromkeys(range(128))
_FOLD |= {ord(character): " " for character in _SEPARATORS}
_FOLD |= {code: code for code in (*range(48, 58), *range(65, 91))}
_SCANNED = str.maketrans("02345689", "OZEASGBG")
_VOWELS = frozenset("AEIOUY")
_ORDINAL = re.compile(r"\d+(?:ST|ND|RD|TH)")
#: Written apart, these belong to the word after them.
JOINED_HEADS = frozenset(("O", "D", "MC", "MAC", "FITZ"))


@lru_cache(maxsize=65_536)
def given_words(text: str) -> tuple[tuple[str, ...], str]:
    """The words of a given or middle name without titles, and the generation suffix found among them."""
    tokens, suffix = _without_suffix(fold(text))
    return _without_title(tuple(filter(str.isalpha, tokens))), suffix


@lru_cache(maxsize=65_536)
def family_words(text: str) -> tuple[tuple[str, ...], str]:
    """The words of a family name: particles apart, Mc and O' attached, SAINT as ST, suffix and title out."""
    tokens, suffix = _without_suffix(fold(text))
    tokens = _without_title(tuple(filter(str.isalpha, tokens)))
    joined: list[str] = []
    for position, token in enumerate(tokens):
        if joined and joined[-1] in JOINED_HEADS and (len(token) > 2 or joined[-1] in ("O", "MC")):
            joined[-1] += token
        elif token in ("Y", "E") and 0 < position < len(tokens) - 1:
            # García y Márquez
            continue
        else:
            joined.append("ST" if token == "SAINT" else token)
    return tuple(joined), suffix


@lru_cache(maxsize=1_024)
def read_suffix(text: str) -> str:
    """The generation a suffix says: JR, SR, I, II, III, IV … or nothing.

    >>> read_suffix("Jr."), read_suffix("3rd"), read_suffix("MD")
    ('JR', 'III', '')
    """
    for token in ascii_upper(text).translate(_FOLD).split():
        if token in SUFFIXES.canonical:
            return SUFFIXES.canonical[token]
    return ""


def fold(text: str) -> tuple[str, ...]:
    """Upper-case words of A–Z; apostrophes and what a scanner leaves within a word vanish."""
    if text.isascii() and text.isalpha():
        return (text.upper(),)
    tokens = ascii_upper(text).translate(_FOLD).split()
    if any(not token.isalpha() for token in tokens):
        tokens = [word for token in tokens if (word := _without_digits(token))]
    return tuple(tokens)


def _without_digits(token: str) -> str:
    """``PHIL1IP`` → PHILLIP, ``SM1TH`` → SMITH, ``SMITH2`` → SMITH; the 3RD of a generation stays."""
    if token.isalpha() or token in SUFFIXES.canonical:
        return token
    letters = sum(map(str.isalpha, token))
    if letters < 2 or _ORDINAL.fullmatch(token):
        return "".join(filter(str.isalpha, token)) if letters == 1 else ""
    token = token.rstrip("0123456789").replace("7", "T").translate(_SCANNED)
    while "1" in token:
        position = token.index("1")
        around = token[max(position - 1, 0) : position] + token[position + 1 : position + 2]
        token = token.replace("1", "L" if _VOWELS & set(around) else "I", 1)
    return token


def _without_title(tokens: tuple[str, ...]) -> tuple[str, ...]:
    while tokens and tokens[0] in TITLES.canonical and (len(tokens) > 1 or tokens[0] not in TITLES.marked):
        tokens = tokens[1:]
    return tokens


def _without_suffix(tokens: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Suffixes and credentials at the end of a name; of one word only what is never a name (``Jr.``)."""
    suffix = ""
    if len(tokens) == 1 and tokens[0] in _NEVER_NAMES:
        return (), _TAIL_SUFFIXES[tokens[0]]
    while len(tokens) > 1 and (tokens[-1] in _TAIL_SUFFIXES or tokens[-1] in _TAIL_CREDENTIALS):
        suffix = _TAIL_SUFFIXES.get(tokens[-1], "") or suffix
        tokens = tokens[:-1]
    return tokens, suffix
