"""Records merged by their source: ``active=false`` with a link ``replaced-by``."""

from __future__ import annotations

from typing import Any

from fhir_client import NORTH, Fhir, patient

ONE = f"/Patient?identifier={NORTH}|1"


def link_to(value: str, system: str = NORTH) -> list[dict[str, Any]]:
    return [{"type": "replaced-by", "other": {"identifier": {"system": system, "value": value}}}]


def test_merged_by_replaced_by(fhir: Fhir) -> None:
    survivor = fhir.answer("PUT", f"/Patient?identifier={NORTH}|2", patient("2"))
    other = fhir.answer("PUT", ONE, patient("1", family="Miller", birthDate="1971-03-04", telecom=None))
    ids = fhir.enterprise_id("north-ehr", "1"), fhir.enterprise_id("north-ehr", "2")
    assert ids[0] != ids[1]
    merged = fhir.answer("PUT", ONE, patient("1", active=False, link=link_to("2")))
    assert merged["active"] is False
    [link] = [one for one in merged["link"] if one["type"] == "replaced-by"]
    assert link["other"]["reference"] == f"Patient/{survivor['id']}"
    stub = fhir.get(f"/Patient/{other['id']}")
    assert stub["active"] is False
    old = fhir.get(f"/Patient/{ids[0]}")
    assert (old["active"], old["link"][0]["type"]) == (False, "replaced-by")
    assert old["link"][0]["other"]["reference"] == f"Patient/{ids[1]}"
    # Said again nothing changes; without the link it would be an un-merge.
    assert fhir.ask("PUT", ONE, patient("1", active=False, link=link_to("2"))).status_code == 200
    fhir.refused(405, "not-supported", "PUT", ONE, patient("1"))
    fhir.refused(405, "not-supported", "PUT", f"/Patient/{other['id']}", patient("1"))


def test_merges_that_cannot_be(fhir: Fhir) -> None:
    fhir.answer("PUT", ONE, patient("1"))
    gone = {"active": False}
    fhir.refused(422, "not-found", "PUT", ONE, patient("1", **gone, link=link_to("404")))
    fhir.refused(422, "business-rule", "PUT", ONE, patient("1", link=link_to("2")))
    two = link_to("2") + link_to("3")
    fhir.refused(422, "business-rule", "PUT", ONE, patient("1", **gone, link=two))
    unknown = f"/Patient?identifier={NORTH}|404"
    fhir.refused(422, "not-found", "PUT", unknown, patient("404", **gone, link=link_to("1")))
