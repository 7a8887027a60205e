"""The URLs and code tables of FHIR R4 that reading and writing Patients need."""

from __future__ import annotations

#: Extension of Patient with ``valueIdentifier``: an identifier of the patient's mother (PID-21). Repeats.
MOTHER_IDENTIFIER_URL = "urn:mpi:patient-mother-identifier"
MOTHERS_MAIDEN_NAME_URL = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
BIRTH_PLACE_URL = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
IDENTIFIER_TYPE_URL = "http://terminology.hl7.org/CodeSystem/v2-0203"

#: The system of an identifier that is a URI, for a Patient that has no other.
URI_SYSTEM = "urn:ietf:rfc:3986"
#: HL7 table 0203, the codes that an index sees most.
IDENTIFIER_TYPES = {
    "AN": "Account number",
    "BR": "Birth registry number",
    "DL": "Driver's license number",
    "MA": "Patient Medicaid number",
    "MB": "Member Number",
    "MC": "Patient's Medicare number",
    "MR": "Medical record number",
    "NI": "National unique individual identifier",
    "PI": "Patient internal identifier",
    "PPN": "Passport number",
    "PT": "Patient external identifier",
    "SN": "Subscriber Number",
    "SS": "Social Security number",
    "VN": "Visit number",
}
