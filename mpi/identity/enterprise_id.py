"""The enterprise ID: nine random characters and one that checks them, shown as ``7K3M-9QRT-2X``.

The alphabet has 31 characters, a prime, so that the check is plain arithmetic: every position has a weight of
its own, and the weighted sum must come to a constant modulo 31. One wrong character changes the sum by weight
× difference, two exchanged ones by difference of weights × difference of values; neither is a multiple of 31,
so both are always found. 31⁹ ≈ 2.6 × 10¹³ IDs: nobody guesses one.
"""

from __future__ import annotations

from mpi.errors import InvalidEnterpriseId

#: Digits and capitals without I, L, O (read as digits), S (as 5) and U (heard as V, and it makes words).
ALPHABET = "0123456789ABCDEFGHJKMNPQRTVWXYZ"

_LENGTH = 10
#: What the weighted sum comes to. Not 0, so that ten zeros are no ID.
_REMAINDER = 2
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
#: The weight of each position; distinct and none a multiple of 31. The check character has weight 1.
_WEIGHTS = range(_LENGTH, 0, -1)
#: What people type for what they see; dashes and spaces go.
_AS_READ = str.maketrans({"O": "0", "I": "1", "L": "1", "S": "5", "-": "", " ": ""})
_HOW_IT_LOOKS = (
    "not an enterprise ID: it has ten letters and digits, shown as XXXX-XXXX-XX, "
    "and the last one checks the others"
)


def mint_enterprise_id(random_bits: int) -> str:
    """The enterprise ID, in its stored form, that ``random_bits`` (at least 64 of them) stand for."""
    if random_bits < 0:
        raise ValueError("random bits are not negative")
    characters = []
    for _ in range(_LENGTH - 1):
        random_bits, value = divmod(random_bits, len(ALPHABET))
        characters.append(ALPHABET[value])
    missing = (_REMAINDER - _weighted_sum("".join(characters))) % len(ALPHABET)
    return "".join(characters) + ALPHABET[missing]


def parse_enterprise_id(text: str) -> str:
    """The stored form of what somebody typed.

    Case, dashes and spaces are ignored; O is read as 0, I and L as 1, S as 5.

    >>> parse_enterprise_id("7k3m-9qrt-2x")
    '7K3M9QRT2X'

    Raises:
        InvalidEnterpriseId: it has another length, a character that no ID has, or its check character does
        not fit.
    """
    enterprise_id = text.upper().translate(_AS_READ)
    if (
        len(enterprise_id) != _LENGTH
        or any(character not in _VALUES for character in enterprise_id)
        or _weighted_sum(enterprise_id) != _REMAINDER
    ):
        raise InvalidEnterpriseId(_HOW_IT_LOOKS)
    return enterprise_id


def display(enterprise_id: str) -> str:
    """The form shown to people, of a stored one.

    >>> display("7K3M9QRT2X")
    '7K3M-9QRT-2X'
    """
    return f"{enterprise_id[:4]}-{enterprise_id[4:8]}-{enterprise_id[8:]}"


def _weighted_sum(characters: str) -> int:
    return sum(weight * _VALUES[c] for weight, c in zip(_WEIGHTS, characters, strict=False)) % len(ALPHABET)
