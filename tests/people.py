"""Normalized people with dull defaults, so that a test of the matching core names only what it is about."""

from __future__ import annotations

import random
from typing import Any

from mpi.matching.record import (
    NormalizedAddress,
    NormalizedIdentifier,
    NormalizedName,
    NormalizedRecord,
    PartialDate,
    TemporaryName,
)

HOME = NormalizedAddress("12 ELM ST", "", "SPRINGFIELD", "IL", "62701")
ELSEWHERE = NormalizedAddress("4401 HARBOR BLVD", "", "PORTLAND", "OR", "97206")


def a_name(given: str = "JANE", family: str = "PRUITT", middle: str = "", suffix: str = "") -> NormalizedName:
    return NormalizedName(given=given, middle=middle, family=family, suffix=suffix)


def a_person(
    given: str = "JANE",
    family: str = "PRUITT",
    *,
    middle: str = "",
    suffix: str = "",
    born: tuple[int, int, int] | None = (1984, 3, 17),
    ssn: str | None = None,
    mrn: str | None = None,
    phone: str | None = None,
    email: str | None = None,
    home: NormalizedAddress | None = None,
    aliases: tuple[NormalizedName, ...] = (),
    **more: Any,
) -> NormalizedRecord:
    """A record with a name and a birth date, and what else is given; ``None`` and ``""`` are absent."""
    identifiers = []
    if ssn:
        identifiers.append(NormalizedIdentifier("SSN", "SS" if len(ssn) == 9 else "SSN4", ssn))
    if mrn:
        identifiers.append(NormalizedIdentifier("GENERAL", "MR", mrn))
    names = ((a_name(given, family, middle, suffix),) if given or family else ()) + aliases
    return NormalizedRecord(
        names=names,
        birth_date=PartialDate(*born) if born else None,
        identifiers=(*identifiers, *more.pop("identifiers", ())),
        phones=(phone,) if phone else (),
        emails=(email,) if email else (),
        addresses=(home,) if home else (),
        **more,
    )


def a_newborn(family: str = "PRUITT", *, birth_order: int = 0, **more: Any) -> NormalizedRecord:
    """A record whose given name is a newborn's placeholder."""
    placeholder = TemporaryName(mother_given="", sex="", birth_order=birth_order)
    return a_person("", family, temporary_name=placeholder, **more)


_GIVEN = ("JANE", "JAN", "JOHN", "JON", "MARGARET", "PEGGY", "LUIS", "LOUIS", "MARY ANN", "J", "AMIR")
_FAMILY = ("PRUITT", "PRUIT", "SMITH", "SMYTH", "GARCIA MARQUEZ", "GARCIA", "LEE", "JANE", "ONEIL")
_STREETS = ("12 ELM ST", "12 ELM", "21 ELM ST", "4401 HARBOR BLVD", "")


def random_people(count: int, seed: int = 7) -> list[NormalizedRecord]:
    """People drawn from few values, so that every level of agreement turns up among their pairs."""
    draw = random.Random(seed)

    def digits(length: int) -> str:
        return "".join(draw.choice("12") for _ in range(length))

    def one() -> NormalizedRecord:
        address = NormalizedAddress(
            draw.choice(_STREETS),
            "",
            draw.choice(("TROY", "ROME", "")),
            "NY",
            draw.choice(("12180", "13440", "")),
        )
        alias = a_name(draw.choice(_GIVEN), draw.choice(_FAMILY))
        return a_person(
            draw.choice(("", *_GIVEN)),
            draw.choice(("", *_FAMILY)),
            middle=draw.choice(("", "A", "ANN", "LEE", "JANE")),
            suffix=draw.choice(("", "", "JR", "SR")),
            born=draw.choice(
                (None, (1984, 0, 0), (draw.choice((1948, 1984, 1985)), draw.choice((1, 3, 4)), 3))
            ),
            sex=draw.choice(("M", "F", "X", "")),
            ssn=draw.choice((None, digits(9), digits(4))),
            mrn=draw.choice((None, digits(6))),
            identifiers=((NormalizedIdentifier("DMV", "DL", digits(7)),) if draw.random() < 0.3 else ()),
            phone=draw.choice((None, "1206555" + digits(4))),
            email=draw.choice((None, "jane@example.org", "jane1@example.org", "other@example.org")),
            home=address if any((address.street, address.city, address.zip)) else None,
            aliases=(alias,) if draw.random() < 0.2 else (),
            mother_maiden=draw.choice(("", "LEE", "LEA", "MOSS")),
            birth_order=draw.choice((0, 0, 1, 2)),
            temporary_name=TemporaryName("", "", 0) if draw.random() < 0.1 else None,
        )

    return [one() for _ in range(count)]
