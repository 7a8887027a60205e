"""Source records for properties: arbitrary ones, and the one a normalized record would be if sent again."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from mpi.matching.record import (
    Address,
    Identifier,
    NormalizedRecord,
    PartialDate,
    PersonName,
    SourceRecord,
)

#: Words that the rules turn on; random letters alone would hardly meet them.
_WORDS = re.findall(
    r"\S+",
    """
    SMITH John MARY Ann Jr Sr. III II V I Dr MR Mrs SIR COL GENERAL O'Neil O D MC MAC DE LA VAN DER Y SAINT ST
    BABY BOY GIRL NEWBORN TWIN OF MARIE BoyMarie GIRL2MARIE BB BG Boyd A B 1 2ND UNKNOWN TEST DOE JANE N/A NA
    AKA NEE / , - ( ) " ' NORTH AVE STREET APT # FLOOR FL UNIT REAR LOBBY FLAT LOT KEY PO BOX RR HC PSC 12 4B
    GENERAL DELIVERY FIRST HWY STATE ROAD CR US c/o 1990 01 13 31 ???? Feb 12 2/3/45 T10:30 +44 00 011 x12 ext
    555 5555555 212 867-5309 a@b.co test@ MD PhD XXX-XX-6789 SSN 000 123-45-6789 李小龍 Владимир Müller ß ﷺ İ
    ½ Ⅳ ٣٤ ´ ’ 😀 \u200d \ud83d
    """,
)

texts = st.one_of(
    st.text(max_size=20),
    st.text(st.characters(), max_size=8),
    st.lists(st.sampled_from(_WORDS), max_size=6).map(" ".join),
    st.lists(st.sampled_from(_WORDS), max_size=4).map("".join),
    st.text("0123456789-/. +x#?TABoOl|,", max_size=16),
)
_absent_or = st.none() | texts

names = st.builds(PersonName, *[_absent_or] * 6)
# Without a country: the normalized address has none to send again.
addresses = st.builds(Address, *[_absent_or] * 4, country=st.none(), use=st.none())
identifiers = st.builds(
    Identifier, st.sampled_from(("SSN", "MBI", "ITIN", "NORTH")) | texts, _absent_or, texts
)


def _several(entries: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(entries, max_size=2).map(tuple)


source_records: st.SearchStrategy[SourceRecord] = st.builds(
    SourceRecord,
    source=st.just("north"),
    local_id=st.just("1"),
    names=_several(names),
    birth_date=_absent_or,
    sex=_absent_or,
    ssn=_absent_or,
    mrn=_absent_or,
    identifiers=_several(identifiers),
    addresses=_several(addresses),
    phones=_several(texts),
    emails=_several(texts),
    mother_maiden=_absent_or,
    multiple_birth=st.none() | st.booleans(),
    birth_order=st.none() | st.integers(),
    deceased=st.none() | st.booleans() | texts,
)


def sent_again(record: NormalizedRecord) -> SourceRecord:
    """The source record that says what the normalized one holds; its temporary name cannot be said again."""
    return SourceRecord(
        source="north",
        local_id="1",
        names=tuple(
            PersonName(given=name.given, middle=name.middle, family=name.family, suffix=name.suffix)
            for name in record.names
        ),
        birth_date=written(record.birth_date),
        sex=record.sex,
        identifiers=tuple(Identifier(*identifier) for identifier in record.identifiers),
        addresses=tuple(
            Address(f"{street} # {unit}" if unit else street, city, state, code)
            for street, unit, city, state, code in record.addresses
        ),
        phones=record.phones,
        emails=record.emails,
        mother_maiden=record.mother_maiden,
        multiple_birth=record.multiple_birth,
        birth_order=record.birth_order,
        deceased=record.deceased,
    )


def written(date: PartialDate | None) -> str | None:
    """The date in ISO form, question marks for what is not known."""
    if date is None:
        return None
    year, month, day = date
    return "-".join((f"{year:04d}" if year else "????", *(f"{n:02d}" if n else "??" for n in (month, day))))
