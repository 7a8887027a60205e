"""Values that many people have: how many share a number, and whether it was ignored as a placeholder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mpi.matching.blocking import SHARED_BY_MANY, blocking_keys, without_values
from mpi.matching.record import NormalizedRecord
from mpi.patient.terms import email_term, folded, phone_terms, quoted
from mpi.services.answers import FlatRecord
from mpi.services.context import Context
from mpi.storage.candidates import BLOCK_MAX
from mpi.storage.database import Connection
from mpi.storage.queries import query

#: Records of one value that are looked at; a value with more says "or more".
SHARERS_MAX: Final = 500
#: Fields whose placeholders are counted → the search term of a value.
_TERMS: Final[dict[str, Callable[[str], str]]] = {
    "phone": lambda text: phone_terms(text)[-1],
    "ssn": lambda text: "V" + folded(text),
    "email": lambda text: "E" + email_term(text),
}
#: The part of a blocking pass that stands alone in it → the field it is shown in.
_FIELD_OF_PART: Final = {"ssn": "ssn", "phone": "phone", "email": "email", "identifier": "record_number"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedValue:
    """A value of a record that others have too.

    ``people`` counts identities, the record's own included; ``is_cut``: they are that many or more;
    ``reason`` is why the value is no evidence, None where it is; ``key`` is the value's own blocking key.
    """

    field: str
    people: int
    is_cut: bool
    reason: str | None
    key: int | None


def shared_values(
    context: Context, conn: Connection, records: Sequence[tuple[NormalizedRecord, FlatRecord]]
) -> list[tuple[SharedValue, ...]]:
    """For each record the values that more than two people have, and the placeholders; two statements."""
    passes = {
        one.name: _FIELD_OF_PART[one.key[0]]
        for one in context.rules.blocking_passes
        if len(one.key) == 1 and one.key[0] in _FIELD_OF_PART
    }
    keys = [
        (place, passes[key.pass_name], key.key)
        for place, (normalized, _) in enumerate(records)
        for key in blocking_keys(normalized, context.rules)
        if key.pass_name in passes
    ]
    sent = [
        (place, dropped.field, dropped.reason, quoted(_TERMS[dropped.field](flat[dropped.field])))
        for place, (normalized, flat) in enumerate(records)
        for dropped in normalized.dropped
        if dropped.field in _TERMS and flat.get(dropped.field)
    ]
    counted = _counts(conn, "sharers_of_keys", [key for _, _, key in keys])
    ignored = _counts(conn, "sharers_of_terms", [term for *_, term in sent])
    found: list[list[SharedValue]] = [[] for _ in records]
    for place, field, reason, term in sent:
        count, people = ignored.get(term, (1, 1))
        found[place].append(_value(field, people, count, reason, None))
    for place, field, key in keys:
        count, people = counted.get(key, (1, 1))
        if people > 2:
            too_many = SHARED_BY_MANY if count > BLOCK_MAX else None
            found[place].append(_value(field, people, count, too_many, key))
    return [tuple(one) for one in found]


def as_evidence(
    context: Context, record: NormalizedRecord, shared: Sequence[SharedValue]
) -> NormalizedRecord:
    """The record as the machine compares it: without the values that too many have."""
    keys = {one.key for one in shared if one.reason == SHARED_BY_MANY and one.key is not None}
    return without_values(record, keys, context.rules) if keys else record


def _value(field: str, people: int, count: int, reason: str | None, key: int | None) -> SharedValue:
    return SharedValue(field=field, people=people, is_cut=count > SHARERS_MAX, reason=reason, key=key)


def _counts(conn: Connection, name: str, values: list[Any]) -> dict[Any, tuple[int, int]]:
    """Value → how many records, at most one more than are looked at, and how many identities have it."""
    if not values:
        return {}
    parameters = {"values": values, "limit": SHARERS_MAX + 1}
    return {value: (count, people) for value, count, people in conn.execute(query(name), parameters)}
