"""What operators rely on is written down: settings, invariants, events."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mpi.fhir.asked_parameters import KINDS
from mpi.fhir.interactions import INTERACTIONS, Served
from mpi.identity.change import EventType
from mpi.review.pages import PAGES, DeskPage
from mpi.settings import Settings, environment_variable
from mpi.storage.queries import queries

ROOT = Path(__file__).parents[1]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_described(name: str) -> None:
    assert f"`{environment_variable(name)}`" in text("docs/operating.md")


@pytest.mark.parametrize("name", sorted(name for name in queries() if re.fullmatch(r"I\d+", name)))
def test_every_invariant_is_described(name: str) -> None:
    assert f"| {name} |" in text("docs/operating.md")


@pytest.mark.parametrize("event", sorted(EventType))
def test_every_event_is_described(event: str) -> None:
    assert f"`{event}`" in text("docs/api.md")


def test_links_between_documents_lead_somewhere() -> None:
    for document in [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "matching_rules").glob("*.md"),
    ]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_constraints_are_names_and_versions_only() -> None:
    for line in text("constraints.txt").splitlines():
        assert re.fullmatch(r"[\w.-]+==[\w.]+", line), line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_of_the_desk_is_described(page: DeskPage) -> None:
    assert f"| `{page.method} /review{page.path}` |" in text("docs/review.md")


@pytest.mark.parametrize("one", INTERACTIONS, ids=lambda one: f"{one.method} {one.path}")
def test_every_fhir_interaction_is_described(one: Served) -> None:
    assert f"| `{one.method} /fhir{one.path}` |" in text("docs/fhir.md")


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_search_parameter_is_described(name: str) -> None:
    assert f"`{name}`" in text("docs/fhir.md")
