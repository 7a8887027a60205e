"""FHIR R4 Patients as plain dicts, the rich form of what a source sent: read into source records, written
back.

Pure: between ``identity`` and ``matching``. The HL7 v2 door maps PID to a Patient and reads it here too, so
that both doors say the same about one person.
"""

from mpi.patient.domains import AssigningAuthority, Domain, Domains
from mpi.patient.identifiers import sent_identifiers
from mpi.patient.mothers import Mother, read_mother
from mpi.patient.notes import Note
from mpi.patient.reading import PatientRead, read_patient
from mpi.patient.views import IdentityView, RecordView
from mpi.patient.vocabulary import BIRTH_PLACE_URL, MOTHER_IDENTIFIER_URL, MOTHERS_MAIDEN_NAME_URL
from mpi.patient.writing import write_identity, write_record

__all__ = [
    "BIRTH_PLACE_URL",
    "MOTHERS_MAIDEN_NAME_URL",
    "MOTHER_IDENTIFIER_URL",
    "AssigningAuthority",
    "Domain",
    "Domains",
    "IdentityView",
    "Mother",
    "Note",
    "PatientRead",
    "RecordView",
    "read_mother",
    "read_patient",
    "sent_identifiers",
    "write_identity",
    "write_record",
]
