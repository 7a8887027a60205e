"""Whatever Patient arrives, the answer comes within a second and is no failure of ours."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from fhir_client import NORTH, SOUTH, Fhir, patient
from fhir_samples import SAMPLES, inside

SECONDS_MAX = 1.0
#: What is put in the place of values: of every type, some too large, some no text.
ODD: list[Any] = [
    None, True, False, 0, -1, 2**31, 2**70, 1.5, 1e308, "", " ", "\u202e", "a" * 5_000, "\x01", "x|y",
    "2026-13-45", "0000", "1980-02-30T25:61:61Z", [], {}, [[]], [None], [{}], [[], {}], {"value": []},
    ["x"] * 300, {"a": {"a": {}}}, "Robert'); DROP TABLE record;--", "<script>", "%00", "é" * 100,
    "\U0001f468\u200d\U0001f469", "urn:oid:", "NaN",
]  # fmt: skip


def seeds() -> list[dict[str, Any]]:
    """Patients to begin with: ours, and those of others where they are."""
    ours = [
        patient("1"),
        patient("77", system=SOUTH, deceasedBoolean=True, multipleBirthInteger=2),
        patient("5", link=[{"type": "replaced-by", "other": {"identifier": {"system": NORTH, "value": "1"}}}],
                active=False),
        patient(None, contact=[{"name": {"family": "Fox"}, "relationship": [{"text": "mother"}]}],
                extension=[{"url": "urn:mpi:patient-mother-identifier",
                            "valueIdentifier": {"system": NORTH, "value": "1"}}]),
    ]  # fmt: skip
    paths = sorted(SAMPLES.glob("*.json")) if SAMPLES.exists() else []
    return ours + [found for path in paths for found in inside(json.loads(path.read_text(encoding="utf-8")))]


def mutated(chance: random.Random, seed: dict[str, Any]) -> dict[str, Any]:
    """A copy with a few places changed, removed, repeated or put elsewhere."""
    whole = copy.deepcopy(seed)
    for _ in range(chance.randint(1, 6)):
        places = list(containers(whole))
        holder, key = chance.choice(places)
        match chance.randrange(5):
            case 0:
                holder[key] = copy.deepcopy(chance.choice(ODD))
            case 1 if isinstance(holder, list) or key != "resourceType":
                del holder[key]
            case 2 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case 3:
                other, from_ = chance.choice(places)
                if key in other if isinstance(other, dict) else True:
                    holder[key] = copy.deepcopy(other[from_])
            case _:
                if isinstance(holder, dict):
                    added = chance.choice(["", "_name", "value", "é", "name"])
                    holder[added] = copy.deepcopy(chance.choice(ODD))
    return whole


def containers(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document, as its holder and the key or index in it."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from containers(value[key])


def requests(chance: random.Random, body: dict[str, Any]) -> tuple[str, str, Any]:
    """One of the requests that take a Patient."""
    message = {
        "resourceType": "Bundle",
        "type": "message",
        "entry": [
            {"resource": {"resourceType": "MessageHeader", "eventUri": "urn:ihe:iti:pmir:2019:patient-feed"}},
            {"resource": {"resourceType": "Bundle", "type": "history",
                          "entry": [{"resource": body, "request": {"method": "PUT", "url": "Patient"}}]}},
        ],
    }  # fmt: skip
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": body}]}
    return chance.choice(
        [
            ("POST", "/Patient/$match", body),
            ("POST", "/Patient/$match", parameters),
            ("POST", "/Patient/$idi-match", parameters),
            ("POST", "/Patient", body),
            ("PUT", f"/Patient?identifier={NORTH}|1", body),
            ("POST", "/$process-message", message),
        ]
    )


def sent(fhir: Fhir, count: int, seed: int) -> None:
    fhir.keeps = False
    chance = random.Random(seed)
    begun_with = seeds()
    for number in range(count):
        body = mutated(chance, chance.choice(begun_with))
        method, path, document = requests(chance, body)
        content = json.dumps(document)
        began = time.process_time()
        response = fhir.ask(method, path, content)
        # Of this process, which is client and server in one: other programs on the machine do not count.
        seconds = time.process_time() - began
        assert response.status_code < 500, f"{seed}/{number} {method} {path}: {content[:2_000]}"
        assert seconds < SECONDS_MAX, f"{seed}/{number} {method} {path}: {seconds:.2f} s"


def test_mutated_patients(fhir: Fhir) -> None:
    sent(fhir, 300, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_very_many_mutated_patients(fhir: Fhir, seed: int) -> None:
    sent(fhir, 1_000, seed)
