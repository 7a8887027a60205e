"""The search terms of a record: what people are found by when somebody asks with demographics.

A term is one letter for the field and a folded value: upper-case letters and digits of the value as sent, so
that also what is a placeholder to the matcher is found. Terms are looked up whole or by their beginning; what
a term cannot decide (case, accents, the middle of a word) is decided on the record itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

import jellyfish

from mpi.matching.normalization.codes import read_sex
from mpi.matching.normalization.dates import read_date
from mpi.matching.normalization.phones import read_phone
from mpi.matching.normalization.transliteration import ascii_upper
from mpi.matching.record import Identifier, PersonName, SourceRecord
from mpi.patient.domains import Domain, Domains, plain_name
from mpi.patient.mothers import read_mother

_LENGTH_MAX = 100

Prefix = Literal[
    "F", "G", "A", "f", "g", "B", "X", "S", "C", "T", "Z", "N", "P", "E", "I", "V", "K", "J", "j", "D"
]

_NOT_ALNUM = re.compile(r"[^A-Z0-9]+")
_ISO_DATE = re.compile(r"(\d{4})(?:-?(\d\d))?(?:-?(\d\d))?(?:\D.*)?", re.ASCII | re.DOTALL)
_ANY_DOMAIN = Domains(declares_on_sight=True)


def terms_of(record: SourceRecord) -> list[str]:
    """Every term of a record, distinct, in order."""
    return list(dict.fromkeys(term for term in _terms(record) if len(term) > 1))


def _terms(record: SourceRecord) -> Iterator[str]:
    for name in record.names:
        yield from _name_terms(name)
    if record.birth_date and (date := date_digits(record.birth_date)):
        yield "B" + date
    yield "X" + sex_letter(record.sex)
    for address in record.addresses:
        yield from _word_terms("S", address.street)
        yield from _word_terms("C", address.city)
        yield "T" + folded(address.state)
        yield "Z" + folded(address.zip)
        yield from _word_terms("N", address.country)
    for phone in record.phones:
        yield from phone_terms(phone)
    for email in record.emails:
        yield "E" + email_term(email)
    for identifier in _identifiers(record):
        yield "I" + identifier_term(identifier.authority, identifier.value)
        yield "V" + folded(identifier.value)
    yield from _mother_terms(record)
    if record.deceased is not None:
        yield "DN" if record.deceased is False else "DY" + date_digits(str(record.deceased))


def _name_terms(name: PersonName) -> Iterator[str]:
    yield from _word_terms("F", name.family)
    yield from _word_terms("G", name.given)
    yield from _word_terms("G", name.middle)
    for part in (name.prefix, name.suffix):
        yield from _word_terms("A", part)
    if name.family:
        yield "f" + sound(name.family)
    for word in ascii_upper(name.given or "").split():
        yield "g" + sound(word)


def _mother_terms(record: SourceRecord) -> Iterator[str]:
    yield from _word_terms("K", record.mother_maiden)
    if record.original is None:
        return
    mother = read_mother(record.original, _ANY_DOMAIN)
    for name in mother.names:
        for part in name[:3]:
            yield from _word_terms("K", part)
    for identifier in mother.identifiers:
        yield "J" + identifier_term(identifier.authority, identifier.value)
        yield "j" + folded(identifier.value)


def _identifiers(record: SourceRecord) -> Iterator[Identifier]:
    if record.ssn:
        yield Identifier("SSN", "SS", record.ssn)
    if record.mrn:
        yield Identifier(mrn_authority(record.source), "MR", record.mrn)
    yield from record.identifiers


def mrn_authority(source: str) -> str:
    """What the flat field ``mrn`` of a source is an identifier of."""
    return f"{source}:MR"


def folded(text: str | None) -> str:
    """Upper-case letters and digits only, cut at 100.

    >>> folded("O'Neil-Çelik")
    'ONEILCELIK'
    """
    return _NOT_ALNUM.sub("", ascii_upper(text))[:_LENGTH_MAX] if text else ""


def sound(text: str) -> str:
    """A phonetic code of a name, the same for names that sound alike."""
    return jellyfish.metaphone(folded(text)).replace(" ", "")


def date_digits(text: str) -> str:
    """The digits of a date as far as they are known from the year on: 1984, 198403, 19840317."""
    plain = _ISO_DATE.fullmatch(text.strip())
    if plain:
        return "".join(part for part in plain.groups() if part)
    date = read_date(text).date
    if date is None or not date.year:
        return ""
    return f"{date.year:04}" + (
        f"{date.month:02}" + (f"{date.day:02}" if date.day else "") if date.month else ""
    )


def sex_letter(text: str | None) -> str:
    """M, F, O or U; empty where nothing was sent."""
    if not text or text.isspace():
        return ""
    return {"M": "M", "F": "F", "X": "O"}.get(read_sex(text).sex, "U")


def phone_terms(text: str) -> tuple[str, ...]:
    """A number as it is dialled and as it was written, where they differ."""
    digits = "".join(filter(str.isdigit, ascii_upper(text)))[:_LENGTH_MAX]
    return tuple(dict.fromkeys(("P" + read_phone(text).number, "P" + digits)))


def email_term(text: str) -> str:
    """An e-mail address in lower case."""
    return ascii_upper(text).strip().lower()[:_LENGTH_MAX]


def identifier_term(authority: str, value: str) -> str:
    """An identifier within its authority, by whatever name the authority was called."""
    return f"{plain_name(authority.strip()).casefold()[:_LENGTH_MAX]}|{folded(value)}"


def domain_terms(domain: Domain) -> tuple[str, ...]:
    """The beginnings that identifier terms of a domain have."""
    spellings = dict.fromkeys(plain_name(alias).casefold()[:_LENGTH_MAX] for alias in domain.aliases)
    if domain.owner is not None and domain.type in (None, "MR"):
        # A flat record's medical record number is in its source's own domain.
        spellings[mrn_authority(domain.owner).casefold()[:_LENGTH_MAX]] = None
    return tuple(f"{spelling}|" for spelling in spellings)


def _word_terms(prefix: Prefix, text: str | None) -> Iterator[str]:
    """The whole text and, of several words, each."""
    if not text:
        return
    yield prefix + folded(text)
    words = _NOT_ALNUM.split(ascii_upper(text))
    if len(words) > 1:
        for word in words:
            yield prefix + word[:_LENGTH_MAX]


def as_tsvector(terms: Iterable[str]) -> str:
    """Terms as PostgreSQL reads a tsvector.

    >>> as_tsvector(["FONEIL", "Inorth|1"])
    "'FONEIL' 'Inorth|1'"
    """
    return " ".join(map(quoted, terms))


def quoted(term: str) -> str:
    """A term within a tsvector or tsquery."""
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"
