"""Validators written by others over every response that the tests of the face produced.

`make test-interop` runs those tests first, with ``MPI_TEST_RESPONSES`` naming the file they write.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SECONDS_MAX = 300


@pytest.fixture(scope="module")
def responses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distinct resources, those inside bundles and Parameters with them."""
    written = Path(os.environ.get("MPI_TEST_RESPONSES", ""))
    if not written.is_file():
        pytest.skip("no responses were kept: make test-interop keeps them")
    kept = tmp_path_factory.mktemp("responses") / "responses.ndjson"
    kept.write_text("".join(sorted(set(written.read_text(encoding="utf-8").splitlines(keepends=True)))))
    return kept


def faults(*command: str) -> list[dict[str, Any]]:
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_npm_fhir(responses: Path, node: str) -> None:
    assert faults(node, "validate_fhir.mjs", str(responses)) == []


def test_medplum(responses: Path, node: str) -> None:
    assert faults(node, "validate_medplum.mjs", str(responses)) == []


def test_fhir_resources(responses: Path, other_python: Path) -> None:
    assert faults(str(other_python), "validate_fhir_resources.py", str(responses)) == []
