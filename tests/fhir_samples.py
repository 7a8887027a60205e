"""Patients that others wrote: where they are, and how they are found in what surrounds them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Beside the checkout, when they are there; never part of it.
SAMPLES = Path(__file__).parents[2] / "shared" / "data" / "interop" / "fhir"


def inside(value: Any) -> Iterator[dict[str, Any]]:
    """Every Patient in a document."""
    if isinstance(value, dict):
        if value.get("resourceType") == "Patient":
            yield value
        else:
            for inner in value.values():
                yield from inside(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from inside(inner)
