"""One person through every door gets one enterprise ID, and every door tells the same of it."""

from __future__ import annotations

from fhir_client import NORTH, SOUTH, Fhir, patient

ADT = (
    "MSH|^~\\&|REG|EAST|MPI|HUB|20260102030405||ADT^A04|77|P|2.5\r"
    "PID|1||5^^^EAST^MR||FOX^ANN||19800102|F|||1 ELM ST^^TROY^NY^12180||5182740100\r"
)


def test_one_enterprise_id_through_fhir_rest_and_hl7v2(fhir: Fhir) -> None:
    fhir.answer("PUT", f"/Patient?identifier={NORTH}|1", patient("1"))
    flat = {
        "source": "south-ehr", "local_id": "77", "given": "Ann", "family": "Fox", "sex": "F",
        "birth_date": "1980-01-02", "street": "1 Elm St", "city": "Troy", "state": "NY", "zip": "12180",
        "phone": "518-274-0100",
    }  # fmt: skip
    through_rest = fhir.client.post("/api/v1/records", json=flat).json()["enterprise_id"]
    headers = {"content-type": "application/hl7-v2"}
    reply = fhir.client.post("/hl7v2", content=ADT.encode(), headers=headers).text
    assert "MSA|AA|77" in reply
    answer = fhir.get(f"/Patient/$ihe-pix?sourceIdentifier={NORTH}|1")
    identifiers = {
        (part["valueIdentifier"]["system"], part["valueIdentifier"]["value"])
        for part in answer["parameter"]
        if part["name"] == "targetIdentifier"
    }
    assert (SOUTH, "77") in identifiers
    assert any(value == "5" for _, value in identifiers)
    assert fhir.enterprise_id("north-ehr", "1") == through_rest
    assert fhir.get(f"/Patient?identifier={NORTH}|1")["entry"][0]["resource"]["id"] == through_rest
