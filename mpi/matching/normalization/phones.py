"""Telephone numbers as E.164 digits, extension cut off; what does not parse keeps its digits."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_valid_number
from phonenumbers import parse as parse_number

from mpi.matching.normalization.tables import listed
from mpi.matching.normalization.transliteration import ascii_upper

_DIGITS_MIN = 7
#: E.164 allows 15; a carelessly scanned one may have a few more, and is compared as it stands.
_DIGITS_MAX = 20
_SEQUENCES = listed("phones", "sequences")
_LONG_SEQUENCES = np.array([int(digits) for digits in _SEQUENCES if len(digits) == 10], dtype=np.int64)

_NOT_DIGIT = re.compile(r"\D+", re.ASCII)
_EXTENSION = re.compile(
    r"[;,\s]*(?:\bEXT(?:ENSION|N)?\b|EXT(?=[.:\s\d])|(?<=\d)\s*X|#)[.:=\s]*\d{1,8}\s*$", re.ASCII
)
_VANITY = re.compile(r"(?:\+?1[-.\s]?)?\(?[2-9]\d\d\)?[-.\s]*[A-Z0-9][A-Z0-9-]{6,}", re.ASCII)
_KEYPAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
# North American numbering plan: area and exchange begin with 2-9; N11 are services.
_NANP = re.compile(r"[2-9](?!11)\d\d[2-9](?!11)\d{6}", re.ASCII)


class PhoneReading(NamedTuple):
    """``number`` is empty where nothing is left to compare, ``reason`` then says why."""

    number: str
    reason: str = ""


@lru_cache(maxsize=65_536)
def read_phone(text: str) -> PhoneReading:
    """The comparable digits of a telephone number.

    A North American number is 1 and ten digits; one dialled internationally (+, 00, 011) is its E.164 digits,
    with 00 before them where they are ten and would be taken for North American; others keep their digits.

    >>> read_phone("(212) 867-5309 x12").number
    '12128675309'
    """
    upper = _EXTENSION.sub("", " ".join(ascii_upper(text).split()))
    digits = _NOT_DIGIT.sub("", upper)
    if len(digits) >= _DIGITS_MIN and len(set(digits)) == 1:
        return PhoneReading("", "placeholder-phone")
    if upper[:1] == "+" or digits[:2] == "00" or (digits[:3] == "011" and len(digits) > 10):
        return _international(digits if upper[:1] == "+" else digits.removeprefix("011"))
    if any("A" <= character <= "Z" for character in upper) and _VANITY.fullmatch(upper):
        digits = _NOT_DIGIT.sub("", upper.translate(_KEYPAD))[: 11 if upper.lstrip("+")[0] == "1" else 10]
    return _local(digits)


def _local(digits: str) -> PhoneReading:
    national = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    reason = _refusal(national)
    if reason:
        return PhoneReading("", reason)
    # An area code that cannot be is kept with its digits: both records of a person often share the error.
    if len(national) == 10 and national[0] not in "01":
        return PhoneReading("1" + national)
    return PhoneReading(digits)


def _international(digits: str) -> PhoneReading:
    digits = digits.lstrip("0")
    if digits[:1] == "1" and len(digits) == 11:
        return _local(digits)
    reason = _refusal(digits)
    if reason:
        return PhoneReading("", reason)
    e164 = _e164(digits)
    return PhoneReading("00" + e164 if len(e164) == 10 else e164)


def _e164(digits: str) -> str:
    """The digits, without a part that is not dialled, such as the 0 of ``+44 (0)20 …``."""
    try:
        number = parse_number("+" + digits)
    except NumberParseException:
        return digits
    return format_number(number, PhoneNumberFormat.E164)[1:] if is_valid_number(number) else digits


def _refusal(digits: str) -> str:
    if len(digits) < _DIGITS_MIN:
        return "phone-too-short" if digits.strip("0") else "phone-empty"
    if len(digits) > _DIGITS_MAX:
        return "phone-too-long"
    if digits in _SEQUENCES or len(set(digits[-7:])) == 1:
        return "placeholder-phone"
    # The 555 exchange reaches nobody; 0100-0199 of it are for fiction, so synthetic people have them.
    if len(digits) == 10 and digits[3:6] == "555" and digits[6:8] != "01":
        return "placeholder-phone"
    return ""


def plain_phones(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which ten-digit numbers are North American ones that no rule turns on: most, many at once.

    Of those, written with or without +1 or 1, ``read_phone`` gives 1 and the ten digits.
    """
    plain: npt.NDArray[np.bool_] = (numbers >= 2_000_000_000) & (numbers % 10_000_000 % 1_111_111 != 0)
    plain &= (numbers // 10_000 % 1_000 != 555) & ~np.isin(numbers, _LONG_SEQUENCES)
    return plain


def is_north_american(number: str) -> bool:
    """Whether a normalized number is one that the North American numbering plan allows."""
    return len(number) == 11 and number[0] == "1" and _NANP.fullmatch(number[1:]) is not None
