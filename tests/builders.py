"""Flat records with dull defaults, so that a test names only what it is about."""

from __future__ import annotations

from itertools import count
from typing import Any

from mpi.services.answers import Actor

CLERK = Actor(name="clerk", role="registrar")
STEWARD = Actor(name="steward", role="steward")

_numbers = count(1)

#: Somebody with enough to be recognised by.
GRACE = {
    "given": "Grace",
    "family": "Okonkwo",
    "birth_date": "1974-02-11",
    "sex": "F",
    "ssn": "219-45-8813",
    "phone": "(617) 442-0198",
    "street": "48 Alder Street",
    "city": "Boston",
    "state": "MA",
    "zip": "02118",
}

#: Somebody else altogether.
TOMAS = {
    "given": "Tomás",
    "family": "Lindqvist",
    "birth_date": "1951-09-30",
    "sex": "M",
    "ssn": "402-66-1207",
    "phone": "(503) 771-2299",
    "street": "9 Quarry Road",
    "city": "Portland",
    "state": "OR",
    "zip": "97206",
}


def a_record(source: str = "north", local_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """Grace as ``source`` sends her, with ``fields`` changed; None takes one away."""
    return _sent(GRACE, source, local_id, fields)


def another(source: str = "north", local_id: str | None = None, **fields: Any) -> dict[str, Any]:
    """Tomás, likewise."""
    return _sent(TOMAS, source, local_id, fields)


def _sent(
    person: dict[str, Any], source: str, local_id: str | None, fields: dict[str, Any]
) -> dict[str, Any]:
    flat = {"source": source, "local_id": local_id or f"r{next(_numbers)}", **person, **fields}
    return {name: value for name, value in flat.items() if value is not None}
