"""Parts of a resource: ``_summary`` and ``_elements``, marked as what they are."""

from __future__ import annotations

from typing import Final

from mpi.fhir.outcome import Resource

SUBSETTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
#: What FHIR marks Σ in Patient.
SUMMARY: Final = frozenset(
    {
        "identifier",
        "active",
        "name",
        "telecom",
        "gender",
        "birthDate",
        "deceasedBoolean",
        "deceasedDateTime",
        "address",
        "managingOrganization",
        "link",
    }
)
#: Always there: without them a resource is none.
MANDATORY: Final = frozenset({"resourceType", "id", "meta"})
#: PDQm wants these of every Patient, whatever was asked for.
PROFILED: Final = frozenset({"identifier"})


def subset(resource: Resource, summary: str | None, elements: tuple[str, ...]) -> Resource:
    """The resource with what was asked for, tagged SUBSETTED where something was left out."""
    match summary:
        case "true":
            kept = SUMMARY
        case "text":
            kept = PROFILED | {"text"}
        case "data":
            kept = frozenset(resource) - {"text"}
        case _ if elements:
            kept = PROFILED | _with_choices(elements)
        case _:
            return resource
    part = {name: value for name, value in resource.items() if name.removeprefix("_") in kept | MANDATORY}
    if len(part) == len(resource):
        return resource
    meta = dict(part.get("meta", {}))
    return {**part, "meta": {**meta, "tag": [*meta.get("tag", ()), SUBSETTED]}}


def _with_choices(elements: tuple[str, ...]) -> frozenset[str]:
    """``deceased`` stands for each of its types."""
    choices = {
        "deceased": ("deceasedBoolean", "deceasedDateTime"),
        "multipleBirth": ("multipleBirthBoolean", "multipleBirthInteger"),
    }
    names = [name.removeprefix("Patient.") for name in elements]
    return frozenset(one for name in names for one in choices.get(name, (name,)))
