"""``Patient/$merge`` in R5's shape: one Patient gives way to another, with a preview and a Provenance.

Identities merge as such. Two records of one source system are replaced one by the other, which merges their
identities too; records of different systems stand for their identities.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from mpi.errors import NotFound
from mpi.fhir.bundles import instant
from mpi.fhir.exchange import Answer, Asked, reference_id, resource_of
from mpi.fhir.outcome import Issue, Resource, information, outcome, refused, warning
from mpi.fhir.parameters import Parameters, parameters
from mpi.fhir.reading import written
from mpi.fhir.sending import identifier_of
from mpi.patient import IdentityView, RecordView

REASON: Final = "merged through FHIR $merge"
LIFECYCLE: Final = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

View = RecordView | IdentityView


def merge(asked: Asked) -> Answer:
    """``POST /Patient/$merge``: ``preview=true`` changes nothing and shows what would be."""
    given = Parameters.read(resource_of(asked, "Parameters"))
    source, target = _named(asked, given, "source-patient"), _named(asked, given, "target-patient")
    preview = given.truth("preview")
    _refuse_result(given.one("result-patient"), target)
    reason = _reason(given)
    if _is_same(source, target):
        raise refused(422, "business-rule", "source and target are one Patient", expression="target-patient")
    if isinstance(source, RecordView) and isinstance(target, RecordView) and _one_source(source, target):
        return _replace(asked, given, source, target, reason, preview=preview)
    return _merge_identities(asked, given, source, target, reason, preview=preview)


def _replace(
    asked: Asked, given: Parameters, source: RecordView, target: RecordView, reason: str, *, preview: bool
) -> Answer:
    replacement = asked.index.registry.replace(
        source.record.source,
        target.record.local_id,
        source.record.local_id,
        reason,
        actor=asked.actor,
        create_survivor=False,
        preview=preview,
    )
    return _answer(asked, given, replacement.subsumed, replacement.surviving, reason, preview=preview)


def _merge_identities(
    asked: Asked, given: Parameters, source: View, target: View, reason: str, *, preview: bool
) -> Answer:
    if source.enterprise_id == target.enterprise_id:
        raise refused(422, "business-rule", "both are one identity already", expression="source-patient")
    done = asked.index.merge(
        target.enterprise_id, source.enterprise_id, reason, actor=asked.actor, preview=preview
    )
    registry = asked.index.registry
    surviving = registry.patient(done.surviving, actor=asked.actor)
    subsumed = registry.patient(done.subsumed, actor=asked.actor)
    return _answer(asked, given, subsumed, surviving, reason, preview=preview)


def _answer(
    asked: Asked, given: Parameters, subsumed: View, surviving: View, reason: str, *, preview: bool
) -> Answer:
    domains = asked.index.registry.domains()
    result = written(surviving, domains, asked.base)
    parts: list[dict[str, Any]] = [
        {"name": "input", "resource": parameters(*given.sent)},
        {"name": "outcome", "resource": outcome(_told(given, preview=preview))},
    ]
    if preview:
        result = _previewed(result, subsumed, written(subsumed, domains, asked.base))
    parts.append({"name": "result", "resource": result})
    if not preview:
        parts.append({"name": "provenance", "resource": _provenance(asked, subsumed, surviving, reason)})
    return Answer(resource=parameters(*parts))


def _told(given: Parameters, *, preview: bool) -> list[Issue]:
    told = [information("informational", "this is what a merge would do" if preview else "merged")]
    if given.one("result-patient") is not None:
        ours = "the result is the best record of the sources: result-patient was not stored"
        told.append(warning("not-supported", ours, "result-patient"))
    return told


def _previewed(result: Resource, subsumed: View, other: Resource) -> Resource:
    """The survivor as it would be: no version, the other's identifiers as old ones, a link to it."""
    meta = {name: value for name, value in result["meta"].items() if name not in ("versionId", "lastUpdated")}
    own = [(one.get("system"), one.get("value")) for one in result["identifier"]]
    old = [
        {**one, "use": "old"}
        for one in other["identifier"]
        if (one.get("system"), one.get("value")) not in own
    ]
    link = {"other": {"reference": f"Patient/{_id_of(subsumed)}"}, "type": "replaces"}
    shown = {name: value for name, value in result.items() if name != "meta"}
    shown |= {"identifier": [*result["identifier"], *old], "link": [*result.get("link", ()), link]}
    return {**shown, "meta": meta} if meta else shown


def _provenance(asked: Asked, subsumed: View, surviving: View, reason: str) -> Resource:
    targets = [
        {"reference": f"Patient/{_id_of(view)}/_history/{view.version}"} for view in (surviving, subsumed)
    ]
    return {
        "resourceType": "Provenance",
        "target": targets,
        "recorded": instant(datetime.now(UTC)),
        "reason": [{"coding": [{"system": ACT_REASON, "code": "PATADMIN"}], "text": reason}],
        "activity": {"coding": [{"system": LIFECYCLE, "code": "merge"}]},
        "agent": [
            {
                "type": {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
                            "code": "performer",
                        }
                    ]
                },
                "who": {"display": asked.actor.name},
            }
        ],
    }


def _named(asked: Asked, given: Parameters, name: str) -> View:
    """The Patient that ``name`` or ``name-identifier`` means: exactly one, active. Raises Refused."""
    reference, identifiers = given.one(name), given.all(f"{name}-identifier")
    if reference is None and not identifiers:
        raise refused(400, "required", f"{name} or {name}-identifier is missing", expression=name)
    found = _by_identifiers(asked, identifiers, name) if identifiers else None
    if reference is not None:
        by_reference = _by_reference(asked, reference, name)
        if found is not None and by_reference.enterprise_id != found.enterprise_id:
            told = "the reference and the identifiers are of different people"
            raise refused(422, "multiple-matches", told, expression=name)
        found = by_reference
    assert found is not None
    _refuse_merged(found, name)
    return found


def _by_reference(asked: Asked, reference: Any, name: str) -> View:
    if reference_id(reference, "Patient", asked.base) is None and (pair := identifier_of(reference)):
        return _by_identifiers(asked, [{"system": pair[0], "value": pair[1]}], name)
    resource_id = reference_id(reference, "Patient", asked.base)
    if resource_id is None:
        told = "must be a reference to a Patient of this server"
        raise refused(400, "invalid", told, expression=name)
    try:
        return asked.index.registry.patient(resource_id, actor=asked.actor)
    except NotFound:
        raise refused(422, "not-found", "there is no such Patient", expression=name) from None


def _by_identifiers(asked: Asked, identifiers: Sequence[Any], name: str) -> View:
    """The one record that carries all of them, or the one identity of the records that do."""
    registry = asked.index.registry
    domains = registry.domains()
    found: dict[str, RecordView] | None = None
    for one in identifiers:
        pair = identifier_of(one)
        domain = domains.taken(pair[0]) if pair else None
        if pair is None or domain is None:
            told = "needs a system that is known, and a value"
            raise refused(422, "code-invalid", told, expression=f"{name}-identifier")
        if domains.is_enterprise(domain):
            return registry.patient(pair[1], actor=asked.actor)
        held = {v.resource_id: v for v in registry.holders(domain.name, pair[1], actor=asked.actor)}
        found = held if found is None else {id: view for id, view in found.items() if id in held}
    active = [view for view in (found or {}).values() if view.active] or list((found or {}).values())
    if len(active) == 1:
        return active[0]
    if len({view.enterprise_id for view in active}) == 1:
        return registry.patient(active[0].enterprise_id, actor=asked.actor)
    told = "no Patient has these identifiers" if not active else "several Patients have these identifiers"
    code = "not-found" if not active else "multiple-matches"
    raise refused(422, code, told, expression=f"{name}-identifier")


def _refuse_merged(view: View, name: str) -> None:
    """What gave way before cannot take part. Raises Refused 422 naming what it gave way to."""
    survivor = None
    if isinstance(view, IdentityView) and view.requested_id != view.enterprise_id:
        survivor = view.enterprise_id
    elif isinstance(view, RecordView) and view.replaced_by is not None:
        survivor = view.replaced_by[0]
    if survivor is not None:
        told = f"this Patient was merged already, into Patient/{survivor}"
        raise refused(422, "business-rule", told, expression=name)
    if isinstance(view, RecordView) and not view.active:
        raise refused(422, "business-rule", "this Patient is not active", expression=name)


def _refuse_result(result: Any, target: View) -> None:
    if result is None:
        return
    if not isinstance(result, dict) or result.get("resourceType") != "Patient":
        raise refused(400, "invalid", "result-patient must be a Patient", expression="result-patient")
    if result.get("id") != _id_of(target):
        told = "result-patient must have the id of the target"
        raise refused(422, "business-rule", told, expression="result-patient")


def _reason(given: Parameters) -> str:
    """``reason`` is ours: R5 has none, and the ledger wants one."""
    return given.text("reason") or REASON


def _id_of(view: View) -> str:
    return view.requested_id if isinstance(view, IdentityView) else view.resource_id


def _is_same(source: View, target: View) -> bool:
    return _id_of(source) == _id_of(target)


def _one_source(source: RecordView, target: RecordView) -> bool:
    return source.record.source == target.record.source
