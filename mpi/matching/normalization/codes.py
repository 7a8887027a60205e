"""Administrative sex: codes of HL7 v2, FHIR and ISO 5218 and words for them, as M, F, X or nothing."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from mpi.matching.normalization.transliteration import ascii_upper

_MALE = ("M", "MALE", "MAN", "BOY", "1", "MASCULINE", "MASCULINO", "HOMBRE", "MANNLICH", "HOMME")
_FEMALE = ("F", "FEMALE", "WOMAN", "GIRL", "2", "W", "FEMININE", "FEMENINO", "MUJER", "WEIBLICH", "FEMME")
# HL7 table 0001: O other, A ambiguous, C changed; FHIR "other"; X of passports.
_OTHER = (
    "X",
    "O",
    "OTHER",
    "A",
    "AMBIGUOUS",
    "C",
    "NB",
    "NONBINARY",
    "NON BINARY",
    "NON-BINARY",
    "INTERSEX",
    "I",
    "D",
    "DIVERS",
)
# A sender's way to say that it is not known: absent, and nothing to report.
_UNKNOWN = ("U", "UNK", "UNKNOWN", "N", "NOT APPLICABLE", "0", "9", "ASKU", "NASK", "UN", "?")
_SEX = (
    dict.fromkeys(_MALE, "M")
    | dict.fromkeys(_FEMALE, "F")
    | dict.fromkeys(_OTHER, "X")
    | dict.fromkeys(_UNKNOWN, "")
)


class SexReading(NamedTuple):
    """``sex`` is M, F, X or ``""``; ``reason`` is set where a code was sent that nobody knows."""

    sex: str
    reason: str = ""


@lru_cache(maxsize=1_024)
def read_sex(text: str) -> SexReading:
    """The sex a code says.

    >>> read_sex("female").sex
    'F'
    """
    known = _SEX.get(ascii_upper(text).strip().rstrip("."))
    return SexReading("", "unknown-code") if known is None else SexReading(known)
