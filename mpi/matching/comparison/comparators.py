"""One comparator per field: two values in, the position of their agreement level out.

A comparator takes the features of two records (never None) and answers with a position in the field's
``FIELD_LEVELS``, or ``MISSING_LEVEL`` where the two cannot be compared. Of several values on a side the best
agreement counts, once. They are symmetric.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from rapidfuzz.distance import OSA, JaroWinkler

from mpi.matching.comparison.names import (
    MISSING_LEVEL,
    best,
    family,
    given,
    given_by_usage,
    level_positions,
    middle,
    mother_maiden,
    suffix,
)
from mpi.matching.record import NormalizedAddress, NormalizedIdentifier, PartialDate
from mpi.matching.rules import RuleSet

Comparator = Callable[[Any, Any], int]
Identifiers = tuple[NormalizedIdentifier, ...]

SIMILAR_STREET: Final = 0.88
SIMILAR_CITY: Final = 0.92
SIMILAR_EMAIL: Final = 0.95
#: Years between two birth dates from which they are of two generations.
GENERATION_YEARS: Final = 15


_DATE, _SSN, _ADDRESS = (level_positions(field) for field in ("birth_date", "ssn", "address"))


def birth_date(left: PartialDate, right: PartialDate) -> int:
    """At the precision both have; the first of January stands for a year of which no more was known."""
    if left == right:
        if left[0] and left[1] and left[2]:
            return _DATE["january_first"] if left[1] == 1 and left[2] == 1 else _DATE["exact"]
        return _DATE["partial"] if left[0] else MISSING_LEVEL
    if not (all(left) and all(right)):
        return _partial_date(left, right)
    return _full_date(left, right)


def _partial_date(left: PartialDate, right: PartialDate) -> int:
    known = [(a, b) for a, b in zip(left, right, strict=True) if a and b]
    if all(a == b for a, b in known):
        return _DATE["partial"] if left[0] and right[0] else MISSING_LEVEL
    if left[0] and right[0] and abs(left[0] - right[0]) >= GENERATION_YEARS:
        return _DATE["generation_apart"]
    return _DATE["same_year"] if left[0] and left[0] == right[0] else _DATE["different"]


def _full_date(left: PartialDate, right: PartialDate) -> int:
    year, month, day = left
    other_year, other_month, other_day = right
    agreeing = (year == other_year) + (month == other_month) + (day == other_day)
    if year == other_year:
        if month == day == 1 or other_month == other_day == 1:
            return _DATE["partial"]
        if month == other_day and day == other_month:
            return _DATE["swapped"]
    if agreeing == 2 and _date_typo(left, right):
        return _DATE["typo"]
    if abs(year - other_year) >= GENERATION_YEARS:
        return _DATE["generation_apart"]
    if agreeing == 2:
        return _DATE["two_parts"]
    return _DATE["same_year"] if year == other_year else _DATE["different"]


def _date_typo(left: PartialDate, right: PartialDate) -> bool:
    """In the one part that differs: one digit wrong, two digits exchanged, or the day before or after."""
    if left[2] != right[2] and abs(left[2] - right[2]) == 1:
        return True
    return any(a != b and _one_slip(f"{a:02}", f"{b:02}") for a, b in zip(left, right, strict=True))


def _one_slip(a: str, b: str) -> bool:
    """Whether two texts of one length differ in one character or by two neighbours exchanged."""
    return len(a) == len(b) and OSA.distance(a, b, score_cutoff=1) <= 1


def same_or_different(left: Any, right: Any) -> int:
    return 0 if left == right else 1


def ssn(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    return best(_ssn_level, left, right)


def _ssn_level(a: str, b: str) -> int:
    if len(a) == 4 or len(b) == 4:
        return _SSN["last4"] if a[-4:] == b[-4:] else _SSN["different"]
    if a == b:
        return _SSN["exact"]
    if _adjacent(a, b):
        return _SSN["adjacent"]
    return _SSN["near"] if OSA.distance(a, b, score_cutoff=1) <= 1 else _SSN["different"]


def _adjacent(a: str, b: str) -> bool:
    """Whether two numbers are next or next but one to each other, as those of twins are."""
    if len(a) != len(b) or a[:-3] != b[:-3]:
        return False
    return a[-3:].isdigit() and b[-3:].isdigit() and abs(int(a[-3:]) - int(b[-3:])) <= 2


def national_id(left: Identifiers, right: Identifiers) -> int:
    """Of one authority and kind a person has one number: that two differ is evidence."""
    best = MISSING_LEVEL
    for a in left:
        for b in right:
            if a[0] == b[0] and a[1] == b[1]:
                if a[2] == b[2]:
                    return 0
                if OSA.distance(a[2], b[2], score_cutoff=1) <= 1:
                    best = 1
                elif best == MISSING_LEVEL:
                    best = 2
    return best


def record_number(left: Identifiers, right: Identifiers) -> int:
    """Of one authority; that two differ says nothing, a person may have been registered twice."""
    best = MISSING_LEVEL
    for a in left:
        for b in right:
            if a[0] == b[0]:
                if a[2] == b[2]:
                    return 0
                if len(a[2]) >= 6 and _adjacent(a[2], b[2]):
                    best = max(best, 2)
                elif len(a[2]) >= 6 and _one_slip(a[2], b[2]) and best == MISSING_LEVEL:
                    best = 1
    return best


def phone(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    if len(left) == 1 and len(right) == 1:
        a, b = left[0], right[0]
        return 0 if a == b else 1 if _one_slip(a[-10:], b[-10:]) else 2
    if any(value in right for value in left):
        return 0
    return 1 if any(_one_slip(a[-10:], b[-10:]) for a in left for b in right) else 2


def _email_level(a: str, b: str) -> int:
    if a == b:
        return 0
    if JaroWinkler.similarity(a, b, score_cutoff=SIMILAR_EMAIL) >= SIMILAR_EMAIL:
        return 1
    return 1 if OSA.distance(a, b, score_cutoff=2) <= 2 else 2


def email(left: tuple[str, ...], right: tuple[str, ...]) -> int:
    return best(_email_level, left, right)


def address(left: tuple[NormalizedAddress, ...], right: tuple[NormalizedAddress, ...]) -> int:
    if len(left) == 1 and len(right) == 1:
        return _address_level(left[0], right[0])
    found = [level for a in left for b in right if (level := _address_level(a, b)) != MISSING_LEVEL]
    return min(found, default=MISSING_LEVEL)


def _address_level(a: NormalizedAddress, b: NormalizedAddress) -> int:
    """Street first, then the ZIP, then the town; missing when they have no part in common to compare."""
    street, _, city, state, zip_code = a
    other_street, _, other_city, other_state, other_zip = b
    same_zip = zip_code[:5] == other_zip[:5] if zip_code and other_zip else None
    same_city = None
    if city and other_city:
        same_city = (not state or not other_state or state == other_state) and _one_city(city, other_city)
    if street and other_street:
        if street == other_street:
            return _ADDRESS["exact"] if same_zip or same_city else _ADDRESS["street"]
        if (same_zip or same_city) and similar_street(street, other_street):
            return _ADDRESS["similar"]
    if same_zip:
        return _ADDRESS["zip"]
    if same_city:
        return _ADDRESS["city"]
    compared = (street and other_street) or same_zip is not None or same_city is not None
    return _ADDRESS["different"] if compared else MISSING_LEVEL


def _one_city(a: str, b: str) -> bool:
    return a == b or JaroWinkler.similarity(a, b, score_cutoff=SIMILAR_CITY) >= SIMILAR_CITY


def similar_street(a: str, b: str) -> bool:
    """Spellings of one street with the same house number, or up to two slips anywhere."""
    if OSA.distance(a, b, score_cutoff=2) <= 2:
        return True
    number, _, rest = a.partition(" ")
    other_number, _, other_rest = b.partition(" ")
    return number == other_number and JaroWinkler.similarity(rest, other_rest) >= SIMILAR_STREET


def placeholder_name(left: bool, right: bool) -> int:
    return 0 if left and right else 1 if left or right else MISSING_LEVEL


COMPARATORS: Final[dict[str, Comparator]] = {
    "family": family,
    "given": given,
    "middle": middle,
    "suffix": suffix,
    "birth_date": birth_date,
    "sex": same_or_different,
    "ssn": ssn,
    "national_id": national_id,
    "record_number": record_number,
    "phone": phone,
    "email": email,
    "address": address,
    "mother_maiden": mother_maiden,
    "birth_order": same_or_different,
    "placeholder_name": placeholder_name,
}


@lru_cache(maxsize=16)
def comparators_of(rules: RuleSet) -> Mapping[str, Comparator]:
    """The comparators with what the rule set adds: that of given names knows how common they are."""
    usage = next((one.frequency for one in rules.comparisons if one.field == "given"), None)
    if usage is None:
        return COMPARATORS
    return {**COMPARATORS, "given": given_by_usage(rules.frequencies[usage].values)}
