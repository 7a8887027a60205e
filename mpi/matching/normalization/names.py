"""Names made comparable: suffixes in their place, placeholders out, aliases beside them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mpi.matching.normalization.newborns import may_be_newborn, read_newborn
from mpi.matching.normalization.nicknames import is_known_given
from mpi.matching.normalization.tables import listed, placeholders
from mpi.matching.normalization.transliteration import ascii_upper
from mpi.matching.normalization.words import (
    CREDENTIALS,
    JOINED_HEADS,
    SUFFIXES,
    TITLES,
    family_words,
    fold,
    given_words,
    read_suffix,
)
from mpi.matching.record import NormalizedName, PersonName, TemporaryName

#: Further names taken from one field (``SMITH/JONES AKA MILLER``).
ALIASES_MAX = 4
#: How often a name is read again until it stays as it is.
ROUNDS_MAX = 4

_ANY = listed("names", "any")
_PLACEHOLDERS = {field: _ANY | listed("names", field) for field in ("given", "middle", "family")}
_RAW = listed("names", "raw")
_HOUSEHOLD = listed("names", "household_words")
#: Given and family names that together are nobody's.
PLACEHOLDER_PAIRS = frozenset((given, family) for given, family in placeholders()["names"]["pairs"])
#: Family names of one letter that people have (Korean O, Burmese U, Chinese E).
_ONE_LETTER_FAMILIES = frozenset("OEU")

# Words that some rule below turns on.
_TURNING = frozenset(
    {*TITLES.canonical, *SUFFIXES.canonical, *CREDENTIALS.canonical, *_RAW, "SAINT"}.union(
        *_PLACEHOLDERS.values()
    )
)
_SETTLING = _TURNING | JOINED_HEADS | {"Y", "E"}
_REPEATED = re.compile(r"(.)\1{2,}")
_ALSO = re.compile(r"(?:\s*/\s*|\s+(?:A\.?K\.?A\.?|F\.?K\.?A\.?|NEE|FORMERLY)(?=\s))+\s*")
# Without one of these nothing stands beside the main name.
_BESIDE = re.compile(r"[/(\"]|\b(?:A\.?K|F\.?K|NEE|FORM)")
_BRACKETED = re.compile(r"(?:^|(?<=\s))(?:\(([^()]{2,})\)|\"([^\"]{2,})\")")


class NameReading(NamedTuple):
    """The names that one name as sent says, the temporary name if it is one, and what was not taken."""

    names: tuple[NormalizedName, ...]
    temporary: TemporaryName | None = None
    dropped: tuple[tuple[str, str], ...] = ()


class _Parts(NamedTuple):
    given: str
    middle: str
    family: str
    suffix: str


def read_name(name: PersonName) -> NameReading:
    """What a name says; aliases and bracketed nicknames become names of their own.

    >>> read_name(PersonName("Dr. John Q.", None, "O'Neil-Smith Jr")).names
    (NormalizedName(given='JOHN', middle='Q', family='ONEIL SMITH', suffix='JR'),)
    """
    return _read(name.given or "", name.middle or "", name.family or "", name.suffix or "")


def plain_part(text: str) -> str | None:
    """A given, middle or family name that no rule turns on, made comparable; None where a rule may.

    ``""``, an absent part, is plain.
    """
    part = text.upper()
    if part and (not part.isalpha() or not part.isascii() or part in _TURNING or may_be_newborn(part)):
        return None
    return None if len(part) > 2 and len(set(part)) == 1 else part


def is_plain_family(family: str) -> bool:
    """Whether a plain family name makes a name plain: there is one, and no rule for single letters
    applies.
    """
    return len(family) > 1


def _plain(given: str, middle: str, family: str) -> NameReading | None:
    """The reading of a name of plain words that no rule turns on: most names, at a tenth of the cost."""
    first, second, last = plain_part(given), plain_part(middle), plain_part(family)
    if first is None or second is None or last is None:
        return None
    if not is_plain_family(last) or (first, last) in PLACEHOLDER_PAIRS:
        return None
    return NameReading((NormalizedName(first, second, last, ""),))


@lru_cache(maxsize=16_384)
def _read(given: str, middle: str, family: str, suffix: str) -> NameReading:
    reading = None if suffix else _plain(given, middle, family)
    if reading:
        return reading
    parts = _Parts(given, middle, family, suffix)
    if "," in given or "," in family:
        parts = _without_comma(parts)
    others: list[NormalizedName] = []
    parts, other_parts = _without_aliases(parts)
    reading = _settled(parts)
    for other in other_parts[:ALIASES_MAX]:
        others += _settled(other).names
    return reading._replace(names=_distinct((*reading.names, *others))) if others else reading


def _settled(parts: _Parts) -> NameReading:
    """The name read until reading it again changes nothing."""
    reading = _one_name(parts)
    for _ in range(ROUNDS_MAX):
        if not reading.names or _stays(reading.names[0]):
            break
        again = _one_name(_Parts(*reading.names[0]))
        if again.names == reading.names:
            break
        reading = NameReading(
            again.names, reading.temporary or again.temporary, reading.dropped + again.dropped
        )
    return reading


def _stays(name: NormalizedName) -> bool:
    """Whether a name that was read would be read the same again, as no rule turns on any of its words."""
    if not name.given or not name.family or " " in name.given or " " in name.middle:
        return False
    if _REPEATED.fullmatch(name.given):
        return False
    words = (name.given, name.middle, *name.family.split())
    return _SETTLING.isdisjoint(words) and not may_be_newborn(f"{name.given} {name.middle} {name.family}")


def _one_name(parts: _Parts) -> NameReading:
    newborn = _newborn(parts)
    if newborn:
        return newborn
    given, given_suffix = given_words(parts.given)
    middle, middle_suffix = given_words(parts.middle)
    family, family_suffix = family_words(parts.family)
    dropped: list[tuple[str, str]] = []
    suffix = read_suffix(parts.suffix) or family_suffix or given_suffix or middle_suffix
    if parts.suffix and not read_suffix(parts.suffix) and not parts.suffix.isspace():
        dropped.append(("suffix", "not-a-generation"))
    given = _taken("given", parts.given, given, dropped)
    middle = _taken("middle", parts.middle, middle, dropped)
    family = _taken("family", parts.family, family, dropped)
    given_text, middle_text = _split_given(given, middle)
    family_text = " ".join(family)
    if (given_text, family_text) in PLACEHOLDER_PAIRS:
        return NameReading((), None, (*dropped, ("name", "placeholder-name")))
    # A suffix alone is nobody's name.
    if not (given_text or middle_text or family_text):
        return NameReading((), None, tuple(dropped))
    return NameReading((NormalizedName(given_text, middle_text, family_text, suffix),), None, tuple(dropped))


def _taken(field: str, sent: str, tokens: tuple[str, ...], dropped: list[tuple[str, str]]) -> tuple[str, ...]:
    """The words of a field, or none with the reason why."""
    if not sent or sent.isspace():
        return ()
    reason = _refusal(field, sent, tokens)
    if not reason:
        return tokens
    dropped.append((field, reason))
    return ()


def _refusal(field: str, sent: str, tokens: tuple[str, ...]) -> str:
    if sent.strip().upper() in _RAW:
        return "placeholder-name"
    if not tokens:
        return "no-letters" if not fold(sent) else "title-only"
    text = " ".join(tokens)
    if text in _PLACEHOLDERS[field] or (len(tokens) > 1 and _HOUSEHOLD.issuperset(tokens)):
        return "placeholder-name"
    if field != "middle" and all(map(_REPEATED.fullmatch, tokens)):
        return "repeated-letter"
    if field == "family" and len(text) == 1 and text not in _ONE_LETTER_FAMILIES:
        return "single-letter"
    return ""


def read_family(text: str) -> tuple[str, str]:
    """A family name alone (mother's maiden name), and why it was not taken where it was not."""
    dropped: list[tuple[str, str]] = []
    family = _taken("family", text, family_words(text)[0], dropped)
    return " ".join(family), dropped[0][1] if dropped else ""


def _split_given(given: tuple[str, ...], middle: tuple[str, ...]) -> tuple[str, str]:
    """The first given name, and the others before the middle name.

    MARY ANN is MARY, middle ANN. Halves of one name are put together: words of two letters (LA TOYA, but
    JOHN ED), and a first word that is no known name where both together are one (JOSHU A).
    """
    if not given:
        return "", " ".join(middle)
    first, rest = given[0], given[1:]
    if rest and len(first) > 1:
        joined = first + rest[0]
        half = len(first) == 2 or (len(rest[0]) == 2 and not is_known_given(first))
        if (half and len(rest[0]) > 1) or (is_known_given(joined) and not is_known_given(first)):
            first, rest = joined, rest[1:]
    if not rest:
        return first, " ".join(middle)
    # Given JOHN QUINCY, middle Q or QUINCY: the same name twice.
    further = [word for word in middle if not any(known.startswith(word) for known in rest)]
    kept = [word for word in rest if not any(len(word) == 1 and other.startswith(word) for other in further)]
    return first, " ".join((*kept, *further))


def _without_comma(parts: _Parts) -> _Parts:
    """``SMITH, JOHN`` in one field, ``SMITH, JR`` in the family name."""
    given, middle, family, suffix = parts
    source, other = (family, given) if "," in family else (given, family)
    head, *tail = [piece.strip() for piece in source.split(",")]
    names = []
    for piece in filter(None, tail):
        tokens = fold(piece)
        if tokens and all(token in SUFFIXES.canonical or token in CREDENTIALS.canonical for token in tokens):
            suffix = suffix or piece
        else:
            names.append(piece)
    rest = " ".join(names)
    if not head or (not rest and source is given):
        return parts._replace(suffix=suffix)
    if source is family:
        if rest and other and fold(rest)[:1] != fold(other)[:1]:
            return parts
        return _Parts(given or rest, middle, head, suffix)
    if not family or fold(head) == fold(family):
        return _Parts(rest, middle, family or head, suffix)
    return parts


def _without_aliases(parts: _Parts) -> tuple[_Parts, list[_Parts]]:
    """The main name, and those beside it: SMITH/JONES, SMITH AKA JONES, William "Bill", Smith (Jones)."""
    beside: list[tuple[str, str]] = []
    for field in ("given", "family"):
        text = getattr(parts, field)
        if text.isascii() and text.isalpha():
            continue
        plain = " ".join(ascii_upper(text).split())
        if not _BESIDE.search(plain):
            continue
        bracketed = [first or second for first, second in _BRACKETED.findall(plain)]
        remaining = _BRACKETED.sub(" ", plain) if bracketed else plain
        every = _ALSO.split(remaining)
        pieces = [piece for piece in every if fold(piece)]
        if (
            not pieces
            or (len(every) == 1 and not bracketed)
            or plain.strip() in _RAW
            or (field == "given" and "B/" in plain)
        ):
            continue
        parts = parts._replace(**{field: pieces[0]})
        beside += [(field, other) for other in (*pieces[1:], *bracketed)]
    return parts, [parts._replace(**{field: other}) for field, other in beside]


def _newborn(parts: _Parts) -> NameReading | None:
    family, suffix = family_words(parts.family)
    if parts.given or parts.middle:
        newborn = read_newborn(parts.given, parts.middle, family)
    else:
        newborn = read_newborn(parts.family, "", (), family_field=True) if len(family) > 1 else None
        family = ()
    if not newborn:
        return None
    dropped: list[tuple[str, str]] = [("given", "temporary-name")]
    family = _taken("family", " ".join(family), family or newborn.rest, dropped) if family else newborn.rest
    text = " ".join(family)
    names = (NormalizedName("", "", text, suffix),) if text else ()
    return NameReading(names, newborn.temporary, tuple(dropped))


def _distinct(names: tuple[NormalizedName, ...]) -> tuple[NormalizedName, ...]:
    return tuple(dict.fromkeys(names))
