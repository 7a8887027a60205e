"""Criteria of a search, compiled: what the index of terms can answer, and what is decided on the record
itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from mpi.errors import BadInput
from mpi.matching.record import SourceRecord
from mpi.patient import Domains, RecordView
from mpi.patient.mothers import read_mother
from mpi.patient.terms import date_digits, email_term, folded, phone_terms, quoted, sex_letter, sound
from mpi.services.registry.answers import Criterion
from mpi.services.registry.dates import DateTest, date_test

#: Decides on a stored record what its terms cannot.
Test = Callable[[RecordView], bool]

_LETTERS = {
    "name": "FGA", "family": "F", "given": "G", "street": "S", "city": "C", "state": "T", "zip": "Z",
    "country": "N", "address": "SCTZN", "mother_maiden": "K", "mother_name": "K",
}  # fmt: skip
_SOUND_LETTERS = {"name": "fg", "family": "f", "given": "g"}
_GENDERS = {"male": "M", "female": "F", "other": "O", "unknown": "U"}
#: Fields of few values, and beginnings that many values have.
_COMMON = frozenset(("city", "state", "country", "address"))
_RARE_LENGTH_MIN = 3
_RARE_DATE_DIGITS_MIN = 6
VALUES_MAX = 50
_NO_DOMAINS = Domains()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """One criterion: ``query`` (a tsquery, None where terms do not help), and a test where that is not
    enough.

    ``common``: so many records have its terms that they are better decided on what rarer ones find.
    """

    query: str | None = None
    test: Test | None = None
    common: bool = False


def compile_criterion(criterion: Criterion) -> Compiled:
    """What a text, date or code criterion means. Raises BadInput naming its field."""
    if not criterion.values or len(criterion.values) > VALUES_MAX:
        raise BadInput(f"{criterion.field} needs 1 to {VALUES_MAX} values", field=criterion.field)
    if criterion.field in _LETTERS:
        return _text(criterion)
    if criterion.field in ("phone", "email", "telecom"):
        return _telecom(criterion)
    if criterion.field == "birth_date":
        return _birth_date(criterion)
    if criterion.field == "death_date":
        return _death_date(criterion)
    if criterion.field == "gender":
        return _gender(criterion)
    if criterion.field == "deceased":
        return _deceased(criterion)
    raise BadInput(f"{criterion.field} cannot be asked for in this way", field=criterion.field)


def _text(criterion: Criterion) -> Compiled:
    letters, how = _LETTERS[criterion.field], criterion.how
    if how == "sounds":
        return _sounding(criterion)
    if how == "pattern" and not any("*" in value for value in criterion.values):
        how = "whole"
    queries = [_text_query(value, letters, how) for value in criterion.values]
    query = None if None in queries else any_of(q for q in queries if q is not None)
    common = criterion.field in _COMMON or min(map(len, map(folded, criterion.values))) < _RARE_LENGTH_MIN
    if how in ("starts", "is"):
        return Compiled(query=query, common=common)
    wanted = [_wanted(value, how) for value in criterion.values]
    field = criterion.field

    def test(view: RecordView) -> bool:
        return any(one(text) for text in texts_of(view.record, field) for one in wanted)

    return Compiled(query=query, test=test, common=common)


def _text_query(value: str, letters: str, how: str) -> str | None:
    """The terms that a record must have for a value; None where any record may."""
    if how == "contains":
        return None
    start = folded(value.split("*", maxsplit=1)[0] if how == "pattern" else value)
    if not start:
        return None if how == "pattern" and "*" in value else any_of([])
    ends = ":*" if how in ("starts", "is", "pattern") or len(start) == 100 else ""
    return any_of(quoted(letter + start) + ends for letter in letters)


def _wanted(value: str, how: str) -> Callable[[str], bool]:
    if how == "exact":
        return value.strip().__eq__
    if how == "contains":
        part = folded(value)
        return lambda text: part in folded(text)
    parts = [re.escape(folded(part)) for part in value.split("*")] if how == "pattern" else [folded(value)]
    pattern = re.compile(".*".join(parts), re.DOTALL)
    return lambda text: pattern.fullmatch(folded(text)) is not None


def _sounding(criterion: Criterion) -> Compiled:
    letters = _SOUND_LETTERS.get(criterion.field)
    if letters is None:
        raise BadInput(f"{criterion.field} is no name: nothing sounds like it", field=criterion.field)
    codes = [code for value in criterion.values if (code := sound(value))]
    return Compiled(query=any_of(quoted(letter + code) for code in codes for letter in letters))


def texts_of(record: SourceRecord, field: str) -> Iterator[str]:
    """The texts a field of the search stands for, as sent."""
    if field in ("mother_maiden", "mother_name"):
        if record.mother_maiden:
            yield record.mother_maiden
        if record.original is not None:
            for name in read_mother(record.original, _NO_DOMAINS).names:
                yield from filter(None, (name.family, name.given, " ".join(filter(None, name[:3]))))
        return
    for name in record.names:
        if field in ("name", "family") and name.family:
            yield name.family
        if field in ("name", "given"):
            yield from filter(None, (name.given, name.middle, " ".join(filter(None, name[:2]))))
        if field == "name":
            yield from filter(None, (name.prefix, name.suffix, " ".join(filter(None, name[:3]))))
    for address in record.addresses:
        parts = {
            "street": address.street, "city": address.city, "state": address.state, "zip": address.zip,
            "country": address.country,
        }  # fmt: skip
        yield from (text for part, text in parts.items() if text and field in ("address", part))


def _telecom(criterion: Criterion) -> Compiled:
    terms: list[str] = []
    for value in criterion.values:
        whole = criterion.how in ("whole", "exact")
        if criterion.field in ("email", "telecom") and (email := email_term(value)):
            terms.append(quoted("E" + email) + ("" if whole else ":*"))
        if criterion.field in ("phone", "telecom") and any(map(str.isdigit, value)):
            terms += [quoted(term) + ("" if whole else ":*") for term in phone_terms(value) if len(term) > 1]
    if criterion.how == "exact":
        wanted = {value.strip() for value in criterion.values}
        return Compiled(
            query=any_of(terms), test=lambda v: bool(wanted & {*v.record.phones, *v.record.emails})
        )
    return Compiled(query=any_of(terms))


def _birth_date(criterion: Criterion) -> Compiled:
    tests = [date_test(value, criterion.field) for value in criterion.values]
    query = any_of(quoted("B" + start) + ":*" for test in tests for start in test.beginnings())
    common = any(test.prefix != "eq" or len(test.digits) < _RARE_DATE_DIGITS_MIN for test in tests)
    if all(test.prefix == "eq" for test in tests):
        return Compiled(query=query, common=common)
    return Compiled(query=query, test=lambda view: _on_date(view.record.birth_date, tests), common=common)


def _death_date(criterion: Criterion) -> Compiled:
    tests = [date_test(value, criterion.field) for value in criterion.values]

    def test(view: RecordView) -> bool:
        dead = view.record.deceased
        return isinstance(dead, str) and _on_date(dead, tests)

    return Compiled(query=quoted("DY") + ":*", test=test, common=True)


def _on_date(text: str | None, tests: Sequence[DateTest]) -> bool:
    digits = date_digits(text) if text else ""
    return bool(digits) and any(test.holds(digits) for test in tests)


def _gender(criterion: Criterion) -> Compiled:
    letters = [_GENDERS.get(value.strip().lower()) or sex_letter(value) for value in criterion.values]
    return Compiled(query=any_of(quoted("X" + letter) for letter in letters if letter), common=True)


def _deceased(criterion: Criterion) -> Compiled:
    wanted = {truth(value, "deceased") for value in criterion.values}
    if len(wanted) > 1:
        return Compiled()
    if True in wanted:
        return Compiled(query=quoted("DY") + ":*", common=True)
    return Compiled(test=lambda view: view.record.deceased in (None, False))


def truth(value: str, field: str) -> bool:
    """True or false of a code. Raises BadInput."""
    word = value.strip().lower()
    if word not in ("true", "false"):
        raise BadInput(f"{field} is true or false", field=field)
    return word == "true"


def any_of(queries: Iterable[str]) -> str:
    """Any of these tsqueries; of none, one that no record satisfies."""
    joined = " | ".join(queries)
    return f"({joined})" if joined else quoted("-")
