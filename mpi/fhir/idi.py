"""Digital identity matching (HL7 IDI): how much an input says about a person, by versioned weight tables.

The published IGs count differently: STU2 (2025) as its section on input weights, STU1 (2022) as the ballot's
invariants, which the Inferno kit of that year still tests. ``[index] idi_weights`` chooses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Version = Literal["stu1", "stu2"]
Patient = Mapping[str, Any]

PROFILE: Final = "http://hl7.org/fhir/us/identity-matching/StructureDefinition/IDI-Patient"
#: Identifier types that are strong by themselves.
STATE_TYPES: Final = frozenset({"DL", "STID"})
STRONG_TYPES: Final = STATE_TYPES | {"PPN"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InputWeight:
    """The weight of an input, and the levels of the IG it reaches."""

    weight: int
    base: bool
    level_0: bool
    level_1: bool

    def reaches(self, level: str) -> bool:
        """Whether it satisfies a profile: ``""`` for IDI-Patient, ``L0``, ``L1`` or ``L2``."""
        return self.base and {"": True, "L0": self.level_0}.get(level, self.level_1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    level_0: int
    level_1: int


_TABLES: Final[dict[str, _Table]] = {
    "stu1": _Table(level_0=10, level_1=20),
    "stu2": _Table(level_0=9, level_1=10),
}


def input_weight(patient: Patient, version: Version = "stu2") -> InputWeight:
    """What a Patient weighs as an input of ``$idi-match``.

    >>> input_weight({"birthDate": "1980-01-02", "name": [{"family": "Fox", "given": ["Ann"]}]}).weight
    5
    """
    weight = _weight_stu1(patient) if version == "stu1" else _weight_stu2(patient)
    table = _TABLES[version]
    base = _says_anything(patient) and _names_are_names(patient)
    return InputWeight(
        weight=weight,
        base=base,
        level_0=base and weight >= table.level_0,
        level_1=base and weight >= table.level_1,
    )


def claimed_levels(patient: Patient) -> list[str]:
    """The profiles of the IG that ``meta.profile`` claims, as ``reaches`` takes them."""
    meta = patient.get("meta")
    profiles = meta.get("profile") if isinstance(meta, dict) else None
    listed = profiles if isinstance(profiles, list) else []
    claimed = [profile.partition("|")[0] for profile in listed if isinstance(profile, str)]
    levels = [p.removeprefix(PROFILE).removeprefix("-") for p in claimed if p.startswith(PROFILE)]
    return [level for level in levels if level in ("", "L0", "L1", "L2")]


def _weight_stu2(patient: Patient) -> int:
    strong = sum(1 for types in _identifier_types(patient) if types & STRONG_TYPES)
    groups = sum(_contact_groups(patient))
    return (
        min(10, 5 * strong)
        + {0: 0, 1: 4}.get(groups, 5)
        + 3 * _has_full_name(patient)
        + 2 * _has(patient, "birthDate")
    )


def _weight_stu1(patient: Patient) -> int:
    types = list(_identifier_types(patient))
    return (
        10 * any("PPN" in t for t in types)
        + 10 * any(t & STATE_TYPES for t in types)
        + 4 * any(_contact_groups(patient))
        + 4 * _has_full_name(patient)
        + 2 * _has(patient, "birthDate")
    )


def _contact_groups(patient: Patient) -> list[bool]:
    """Which ways to tell or reach a person are there, each counted once whatever its number."""
    telecoms = [t.get("system") for t in _elements(patient, "telecom") if t.get("value")]
    return [
        any(_is_home(address) and _is_located(address) for address in _elements(patient, "address")),
        any(types and not types & STRONG_TYPES for types in _identifier_types(patient)),
        "email" in telecoms,
        "phone" in telecoms,
        bool(_elements(patient, "photo")),
    ]


def _identifier_types(patient: Patient) -> Iterator[set[str]]:
    """The type codes of every identifier with a value."""
    for identifier in _elements(patient, "identifier"):
        if identifier.get("value"):
            kind = identifier.get("type")
            codings = _elements(kind, "coding") if isinstance(kind, dict) else []
            yield {code for coding in codings if isinstance(code := coding.get("code"), str)}


def _is_home(address: Mapping[str, Any]) -> bool:
    return address.get("use") == "home"


def _is_located(address: Mapping[str, Any]) -> bool:
    located = address.get("postalCode") or (address.get("city") and address.get("state"))
    return bool(address.get("line")) and bool(located)


def _has_full_name(patient: Patient) -> bool:
    """A family and a given name, or a text that holds both."""
    return any(
        (name.get("family") and name.get("given")) or len(str(name.get("text") or "").split()) > 1
        for name in _elements(patient, "name")
    )


def _has(patient: Patient, field: str) -> bool:
    return bool(patient.get(field))


def _says_anything(patient: Patient) -> bool:
    """Invariant idi-1."""
    return (
        any(i.get("value") for i in _elements(patient, "identifier"))
        or any(t.get("value") for t in _elements(patient, "telecom"))
        or _has_full_name(patient)
        or any(a.get("line") and a.get("city") for a in _elements(patient, "address"))
        or _has(patient, "birthDate")
    )


def _names_are_names(patient: Patient) -> bool:
    """Invariant idi-2."""
    return all(n.get("given") or n.get("family") or n.get("text") for n in _elements(patient, "name"))


def _elements(owner: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    listed = owner.get(field)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
