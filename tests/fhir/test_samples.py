"""Every Patient that others wrote, registered and matched; read where the samples are, else skipped."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from fhir_client import Fhir
from fhir_samples import SAMPLES, inside

SECONDS_MAX = 1.0


def patients() -> Iterator[Any]:
    """Every Patient of every file, those in bundles too."""
    for path in sorted(SAMPLES.glob("*.json")) if SAMPLES.exists() else ():
        for number, found in enumerate(inside(json.loads(path.read_text(encoding="utf-8")))):
            yield pytest.param(found, id=f"{path.stem}-{number}")


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here")
@pytest.mark.parametrize("sample", list(patients()))
def test_registered_and_matched(fhir: Fhir, sample: dict[str, Any]) -> None:
    fhir.keeps = False
    began = time.perf_counter()
    bare = {name: value for name, value in sample.items() if name not in ("link", "active")}
    made = fhir.ask("POST", "/Patient", bare)
    assert made.status_code == 201, made.text
    matched = fhir.ask("POST", "/Patient/$match", bare)
    assert matched.status_code == 200, matched.text
    assert time.perf_counter() - began < 2 * SECONDS_MAX
    stored = made.json()
    for element in ("name", "telecom", "address", "birthDate", "gender", "extension", "maritalStatus"):
        assert stored.get(element) == (bare.get(element) or None), element
    entries = [e for e in matched.json().get("entry", []) if e["search"]["mode"] == "match"]
    told = {
        issue["code"]
        for e in matched.json().get("entry", [])
        if e["search"]["mode"] == "outcome"
        for issue in e["resource"]["issue"]
    }
    assert entries or told, "neither a match nor a reason"
