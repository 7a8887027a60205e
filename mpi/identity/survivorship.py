"""The best record of an identity: which of its members' values are shown, chosen by rules and always the same
way.

What belongs together is chosen together: a street never comes with another record's city, nor a given name
with another record's family name. A placeholder never beats a value that counts as evidence, and an address
never one that says the same and more.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from mpi.errors import InvalidRuleSet
from mpi.matching.flat import LIST_FIELDS, source_record
from mpi.matching.normalization import normalize
from mpi.matching.record import NormalizedAddress, NormalizedRecord

#: Entries of a list shown in a best record.
LIST_LENGTH_MAX = 50


class Criterion(StrEnum):
    """What makes one value better than another."""

    #: The rank of its source, higher first.
    TRUST = "trust"
    #: When it was received, latest first.
    RECENCY = "recency"
    #: How many members say the same once normalized.
    FREQUENCY = "frequency"
    #: How many of its parts are there: a middle name, the day of a birth date, a ZIP.
    COMPLETENESS = "completeness"


#: What is chosen as one: the name of the group and its fields in the flat record.
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "name": ("given", "middle", "family", "suffix"),
        "birth_date": ("birth_date",),
        "sex": ("sex",),
        "ssn": ("ssn",),
        "mrn": ("mrn",),
        "phone": ("phone",),
        "email": ("email",),
        "address": ("street", "city", "state", "zip"),
        "mother_maiden": ("mother_maiden",),
        "multiple_birth": ("multiple_birth", "birth_order"),
        "deceased": ("deceased",),
    }
)

_STABLE = (Criterion.FREQUENCY, Criterion.TRUST, Criterion.RECENCY)
_CHANGING = (Criterion.RECENCY, Criterion.TRUST, Criterion.COMPLETENESS)
#: People move and get new numbers, so there the latest counts; a birth date does not change, so the majority
#: does.
_DEFAULT_ORDERS: Mapping[str, tuple[Criterion, ...]] = MappingProxyType(
    {
        "name": (Criterion.TRUST, Criterion.COMPLETENESS, Criterion.RECENCY, Criterion.FREQUENCY),
        "birth_date": (Criterion.COMPLETENESS, *_STABLE),
        "sex": _STABLE,
        "ssn": (Criterion.COMPLETENESS, *_STABLE),
        "mrn": (Criterion.TRUST, Criterion.RECENCY),
        "phone": _CHANGING,
        "email": _CHANGING,
        "address": _CHANGING,
        "mother_maiden": _STABLE,
        "multiple_birth": (Criterion.COMPLETENESS, *_STABLE),
        "deceased": (Criterion.RECENCY, Criterion.TRUST),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRecord:
    """One record of an identity: its source, how much that is trusted, and the flat record as sent."""

    source: str
    trust: int
    received_at: datetime
    flat: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurvivorshipRules:
    """Group → criteria, the first that tells two values apart decides."""

    orders: Mapping[str, tuple[Criterion, ...]] = field(default_factory=lambda: _DEFAULT_ORDERS)


def survivorship_rules(table: Mapping[str, Any]) -> SurvivorshipRules:
    """The rules of a ``[survivorship]`` table such as ``{name = ["trust", "recency"]}``; groups left out keep
    theirs.

    Raises InvalidRuleSet, naming the key, for an unknown group or criterion and for an order without any.
    """
    orders = dict(_DEFAULT_ORDERS)
    for group, words in table.items():
        key = f"survivorship.{group}"
        if group not in GROUPS:
            raise InvalidRuleSet(f"{key}: no such group; there are {', '.join(GROUPS)}", field=key)
        if not isinstance(words, list) or not words or len(set(map(str, words))) != len(words):
            raise InvalidRuleSet(f"{key}: a list of different criteria is wanted", field=key)
        unknown = [word for word in words if word not in tuple(Criterion)]
        if unknown:
            raise InvalidRuleSet(f"{key}: {unknown[0]!r} is none of {', '.join(Criterion)}", field=key)
        orders[group] = tuple(Criterion(word) for word in words)
    return SurvivorshipRules(orders=MappingProxyType(orders))


def best_record(records: Sequence[MemberRecord], rules: SurvivorshipRules) -> dict[str, Any]:
    """The flat record, without source and local ID, that the members of an identity make together.

    Phones, e-mails and identifiers that were not chosen are listed; so are the further names and addresses
    that members list. No record makes an empty one.
    """
    members = [_Read.of(record) for record in sorted(records, key=_by_arrival)]
    best: dict[str, Any] = {}
    for group, names in GROUPS.items():
        having = [member for member in members if member.parts(names)]
        if group == "address":
            having = _fullest(having)
        if having:
            best |= min(having, key=_ranking(group, having, rules.orders[group])).parts(names)
    for name in LIST_FIELDS:
        if entries := _entries(name, members, best):
            best[name] = entries
    return best


class _Read(NamedTuple):
    """A member with the first of each of its values normalized, to tell placeholders and equal values."""

    record: MemberRecord
    normalized: NormalizedRecord
    dropped: frozenset[str]

    @classmethod
    def of(cls, record: MemberRecord) -> _Read:
        sent = source_record(record.flat, reference_required=False)
        first = replace(
            sent,
            names=sent.names[:1],
            addresses=sent.addresses[:1],
            phones=sent.phones[:1],
            emails=sent.emails[:1],
        )
        normalized = normalize(first)
        return cls(record, normalized, frozenset(dropped.field for dropped in normalized.dropped))

    def parts(self, names: Sequence[str]) -> dict[str, Any]:
        """The flat fields of a group that are there."""
        flat = self.record.flat
        return {name: flat[name] for name in names if flat.get(name) is not None}

    def street_address(self) -> dict[str, str]:
        """Its address made comparable, part by part; as sent where normalizing left nothing."""
        for address in self.normalized.addresses:
            return address._asdict()
        sent = self.parts(GROUPS["address"])
        return {part: str(sent.get(part, "")).upper() for part in NormalizedAddress._fields}

    def said(self, group: str) -> object:
        """What the group says once normalized; equal for equal values in different clothes."""
        normalized = self.normalized
        known: dict[str, object] = {
            "name": [name[:3:2] for name in normalized.names],
            "birth_date": normalized.birth_date,
            "sex": normalized.sex,
            "ssn": [i.value for i in normalized.identifiers if i.authority == "SSN"],
            "phone": normalized.phones,
            "email": normalized.emails,
            "address": normalized.addresses,
            "mother_maiden": normalized.mother_maiden,
        }
        return known.get(group) or _written(self.parts(GROUPS[group]))

    def completeness(self, group: str) -> int:
        """How many parts of the group are there; of a birth date, those that are known; of an SSN, its
        digits."""
        if group == "birth_date" and self.normalized.birth_date:
            return sum(1 for part in self.normalized.birth_date if part)
        if group == "ssn":
            return max((len(i.value) for i in self.normalized.identifiers if i.authority == "SSN"), default=0)
        return len(self.parts(GROUPS[group]))


def _fullest(having: Sequence[_Read]) -> list[_Read]:
    """The members whose address is not a part of another's.

    An address is one value: a city alone does not tell that somebody moved out of their street, so without a
    street it yields to any that has one. What names the same street with fewer parts confirms the fuller
    address, which from then on counts as received when it was confirmed.
    """
    streets = [member for member in having if member.street_address()["street"]]
    fullest: list[_Read] = []
    for member in sorted(
        streets or having, key=lambda m: (-m.completeness("address"), _by_arrival(m.record))
    ):
        said = {part: value for part, value in member.street_address().items() if value}
        known = [
            place for place, other in enumerate(fullest) if said.items() <= other.street_address().items()
        ]
        if not known:
            fullest.append(member)
        for place in known:
            received_at = max(fullest[place].record.received_at, member.record.received_at)
            confirmed = replace(fullest[place].record, received_at=received_at)
            fullest[place] = fullest[place]._replace(record=confirmed)
    return fullest


def _by_arrival(record: MemberRecord) -> tuple[datetime, str, str]:
    return record.received_at, record.source, _written(record.flat)


def _written(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _ranking(group: str, having: Sequence[_Read], order: Sequence[Criterion]) -> Any:
    """The key by which the best of ``having`` is least; ties go to trust, then the earliest."""
    counts = Counter(_written(member.said(group)) for member in having)

    def place(member: _Read) -> tuple[float, ...]:
        merits = {
            Criterion.TRUST: float(member.record.trust),
            Criterion.RECENCY: member.record.received_at.timestamp(),
            Criterion.FREQUENCY: float(counts[_written(member.said(group))]),
            Criterion.COMPLETENESS: float(member.completeness(group)),
        }
        placeholders = len(member.dropped.intersection(GROUPS[group]))
        return (placeholders, *(-merits[criterion] for criterion in order), -merits[Criterion.TRUST])

    return place


def _entries(name: str, members: Sequence[_Read], best: Mapping[str, Any]) -> list[Any]:
    """The entries of a list field over all members, the chosen value and repetitions left out."""
    single = {"phones": "phone", "emails": "email"}.get(name)
    values: list[Any] = []
    for member in sorted(members, key=lambda member: -member.record.trust):
        if single and member.record.flat.get(single) is not None:
            values.append(member.record.flat[single])
        values += member.record.flat.get(name) or ()
    distinct = {_written(value): value for value in values}
    if single is not None and single in best:
        distinct.pop(_written(best[single]), None)
    return list(distinct.values())[:LIST_LENGTH_MAX]
