"""XTN as FHIR's ContactPoint and back: structured or as one text, telephone, e-mail or anything else."""

from __future__ import annotations

from mpi.hl7v2.datatypes.dates import read_period, write_period
from mpi.hl7v2.datatypes.extensions import (
    STRUCTURE,
    V2_CODE,
    V2_FIELD,
    Element,
    extension,
    put_extension,
    sent,
    text_of,
)
from mpi.hl7v2.message import Value
from mpi.hl7v2.writing import Repeat

#: HL7 table 0201 → FHIR's use.
USES = {
    "PRN": "home", "ORN": "home", "VHN": "home", "HOME": "home", "HP": "home", "H": "home", "PRS": "mobile",
    "WPN": "work", "WORK": "work", "B": "work", "W": "work", "MOBILE": "mobile", "CELL": "mobile", "NET": "",
}  # fmt: skip
#: HL7 table 0202 → FHIR's system.
SYSTEMS = {
    "PH": "phone", "CP": "phone", "SAT": "phone", "FX": "fax", "FAX": "fax", "BP": "pager", "MD": "other",
    "TDD": "other", "TTY": "other", "INTERNET": "email", "X.400": "email", "EMAIL": "email",
}  # fmt: skip
_EQUIPMENT = {"phone": "PH", "fax": "FX", "pager": "BP", "email": "Internet", "other": "MD", "sms": "CP"}
_USE_CODES = {"home": "PRN", "work": "WPN", "mobile": "PRS"}
#: Components 5–8, for which FHIR has extensions.
_PARTS = ("country", "area", "local", "extension")
_WORK_FIELDS = ("PID-14", "NK1-6")


def read_telecoms(value: Value, field: str = "PID-13") -> list[Element]:
    """The ContactPoints of an XTN: its number, its e-mail address, or both; none where it holds neither."""
    texts = [sent(text) for text in value.texts()]
    texts += [""] * (14 - len(texts))
    unstructured, _, equipment, email = texts[:4]
    number = unstructured or texts[11] or _number(texts[4:8])
    system = SYSTEMS.get(equipment.upper(), "phone")
    if ("@" in number and not email) or (system == "email" and not email):
        number, email = "", number
    found = []
    if number:
        found.append(_telecom("phone" if system == "email" else system, number, texts, field))
    if email:
        codes = texts if system == "email" or not number else ["", "NET", "Internet"]
        found.append(_telecom("email", email, [*codes[:3], *[""] * 6], field))
    if len(value.components) > 12:
        parts = [Value(part, value.delimiters) for part in (*value.components, "")]
        if period := read_period(parts[12], parts[13]):
            found = [{**telecom, "period": period} for telecom in found]
    return found


def _telecom(system: str, reached: str, texts: list[str], field: str) -> Element:
    _, use_code, equipment = texts[:3]
    telecom: Element = {"system": system, "value": reached}
    if use := _use(use_code, equipment, field):
        telecom["use"] = use
    for kind, part in zip(_PARTS, texts[4:8], strict=True):
        if part:
            put_extension(telecom, f"{STRUCTURE}contactpoint-{kind}", valueString=part)
    if texts[8]:
        put_extension(telecom, f"{STRUCTURE}contactpoint-comment", valueString=texts[8])
    if (use_code, equipment) != _codes_of(telecom):
        put_extension(telecom, V2_CODE, valueString=f"{use_code}^{equipment}")
    if field != _field_by_use(telecom):
        put_extension(telecom, V2_FIELD, valueString=field)
    return telecom


def _use(use_code: str, equipment: str, field: str) -> str:
    if equipment.upper() == "CP":
        return "mobile"
    known = USES.get(use_code.upper())
    return known if known is not None else ("work" if field in _WORK_FIELDS else "home")


def _number(parts: list[str]) -> str:
    country, area, local, further = parts
    number = " ".join(part for part in (f"+{country.lstrip('+')}" if country else "", area, local) if part)
    return f"{number} x{further}" if number and further else number


def write_telecom(telecom: Element) -> Repeat:
    """The XTN of a ContactPoint: the text in XTN.1 (an e-mail address in XTN.4), the parts where they are
    known.
    """
    system, reached = text_of(telecom, "system"), text_of(telecom, "value")
    codes = extension(telecom, V2_CODE)
    use_code, equipment = codes.split("^", 1) if codes and "^" in codes else _codes_of(telecom)
    parts = [extension(telecom, f"{STRUCTURE}contactpoint-{kind}") or "" for kind in _PARTS]
    comment = extension(telecom, f"{STRUCTURE}contactpoint-comment") or ""
    start, end = write_period(telecom)
    email, number = (reached, "") if system == "email" else ("", reached)
    if number == _number(parts):
        number = ""
    return (number, use_code, equipment, email, *parts, comment, "", "", "", start, end)


def _codes_of(telecom: Element) -> tuple[str, str]:
    """XTN.2 and XTN.3 for FHIR's own codes."""
    system, use = text_of(telecom, "system"), text_of(telecom, "use")
    if system == "email":
        return "NET", "Internet"
    equipment = "CP" if use == "mobile" and system in ("phone", "") else _EQUIPMENT.get(system, "")
    return _USE_CODES.get(use, ""), equipment


def field_of(telecom: Element) -> str:
    """Which PID field a ContactPoint is written to: the one it came from, else by its use."""
    return extension(telecom, V2_FIELD) or _field_by_use(telecom)


def _field_by_use(telecom: Element) -> str:
    return "PID-14" if text_of(telecom, "use") == "work" else "PID-13"
