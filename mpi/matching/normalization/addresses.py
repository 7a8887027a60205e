"""Postal addresses in the form of USPS Publication 28; what is not recognised stays, in plain ASCII."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mpi.matching.normalization.streets import DIRECTIONS, StreetLine, read_street
from mpi.matching.normalization.tables import listed, rows
from mpi.matching.normalization.transliteration import ascii_upper
from mpi.matching.record import Address, NormalizedAddress

_STATES = {" ".join(names): code for code, *names in rows("states.txt")}
_STATE_CODES = frozenset(_STATES.values())
_SPELLED = {short: long for long, short in DIRECTIONS.items() if len(long) > 2}
_CITY_WORDS = {"ST": "SAINT", "STE": "SAINTE", "FT": "FORT", "MT": "MOUNT", "PT": "POINT"}
_COUNTRIES_US = frozenset(
    ("", "US", "USA", "U S", "U S A", "UNITED STATES", "UNITED STATES OF AMERICA", "840")
)
#: States whose ZIP codes begin with a zero that spreadsheets lose.
_STATES_ZERO = frozenset(("CT", "MA", "ME", "NH", "NJ", "RI", "VT", "PR", "VI", "AE"))

PLACEHOLDER_STREETS = listed("addresses", "streets")
_CITIES = listed("addresses", "cities")
_PLACEHOLDER_STATES = listed("addresses", "states")
_ZIPS = listed("addresses", "zips")
_NOT_PLAIN_ZIPS = np.array(sorted(int(code) for code in _ZIPS if len(code) == 5 and code.isdigit()))

_APOSTROPHE = re.compile(r"['`]")
_IN_ONE_LINE = re.compile(
    r"(?P<street>.*\S)\s*[,\n]\s*(?P<city>[A-Z .'-]+?)\s*,\s*"
    r"(?P<state>[A-Z]{2}|[A-Z ]{4,})[,\s]+(?P<zip>\d{5}(?:-?\d{4})?)"
)
_NOT_ALNUM = re.compile(r"[^A-Z0-9]+")
_NOT_WORD = re.compile(r"[^A-Z0-9 ]+")


class AddressReading(NamedTuple):
    """``address`` is None where nothing is left; ``dropped`` pairs a field with why it was not taken."""

    address: NormalizedAddress | None
    dropped: tuple[tuple[str, str], ...] = ()


@lru_cache(maxsize=16_384)
def read_address(address: Address) -> AddressReading:
    """An address by its parts; a street field that holds the whole address is taken apart first."""
    street, city, state, code, country, _ = address
    if street and not (city or state or code):
        street, city, state, code = in_one_line(street)
    domestic = ascii_upper(country or "").replace(".", " ").strip() in _COUNTRIES_US
    line, street_reason = read_street_part(street or "")
    normal_city, city_reason = read_city_part(city or "")
    normal_state, state_reason = read_state_part(state or "", domestic)
    normal_zip, zip_reason = read_zip_part(code or "", normal_state, domestic)
    reasons = zip(
        ("street", "city", "state", "zip"),
        (street_reason, city_reason, state_reason, zip_reason),
        strict=True,
    )
    normal = NormalizedAddress(line.street, line.unit, normal_city, normal_state, normal_zip)
    dropped = tuple((field, reason) for field, reason in reasons if reason)
    return AddressReading(normal if any(normal) else None, dropped)


def read_street_part(text: str) -> tuple[StreetLine, str]:
    """The delivery line, and why it was not taken where it was not; likewise the other parts below."""
    line = read_street(text) if text else StreetLine("")
    if is_placeholder_street(line.street):
        return StreetLine(""), "placeholder-street"
    return line, ""


def read_city_part(text: str) -> tuple[str, str]:
    """Of a city; a placeholder is none."""
    city = read_city(text) if text else ""
    return ("", "placeholder-city") if city in _CITIES else (city, "")


def read_state_part(text: str, domestic: bool = True) -> tuple[str, str]:
    """Of a state; a placeholder is none."""
    state = read_state(text, domestic) if text else ""
    return ("", "placeholder-state") if state in _PLACEHOLDER_STATES else (state, "")


def read_zip_part(text: str, state: str, domestic: bool = True) -> tuple[str, str]:
    """Of a ZIP code in a normalized state; a placeholder is none."""
    code = read_zip(text, state, domestic) if text else ""
    return ("", "placeholder-zip") if code in _ZIPS else (code, "")


def plain_zips(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which five-digit ZIP codes are taken as they are, alone or as the first of nine digits."""
    plain: npt.NDArray[np.bool_] = ~np.isin(numbers, _NOT_PLAIN_ZIPS)
    return plain


def is_placeholder_street(street: str) -> bool:
    """Whether a normalized street is what people type where none is known."""
    return street in PLACEHOLDER_STREETS or (len(street) > 2 and len(set(street)) == 1)


def in_one_line(text: str) -> tuple[str, str, str, str]:
    """Street, city, state and ZIP code of an address that stands in the street field; else the text alone."""
    match = _IN_ONE_LINE.fullmatch(ascii_upper(text).strip())
    if not match or read_state(match["state"], True) not in _STATE_CODES:
        return text, "", "", ""
    return match["street"], match["city"], match["state"], match["zip"]


@lru_cache(maxsize=16_384)
def read_city(text: str) -> str:
    """A city in plain words, its leading abbreviation spelled out.

    >>> read_city("St. Paul")
    'SAINT PAUL'
    """
    words = _NOT_WORD.sub(" ", _APOSTROPHE.sub("", ascii_upper(text)).replace("-", " ")).split()
    words = [word for word in words if word.isalpha()]
    if len(words) > 1:
        words[0] = _CITY_WORDS.get(words[0]) or _SPELLED.get(words[0], words[0])
        if words[0] in DIRECTIONS and len(words) > 2:
            words[1] = _CITY_WORDS.get(words[1], words[1])
    return " ".join(words)


@lru_cache(maxsize=4_096)
def read_state(text: str, domestic: bool = True) -> str:
    """A state's two-letter code where it is one of the United States, else the text in plain words.

    >>> read_state("New  Jersey")
    'NJ'
    """
    plain = " ".join(_NOT_WORD.sub(" ", ascii_upper(text)).split())
    joined = plain.replace(" ", "")
    if not domestic:
        return plain
    return joined if joined in _STATE_CODES else _STATES.get(plain, plain)


@lru_cache(maxsize=32_768)
def read_zip(text: str, state: str = "", domestic: bool = True) -> str:
    """Five digits of a ZIP code, or the letters and digits of another country's postcode.

    >>> read_zip("02139-4307"), read_zip("2139", "MA"), read_zip("sw1a 2aa")
    ('02139', '02139', 'SW1A2AA')
    """
    upper = ascii_upper(text)
    code = _NOT_ALNUM.sub("", upper)
    if domestic and code.isdigit():
        if len(code) == 9:
            return code[:5]
        if state in _STATES_ZERO and 3 <= len(code) <= 4:
            return code.zfill(5)
    return code
