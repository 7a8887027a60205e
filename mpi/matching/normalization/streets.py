"""Delivery lines in the form of USPS Publication 28: streets and units, boxes, routes, military addresses."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mpi.matching.normalization.tables import spellings
from mpi.matching.normalization.transliteration import ascii_upper

_SUFFIXES = spellings("street_suffixes.txt").canonical
_UNITS = spellings("units.txt")
DIRECTIONS = {
    "NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W",
    "NORTHEAST": "NE", "NORTHWEST": "NW", "SOUTHEAST": "SE", "SOUTHWEST": "SW",
    "N": "N", "S": "S", "E": "E", "W": "W", "NE": "NE", "NW": "NW", "SE": "SE", "SW": "SW",
}  # fmt: skip
_ORDINALS = {
    "FIRST": "1ST", "SECOND": "2ND", "THIRD": "3RD", "FOURTH": "4TH", "FIFTH": "5TH", "SIXTH": "6TH",
    "SEVENTH": "7TH", "EIGHTH": "8TH", "NINTH": "9TH", "TENTH": "10TH", "ELEVENTH": "11TH", "TWELFTH": "12TH",
}  # fmt: skip
_FLOOR = ("FLOOR", "FLR", "FL")
#: Without one of these words a line names no unit.
_UNIT_SIGNS = frozenset((*_UNITS.canonical, *_FLOOR, "#"))
_FLOOR_NAMES = ("GROUND", "MAIN", "TOP", "UPPER", "LOWER")
# Without one of these words in it a line stays as it is when read again.
_TURNING = frozenset(
    (*_UNITS.canonical, "#", "BOX", "PO", "POB", "P", "RR", "HC", "FLOOR", "FLR", "GENERAL", "GEN")
)
#: How often a line is read again until it stays as it is.
ROUNDS_MAX = 4

_LINES = re.compile(r"(?:\\N|[,;\n\r])+")
_APOSTROPHE = re.compile(r"['`]")
_NOT_STREET = re.compile(r"[^A-Z0-9#/-]+")
# A hyphen or slash belongs to a house number (33-11, 1/2); elsewhere it separates words.
_LOOSE_JOINT = re.compile(r"(?<![0-9])[-/]+|[-/]+(?![0-9A-Z])|[-/](?=[A-Z]{2})")
_BOX = re.compile(
    r"\b(?:P\s?O\s?BOX|POBOX|P\s?O\s?B|POST(?:AL)?\s?OFFICE\s?BOX|CALLER|FIRM CALLER|LOCKBOX)"
    r"\s?(?:NO |NUMBER |# ?)?([A-Z0-9-]+)"
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
#: One of these stands before the number of every highway.
_ROADS = frozenset(("RD", "ROAD", "CR", "HWY", "HIGHWAY", "HIWAY", "RTE", "RT", "ROUTE"))
_UNIT_VALUE = re.compile(
    r"#?(?:[0-9]+(?:ST|ND|RD|TH)?[A-Z]{0,2}|[A-Z]{1,2}[0-9]*|[0-9A-Z]+-[0-9A-Z]+|[0-9]+[A-Z][0-9]+)"
)


class StreetLine(NamedTuple):
    """A delivery line: the street (or box, route, general delivery) and the unit within it."""

    street: str
    unit: str = ""


@lru_cache(maxsize=65_536)
def read_street(text: str) -> StreetLine:
    """A delivery line, its unit apart; read until reading it again changes nothing.

    >>> read_street("8669 North Ridge Drive, Apt. 4B")
    StreetLine(street='8669 N RIDGE DR', unit='4B')
    >>> read_street("P.O. Box 1600").street
    'PO BOX 1600'
    """
    upper = ascii_upper(text)
    number, _, rest = upper.partition(" ")
    if rest and number.isdigit():
        line = read_after_number(rest)
        return StreetLine(number + line.street, line.unit)
    return _settled(upper)


@lru_cache(maxsize=65_536)
def read_after_number(upper: str) -> StreetLine:
    """What follows a house number and a space, in upper-case ASCII: it reads the same after every number.

    The street begins with a space, or is empty where nothing is left of it.
    """
    line = _read_line(_delivery_part("1 " + upper))
    words = line.street.split()
    # One word behind "#" is read again as it is, unless a word before it takes it.
    if " " in line.unit or "CALLER" in words or not _TURNING.isdisjoint(words):
        line = _settled("1 " + upper)
    return StreetLine(line.street[1:], line.unit)


def _settled(upper: str) -> StreetLine:
    line = _read_line(_delivery_part(upper))
    if not line.unit and _TURNING.isdisjoint(line.street.split()):
        return line
    for _ in range(ROUNDS_MAX):
        again = _read_line(f"{line.street} # {line.unit}" if line.unit else line.street)
        if again == line:
            break
        line = again
    return line


def _read_line(text: str) -> StreetLine:
    words = text.split()
    if not "".join(words).isalnum():
        upper = _APOSTROPHE.sub("", text)
        words = _LOOSE_JOINT.sub(" ", _NOT_STREET.sub(" ", upper)).replace("#", " # ").split()
    line = " ".join(words)
    return _box_or_route(line) or _street_and_unit(line.split())


def _delivery_part(upper: str) -> str:
    """Without what stands before the delivery line: c/o, an institution, a building's name."""
    if not _LINES.search(upper):
        return upper
    lines = [line for line in _LINES.split(upper) if line.strip()]
    numbered = (position for position, line in enumerate(lines) if any(map(str.isdigit, line)))
    return " ".join(lines[next(numbered, 0) :])


def _box_or_route(line: str) -> StreetLine | None:
    """Post office boxes, rural and contract routes, military units and general delivery, or None."""
    if line[:1].isdigit():
        # All but a box stand at the beginning.
        joined = line.replace(" ", "")
        if not ("BOX" in joined or "POB" in joined or "CALLER" in joined):
            return None
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
    if len(words) > 1 and words[-2] in _ROADS:
        for pattern, name in _HIGHWAYS:
            street = pattern.sub(name, street)
    return StreetLine(street, unit)


def _abbreviated(words: list[str]) -> list[str]:
    """Directions before and after the street's name, and its suffix, in their standard abbreviations."""
    if len(words) > 2 and words[-1] in DIRECTIONS:
        words = [*words[:-1], DIRECTIONS[words[-1]]]
        last = len(words) - 2
    else:
        last = len(words) - 1
    if last > 0 and words[last] in _SUFFIXES:
        words = [*words[:last], _SUFFIXES[words[last]], *words[last + 1 :]]
    # "NORTH AVE" is an avenue called North; "NORTH RIDGE AVE" is the north part of Ridge Avenue.
    if words[0] in DIRECTIONS and last > 0 and not (last == 1 and words[1] in _SUFFIXES):
        words = [DIRECTIONS[words[0]], *words[1:]]
    return words


def _cut_unit(tokens: list[str]) -> tuple[list[str], str]:
    """The street's words and the values of its units: APT 4B, # 4B, BLDG 2 UNIT 7, 2ND FLOOR, REAR."""
    if _UNIT_SIGNS.isdisjoint(tokens):
        return tokens, ""
    leads = len(tokens) > 3 and tokens[0] in _UNITS.canonical and tokens[2][0].isdigit()
    if leads and _UNIT_VALUE.fullmatch(tokens[1]):
        return tokens[2:], tokens[1]
    for position in range(1, len(tokens)):
        if _begins_unit(tokens, position):
            values = [
                _unit_value(word)
                for word in tokens[position:]
                if word != "#" and word not in _UNITS.canonical
            ]
            standing = [_UNITS.canonical[word] for word in tokens[position:] if word in _UNITS.marked]
            return tokens[:position], " ".join((*standing, *values))
    return tokens, ""


def _begins_unit(tokens: list[str], position: int) -> bool:
    word = tokens[position]
    after = tokens[position + 1] if position + 1 < len(tokens) else ""
    if word == "#":
        return bool(after)
    # "5TH FLOOR": the value stands first; the street has been named before it.
    if (
        after in _FLOOR
        and position > 2
        and (word in _FLOOR_NAMES or re.fullmatch(r"\d+(?:ST|ND|RD|TH)", word))
    ):
        return True
    if word not in _UNITS.canonical or position < 2:
        return False
    if word in _UNITS.marked:
        return not after or _is_numbered(after)
    if after == "#" or (after in _UNITS.canonical and position + 2 < len(tokens)):
        return True
    lettered = (
        len(after) <= 2 and after.isalpha() and after not in _SUFFIXES.values() and after not in DIRECTIONS
    )
    return _is_numbered(after) or (lettered and position + 2 == len(tokens))


def _is_numbered(word: str) -> bool:
    return bool(_UNIT_VALUE.fullmatch(word)) and any(map(str.isdigit, word))


def _unit_value(word: str) -> str:
    """Without ordinal ending and leading zeros, as ``APT 006`` and ``2ND FL`` are ``6`` and ``2``."""
    ordinal = re.fullmatch(r"(\d+)(?:ST|ND|RD|TH)", word)
    return (ordinal[1] if ordinal else word).lstrip("0") or "0"
