"""CE and CWE as FHIR's CodeableConcept and back."""

from __future__ import annotations

import re

from mpi.hl7v2.datatypes.extensions import (
    V2_TEXT,
    Element,
    extension,
    list_of,
    put_extension,
    sent,
    text_of,
)
from mpi.hl7v2.message import Value
from mpi.hl7v2.writing import Repeat

TABLE = "http://terminology.hl7.org/CodeSystem/v2-"
#: A coding system without a URL of its own is written under this prefix, and read back from it.
NAMED = "urn:mpi:hl7v2:system:"
#: HL7 table 0396 → FHIR's URL.
SYSTEMS = {
    "CDCREC": "urn:oid:2.16.840.1.113883.6.238", "ISO3166_1": "urn:iso:std:iso:3166",
    "ISO639": "urn:ietf:bcp:47",
    "SCT": "http://snomed.info/sct", "LN": "http://loinc.org",
}  # fmt: skip
_NAMES = {url: name for name, url in SYSTEMS.items()}
_HL7_TABLE = re.compile(r"HL7[0-]*?(\d{4})", re.IGNORECASE)


def read_concept(value: Value, table: str) -> Element | None:
    """The CodeableConcept of a CWE; ``table`` (``0005``) is meant where it names no coding system."""
    texts = [sent(text) for text in value.texts()]
    texts += [""] * (9 - len(texts))
    codings = [_coding(texts[start : start + 3], table if start == 0 else "") for start in (0, 3)]
    concept: Element = {}
    if found := [coding for coding in codings if coding]:
        concept["coding"] = found
    elif not texts[8] and texts[1]:
        concept["text"] = texts[1]
    if texts[8]:
        concept["text"] = texts[8]
    return concept or None


def _coding(parts: list[str], table: str) -> Element:
    code, display, system = parts
    if not code:
        return {}
    url = system_url(system) or (TABLE + table if table else "")
    coding: Element = {"system": url, "code": code, "display": display}
    coding = {key: text for key, text in coding.items() if text}
    if system and system != system_name(url, table):
        put_extension(coding, V2_TEXT, valueString=system)
    return coding


def system_url(name: str) -> str:
    """FHIR's URL of a coding system as CWE.3 names it."""
    if not name:
        return ""
    if table := _HL7_TABLE.fullmatch(name):
        return TABLE + table[1]
    return SYSTEMS.get(name) or (name if ":" in name else NAMED + name)


def system_name(url: str, table: str) -> str:
    """CWE.3 for a URL; empty for the field's own table."""
    if not url or url == TABLE + table:
        return ""
    if url.startswith(TABLE):
        return "HL7" + url[len(TABLE) :]
    return _NAMES.get(url) or url.removeprefix(NAMED)


def write_concept(concept: Element, table: str) -> Repeat:
    """The CWE of a CodeableConcept: its first two codings and its text."""
    codings = [coding for coding in list_of(concept, "coding") if isinstance(coding, dict)]
    text = text_of(concept, "text")
    if not codings:
        return ("", text)
    written: list[str] = []
    for coding in [*codings, {}][:2]:
        name = extension(coding, V2_TEXT) or system_name(text_of(coding, "system"), table)
        written += [text_of(coding, "code"), text_of(coding, "display"), name]
    return (*written, "", "", text)
