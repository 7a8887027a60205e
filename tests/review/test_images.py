"""Pictures of the pages about pairs and people, taken when asked for, of people hard to tell apart."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from desk_calls import ADMIN, Desk, doubtful_pairs, register, served, sitting, twins
from desk_people import (
    long_names,
    many_with_one_phone,
    moved_and_married,
    one_person_many_records,
    scripts_and_tricks,
)
from mpi.index import Actor

IMAGES = Path(__file__).parents[2] / "docs" / "images"
LEAD = Actor(name="lead", role="steward")

pytestmark = pytest.mark.skipif(
    "MPI_UPDATE_IMAGES" not in os.environ, reason="writes docs/images when asked to"
)


def _task_of(desk: Desk, local_id: str) -> Any:
    tasks = desk.index.tasks(actor=ADMIN, limit=1000).items
    return next(task for task in tasks if any(ref.local_id == local_id for ref in task.records))


def _hard_to_tell(desk: Desk) -> None:
    many_with_one_phone(desk.index, 104, "617-442-0000")
    doubtful_pairs(desk.index, 6)
    twins(desk.index)
    moved_and_married(desk.index)
    scripts_and_tricks(desk.index)
    long_names(desk.index)
    for n in range(11):
        born, family = f"19{40 + 3 * n}-0{1 + n % 9}-1{n % 9}", f"Q{'aeiouy'[n % 6]}{'bdfgk'[n % 5]}rtz"
        register(
            desk.index, source="lab", local_id=f"Z{n}", family=family, birth_date=born, phone="999-999-9999"
        )
    person = {"family": "Zweibrucken", "given": "Ottilie", "birth_date": "1950-03-03", "city": "Boston"}
    register(
        desk.index, source="north", local_id="Y1", phone="999-999-9999", ssn="219-45-1101", sex="F",
        street="1 Elm St", **person
    )  # fmt: skip
    register(desk.index, source="lab", local_id="Y2", phone="617-442-0000", sex="M", **person)


def test_pictures_of_pairs(database_url: str, tmp_path: Path, chromium: Any) -> None:
    IMAGES.mkdir(exist_ok=True)
    with served(database_url, tmp_path, auth="off", approval_harm=30) as desk:
        _hard_to_tell(desk)
        with sitting(chromium, f"{desk.url}/review/tasks/{_task_of(desk, 'Y2').id}") as window:
            shot = window.page.screenshot
            shot(path=IMAGES / "review-pair.png")
            for name, local_id in (
                ("versions", "M7"),
                ("scripts", "R4"),
                ("long", "L" * 40),
                ("twins", "T2"),
            ):
                window.page.goto(f"{desk.url}/review/tasks/{_task_of(desk, local_id).id}")
                window.settled()
                shot(path=IMAGES / f"review-{name}.png")
            window.preview("m")
            shot(path=IMAGES / "review-preview.png")
            window.page.goto(f"{desk.url}/review/?view=potential_overlay")
            window.settled()
            shot(path=IMAGES / "review-empty.png")
            window.complaints.clear()  # taking a picture hides the cursor by a style of its own


def test_pictures_of_people(database_url: str, tmp_path: Path, chromium: Any) -> None:
    IMAGES.mkdir(exist_ok=True)
    with served(database_url, tmp_path, auth="off", second_reading_share=1.0) as desk:
        person = one_person_many_records(desk.index, 12, merged_by=LEAD)
        doubtful_pairs(desk.index, 3)
        tasks = desk.open_tasks()
        for task in tasks[:2]:
            desk.index.resolve(task.id, "different_people", "namesakes", task.version, actor=LEAD)
        desk.index.desk.read_again(tasks[0].id, "same_person", "one signature", actor=ADMIN)
        first, second = tasks[2].identities
        with sitting(chromium, f"{desk.url}/review/identities/{person}") as window:
            window.page.screenshot(path=IMAGES / "review-person.png", full_page=True)
            window.page.locator("figure.graph").screenshot(path=IMAGES / "review-cluster.png")
            for name, path in (
                ("merge", f"identities/{first}/merge?with={second}"),
                ("readings", "readings"),
            ):
                window.page.goto(f"{desk.url}/review/{path}")
                window.settled()
                window.page.screenshot(path=IMAGES / f"review-{name}.png", full_page=True)
            window.page.goto(f"{desk.url}/review/search")
            window.page.fill("#q", "Castelano")
            window.page.wait_for_selector("#found table")
            window.page.screenshot(path=IMAGES / "review-search.png")
            window.complaints.clear()


def test_pictures_on_a_tablet_and_on_paper(open_desk: Desk, chromium: Any, tmp_path: Path) -> None:
    moved_and_married(open_desk.index)
    doubtful_pairs(open_desk.index, 4)
    url = f"{open_desk.url}/review/tasks/{_task_of(open_desk, 'M7').id}"
    with sitting(chromium, url, width=820, height=1180) as window:
        window.page.screenshot(path=IMAGES / "review-tablet.png")
        window.page.emulate_media(media="print")
        window.page.screenshot(path=IMAGES / "review-print.png")
        window.complaints.clear()
