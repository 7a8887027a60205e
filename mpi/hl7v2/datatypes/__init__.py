"""The data types of a PID as FHIR R4 elements, and back.

After HL7's "v2-to-FHIR" maps; where those lose a code, it is kept in an extension of ours.
"""
