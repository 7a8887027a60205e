"""PyPI fhirclient, whose models are strict, against a running server: python fhirclient_client.py BASE"""

from __future__ import annotations

import sys

from fhirclient import client
from fhirclient.models.humanname import HumanName
from fhirclient.models.identifier import Identifier
from fhirclient.models.patient import Patient


def main() -> None:
    smart = client.FHIRClient(settings={"app_id": "interop", "api_base": sys.argv[1]})
    patient = Patient()
    patient.identifier = [Identifier({"system": "urn:oid:1.2.36.1.1", "value": "sm-1"})]
    patient.name = [HumanName({"family": "Smarter", "given": ["Sam"]})]
    patient.gender = "male"
    made = Patient(patient.create(smart.server))
    assert Patient.read(made.id, smart.server).name[0].family == "Smarter"
    [found] = Patient.where(struct={"family": "smarter", "gender": "male"}).perform_resources(smart.server)
    assert found.name[0].given == ["Sam"]
    assert Patient.read(found.id, smart.server).active
    print("ok")


if __name__ == "__main__":
    main()
