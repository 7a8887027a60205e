"""The URLs and code tables of FHIR R4 that reading and writing Patients need."""

from __future__ import annotations

#: Extension of Patient with ``valueIdentifier``: an identifier of the patient's mother (PID-21). Repeats.
MOTHER_IDENTIFIER_URL = "urn:mpi:patient-mother-identifier"
MOTHERS_MAIDEN_NAME_URL = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
BIRTH_PLACE_URL = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
IDENTIFIER_TYPE_URL = "http://terminology.hl7.org/CodeSystem/v2-0203"
