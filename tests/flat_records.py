"""Flat records with dull defaults, as a source system sends them."""

from __future__ import annotations

from typing import Any


def a_record(local_id: str = "A-1", source: str = "north", **more: Any) -> dict[str, Any]:
    """A person with enough to be recognised by."""
    return {
        "source": source,
        "local_id": local_id,
        "given": "Crunchy",
        "family": "Armchair",
        "birth_date": "1980-02-03",
        "sex": "F",
        "ssn": "536-22-8714",
        "phone": "217-555-0143",
        "street": "12 Oak Street",
        "city": "Springfield",
        "state": "IL",
        "zip": "62701",
        **more,
    }


def another_person(local_id: str = "B-1", source: str = "north", **more: Any) -> dict[str, Any]:
    """Somebody who has nothing in common with ``a_record``."""
    other = {
        "given": "Bartholomew",
        "family": "Quince",
        "birth_date": "1951-11-27",
        "sex": "M",
        "ssn": "219-09-4471",
        "phone": "503-555-0188",
        "street": "4401 Harbor Boulevard",
        "city": "Portland",
        "state": "OR",
        "zip": "97206",
    }
    return a_record(local_id, source, **other, **more)
