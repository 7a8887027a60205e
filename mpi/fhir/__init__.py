"""The FHIR R4 face: plain dictionaries in and out, read tolerantly and written strictly; no database."""
