"""What the server says of itself is what it serves."""

from __future__ import annotations

from fhir_client import Fhir
from mpi.fhir.asked_parameters import KINDS
from mpi.fhir.interactions import INTERACTIONS

CODES = {
    ("GET", "/Patient/{id}"): "read",
    ("GET", "/Patient/{id}/_history"): "history-instance",
    ("GET", "/Patient/{id}/_history/{version}"): "vread",
    ("GET", "/Patient"): "search-type",
    ("POST", "/Patient"): "create",
    ("PUT", "/Patient/{id}"): "update",
    ("DELETE", "/Patient/{id}"): "delete",
}
#: ``$import`` has no definition that could be named; the export of the system is that of Patients.
UNDEFINED = {"/$import", "/Patient/$export"}


def test_everything_that_is_served_is_declared(fhir: Fhir) -> None:
    statement = fhir.get("/metadata")
    assert (statement["kind"], statement["fhirVersion"]) == ("instance", "4.0.1")
    assert "xml" not in str(statement["format"])
    [rest] = statement["rest"]
    patient = next(one for one in rest["resource"] if one["type"] == "Patient")
    served = {(one.method, one.path) for one in INTERACTIONS}
    assert {one["code"] for one in patient["interaction"]} == {
        code for row, code in CODES.items() if row in served
    }
    paths = {path for _, path in served if "{" not in path} - UNDEFINED
    operations = {path.partition("$")[2] for path in paths if path.startswith("/Patient/$")}
    assert {one["name"] for one in patient["operation"]} == operations
    of_system = {path.partition("$")[2] for path in paths if path.startswith("/$")}
    assert {one["name"] for one in rest["operation"]} == of_system
    assert {one["name"] for one in patient["searchParam"]} == set(KINDS)
    assert patient["conditionalCreate"] is patient["conditionalUpdate"] is True
    assert patient["conditionalDelete"] == "single"
    assert any("PIXm" in one for one in statement["instantiates"])
