"""Identifiers: Social Security numbers by their validity rules, all others as plain letters and digits."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mpi.matching.normalization.tables import listed
from mpi.matching.normalization.transliteration import to_ascii
from mpi.matching.record import Identifier, NormalizedIdentifier

#: A national identifier of fewer characters says too little to be one.
_NATIONAL_LENGTH_MIN = 5
_SAME_DIGIT_LENGTH_MIN = 5

_ADVERTISED = listed("ssn", "advertised")
_ADVERTISED_PREFIX = tuple(listed("ssn", "advertised_prefix"))
_SSN_SEQUENCES = listed("ssn", "sequences")
_NOT_PLAIN_SSNS = np.array(sorted(map(int, _ADVERTISED | _SSN_SEQUENCES)), dtype=np.int64)
_LAST_FOUR = listed("ssn", "last_four")
_WORDS = listed("identifiers", "words")
_SEQUENCES = listed("identifiers", "sequences")
#: Identifiers that are none, beside those of one character repeated.
PLACEHOLDERS = _WORDS | _SEQUENCES

_SSN_OID = "2.16.840.1.113883.4.1"
_SSN_AUTHORITIES = frozenset(
    ("ssn", "ssa", "usssa", "us-ssn", "http://hl7.org/fhir/sid/us-ssn", _SSN_OID, f"urn:oid:{_SSN_OID}")
)
_MBI_OID = "2.16.840.1.113883.4.927"
_MBI_AUTHORITIES = frozenset(("mbi", "http://hl7.org/fhir/sid/us-mbi", _MBI_OID, f"urn:oid:{_MBI_OID}"))

_NOT_ALNUM = re.compile(r"[^A-Z0-9]+")
_PLAIN_SSN = re.compile(r"(\d{3})-(\d\d)-(\d{4})", re.ASCII)
_MASKED = re.compile(r"(?:[\s.-]*[Xx*#]){3,}[\s.-]*(\d{4})", re.ASCII)
_SCANNED_SSN = re.compile(
    r"[0-9oOQDlI|!zZsSBGgq]{3}[- ][0-9oOQDlI|!zZsSBGgq]{2}[- ][0-9oOQDlI|!zZsSBGgq]{4}", re.ASCII
)
_SCANNED = str.maketrans("oOQDlI|!zZsSBGgq", "0000111122558699")
# Medicare Beneficiary Identifier: no S, L, O, I, B, Z.
_C, _A = "[1-9]", "[AC-HJKMNP-RT-Y]"
_AN = "[0-9AC-HJKMNP-RT-Y]"
_MBI = re.compile(f"{_C}{_A}{_AN}[0-9]{_A}{_AN}[0-9]{_A}{_A}[0-9][0-9]")


class IdentifierReading(NamedTuple):
    """``identifier`` is None where nothing is left to compare, ``reason`` then says why."""

    identifier: NormalizedIdentifier | None
    reason: str = ""


@lru_cache(maxsize=65_536)
def read_ssn(text: str) -> IdentifierReading:
    """What stands in ``ssn``: a Social Security number, its last four, an ITIN, or another national number.

    >>> read_ssn("536-22-8714").identifier
    NormalizedIdentifier(authority='SSN', type='SS', value='536228714')
    >>> read_ssn("666-22-8714").reason
    'ssn-area'
    """
    plain = _PLAIN_SSN.fullmatch(text)
    if plain:
        return _nine_digits(plain[1] + plain[2] + plain[3])
    ascii_text = to_ascii(text).strip()
    masked = _MASKED.fullmatch(ascii_text)
    if masked:
        return _last_four(masked[1])
    if _SCANNED_SSN.fullmatch(ascii_text) and sum(map(str.isdigit, ascii_text)) >= 6:
        return _nine_digits(re.sub(r"\D", "", ascii_text.translate(_SCANNED)))
    value = _NOT_ALNUM.sub("", ascii_text.upper())
    if value.startswith("SSN") and value[3:].isdigit():
        value = value[3:]
    if value.isdigit() and len(value) == 9:
        return _nine_digits(value)
    if value.isdigit() and len(value) == 4:
        return _last_four(value)
    reason = identifier_refusal(value) or (
        "identifier-too-short" if len(value) < _NATIONAL_LENGTH_MIN else ""
    )
    return IdentifierReading(None, reason) if reason else _reading("SSN", "NI", value)


def _nine_digits(value: str) -> IdentifierReading:
    """The rules of SSA POMS RM 10201.035; none of the pre-2011 area and group tables."""
    area, group, serial = value[:3], value[3:5], value[5:]
    if area == "000" and group == "00" and serial != "0000":
        # Systems that know the last four only fill the rest with zeros.
        return _last_four(serial)
    if value in _ADVERTISED or value.startswith(_ADVERTISED_PREFIX):
        return IdentifierReading(None, "ssn-advertised")
    if len(set(value)) == 1 or value in _SSN_SEQUENCES:
        return IdentifierReading(None, "placeholder-ssn")
    if area in ("000", "666"):
        return IdentifierReading(None, "ssn-area")
    if group == "00":
        return IdentifierReading(None, "ssn-group")
    if serial == "0000":
        return IdentifierReading(None, "ssn-serial")
    if area[0] == "9":
        return (
            _reading("ITIN", "TAX", value)
            if _is_itin_group(int(group))
            else IdentifierReading(None, "ssn-area")
        )
    return _reading("SSN", "SS", value)


def plain_ssns(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which nine-digit numbers are Social Security numbers that no rule turns on: most, many at once.

    Of those ``read_ssn`` gives ``("SSN", "SS", nine digits)``; of the others it says what they are.
    """
    area, group, serial = numbers // 1_000_000, numbers // 10_000 % 100, numbers % 10_000
    plain: npt.NDArray[np.bool_] = (area > 0) & (area != 666) & (area < 900) & (group > 0) & (serial > 0)
    plain &= ~np.isin(numbers, _NOT_PLAIN_SSNS) & (numbers % 111_111_111 != 0)
    for prefix in _ADVERTISED_PREFIX:
        plain &= numbers // 10 ** (9 - len(prefix)) != int(prefix)
    return plain


def _is_itin_group(group: int) -> bool:
    return 50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99


def _last_four(digits: str) -> IdentifierReading:
    if digits in _LAST_FOUR:
        return IdentifierReading(None, "placeholder-ssn")
    return _reading("SSN", "SSN4", digits)


@lru_cache(maxsize=65_536)
def read_identifier(identifier: Identifier) -> IdentifierReading:
    """An identifier of any authority: SSN and MBI by their rules, others as upper-case letters and digits.

    >>> read_identifier(Identifier("NORTH", "MR", " mrn-0042 ")).identifier
    NormalizedIdentifier(authority='NORTH', type='MR', value='MRN0042')
    """
    authority, kind = (
        identifier.authority.strip(),
        _NOT_ALNUM.sub("", to_ascii(identifier.type or "").upper()),
    )
    known = authority.lower()
    if known in _SSN_AUTHORITIES or kind in ("SS", "SSN", "SSN4"):
        return read_ssn(identifier.value)
    value = read_value(identifier.value)
    reason = identifier_refusal(value)
    if reason:
        return IdentifierReading(None, reason)
    if known in _MBI_AUTHORITIES:
        return (
            _reading("MBI", "MC", value) if _MBI.fullmatch(value) else IdentifierReading(None, "mbi-format")
        )
    if known == "itin" and value.isdigit() and len(value) == 9:
        return _nine_digits(value)
    return _reading(authority, kind, value)


def read_value(text: str) -> str:
    """The letters and digits of an identifier, upper case; leading zeros count."""
    return _NOT_ALNUM.sub("", to_ascii(text).upper())


def is_own_authority(authority: str) -> bool:
    """Whether identifiers of an authority have no rules but those of all identifiers."""
    known = authority.strip().lower()
    return known not in _SSN_AUTHORITIES and known not in _MBI_AUTHORITIES and known != "itin"


def identifier_refusal(value: str) -> str:
    """Why an identifier of letters and digits is not taken; empty where it is."""
    if not value:
        return "identifier-empty"
    if not value.strip("0") or value in PLACEHOLDERS:
        return "placeholder-identifier"
    if len(value) >= _SAME_DIGIT_LENGTH_MIN and len(set(value)) == 1:
        return "placeholder-identifier"
    return ""


def _reading(authority: str, kind: str, value: str) -> IdentifierReading:
    return IdentifierReading(NormalizedIdentifier(authority, kind, value))
