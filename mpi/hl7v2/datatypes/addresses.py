"""XAD as FHIR's Address and back."""

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

#: HL7 table 0190 → FHIR's address use.
USES = {
    "H": "home", "HOME": "home", "L": "home", "P": "home", "RH": "home", "B": "work", "O": "work",
    "C": "temp", "TM": "temp", "V": "temp", "BA": "old", "BI": "billing",
}  # fmt: skip
CODES = {"home": "H", "work": "B", "temp": "C", "old": "BA", "billing": "BI"}
#: Types that say where somebody was born, not where they live.
BIRTH_CODES = frozenset(("BDL", "BR", "N"))
_MAILING = "M"
_CENSUS_TRACT = f"{STRUCTURE}iso21090-ADXP-censusTract"
#: Subcomponents 2 and 3 of a street address.
_STREET_PARTS = ("streetName", "houseNumber")
_LINE_FIELDS = ("XAD.1", "XAD.2", "XAD.8")


def read_address(value: Value) -> Element | None:
    """The Address of an XAD, None where it is empty."""
    texts = [sent(text) for text in value.texts()]
    texts += [""] * (14 - len(texts))
    street, other, city, state, postal, country, code, more, county, tract = texts[:10]
    address: Element = {}
    _read_lines(value, address, street, other, more)
    for key, text in zip(
        ("city", "district", "state", "postalCode", "country"),
        (city, county, state, postal, country),
        strict=True,
    ):
        if text:
            address[key] = text
    if tract:
        put_extension(address, _CENSUS_TRACT, valueString=tract)
    if not address:
        return None
    if use := USES.get(code.upper()):
        address["use"] = use
    if code.upper() == _MAILING:
        address["type"] = "postal"
    if code and _code_of(address) != code:
        put_extension(address, V2_CODE, valueString=code)
    if period := _period(value):
        address["period"] = period
    return address


def _read_lines(value: Value, address: Element, street: str, other: str, more: str) -> None:
    """XAD.1, .2 and .8 as lines; one that does not stand in its natural place says in which."""
    parts = [sent(value.text(1, number)) for number in (2, 3)]
    street = street or " ".join(part for part in reversed(parts) if part)
    lines = [(text, field) for text, field in zip((street, other, more), _LINE_FIELDS, strict=True) if text]
    if not lines:
        return
    address["line"] = [text for text, _ in lines]
    marks: list[Element] = [{} for _ in lines]
    for number, (_, field) in enumerate(lines):
        if field != _LINE_FIELDS[number]:
            put_extension(marks[number], V2_FIELD, valueString=field)
    for kind, part in zip(_STREET_PARTS, parts, strict=True):
        if part:
            put_extension(marks[0], f"{STRUCTURE}iso21090-ADXP-{kind}", valueString=part)
    if any(marks):
        address["_line"] = [mark or None for mark in marks]


def _period(value: Value) -> Element:
    if value.raw.count(value.delimiters.component) < 11:
        return {}
    components = [Value(part, value.delimiters) for part in value.components]
    components += [Value("", value.delimiters)] * (14 - len(components))
    if period := read_period(components[12], components[13]):
        return period
    # Until v2.4 the twelfth component was a range.
    return read_period(Value(value.text(12, 1), value.delimiters), Value(value.text(12, 2), value.delimiters))


def _code_of(address: Element) -> str:
    if text_of(address, "type") == "postal":
        return _MAILING
    return CODES.get(text_of(address, "use"), "")


def write_address(address: Element) -> Repeat:
    """The XAD of an Address; one that is only text becomes its first line."""
    lines = _lines(address)
    marked = next(iter(list_of(address, "_line")), None)
    parts = [extension(marked, f"{STRUCTURE}iso21090-ADXP-{kind}") for kind in _STREET_PARTS]
    start, end = write_period(address)
    return (
        [lines["XAD.1"], *(part or "" for part in parts)],
        lines["XAD.2"],
        text_of(address, "city"),
        text_of(address, "state"),
        text_of(address, "postalCode"),
        text_of(address, "country"),
        extension(address, V2_CODE) or _code_of(address),
        lines["XAD.8"],
        text_of(address, "district"),
        extension(address, _CENSUS_TRACT) or "",
        "",
        "",
        start,
        end,
    )


def _lines(address: Element) -> dict[str, str]:
    """The lines by their components; what is more than three goes with the third."""
    lines: dict[str, list[str]] = {field: [] for field in _LINE_FIELDS}
    marks = list_of(address, "_line")
    texts = list_of(address, "line") or ([] if text_of(address, "city") else [text_of(address, "text")])
    for number, line in enumerate(texts):
        if isinstance(line, str):
            place = extension(marks[number] if number < len(marks) else None, V2_FIELD)
            lines[place if place in lines else _LINE_FIELDS[min(number, 2)]].append(line)
    return {field: " ".join(parts) for field, parts in lines.items()}
