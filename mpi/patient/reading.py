"""Reads a FHIR R4 Patient into a source record: tolerantly, with a note for everything it did not take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from mpi.errors import InvalidRecord
from mpi.matching.flat import BIRTH_ORDER_MAX
from mpi.matching.normalization.codes import read_sex
from mpi.matching.normalization.dates import read_date
from mpi.matching.record import SourceRecord
from mpi.patient.contacts import read_addresses, read_telecom
from mpi.patient.domains import Domains
from mpi.patient.identifiers import read_identifiers
from mpi.patient.mothers import maiden_name
from mpi.patient.names import read_names
from mpi.patient.notes import Note, Notes

#: A Patient of more bytes (as JSON) is refused.
SIZE_MAX = 1024 * 1024

#: administrative-gender to the codes of the flat record.
_SEX = {"male": "M", "female": "F", "other": "O", "unknown": "U"}
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?", re.ASCII)
_MOMENT = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatientRead:
    """A source record that holds the Patient as sent in ``original``, and what was noted while reading."""

    record: SourceRecord
    notes: tuple[Note, ...] = ()


def read_patient(resource: Mapping[str, Any], *, source: str, local_id: str, domains: Domains) -> PatientRead:
    """The source record that a Patient says; what is wrong with it is noted and skipped, the rest is kept.

    ``source`` and ``local_id`` say whose record it is (both ``""`` for a match that stores nothing). Raises
    InvalidRecord only when ``resource`` is no Patient object at all, or is larger than 1 MiB.
    """
    if not isinstance(resource, Mapping) or resource.get("resourceType") != "Patient":
        raise InvalidRecord("a Patient resource is wanted", field="Patient")
    notes = Notes()
    original = _storable(resource, notes)
    found = read_identifiers(original, domains, notes)
    telecom = read_telecom(original, notes)
    multiple, order = _multiple_birth(original, notes)
    record = SourceRecord(
        source=source,
        local_id=local_id,
        names=read_names(original, notes),
        birth_date=_birth_date(original, notes),
        sex=_sex(original, notes),
        ssn=found.ssn,
        identifiers=found.identifiers,
        addresses=read_addresses(original, notes),
        phones=telecom.phones,
        emails=telecom.emails,
        mother_maiden=maiden_name(original, notes),
        multiple_birth=multiple,
        birth_order=order,
        deceased=_deceased(original, notes),
        original=original,
    )
    return PatientRead(record=record, notes=tuple(notes.made))


def _storable(resource: Mapping[str, Any], notes: Notes) -> Mapping[str, Any]:
    """The Patient as JSON can hold it: without NUL characters and lone surrogates. Raises InvalidRecord."""
    try:
        written = orjson.dumps(resource)
    except (TypeError, RecursionError):
        # From None: the error would carry the value into a log.
        try:
            resource = _cleaned(resource, 0)
            written = orjson.dumps(resource)
        except (TypeError, ValueError, RecursionError):
            raise InvalidRecord("the Patient is not JSON, or nested too deeply", field="Patient") from None
        notes.add("warning", "invalid", "Patient", "characters that are not valid Unicode were taken out")
    if len(written) > SIZE_MAX:
        raise InvalidRecord(f"the Patient is larger than {SIZE_MAX} bytes", field="Patient")
    if b"\\u0000" in written:
        resource = _cleaned(resource, 0)
        notes.add("warning", "invalid", "Patient", "NUL characters were taken out")
    return resource


def _cleaned(value: Any, depth: int) -> Any:
    if depth > 100:
        raise ValueError
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_cleaned(str(key), depth): _cleaned(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(part, depth + 1) for part in value]
    return value


def _birth_date(resource: Mapping[str, Any], notes: Notes) -> str | None:
    text = notes.text(resource, "birthDate", "Patient")
    if text is None:
        return None
    if not _DATE.fullmatch(text):
        notes.add("error", "value", "Patient.birthDate", "is no FHIR date")
    elif read_date(text).reasons:
        notes.add("warning", "value", "Patient.birthDate", "is no possible date, or a placeholder")
    return text


def _sex(resource: Mapping[str, Any], notes: Notes) -> str | None:
    text = notes.text(resource, "gender", "Patient")
    if text is None or text in _SEX:
        return _SEX[text] if text else None
    notes.add("error", "code-invalid", "Patient.gender", "is no administrative gender of FHIR")
    return None if read_sex(text).reason else text


def _multiple_birth(resource: Mapping[str, Any], notes: Notes) -> tuple[bool | None, int | None]:
    """Whether it was one, and the order among the siblings."""
    order = resource.get("multipleBirthInteger")
    if isinstance(order, int) and not isinstance(order, bool) and 0 < order <= BIRTH_ORDER_MAX:
        return True, order
    if order is not None:
        notes.add("error", "value", "Patient.multipleBirthInteger", "must be a whole number, at least 1")
    return notes.truth(resource, "multipleBirthBoolean", "Patient"), None


def _deceased(resource: Mapping[str, Any], notes: Notes) -> bool | str | None:
    moment = notes.text(resource, "deceasedDateTime", "Patient")
    said = notes.truth(resource, "deceasedBoolean", "Patient")
    if moment is None:
        return said
    if said is not None:
        notes.add("error", "structure", "Patient.deceased[x]", "is there twice: the date counts")
    if not _MOMENT.fullmatch(moment):
        notes.add("error", "value", "Patient.deceasedDateTime", "is no FHIR dateTime")
    return moment
