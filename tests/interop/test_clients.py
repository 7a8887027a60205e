"""Clients written by others do their work against us."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SECONDS_MAX = 60


def told(*command: str) -> str:
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def test_fhir_kit_client(served: str, node: str) -> None:
    assert told(node, "fhir_kit_client.mjs", served) == "ok"


@pytest.mark.parametrize("name", ["fhirpy_client.py", "fhirclient_client.py"])
def test_python_clients(served: str, other_python: Path, name: str) -> None:
    assert told(str(other_python), name, served) == "ok"
