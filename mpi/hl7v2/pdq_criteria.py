"""QPD-3 of a demographics query, ``@PID.5.1^SMI*~@PID.7^1984``, as the registry's criteria."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from mpi.hl7v2.datatypes.dates import read_moment
from mpi.hl7v2.datatypes.identifiers import authority_domain
from mpi.hl7v2.delimiters import STANDARD
from mpi.hl7v2.exchange import Asked
from mpi.hl7v2.faults import REQUIRED, UNKNOWN_KEY, Fault
from mpi.hl7v2.message import Segment, Value
from mpi.hl7v2.patients.fields import GENDERS
from mpi.index import Criterion, Field, How

#: PID paths of texts → field of the registry. The last part of a path may be left out.
TEXTS: dict[str, Field] = {
    "5": "family", "5.1": "family", "5.1.1": "family", "5.2": "given", "5.3": "given",
    "6": "mother_maiden", "6.1": "mother_maiden", "6.1.1": "mother_maiden", "6.2": "mother_name",
    "9": "family", "9.1": "family", "9.1.1": "family", "9.2": "given",
    "11": "address", "11.1": "street", "11.1.1": "street", "11.2": "address", "11.3": "city", "11.4": "state",
    "11.5": "zip", "11.6": "country",
    "13": "telecom", "13.1": "phone", "13.4": "email", "13.6": "phone", "13.7": "phone", "13.12": "phone",
    "14": "telecom", "14.1": "phone", "14.4": "email", "14.6": "phone", "14.7": "phone", "14.12": "phone",
}  # fmt: skip
#: PID fields of identifiers: value at ``.1``, its assigning authority at ``.4``.
IDENTIFIERS: dict[str, Field] = {
    "2": "identifier", "3": "identifier", "4": "identifier", "18": "identifier", "19": "identifier",
    "20": "identifier", "21": "mother_identifier",
}  # fmt: skip
DATES: dict[str, Field] = {"7": "birth_date", "7.1": "birth_date", "29": "death_date", "29.1": "death_date"}
CODES: dict[str, Field] = {"8": "gender", "8.1": "gender", "30": "deceased", "30.1": "deceased"}
_YES = {"Y": "true", "N": "false"}
#: Compared anywhere in the stored text.
_CONTAINED = frozenset(("phone", "telecom", "address"))
_NAMES = frozenset(("family", "given", "mother_maiden", "mother_name"))
#: QPD-5, the name of an algorithm that tolerates misspelling.
_PHONETIC = re.compile(r"soundex|metaphone|phonetic|nysiis", re.IGNORECASE)
_PARAMETER = re.compile(r"@PID\.([1-9]\d?)(?:\.(\d{1,2}))?(?:\.(\d))?", re.IGNORECASE)
_PARAMETERS_MAX = 50


class _Parameter(NamedTuple):
    """``path`` as 5.1.1, the text asked for, and which repeat of QPD-3 it is."""

    path: str
    text: str
    place: str


def criteria_of(asked: Asked, qpd: Segment) -> list[Criterion]:
    """What QPD-3 asks. Raises Fault for a parameter we do not know, or where there is none."""
    parameters = list(_parameters(qpd))
    if not parameters:
        raise Fault(REQUIRED, "QPD-3 asks for nothing", place="QPD^1^3")
    if len(parameters) > _PARAMETERS_MAX:
        raise Fault(REQUIRED, f"QPD-3 has more than {_PARAMETERS_MAX} parameters", place="QPD^1^3")
    by_sound = bool(_PHONETIC.search(qpd.text(5)))
    criteria = [_criterion(one, by_sound) for one in parameters if one.path.split(".")[0] not in IDENTIFIERS]
    for number, field in IDENTIFIERS.items():
        of_field = [one for one in parameters if one.path.split(".")[0] == number]
        if of_field:
            criteria.append(_identifier(asked, field, number, of_field))
    return criteria


def _parameters(qpd: Segment) -> Iterable[_Parameter]:
    for number, raw in enumerate(qpd.raw(3).split(qpd.delimiters.repeat), start=1):
        value = Value(raw, qpd.delimiters)
        if value.is_empty:
            continue
        place, name = f"QPD^1^3^{number}", value.text(1)
        found = _PARAMETER.fullmatch(name)
        path = ".".join(part for part in found.groups() if part) if found else ""
        if found is None or not _is_known(path):
            raise Fault(UNKNOWN_KEY, f"the query parameter {name[:20]!r} is not supported", place=place)
        if text := value.text(2):
            yield _Parameter(path, text, place)


def _is_known(path: str) -> bool:
    field, *rest = path.split(".")
    if field in IDENTIFIERS:
        return rest in ([], ["1"], ["4"], ["4", "1"], ["4", "2"], ["4", "3"])
    return path in TEXTS or path in DATES or path in CODES


def _criterion(one: _Parameter, by_sound: bool) -> Criterion:
    if one.path in DATES:
        moment = read_moment(Value(one.text, STANDARD))
        date = moment.date if moment else one.text
        return Criterion(field=DATES[one.path], values=(date,), how="is")
    if one.path in CODES:
        code = (GENDERS if CODES[one.path] == "gender" else _YES).get(one.text.upper())
        if code is None:
            raise Fault(UNKNOWN_KEY, "the code asked for is not known", place=one.place)
        return Criterion(field=CODES[one.path], values=(code,), how="is")
    field = TEXTS[one.path]
    how: How = "contains" if field in _CONTAINED else "whole"
    if "*" in one.text:
        how = "pattern"
    elif by_sound and field in _NAMES:
        how = "sounds"
    return Criterion(field=field, values=(one.text,), how=how)


def _identifier(asked: Asked, field: Field, number: str, parameters: list[_Parameter]) -> Criterion:
    """Value and assigning authority of one identifier, from the parameters that say its parts."""
    parts = {one.path.partition(".")[2] or "1": one for one in parameters}
    value = parts["1"].text if "1" in parts else ""
    namespace = parts.get("4.1", parts.get("4"))
    universal_id = parts.get("4.2")
    if namespace is None and universal_id is None:
        domain = "SSN" if number == "19" else ""
        return Criterion(field=field, values=(f"{domain}|{value}" if domain else value,), how="is")
    known = authority_domain(
        namespace.text if namespace else "", universal_id.text if universal_id else "", asked.domains
    )
    if known is None:
        told = universal_id or namespace
        place = told.place if told else "QPD^1^3"
        raise Fault(UNKNOWN_KEY, "the identifier's assigning authority is not known", place=place)
    return Criterion(field=field, values=(f"{known.name}|{value}",), how="is")
