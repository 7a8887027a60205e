"""Extensions of FHIR elements: the standard's for what has one, ours for what only HL7 v2 says."""

from __future__ import annotations

from typing import Any

Element = dict[str, Any]

STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
#: The v2 code of an element, where FHIR's own code for it would be written as another.
V2_CODE = "urn:mpi:hl7v2:code"
#: The PID field an element came from, where it is not the one that such elements are written to.
V2_FIELD = "urn:mpi:hl7v2:field"
#: The text as sent, where FHIR has no place for all of it.
V2_TEXT = "urn:mpi:hl7v2:text"


def put_extension(element: Element, url: str, **value: Any) -> None:
    """Add an extension, ``put_extension(name, V2_CODE, valueString="B")``."""
    element.setdefault("extension", []).append({"url": url, **value})


def extension(element: Any, url: str, kind: str = "valueString") -> Any:
    """The value of the first extension with this address, None where there is none."""
    if not isinstance(element, dict):
        return None
    found = next(extensions(element, url), None)
    return None if found is None else found.get(kind)


def extensions(element: Element, url: str) -> Any:
    """Every extension with this address, in order."""
    listed = element.get("extension")
    if not isinstance(listed, list):
        return iter(())
    return (one for one in listed if isinstance(one, dict) and one.get("url") == url)


def text_of(element: Any, key: str) -> str:
    """The text at ``key``; ``""`` where there is none, or no text."""
    value = element.get(key) if isinstance(element, dict) else None
    return value if isinstance(value, str) else ""


def list_of(element: Any, key: str) -> list[Any]:
    """The list at ``key``; empty where there is none."""
    value = element.get(key) if isinstance(element, dict) else None
    return value if isinstance(value, list) else []


def sent(text: str) -> str:
    """Text of a component, where ``""`` means that there is none any more."""
    return "" if text == '""' else text
