"""The stored form of a normalized record: positional lists, small as JSON and quick to read back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mpi.matching.record import (
    Dropped,
    NormalizedAddress,
    NormalizedIdentifier,
    NormalizedName,
    NormalizedRecord,
    PartialDate,
    TemporaryName,
)

#: Raised when the positions below change; rows of another form must be normalized again.
FORM = 1

_name = NormalizedName._make
_identifier = NormalizedIdentifier._make
_address = NormalizedAddress._make
_dropped = Dropped._make


def to_stored(record: NormalizedRecord) -> list[Any]:
    """The record as one JSON-able list: its form, then the fields in the order of ``NormalizedRecord``.

    Trailing fields that hold nothing are left out.
    """
    stored: list[Any] = [
        FORM,
        [list(name) for name in record.names],
        list(record.birth_date) if record.birth_date else None,
        record.sex,
        [list(identifier) for identifier in record.identifiers],
        [list(address) for address in record.addresses],
        list(record.phones),
        list(record.emails),
        record.mother_maiden,
        record.multiple_birth,
        record.birth_order,
        record.deceased,
        list(record.temporary_name) if record.temporary_name else None,
        [list(dropped) for dropped in record.dropped],
    ]
    # False is a statement (not deceased, not a multiple birth) and equals 0, so it is asked for by itself.
    while len(stored) > 1 and (stored[-1] is None or stored[-1] in ("", 0, [])) and stored[-1] is not False:
        stored.pop()
    return stored


def from_stored(stored: Sequence[Any]) -> NormalizedRecord:
    """The normalized record of a stored list. Raises ValueError on a form that this version does not know."""
    if stored[0] != FORM:
        raise ValueError(f"stored form {stored[0]!r} is not {FORM}: normalize the source record again")
    count = len(stored)
    if count < _FULL:
        stored = [*stored, *_NOTHING[count:]]
    (
        _,
        names,
        date,
        sex,
        identifiers,
        addresses,
        phones,
        emails,
        maiden,
        multiple,
        order,
        dead,
        temporary,
        out,
    ) = stored
    return NormalizedRecord(
        names=tuple(map(_name, names)),
        birth_date=PartialDate(*date) if date else None,
        sex=sex,
        identifiers=tuple(map(_identifier, identifiers)),
        addresses=tuple(map(_address, addresses)),
        phones=tuple(phones),
        emails=tuple(emails),
        mother_maiden=maiden,
        multiple_birth=multiple,
        birth_order=order,
        deceased=dead,
        temporary_name=TemporaryName(*temporary) if temporary else None,
        dropped=tuple(map(_dropped, out)),
    )


_NOTHING: tuple[Any, ...] = (FORM, (), None, "", (), (), (), (), "", None, 0, None, None, ())
_FULL = len(_NOTHING)
