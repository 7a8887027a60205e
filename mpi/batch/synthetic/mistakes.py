"""What goes wrong between a person and a keyboard: mistyped, misheard, misread."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from mpi.batch.synthetic.draws import Bools, Draws, Ints
from mpi.batch.synthetic.text import ZERO, Bytes, Text, characters_of, replaced, text_of

#: Neighbours on a US keyboard, letter by letter.
KEYBOARD = {
    "a": "qwsz", "b": "vghn", "c": "xdfv", "d": "serfcx", "e": "wsdr", "f": "drtgvc", "g": "ftyhbv",
    "h": "gyujnb", "i": "ujko", "j": "huikmn", "k": "jiolm", "l": "kop", "m": "njk", "n": "bhjm", "o": "iklp",
    "p": "ol", "q": "wa", "r": "edft", "s": "awedxz", "t": "rfgy", "u": "yhji", "v": "cfgb", "w": "qase",
    "x": "zsdc", "y": "tghu", "z": "asx",
}  # fmt: skip
#: Letters and digits that are misread for one another on paper and faxes.
MISREAD = {
    "a": "o", "b": "h", "c": "e", "e": "c", "f": "t", "g": "q", "h": "b", "i": "l", "l": "i", "m": "n",
    "n": "m", "o": "a", "q": "g", "s": "5", "t": "f", "u": "v", "v": "u", "z": "2", "0": "8", "1": "7",
    "2": "7", "3": "8", "4": "9", "5": "6", "6": "5", "7": "1", "8": "3", "9": "4",
}  # fmt: skip
#: Spellings of one sound. Which is tried first is drawn; the first that occurs is written the other way.
SOUNDS = (
    ("ph", "f"), ("ck", "k"), ("ie", "y"), ("y", "ie"), ("ei", "ie"), ("ll", "l"), ("nn", "n"), ("tt", "t"),
    ("ss", "s"), ("son", "sen"), ("sen", "son"), ("ann", "an"), ("an", "ann"), ("th", "t"), ("c", "k"),
    ("k", "c"),
    ("er", "ar"), ("ey", "y"), ("ea", "ee"), ("ee", "ea"), ("ai", "ay"), ("z", "s"), ("s", "z"), ("v", "b"),
    ("sh", "ch"), ("x", "ks"), ("oo", "u"), ("au", "aw"), ("i", "y"), ("e", "a"), ("a", "e"), ("l", "ll"),
    ("n", "nn"), ("t", "tt"), ("r", "rr"), ("d", "dd"), ("o", "a"), ("u", "o"),
)  # fmt: skip
#: Shares of the kinds of slips: a neighbour key, a misread letter, a sound, two letters exchanged, one lost,
#: one doubled. After Damerau 1964 and the causes named in PMC4832129.
SLIP_SHARES = (0.24, 0.07, 0.25, 0.16, 0.18, 0.10)
SUBSTITUTED, MISREAD_LETTER, SOUND, EXCHANGED, LOST, DOUBLED = range(6)
TEXT_LENGTH_MIN = 3
ALTERNATIVES = 12


def alternatives(table: dict[str, str]) -> Bytes:
    """For each byte twelve others that it may become, in its own case; itself where none is known."""
    out = np.repeat(np.arange(256, dtype=np.uint8)[:, None], ALTERNATIVES, axis=1)
    for character, others in table.items():
        for case in {str.lower, str.upper}:
            choices = [ord(case(other)) for other in others]
            out[ord(case(character))] = [choices[i % len(choices)] for i in range(ALTERNATIVES)]
    return out


NEIGHBOURS, LOOKALIKES = alternatives(KEYBOARD), alternatives(MISREAD)


def misspelled(draws: Draws, text: Text, wrong: Bools) -> Text:
    """``text`` with one slip in each ``wrong`` value; short ones and such with accents stay right."""
    if not wrong.any():
        return text
    return replaced(text, wrong, slips(draws, text.filter(pa.array(wrong))))


def slips(draws: Draws, text: Text) -> Text:
    """Every value with one slip."""
    characters = characters_of(text)
    lengths = (characters != 0).sum(axis=1)
    kind = draws.kind(len(lengths), SLIP_SHARES)
    editable = (lengths >= TEXT_LENGTH_MIN) & (characters < 128).all(axis=1)
    kind[~editable] = -1
    # The first letter is seldom wrong: one slip in eight may touch it.
    first = np.where(draws.chance(len(lengths), 0.125), 0, 1)
    place = first + draws.below(len(lengths), np.maximum(lengths - first, 1))
    edited = edit(draws, characters, lengths, kind, place)
    out = text_of(edited, missing=np.asarray(text.is_null().to_numpy(zero_copy_only=False), dtype=np.bool_))
    return respelled(draws, out, kind == SOUND)


def edit(draws: Draws, characters: Bytes, lengths: Ints, kind: Ints, place: Ints) -> Bytes:
    """The slips that need no knowledge of sounds; every second column is room for a doubled letter."""
    choice = draws.below(len(lengths), ALTERNATIVES)
    for of_kind, table in ((SUBSTITUTED, NEIGHBOURS), (MISREAD_LETTER, LOOKALIKES)):
        row = np.flatnonzero(kind == of_kind)
        characters[row, place[row]] = table[characters[row, place[row]], choice[row]]
    row = np.flatnonzero((kind == EXCHANGED) & (lengths > TEXT_LENGTH_MIN))
    left = np.minimum(place[row], lengths[row] - 2)
    pair = characters[row, left].copy(), characters[row, left + 1].copy()
    # A capital stays in front: what is exchanged are the letters, not their case.
    upper = ((pair[0] & 0x20) ^ (pair[1] & 0x20)) * ((pair[0] > 64) & (pair[1] > 64))
    characters[row, left], characters[row, left + 1] = pair[1] ^ upper, pair[0] ^ upper
    roomy = np.zeros((len(characters), characters.shape[1] * 2), dtype=np.uint8)
    roomy[:, ::2] = characters
    row = np.flatnonzero(kind == LOST)
    roomy[row, place[row] * 2] = 0
    row = np.flatnonzero(kind == DOUBLED)
    roomy[row, place[row] * 2 + 1] = characters[row, place[row]] | 0x20 * (characters[row, place[row]] > 64)
    return roomy


def respelled(draws: Draws, text: Text, wrong: Bools) -> Text:
    """Values that are ``wrong`` as somebody writes them who only heard them."""
    row = np.flatnonzero(wrong)
    start = draws.below(len(row), len(SOUNDS))
    values = text.take(row).to_pylist()
    heard = [by_ear(str(value), first) for value, first in zip(values, start.tolist(), strict=True)]
    return replaced(text, wrong, pa.array(heard, pa.string()))


def by_ear(value: str, first: int) -> str:
    """``value`` with one sound spelled another way, trying from spelling number ``first`` on.

    >>> by_ear("Philip", 0), by_ear("Stephen", 0), by_ear("Anderson", 9)
    ('Phylip', 'Stefen', 'Andersen')
    """
    for step in range(len(SOUNDS)):
        written, other = SOUNDS[(first + step) % len(SOUNDS)]
        place = value.find(written, 1)
        if place > 0:
            return value[:place] + other + value[place + len(written) :]
    return value


def miskeyed(draws: Draws, digits: Bytes, wrong: Bools) -> None:
    """Two neighbours exchanged, or one digit hit wrong, in each row that is ``wrong``."""
    row = np.flatnonzero(wrong)
    width = digits.shape[1]
    place = draws.below(len(row), width)
    exchanged = draws.chance(len(row), 0.4) & (place + 1 < width)
    one, left = row[~exchanged], place[~exchanged]
    step = 1 + draws.below(len(one), 9)
    digits[one, left] = (digits[one, left] - ZERO + step) % 10 + ZERO
    two, left = row[exchanged], place[exchanged]
    digits[two, left], digits[two, left + 1] = digits[two, left + 1].copy(), digits[two, left].copy()
