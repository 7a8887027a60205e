"""XPN as FHIR's HumanName and back."""

from __future__ import annotations

from mpi.hl7v2.datatypes.dates import read_period, write_period
from mpi.hl7v2.datatypes.extensions import (
    STRUCTURE,
    V2_CODE,
    V2_FIELD,
    Element,
    extension,
    list_of,
    put_extension,
    sent,
    text_of,
)
from mpi.hl7v2.message import Value
from mpi.hl7v2.writing import Repeat

#: HL7 table 0200 → FHIR's name use.
USES = {
    "L": "official", "R": "official", "I": "official", "D": "usual", "C": "usual", "K": "usual",
    "CURRENT": "usual", "M": "maiden", "B": "maiden", "N": "nickname", "A": "nickname", "P": "nickname",
    "BAD": "old", "NB": "temp", "NAV": "temp", "TEMP": "temp", "S": "anonymous", "MSK": "anonymous",
}  # fmt: skip
CODES = {
    "official": "L", "usual": "D", "maiden": "M", "nickname": "N", "old": "BAD",
    "anonymous": "S", "temp": "TEMP",
}  # fmt: skip
#: Subcomponents 2–5 of a family name, for which FHIR has extensions.
_FAMILY_PARTS = ("own-prefix", "own-name", "partner-prefix", "partner-name")


def read_name(value: Value, default_code: str = "") -> Element | None:
    """The HumanName of an XPN, None where no part of a name is there."""
    texts = [sent(text) for text in value.texts()]
    texts += [""] * (14 - len(texts))
    family, given, further, suffix, prefix, degree, code = texts[:7]
    professional = texts[13]
    name: Element = {}
    if family:
        name["family"] = family
        _read_family_parts(value, name)
    if givens := [part for part in (given, further) if part]:
        name["given"] = givens
        if not given:
            # FHIR's given names are a list without places: a middle name alone says that it is one.
            name["_given"] = [{"extension": [{"url": V2_FIELD, "valueString": "XPN.3"}]}]
    if prefix:
        name["prefix"] = [prefix]
    if suffixes := [part for part in (suffix, degree, professional) if part]:
        name["suffix"] = suffixes
    if not name:
        return None
    if degree or professional:
        _mark_degree(name, suffix, degree, professional)
    code = code or default_code
    if use := USES.get(code.upper()):
        name["use"] = use
    if code and CODES.get(name.get("use", "")) != code:
        put_extension(name, V2_CODE, valueString=code)
    if period := _period(value):
        name["period"] = period
    return name


def _read_family_parts(value: Value, name: Element) -> None:
    if value.delimiters.subcomponent not in value.components[0]:
        return
    for number, part in enumerate(_FAMILY_PARTS, start=2):
        if text := sent(value.text(1, number)):
            put_extension(name.setdefault("_family", {}), f"{STRUCTURE}humanname-{part}", valueString=text)


def _mark_degree(name: Element, suffix: str, degree: str, professional: str) -> None:
    """FHIR lists suffixes and degrees together: ISO 21090's qualifier says which is an academic title."""
    kinds = [None] * bool(suffix) + ["AC"] * bool(degree) + ["PR"] * bool(professional)
    name["_suffix"] = [kind and _qualified(kind) for kind in kinds]


def _qualified(kind: str) -> Element:
    return {"extension": [{"url": f"{STRUCTURE}iso21090-EN-qualifier", "valueCode": kind}]}


def _period(value: Value) -> Element:
    if value.raw.count(value.delimiters.component) < 9:
        return {}
    components = [Value(part, value.delimiters) for part in value.components]
    components += [Value("", value.delimiters)] * (14 - len(components))
    if period := read_period(components[11], components[12]):
        return period
    # Until v2.4 the tenth component was a range.
    start, end = value.text(10, 1), value.text(10, 2)
    return read_period(Value(start, value.delimiters), Value(end, value.delimiters))


def write_name(name: Element) -> Repeat:
    """The XPN of a HumanName. One that is only text is taken as a family name, as v2 has no place for it."""
    given = [part for part in list_of(name, "given") if isinstance(part, str)]
    if extension(next(iter(list_of(name, "_given")), None), V2_FIELD) == "XPN.3":
        given.insert(0, "")
    family: list[str] = [text_of(name, "family")]
    if "_family" in name:
        parts = [extension(name["_family"], f"{STRUCTURE}humanname-{part}") for part in _FAMILY_PARTS]
        family += [part or "" for part in parts]
    if not given and not family[0]:
        family[0] = text_of(name, "text")
    suffixes = _suffixes(name)
    code = extension(name, V2_CODE) or CODES.get(text_of(name, "use"), "")
    start, end = write_period(name)
    return (
        family,
        given[0] if given else "",
        " ".join(given[1:]),
        suffixes[""],
        " ".join(part for part in list_of(name, "prefix") if isinstance(part, str)),
        suffixes["AC"],
        code,
        *("",) * 4,
        start,
        end,
        suffixes["PR"],
    )


def _suffixes(name: Element) -> dict[str, str]:
    """Suffixes by qualifier: none, AC (academic), PR (professional)."""
    qualifiers = list_of(name, "_suffix")
    sorted_out: dict[str, list[str]] = {"": [], "AC": [], "PR": []}
    for number, suffix in enumerate(list_of(name, "suffix")):
        marked = qualifiers[number] if number < len(qualifiers) else None
        kind = extension(marked, f"{STRUCTURE}iso21090-EN-qualifier", "valueCode")
        if isinstance(suffix, str):
            sorted_out[kind if kind in sorted_out else ""].append(suffix)
    return {kind: " ".join(parts) for kind, parts in sorted_out.items()}
