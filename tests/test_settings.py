"""Settings: read from the environment once, refused by the name of the variable, silent about secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpi.errors import BadInput
from mpi.settings import Settings, environment_variable


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(environment_variable(name), raising=False)


def test_needs_nothing_to_be_set() -> None:
    settings = Settings.read()
    assert settings.is_embedded
    assert settings.auth == "on" and not settings.declares_on_sight
    assert settings.home == Path("~/.local/share/mpi").expanduser()


def test_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://clerk@db.example/mpi")
    monkeypatch.setenv("MPI_AUTH", "OFF")
    monkeypatch.setenv("MPI_HOME", "~/index")
    monkeypatch.setenv("MPI_POOL_SIZE", "")
    settings = Settings.read()
    assert not settings.is_embedded
    assert settings.database_url == "postgresql://clerk@db.example/mpi"
    assert settings.auth == "off" and settings.declares_on_sight
    assert settings.home == Path.home() / "index"
    assert settings.pool_size == 8, "empty counts as unset"


@pytest.mark.parametrize(
    ("variable", "nonsense"),
    [
        ("MPI_AUTH", "maybe"),
        ("MPI_POOL_SIZE", "many"),
        ("MPI_POOL_TIMEOUT_SECONDS", "-1"),
        ("MPI_PG_SHARED_BUFFERS", "256"),
        ("DATABASE_URL", "mysql://clerk:hunter2@db.example/mpi"),
    ],
)
def test_refuses_nonsense_by_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, nonsense: str
) -> None:
    monkeypatch.setenv(variable, nonsense)
    with pytest.raises(BadInput, match=f"^{variable}: ") as refused:
        Settings.read()
    assert refused.value.field == variable
    assert nonsense not in str(refused.value)


def test_never_shows_the_databases_password() -> None:
    settings = Settings(database_url="postgresql://clerk:hunter2@db.example/mpi")
    assert "hunter2" not in f"{settings!r} {settings}"


def test_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().auth = "off"  # type: ignore[misc]


def test_every_setting_is_explained() -> None:
    assert all(field.description for field in Settings.model_fields.values())
