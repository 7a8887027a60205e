"""A desk on a database of the test's own, and a browser for the session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desk_calls import CHROMIUM, Desk, served


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk that asks who is there."""
    with served(database_url, tmp_path) as desk:
        yield desk


@pytest.fixture
def open_desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk with MPI_AUTH=off."""
    with served(database_url, tmp_path, auth="off") as desk:
        yield desk


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's browser; tests that need it are skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("no chromium: make setup-browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()
