"""PID, PD1 and NK1 as a FHIR R4 Patient, the rich form in which every record is kept, and back."""

from mpi.hl7v2.patients.delta import apply_delta
from mpi.hl7v2.patients.reading import read_patient_segments
from mpi.hl7v2.patients.writing import write_next_of_kin, write_pd1, write_pid

__all__ = ["apply_delta", "read_patient_segments", "write_next_of_kin", "write_pd1", "write_pid"]
