"""Which formats are understood and sent: JSON only, said plainly; XML is answered 406."""

from __future__ import annotations

from typing import Final

from mpi.fhir.outcome import Refused, refused

#: What ``_format`` and ``Accept`` may name.
JSON_NAMES: Final = frozenset(
    {"json", "application/fhir+json", "application/json", "text/json", "application/json+fhir"}
)
WILDCARDS: Final = frozenset({"*/*", "application/*", "text/*"})
#: What bodies may call themselves.
JSON_TYPES: Final = JSON_NAMES - {"json"}
NDJSON_TYPES: Final = frozenset(
    {"application/fhir+ndjson", "application/ndjson", "application/x-ndjson", "application/jsonl"}
)
FORM_TYPE: Final = "application/x-www-form-urlencoded"
FHIR_VERSIONS: Final = frozenset({"4.0", "4.0.1"})


def refuse_format(accept: str | None, formats: list[str]) -> None:
    """Refuse a client that takes no JSON of R4; ``_format`` goes before ``Accept``. Raises Refused 406."""
    if formats:
        # A plus that was not encoded arrives as a space.
        if not _is_json(formats[-1].replace("fhir json", "fhir+json")):
            raise _not_acceptable()
        return
    if not accept or not accept.strip():
        return
    if not any(_is_json(one) for one in accept.split(",")):
        raise _not_acceptable()


def refuse_content(sent: str | None, types: frozenset[str] = JSON_TYPES) -> None:
    """Refuse a body that says it is something else; without a type it is tried. Raises Refused 415."""
    kind, parameters = _parts(sent or "")
    if kind and kind not in types:
        wanted = sorted(types)[0] if types is not JSON_TYPES else "application/fhir+json"
        raise refused(415, "not-supported", f"send Content-Type: {wanted}", expression="Content-Type")
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise refused(415, "not-supported", "send UTF-8", expression="Content-Type")
    _refuse_version(parameters, 415)


def _is_json(named: str) -> bool:
    kind, parameters = _parts(named)
    if kind not in JSON_NAMES and kind not in WILDCARDS:
        return False
    if parameters.get("fhirversion", "4.0") not in FHIR_VERSIONS:
        return False
    try:
        return float(parameters.get("q", "1")) > 0
    except ValueError:
        return True


def _parts(named: str) -> tuple[str, dict[str, str]]:
    """A media type and its parameters, names in lower case."""
    kind, *rest = named.split(";")
    pairs = (part.partition("=") for part in rest)
    return kind.strip().lower(), {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def _refuse_version(parameters: dict[str, str], status: int) -> None:
    if parameters.get("fhirversion", "4.0") not in FHIR_VERSIONS:
        raise refused(status, "not-supported", "this server speaks FHIR R4 (fhirVersion=4.0)")


def _not_acceptable() -> Refused:
    text = "this server answers application/fhir+json, FHIR R4 only"
    return refused(406, "not-supported", text, expression="Accept")
