"""Which PID field is which element of a Patient, where that is one to one; the rest is code in reading and
writing.
"""

from __future__ import annotations

from typing import NamedTuple

from mpi.hl7v2.datatypes.extensions import STRUCTURE, US_CORE


class CodedField(NamedTuple):
    """A coded PID field (table ``table``) kept as an extension with a CodeableConcept."""

    field: int
    table: str
    url: str


_OURS = "urn:mpi:hl7v2:"
#: Coded fields as extensions. Race and ethnicity are the codes as sent; US Core's extensions are made of
#: them too.
CODED = (
    CodedField(10, "0005", f"{_OURS}race"),
    CodedField(17, "0006", f"{STRUCTURE}patient-religion"),
    CodedField(22, "0189", f"{_OURS}ethnicity"),
    CodedField(27, "0172", f"{_OURS}veteran-status"),
    CodedField(28, "0212", f"{_OURS}nationality"),
    CodedField(39, "0396", f"{_OURS}tribal-citizenship"),
)
RACE, ETHNICITY = f"{US_CORE}us-core-race", f"{US_CORE}us-core-ethnicity"
CDC_RACE_AND_ETHNICITY = "urn:oid:2.16.840.1.113883.6.238"
OMB_RACES = frozenset(("1002-5", "2028-9", "2054-5", "2076-8", "2106-3"))
OMB_ETHNICITIES = frozenset(("2135-2", "2186-5"))
CITIZENSHIP = f"{STRUCTURE}patient-citizenship"
BIRTH_TIME = f"{STRUCTURE}patient-birthTime"
#: PID-24 or PID-25, where both are sent and FHIR has place for one.
BIRTH_ORDER = f"{_OURS}birth-order"
#: The mother's whole name, beside the text that FHIR's extension holds.
MOTHER_NAME = f"{_OURS}mother-name"

#: HL7 table 0001 → FHIR gender; the other way with the first code of each.
GENDERS = {"F": "female", "M": "male", "O": "other", "U": "unknown", "A": "other", "N": "other", "X": "other"}
SEXES = {"female": "F", "male": "M", "other": "O", "unknown": "U"}

#: HL7 table 0002 → FHIR's marital status (v3 MaritalStatus), where the codes differ or are the same.
MARITAL = {
    "A": "L", "D": "D", "M": "M", "S": "S", "W": "W", "C": "C", "G": "T", "P": "T", "R": "T", "E": "L",
    "N": "A", "I": "I", "B": "S", "U": "UNK", "T": "UNK", "O": "UNK",
}  # fmt: skip
MARITAL_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"

#: Elements of a Patient that PID, PD1 and NK1 say all about: a delta replaces them and leaves the others.
ELEMENTS = frozenset(
    (
        "identifier", "name", "telecom", "gender", "_gender", "birthDate", "_birthDate", "deceasedBoolean",
        "deceasedDateTime", "_deceasedDateTime", "address", "maritalStatus", "multipleBirthBoolean",
        "_multipleBirthBoolean", "multipleBirthInteger", "contact", "communication", "generalPractitioner",
    )
)  # fmt: skip
