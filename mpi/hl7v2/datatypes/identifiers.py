"""CX, SSN and driver's licence as FHIR's Identifier and back."""

from __future__ import annotations

from collections.abc import Sequence

from mpi.hl7v2.datatypes.dates import read_period, write_period
from mpi.hl7v2.datatypes.extensions import (
    STRUCTURE,
    Element,
    extension,
    list_of,
    put_extension,
    sent,
    text_of,
)
from mpi.hl7v2.message import Value
from mpi.hl7v2.writing import Repeat
from mpi.patient import Domain, Domains

TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
SSN_SYSTEM = "http://hl7.org/fhir/sid/us-ssn"
_CHECK_DIGIT = f"{STRUCTURE}identifier-checkDigit"
#: HL7 v2's CX.3, the scheme of a check digit.
_SCHEME = "urn:mpi:hl7v2:check-digit-scheme"
#: CX.4 of an authority that nobody declared, or declared without its universal ID. Without a system the
#: identifier stays in the record as sent, and is no evidence.
_AUTHORITY = "urn:mpi:hl7v2:assigning-authority"

#: The HL7 OID of the states' driver's licence numbers, each state's by its FIPS code.
_LICENCES = "2.16.840.1.113883.4.3"
_STATES = (
    "AL1 AK2 AZ4 AR5 CA6 CO8 CT9 DE10 DC11 FL12 GA13 HI15 ID16 IL17 IN18 IA19 KS20 KY21 LA22 ME23 MD24 "
    "MA25 MI26 MN27 MS28 MO29 MT30 NE31 NV32 NH33 NJ34 NM35 NY36 NC37 ND38 OH39 OK40 OR41 PA42 RI44 SC45 "
    "SD46 TN47 TX48 UT49 VT50 VA51 WA53 WV54 WI55 WY56"
)
FIPS = {state[:2]: state[2:] for state in _STATES.split()}


def read_identifier(
    value: Value, domains: Domains, *, default_domain: str = "", kind: str = ""
) -> Element | None:
    """The Identifier of a CX, None where there is no value.

    ``default_domain`` is the system of one whose CX.4 is empty, ``kind`` the type (table 0203) where CX.5
    says none.
    """
    texts = [sent(text) for text in value.texts()]
    texts += [""] * (8 - len(texts))
    if not texts[0]:
        return None
    identifier: Element = {"value": texts[0]}
    if code := texts[4] or kind:
        identifier = {"type": identifier_type(code), **identifier}
    if system := system_of(value, domains) or ("" if authority_sent(value) else default_domain):
        identifier["system"] = system
    universal_id = sent(value.text(4, 2))
    if authority_sent(value) and (not system or (universal_id and domains.named(universal_id) is None)):
        put_extension(identifier, _AUTHORITY, valueString=authority_sent(value))
    if texts[5]:
        identifier["assigner"] = {"display": texts[5]}
    if texts[1]:
        put_extension(identifier, _CHECK_DIGIT, valueString=texts[1])
    if texts[2]:
        put_extension(identifier, _SCHEME, valueString=texts[2])
    if texts[6] or texts[7]:
        parts = [Value(part, value.delimiters) for part in value.components] + [Value("", value.delimiters)]
        if period := read_period(parts[6], parts[7]):
            identifier["period"] = period
    return identifier


def identifier_type(code: str) -> Element:
    """The type of an identifier, by table 0203."""
    return {"coding": [{"system": TYPES, "code": code}]}


def system_of(value: Value, domains: Domains) -> str:
    """The FHIR system of the assigning authority in CX.4, ``""`` where there is none, or none we know."""
    known = authority_domain(sent(value.text(4, 1)), sent(value.text(4, 2)), domains)
    known = known or ssn_domain(value, domains)
    return "" if known is None else known.system


def ssn_domain(value: Value, domains: Domains) -> Domain | None:
    """The domain of Social Security numbers for a CX that is one by its type, whoever it says issued it.

    USSSA, SSA, SS and nothing at all are all in use; where what is sent is declared, that counts.
    """
    if value.text(5).upper() not in ("SS", "SSN"):
        return None
    declared = authority_domain(sent(value.text(4, 1)), sent(value.text(4, 2)), domains)
    return declared or domains.named(SSN_SYSTEM)


def authority_domain(namespace: str, universal_id: str, domains: Domains) -> Domain | None:
    """The domain that a namespace and a universal ID mean, None where they mean none, or two.

    The universal ID decides. A namespace alone is enough where no universal ID is sent, or none is declared
    for it.
    """
    by_namespace = domains.named(namespace) if namespace else None
    if not universal_id:
        return by_namespace
    known = domains.named(universal_id)
    if known is not None:
        return known
    if by_namespace is None or by_namespace.oid or by_namespace.uri or domains.is_enterprise(by_namespace):
        return None
    return by_namespace


def authority_sent(value: Value) -> str:
    """CX.4 as sent, its parts divided by ``&``."""
    return "&".join(sent(value.text(4, part)) for part in (1, 2, 3)).strip("&")


def write_identifier(identifier: Element, domains: Domains) -> Repeat:
    """The CX of an Identifier, its assigning authority filled in as far as it is known."""
    system = text_of(identifier, "system")
    authority: Sequence[str] = [part or "" for part in domains.authority(system)] if system else ()
    if not any(authority[1:]) and (as_sent := extension(identifier, _AUTHORITY)):
        authority = as_sent.split("&")
    start, end = write_period(identifier)
    assigner = identifier.get("assigner")
    return (
        text_of(identifier, "value"),
        extension(identifier, _CHECK_DIGIT) or "",
        extension(identifier, _SCHEME) or "",
        authority,
        type_code(identifier),
        text_of(assigner, "display"),
        start,
        end,
    )


def usual_field(identifier: Element) -> int:
    """The PID field that an identifier is written to, unless it came from another."""
    if text_of(identifier, "system") == SSN_SYSTEM:
        return 19
    return 20 if type_code(identifier) == "DL" and "assigner" in identifier else 3


def type_code(identifier: Element) -> str:
    """The identifier's type by table 0203, ``""`` where it has none."""
    for coding in list_of(identifier.get("type"), "coding"):
        if text_of(coding, "system") in ("", TYPES) and text_of(coding, "code"):
            return text_of(coding, "code")
    return ""


def read_ssn(value: Value) -> Element | None:
    """PID-19: the number, whatever its form."""
    number = sent(value.text(1))
    return {"type": identifier_type("SS"), "system": SSN_SYSTEM, "value": number} if number else None


def read_licence(value: Value, domains: Domains) -> Element | None:
    """PID-20: a driver's licence, its state and until when it is valid."""
    texts = [sent(text) for text in value.texts()]
    texts += [""] * (3 - len(texts))
    if not texts[0]:
        return None
    licence: Element = {"type": identifier_type("DL"), "value": texts[0]}
    if texts[1]:
        licence["assigner"] = {"display": texts[1]}
        if state := FIPS.get(texts[1].upper()):
            issuer = domains.named(f"{_LICENCES}.{state}")
            licence |= {"system": issuer.system} if issuer else {}
    if texts[2]:
        empty = Value("", value.delimiters)
        licence["period"] = read_period(empty, Value(value.text(3), value.delimiters))
    return licence


def write_licence(identifier: Element) -> Repeat:
    """The DLN of a driver's licence."""
    return (
        text_of(identifier, "value"),
        text_of(identifier.get("assigner"), "display"),
        write_period(identifier)[1],
    )
