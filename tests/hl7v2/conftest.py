"""An index on a database of the test's own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from api_client import settings_of
from hl7v2_messages import ADMIN, SOURCES, Wire
from mpi.index import Index


@pytest.fixture
def index(database_url: str, tmp_path: Path) -> Iterator[Index]:
    """Open for the test; sources and authorities are declared on sight."""
    with Index.open(settings_of(database_url, tmp_path)) as index:
        yield index


@pytest.fixture
def wire(database_url: str, tmp_path: Path) -> Iterator[Wire]:
    """Messages to an index whose sources are declared, and no others."""
    settings = settings_of(database_url, tmp_path).model_copy(update={"auto_declare": False})
    with Index.open(settings) as index:
        index.apply_sources(SOURCES, actor=ADMIN)
        yield Wire(index)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a certificate for localhost, one for a client, and one of another authority."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    for authority in ("ca", "other"):
        openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={authority}",
            "-keyout", f"{authority}.key", "-out", f"{authority}.pem",
        )  # fmt: skip
    for name, authority in (("localhost", "ca"), ("epic.north", "ca"), ("stranger", "other")):
        (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{name}")
        openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/O=Test/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr",
        )  # fmt: skip
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
            "-CAcreateserial", "-days", "1", "-extfile", f"{name}.ext", "-out", f"{name}.pem",
        )  # fmt: skip
    return folder
