"""``$match`` (FHIR R4, IHE ITI-119): whom a Patient resembles; nothing is written.

Lenient by contract: what is wrong with the Patient is said in warnings, and matching goes on with the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from mpi.errors import InvalidRecord
from mpi.fhir.bundles import Entry, scored_entry, searchset
from mpi.fhir.exchange import Answer, Asked, resource_of
from mpi.fhir.outcome import (
    Issue,
    Refused,
    Resource,
    information,
    issue_of_error,
    issues_of_notes,
    refused,
    warning,
)
from mpi.fhir.parameters import Parameters
from mpi.index import Resemblances, Resembling
from mpi.patient import Domains, read_patient, write_identity

COUNT_DEFAULT: Final = 20
COUNT_MAX: Final = 100

#: How the operations call the Patient they are given.
PATIENT_NAMES: Final = ("resource", "IDIPatient")


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchAsked:
    """A match as it was asked."""

    patient: Resource
    only_certain: bool = False
    only_single: bool = False
    count: int = COUNT_DEFAULT
    issues: tuple[Issue, ...] = ()


def match(asked: Asked) -> Answer:
    """``POST /Patient/$match``."""
    order = read_match(asked)
    domains = asked.index.registry.domains()
    found, noted = resemblances(asked, order, domains)
    kept, more = chosen(found.people, order)
    entries = [match_entry(asked, one, domains) for one in kept]
    issues = (*order.issues, *noted, *more)
    links = {"self": f"{asked.base}/Patient/$match"}
    return Answer(resource=searchset(entries, total=len(entries), links=links, issues=issues))


def read_match(asked: Asked) -> MatchAsked:
    """What is asked: a bare Patient, or Parameters. Raises Refused 400 naming the parameter."""
    body = resource_of(asked, "Parameters", "Patient")
    if body["resourceType"] == "Patient":
        return MatchAsked(patient=body)
    given = Parameters.read(body)
    order = MatchAsked(
        patient=_patient(given.one(*PATIENT_NAMES)),
        only_certain=given.truth("onlyCertainMatches"),
        only_single=given.truth("onlySingleMatch"),
        count=given.count("count", otherwise=COUNT_DEFAULT, most=COUNT_MAX),
        issues=tuple(_unsupported(given, asked)),
    )
    return order


def _patient(value: Any) -> Resource:
    place = "Parameters.parameter.where(name='resource').resource"
    if value is None:
        raise refused(400, "required", "the parameter resource is missing: send a Patient", expression=place)
    if not isinstance(value, dict) or value.get("resourceType") != "Patient":
        raise refused(400, "invalid", "the parameter resource must be a Patient", expression=place)
    return value


def _unsupported(given: Parameters, asked: Asked) -> list[Issue]:
    names = list(given.untaken())
    if names and asked.is_strict:
        raise refused(400, "not-supported", "this parameter is not supported", expression=names[0])
    return [warning("not-supported", "this parameter is not supported", name) for name in names]


def resemblances(asked: Asked, order: MatchAsked, domains: Domains) -> tuple[Resemblances, tuple[Issue, ...]]:
    """Everybody whom the Patient resembles, and what was passed over on the way."""
    try:
        read = read_patient(order.patient, source="", local_id="", domains=domains)
    except InvalidRecord as error:
        raise Refused(400, (issue_of_error(error),)) from None
    if asked.is_strict and any(note.severity == "error" for note in read.notes):
        raise Refused(400, issues_of_notes(read.notes))
    # One more than wanted would not tell more: ambiguity is about everybody who is certain.
    limit = COUNT_MAX if order.only_certain or order.only_single else order.count
    found = asked.index.registry.match(read.record, actor=asked.actor, limit=max(limit, 1))
    issues = list(issues_of_notes(read.notes, severity="warning"))
    if not found.comparable:
        told = "nothing in this Patient can be compared: it needs a name, a birth date, or an identifier"
        issues.append(warning("required", told, "Patient"))
    if found.suppressed_keys:
        told = f"too many people share these, and were not looked through: {', '.join(found.suppressed_keys)}"
        issues.append(warning("incomplete", told))
    return found, tuple(issues)


def chosen(people: Sequence[Resembling], order: MatchAsked) -> tuple[Sequence[Resembling], tuple[Issue, ...]]:
    """Who is answered, best first. Several certain identities are ambiguous: then it is nobody."""
    certain = [one for one in people if one.grade == "certain"]
    if len(certain) > 1 and (order.only_certain or order.only_single):
        told = (
            f"{len(certain)} identities are certain matches, and not known to be one person: none is returned"
        )
        return (), (information("multiple-matches", told),)
    kept = certain if order.only_certain else list(people)
    kept = kept[: min(order.count, 1)] if order.only_single else kept[: order.count]
    if not kept:
        return (), (information("not-found", "no match"),)
    return kept, ()


def match_entry(asked: Asked, one: Resembling, domains: Domains) -> Entry:
    """The identity as its Patient, with score and grade."""
    resource = write_identity(one.view, domains, base_url=asked.base)
    return scored_entry(asked.base, resource, one.probability, one.grade)
