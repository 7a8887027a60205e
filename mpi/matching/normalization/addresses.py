"""Postal addresses in the form of USPS Publication 28; what is not recognised stays, as plain upper-case ASCII."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mpi.matching.normalization.tables import listed, rows, spellings
from mpi.matching.normalization.transliteration import ascii_upper
from mpi.matching.record import Address, NormalizedAddress

_SUFFIXES = spellings("street_suffixes.txt").canonical
_UNITS = spellings("units.txt")
_STATES = {" ".join(names): code for code, *names in rows("states.txt")}
_STATE_CODES = frozenset(_STATES.values())
_DIRECTIONS = {
    "NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W", "NORTHEAST": "NE", "NORTHWEST": "NW", "SOUTHEAST": "SE",
    "SOUTHWEST": "SW", "N": "N", "S": "S", "E": "E", "W": "W", "NE": "NE", "NW": "NW", "SE": "SE", "SW": "SW",
}  # fmt: skip
_SPELLED = {short: long for long, short in _DIRECTIONS.items() if len(long) > 2}
_ORDINALS = {
    "FIRST": "1ST", "SECOND": "2ND", "THIRD": "3RD", "FOURTH": "4TH", "FIFTH": "5TH", "SIXTH": "6TH", "SEVENTH": "7TH",
    "EIGHTH": "8TH", "NINTH": "9TH", "TENTH": "10TH", "ELEVENTH": "11TH", "TWELFTH": "12TH",
}  # fmt: skip
_CITY_WORDS = {"ST": "SAINT", "STE": "SAINTE", "FT": "FORT", "MT": "MOUNT", "PT": "POINT"}
_COUNTRIES_US = frozenset(("", "US", "USA", "U S", "U S A", "UNITED STATES", "UNITED STATES OF AMERICA", "840"))
#: States whose ZIP codes begin with a zero that spreadsheets lose.
_STATES_ZERO = frozenset(("CT", "MA", "ME", "NH", "NJ", "RI", "VT", "PR", "VI", "AE"))

_FLOOR = ("FLOOR", "FLR", "FL")
_FLOOR_NAMES = ("GROUND", "MAIN", "TOP", "UPPER", "LOWER")
#: How often a line is read again until it stays as it is.
ROUNDS_MAX = 4

_STREETS = listed("addresses", "streets")
_CITIES = listed("addresses", "cities")
_PLACEHOLDER_STATES = listed("addresses", "states")
_ZIPS = listed("addresses", "zips")

_LINES = re.compile(r"(?:\\N|[,;\n\r])+")
_DELIVERY = re.compile(r"\s*(?:\d|P\.?\s*O\.?\s*B|BOX\b|R\.?R\.?\s*\d|RURAL|PSC|CMR)")
_APOSTROPHE = re.compile(r"['`]")
_NOT_STREET = re.compile(r"[^A-Z0-9#/-]+")
# A hyphen or slash belongs to a house number (33-11, 1/2); elsewhere it separates words.
_LOOSE_JOINT = re.compile(r"(?<![0-9])[-/]+|[-/]+(?![0-9A-Z])|[-/](?=[A-Z]{2})")
_BOX = re.compile(
    r"\b(?:P\s?O\s?BOX|POBOX|P\s?O\s?B|POST(?:AL)?\s?OFFICE\s?BOX|CALLER|FIRM CALLER|LOCKBOX)\s?(?:NO |NUMBER |# ?)?"
    r"([A-Z0-9-]+)"
)
_BOX_ALONE = re.compile(r"BOX (?:NO |NUMBER |# ?)?([0-9][A-Z0-9-]*|[A-Z])")
_RURAL = re.compile(
    r"(?:R\s?R|RURAL\s?R(?:OU)?TE?|R\s?F\s?D(?:\s?R(?:OU)?TE?)?|RURAL FREE DELIVERY|R(?:OU)?TE?|RD)"
    r" ?(?:NO |NUMBER |# ?)?0*([0-9]+[A-Z]?) (?:P\s?O )?BOX (?:NO |NUMBER |# ?)?([A-Z0-9-]+)"
)
_RURAL_ALONE = re.compile(r"(?:R\s?R|RURAL\s?R(?:OU)?TE?|R\s?F\s?D) ?(?:NO |NUMBER |# ?)?0*([0-9]+[A-Z]?)")
_CONTRACT = re.compile(
    r"(?:H\s?C(?:\s?R)?|HIGHWAY CONTRACT(?: R(?:OU)?TE?)?|STAR R(?:OU)?TE?) ?(?:NO |NUMBER |# ?)?0*([0-9]+)"
    r"(?: BOX (?:NO |NUMBER |# ?)?([A-Z0-9-]+))?"
)
_MILITARY = re.compile(r"(PSC|CMR|UNIT|OPS) ?(?:NO |# ?)?0*([0-9]+)(?: BOX (?:NO |# ?)?([A-Z0-9-]+))?")
_GENERAL = re.compile(r"GEN(?:ERAL|L|ERL)? DEL(?:IVERY|IV|IVRY)?")
_HIGHWAYS = (
    (re.compile(r"\b(?:CO|CNTY|COUNTY) (?:RD|ROAD)(?= [0-9A-Z]+$)|\bCR(?= [0-9]+[A-Z]?$)"), "COUNTY ROAD"),
    (re.compile(r"\b(?:CO|CNTY|COUNTY) (?:HWY|HIGHWAY)(?= [0-9A-Z]+$)"), "COUNTY HIGHWAY"),
    (re.compile(r"\b(?:ST|STATE) (?:HWY|HIGHWAY)(?= [0-9A-Z]+$)"), "STATE HIGHWAY"),
    (re.compile(r"\b(?:ST|STATE) (?:RD|ROAD)(?= [0-9]+[A-Z]?$)"), "STATE ROAD"),
    (re.compile(r"\b(?:ST|STATE) (?:RTE|RT|ROUTE)(?= [0-9]+[A-Z]?$)"), "STATE ROUTE"),
    (re.compile(r"\bU ?S (?:HWY|HIGHWAY)(?= [0-9]+[A-Z]?$)"), "US HIGHWAY"),
    (re.compile(r"\b(?:HWY|HIWAY)(?= [0-9]+[A-Z]?$)"), "HIGHWAY"),
)
_UNIT_VALUE = re.compile(r"#?(?:[0-9]+(?:ST|ND|RD|TH)?[A-Z]{0,2}|[A-Z]{1,2}[0-9]*|[0-9A-Z]+-[0-9A-Z]+|[0-9]+[A-Z][0-9]+)")
_ZIP_PLUS_FOUR = re.compile(r"(\d{5})(?:-?\d{4})?", re.ASCII)
_IN_ONE_LINE = re.compile(
    r"(?P<street>.*\S)\s*[,\n]\s*(?P<city>[A-Z .'-]+?)\s*,\s*(?P<state>[A-Z]{2}|[A-Z ]{4,})[,\s]+(?P<zip>\d{5}(?:-?\d{4})?)"
)
_NOT_ALNUM = re.compile(r"[^A-Z0-9]+")
_NOT_WORD = re.compile(r"[^A-Z0-9 ]+")


class AddressReading(NamedTuple):
    """``address`` is None where nothing is left; ``dropped`` pairs a field with why its value was not taken."""

    address: NormalizedAddress | None
    dropped: tuple[tuple[str, str], ...] = ()


class StreetLine(NamedTuple):
    """A delivery line: the street (or box, route, general delivery) and the unit within it."""

    street: str
    unit: str = ""


@lru_cache(maxsize=16_384)
def read_address(address: Address) -> AddressReading:
    """An address by its parts; a street field that holds the whole address is taken apart first."""
    street, city, state, code, country, _ = address
    if street and not (city or state or code):
        street, city, state, code = _in_one_line(street)
    domestic = ascii_upper(country or "").replace(".", " ").strip() in _COUNTRIES_US
    dropped = []
    line = read_street(street) if street else StreetLine("")
    if _is_placeholder_street(line.street):
        dropped.append(("street", "placeholder-street"))
        line = StreetLine("")
    normal_city = read_city(city) if city else ""
    if normal_city in _CITIES:
        dropped.append(("city", "placeholder-city"))
        normal_city = ""
    normal_state = read_state(state, domestic) if state else ""
    if normal_state in _PLACEHOLDER_STATES:
        dropped.append(("state", "placeholder-state"))
        normal_state = ""
    normal_zip = read_zip(code, normal_state, domestic) if code else ""
    if normal_zip in _ZIPS:
        dropped.append(("zip", "placeholder-zip"))
        normal_zip = ""
    normal = NormalizedAddress(line.street, line.unit, normal_city, normal_state, normal_zip)
    return AddressReading(normal if any(normal) else None, tuple(dropped))


def _is_placeholder_street(street: str) -> bool:
    return street in _STREETS or (len(street) > 2 and len(set(street)) == 1)


def _in_one_line(text: str) -> tuple[str, str, str, str]:
    match = _IN_ONE_LINE.fullmatch(ascii_upper(text).strip())
    if not match or read_state(match["state"], True) not in _STATE_CODES:
        return text, "", "", ""
    return match["street"], match["city"], match["state"], match["zip"]


@lru_cache(maxsize=65_536)
def read_street(text: str) -> StreetLine:
    """A delivery line, its unit apart; read until reading it again changes nothing.

    >>> read_street("8669 North Ridge Drive, Apt. 4B")
    StreetLine(street='8669 N RIDGE DR', unit='4B')
    >>> read_street("P.O. Box 1600").street
    'PO BOX 1600'
    """
    line = _read_line(_delivery_part(ascii_upper(text)))
    for _ in range(ROUNDS_MAX):
        again = _read_line(f"{line.street} # {line.unit}" if line.unit else line.street)
        if again == line:
            break
        line = again
    return line


def _read_line(text: str) -> StreetLine:
    upper = _APOSTROPHE.sub("", text)
    line = _LOOSE_JOINT.sub(" ", _NOT_STREET.sub(" ", upper)).replace("#", " # ")
    line = " ".join(line.split())
    return _box_or_route(line) or _street_and_unit(line.split())


def _delivery_part(upper: str) -> str:
    """Without what stands before the delivery line: c/o, an institution, a building's name."""
    lines = [line for line in _LINES.split(upper) if line.strip()]
    if len(lines) < 2 or _DELIVERY.match(lines[0]):
        return upper.replace("\\N", " ")
    for position, line in enumerate(lines):
        if _DELIVERY.match(line):
            return " ".join(lines[position:])
    return " ".join(lines)


def _box_or_route(line: str) -> StreetLine | None:
    """Post office boxes, rural and contract routes, military units and general delivery, or None."""
    if _GENERAL.fullmatch(line):
        return StreetLine("GENERAL DELIVERY")
    rural = _RURAL.fullmatch(line)
    if rural:
        return StreetLine(f"RR {rural[1]} BOX {rural[2]}")
    alone = _RURAL_ALONE.fullmatch(line)
    if alone:
        return StreetLine(f"RR {alone[1]}")
    for pattern in (_CONTRACT, _MILITARY):
        match = pattern.fullmatch(line)
        if match:
            *name, number, box = match.groups()
            route = f"{name[0] if name else 'HC'} {number}"
            return StreetLine(f"{route} BOX {box}" if box else route)
    box_alone = _BOX_ALONE.fullmatch(line)
    if box_alone:
        return StreetLine(f"PO BOX {box_alone[1]}")
    box = _BOX.search(line)
    if not box:
        return None
    rest = f"{line[: box.start()]} {line[box.end() :]}".split()
    # With a street beside it the box is a unit of that street's address.
    if not rest or not rest[0][0].isdigit():
        return StreetLine(f"PO BOX {box[1]}")
    street = _street_and_unit(rest)
    return StreetLine(street.street, f"{street.unit} PO BOX {box[1]}".strip())


def _street_and_unit(tokens: list[str]) -> StreetLine:
    tokens, unit = _cut_unit([_ORDINALS.get(token, token) for token in tokens])
    while tokens and tokens[-1] == "#":
        tokens = tokens[:-1]
    if not tokens:
        return StreetLine("", unit)
    number, words = (tokens[:1], tokens[1:]) if tokens[0][0].isdigit() and len(tokens) > 1 else ([], tokens)
    words = _abbreviated(words)
    street = " ".join((*number, *words))
    for pattern, name in _HIGHWAYS:
        street = pattern.sub(name, street)
    return StreetLine(street, unit)


def _abbreviated(words: list[str]) -> list[str]:
    """Directions before and after the street's name, and its suffix, in their standard abbreviations."""
    if len(words) > 2 and words[-1] in _DIRECTIONS:
        words = [*words[:-1], _DIRECTIONS[words[-1]]]
        last = len(words) - 2
    else:
        last = len(words) - 1
    if last > 0 and words[last] in _SUFFIXES:
        words = [*words[:last], _SUFFIXES[words[last]], *words[last + 1 :]]
    # "NORTH AVE" is an avenue called North; "NORTH RIDGE AVE" is the north part of Ridge Avenue.
    if words[0] in _DIRECTIONS and last > 0 and not (last == 1 and words[1] in _SUFFIXES):
        words = [_DIRECTIONS[words[0]], *words[1:]]
    return words


def _cut_unit(tokens: list[str]) -> tuple[list[str], str]:
    """The street's words and the values of its units: ``APT 4B``, ``# 4B``, ``BLDG 2 UNIT 7``, ``2ND FLOOR``, ``REAR``."""
    if tokens[:1] and len(tokens) > 3 and tokens[0] in _UNITS.canonical and _UNIT_VALUE.fullmatch(tokens[1]):
        if tokens[2][0].isdigit():
            return tokens[2:], tokens[1]
    for position in range(1, len(tokens)):
        if _begins_unit(tokens, position):
            values = [_unit_value(word) for word in tokens[position:] if word != "#" and word not in _UNITS.canonical]
            standing = [_UNITS.canonical[word] for word in tokens[position:] if word in _UNITS.marked]
            return tokens[:position], " ".join((*standing, *values))
    return tokens, ""


def _begins_unit(tokens: list[str], position: int) -> bool:
    word = tokens[position]
    after = tokens[position + 1] if position + 1 < len(tokens) else ""
    if word == "#":
        return bool(after)
    # "5TH FLOOR": the value stands first; the street has been named before it.
    if after in _FLOOR and position > 2 and (word in _FLOOR_NAMES or re.fullmatch(r"\d+(?:ST|ND|RD|TH)", word)):
        return True
    if word not in _UNITS.canonical or position < 2:
        return False
    if word in _UNITS.marked:
        return not after or _is_numbered(after)
    if after == "#" or (after in _UNITS.canonical and position + 2 < len(tokens)):
        return True
    lettered = len(after) <= 2 and after.isalpha() and after not in _SUFFIXES.values() and after not in _DIRECTIONS
    return _is_numbered(after) or (lettered and position + 2 == len(tokens))


def _is_numbered(word: str) -> bool:
    return bool(_UNIT_VALUE.fullmatch(word)) and any(map(str.isdigit, word))


def _unit_value(word: str) -> str:
    """Without ordinal ending and leading zeros, as ``APT 006`` and ``2ND FL`` are ``6`` and ``2``."""
    ordinal = re.fullmatch(r"(\d+)(?:ST|ND|RD|TH)", word)
    return (ordinal[1] if ordinal else word).lstrip("0") or "0"


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
        if words[0] in _DIRECTIONS and len(words) > 2:
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
    upper = ascii_upper(text).strip()
    full = _ZIP_PLUS_FOUR.fullmatch(upper.replace(" ", "")) if domestic else None
    if full:
        return full[1]
    code = _NOT_ALNUM.sub("", upper)
    if domestic and state in _STATES_ZERO and code.isdigit() and 3 <= len(code) <= 4:
        return code.zfill(5)
    return code
