"""Reads a FHIR R4 Patient into a source record: tolerantly, with a note for everything it did not take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mpi.matching.record import SourceRecord
from mpi.patient.domains import Domains


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something a Patient says that was not taken as it is. Never holds a patient's data."""

    severity: Literal["error", "warning", "information"]
    #: FHIR issue-type: ``invalid``, ``value``, ``code-invalid``, ``structure``, ``required``,
    #: ``not-supported``.
    code: str
    #: FHIRPath of the element: ``Patient.name[1].given[0]``.
    expression: str
    text: str


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
    raise NotImplementedError
