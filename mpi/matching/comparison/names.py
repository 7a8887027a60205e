"""Comparators of names: spelling, sound, nicknames, and what only the parts of a name together tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import jellyfish
import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.process import cpdist

from mpi.matching.normalization.nicknames import nickname_roots
from mpi.matching.record import NormalizedName
from mpi.matching.rules.vocabulary import FIELD_LEVELS

#: The level of a pair that cannot be compared.
MISSING_LEVEL: Final = -1

Names = tuple[NormalizedName, ...]
Givens = tuple[str, ...]

#: Jaro–Winkler similarity from which two names count as spellings of one (Winkler 1990).
SIMILAR_NAME: Final = 0.90


def level_positions(field: str) -> dict[str, int]:
    """The field's levels by name."""
    return {name: position for position, name in enumerate(FIELD_LEVELS[field])}


_FAMILY, _GIVEN, _MIDDLE = (level_positions(field) for field in ("family", "given", "middle"))
_NICKNAME, _SIMILAR, _PHONETIC = (_GIVEN[level] for level in ("nickname", "similar", "phonetic"))

#: A name that so many people are given stands for itself, whatever it is short for.
_USUAL_SHARE: Final = 0.0002


def best(level: Callable[[str, str], int], left: tuple[str, ...], right: tuple[str, ...]) -> int:
    """The best level that any value of the one reaches with any of the other."""
    if len(left) == 1 and len(right) == 1:
        return level(left[0], right[0])
    return min(level(a, b) for a in left for b in right)


def misspelt(a: str, b: str) -> bool:
    """Whether two names may be spellings of one: alike, one edit apart, or one cut short."""
    if JaroWinkler.similarity(a, b, score_cutoff=SIMILAR_NAME) >= SIMILAR_NAME:
        return True
    shorter = min(len(a), len(b))
    edits = 2 if shorter >= 7 else 1
    return shorter >= 4 and OSA.distance(a, b, score_cutoff=edits) <= edits


def all_misspelt(a: Sequence[str], b: Sequence[str]) -> npt.NDArray[np.bool_]:
    """``misspelt`` of many pairs of names."""
    lengths = [np.array(list(map(len, side)), dtype=np.int64) for side in (a, b)]
    shorter = np.minimum(*lengths)
    similarities = cpdist(a, b, scorer=JaroWinkler.similarity, dtype=np.float64)
    found: npt.NDArray[np.bool_] = similarities >= SIMILAR_NAME
    rest = np.flatnonzero(~found & (shorter >= 4) & (np.abs(lengths[0] - lengths[1]) <= 2)).tolist()
    edits = cpdist(
        [a[place] for place in rest], [b[place] for place in rest], scorer=OSA.distance, score_cutoff=2
    )
    found[rest] = edits <= np.where(shorter[rest] >= 7, 2, 1)
    return found


@lru_cache(maxsize=1 << 17)
def sound(name: str) -> str:
    """Metaphone of the name, without spaces."""
    return jellyfish.metaphone(name).replace(" ", "")


@lru_cache(maxsize=1 << 17)
def _family_level(a: str, b: str) -> int:
    if a == b:
        return _FAMILY["exact"]
    if " " in a or " " in b:
        if a.replace(" ", "") == b.replace(" ", ""):
            return _FAMILY["exact"]
        if (level := _compound_level(a.split(), b.split())) is not None:
            return level
    if misspelt(a, b):
        return _FAMILY["similar"]
    return _FAMILY["phonetic"] if sound(a) == sound(b) else _FAMILY["different"]


def _compound_level(a: list[str], b: list[str]) -> int | None:
    """Of names of several parts, some of which both have; None where they share none that says anything.

    RODRIGUEZ HERNANDEZ and HERNANDEZ are one name, the shorter left a part out. HERNANDEZ CRUZ and HERNANDEZ
    RUIZ are two: each has a part that the other would have to have. Particles, of three letters at most, tell
    nothing apart.
    """
    if not any(len(part) > 2 and part in b for part in a):
        return None
    only_a, only_b = (
        [part for part in one if len(part) > 3 and part not in other] for one, other in ((a, b), (b, a))
    )
    if not only_a or not only_b:
        return _FAMILY["part"]
    alike = all(any(misspelt(one, other) for other in only_b) for one in only_a)
    return _FAMILY["similar" if alike else "different"]


def family(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    """The current names, or what a former one adds: that it agrees says as much as a part of the name."""
    if len(left) == 1 and len(right) == 1:
        return _family_level(left[0], right[0])
    current = _family_level(left[0], right[0])
    return min(current, max(best(_family_level, left, right), _FAMILY["part"]))


def _first_word(name: str) -> str:
    return name.split(" ", 1)[0] if " " in name else name


@lru_cache(maxsize=1 << 17)
def _given_level(a: str, b: str) -> int:
    first_a, first_b = _first_word(a), _first_word(b)
    if len(first_a) == 1 or len(first_b) == 1:
        return _GIVEN["initial"] if first_a[0] == first_b[0] else _GIVEN["different"]
    if a == b or ((first_a != a or first_b != b) and a.replace(" ", "") == b.replace(" ", "")):
        return _GIVEN["exact"]
    if first_a == first_b or not nickname_roots(first_a).isdisjoint(nickname_roots(first_b)):
        return _GIVEN["nickname"]
    if misspelt(a, b):
        return _GIVEN["similar"]
    if a.startswith(b) or b.startswith(a):
        return _GIVEN["initial"]
    return _GIVEN["phonetic"] if sound(first_a) == sound(first_b) else _GIVEN["different"]


def given(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    return best(_given_level, left, right)


def swapped_names(left: Names, right: Names) -> bool:
    """Whether given and family name changed places between the two."""
    for a in left:
        for b in right:
            if a[0] == b[2] and a[2] == b[0] and a[0] and a[2]:
                return True
    return False


class Called(NamedTuple):
    """What it says of two names that one goes by the other's middle name: the levels of given and middle
    name.
    """

    given: int
    middle: int


#: Of two different given names, by how many of the two begin with the letter that is the other's middle name
#: (GRACE M and MARY G): none, one, both. That both do says as much as a name.
CALLED_BY_INITIAL: Final = (
    None,
    Called(_GIVEN["middle_initial"], MISSING_LEVEL),
    Called(_GIVEN["middle_used"], MISSING_LEVEL),
)


def middle_used(left: Names, right: Names) -> Called | None:
    """Where the one goes by the other's middle name, or may do so by its initial.

    The middle name is then compared with the other's given name, as far as it was not used. None where nobody
    goes by a middle name.
    """
    initials = 0
    for a in left:
        for b in right:
            for called, named in ((a, b), (b, a)):
                if called[0] == named[1] and len(called[0]) > 1:
                    both = called[1] and named[0]
                    return Called(
                        _GIVEN["middle_used"],
                        _middle_level(called[1], named[0]) if both else MISSING_LEVEL,
                    )
            initials = max(initials, _is_initial(a[1], b[0]) + _is_initial(b[1], a[0]))
    return CALLED_BY_INITIAL[initials]


def _is_initial(middle: str, given: str) -> bool:
    return len(middle) == 1 and given[:1] == middle


def maiden_as_middle(left: Names, right: Names) -> bool:
    """Whether the family name of the one is the other's middle name, as after a marriage."""
    for a in left:
        for b in right:
            if (a[2] == b[1] and len(a[2]) > 1) or (b[2] == a[1] and len(b[2]) > 1):
                return True
    return False


def two_names(left: Givens, right: Givens, shares: Mapping[str, float], least: float = 0.0) -> bool:
    """Whether two different given names are each a name of its own, that at least this share of people
    has.
    """
    for a in map(_first_word, left):
        share = shares.get(a, -1.0)
        for b in map(_first_word, right):
            if a == b or share < least or shares.get(b, -1.0) < least:
                return False
    return True


def given_by_usage(shares: Mapping[str, float]) -> Callable[[Givens, Givens], int]:
    """``given`` that knows how common names are: two that are alike but each a name of its own are two."""

    def level(left: Givens, right: Givens) -> int:
        found = given(left, right)
        if found in (_SIMILAR, _PHONETIC):
            return _GIVEN["alike"] if two_names(left, right, shares) else found
        if found == _NICKNAME and two_names(left, right, shares, _USUAL_SHARE):
            return _GIVEN["related"]
        return found

    return level


@lru_cache(maxsize=1 << 16)
def _middle_level(a: str, b: str) -> int:
    if len(a) == 1 or len(b) == 1:
        return _MIDDLE["initial"] if a[0] == b[0] else _MIDDLE["different"]
    if a == b:
        return _MIDDLE["exact"]
    short = not nickname_roots(a).isdisjoint(nickname_roots(b))
    return _MIDDLE["similar"] if short or misspelt(a, b) else _MIDDLE["different"]


def middle(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    return best(_middle_level, left, right)


def suffix(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    return 0 if any(value in right for value in left) else 1


@lru_cache(maxsize=1 << 16)
def mother_maiden(left: str, right: str) -> int:
    if left == right:
        return 0
    return 1 if misspelt(left, right) else 2
