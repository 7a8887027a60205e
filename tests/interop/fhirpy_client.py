"""PyPI fhirpy against a running server: python fhirpy_client.py http://127.0.0.1:8000/fhir"""

from __future__ import annotations

import sys

from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import ResourceNotFound

NORTH, SOUTH = "urn:oid:1.2.36.1.1", "urn:oid:1.2.36.1.2"


def main() -> None:
    client = SyncFHIRClient(sys.argv[1])
    content = {
        "name": [{"family": "Pyfer", "given": ["Paul"]}],
        "gender": "male",
        "birthDate": "1969-10-11",
        "identifier": [{"system": NORTH, "value": "py-1"}],
    }
    patients = client.resources("Patient")
    made, created = patients.search(identifier=f"{NORTH}|py-1").get_or_create(
        client.resource("Patient", **content)
    )
    assert created
    again, created = patients.search(identifier=f"{NORTH}|py-1").get_or_create(
        client.resource("Patient", **content)
    )
    assert not created
    assert again.id == made.id
    updated, _ = patients.search(identifier=f"{NORTH}|py-1").update(
        client.resource("Patient", **{**content, "gender": "other"})
    )
    assert updated["gender"] == "other"
    updated["maritalStatus"] = {"text": "Single"}
    updated.save()
    assert patients.get(made.id)["maritalStatus"] == {"text": "Single"}
    [found] = patients.search(family="pyfer", birthdate="1969").fetch()
    assert found["name"][0]["family"] == "Pyfer"
    matched = client.execute("Patient/$match", data={"resourceType": "Patient", "name": content["name"],
                                                     "birthDate": content["birthDate"]})  # fmt: skip
    assert matched["total"] == 1
    crossed = client.execute("Patient/$ihe-pix", method="get", params={"sourceIdentifier": f"{NORTH}|py-1"})
    assert crossed["resourceType"] == "Parameters"
    try:
        patients.get("r404404")
    except ResourceNotFound:
        print("ok")
    else:
        raise AssertionError("a Patient that is not there was found")


if __name__ == "__main__":
    main()
