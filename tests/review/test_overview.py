"""The overview: rates as AHIMA defines them, every number led to what it counts, charts with their tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api_client import settings_of
from builders import GRACE
from desk_calls import ADMIN, PAYLOADS, Desk, doubtful_pairs, register, sitting, twins
from mpi.errors import BadInput
from mpi.index import Actor, Index

ADA = Actor(name="ada", role="reviewer")
TODAY = datetime.now(UTC).date().isoformat()


@pytest.fixture
def index(database_url: str, tmp_path: Path) -> Iterator[Index]:
    with Index.open(settings_of(database_url, tmp_path)) as index:
        yield index


def _known_duplicate(index: Index) -> None:
    """One person, two records of one source that the machine links."""
    register(index, source="north", local_id="G1", **GRACE)
    assert register(index, source="north", local_id="G2", **GRACE).decision == "linked"


def _content(index: Index) -> dict[str, Any]:
    figure = index.desk.overview(actor=ADA).figure
    assert figure is not None
    return figure.content


def test_duplicates_are_counted_as_ahima_defines_them(index: Index) -> None:
    _known_duplicate(index)
    doubtful_pairs(index, 4)  # of each three pairs one is within north, the others between north and lab
    content = _content(index)
    counted = {name: numbers for name, *numbers in content["duplicates"]}
    assert counted["north"] == [2 + 4 + 2, 2, 4], "records, known, asked about besides"
    assert counted["lab"] == [2, 0, 0]
    assert content["created"] == [[TODAY, "north", 1]]
    [task] = [t for t in index.tasks(actor=ADMIN).items if t.kind == "potential_duplicate"][:1]
    index.resolve(task.id, "same_person", "one passport", task.version, actor=ADMIN)
    with psycopg.connect(index.desk.context.pool.conninfo) as conn:
        conn.execute("DELETE FROM figure")
    counted = {name: numbers for name, *numbers in _content(index)["duplicates"]}
    assert counted["north"] == [8, 4, 2], "a merge makes a suspected duplicate a known one"


def test_arrivals_are_told_by_what_became_of_them(index: Index) -> None:
    _known_duplicate(index)
    doubtful_pairs(index, 3)
    register(index, source="north", local_id="G2", **{**GRACE, "phone": "6175550142"})
    found = {(name, outcome): count for _, name, outcome, count in _content(index)["arrivals"]}
    assert found == {
        ("north", "new"): 4,
        ("north", "linked"): 1,
        ("north", "review"): 1,
        ("lab", "review"): 2,
    }
    for (name, outcome), count in found.items():
        asked = {"source": name, "outcome": outcome, "day": TODAY}
        behind = index.desk.records_behind("arrivals", asked, "", actor=ADA)
        assert len(behind.records) == count, "the number and what is behind it"
        assert {row.source for row in behind.records} == {name}


def test_what_is_behind_a_number_is_paged_to_its_end(index: Index) -> None:
    for n in range(30):
        person = {
            **GRACE,
            "given": f"Given{n}",
            "family": f"Family{chr(97 + n % 26)}{n}",
            "ssn": f"2{n:02}-45-{8100 + 13 * n}",
        }
        person |= {
            "birth_date": f"{1930 + n}-02-11",
            "phone": f"61744{20000 + 137 * n}",
            "street": f"{n} Elm Street",
        }
        register(index, source="north", local_id=f"A{n}", **person)
        register(index, source="north", local_id=f"B{n}", **person)
    _content(index)
    for figure, asked in (
        ("records", {"source": "north"}),
        ("duplicates", {"source": "north"}),
        ("created", {"source": "north"}),
        ("arrivals", {"source": "north", "outcome": "linked", "day": TODAY}),
    ):
        found, after = [], ""
        while True:
            page = index.desk.records_behind(figure, asked, after, actor=ADA)
            found += [row.local_id for row in page.records]
            if page.next is None:
                break
            after = page.next
        assert len(found) == len(set(found)) == (30 if figure in ("arrivals", "created") else 60), figure
    for figure, asked in (
        ("records", {"source": "nowhere"}),
        ("guesses", {}),
        ("arrivals", {"source": "north"}),
    ):
        with pytest.raises(BadInput):
            index.desk.records_behind(figure, asked, "", actor=ADA)


def test_harm_is_reckoned_anew_as_activity_fades(index: Index, database_url: str) -> None:
    doubtful_pairs(index, 3)
    before = {task.id: task.priority for task in index.tasks(actor=ADMIN).items}
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE record SET received_at = received_at - interval '400 days'")
    assert "harm" in index.desk.refresh()
    after = {task.id: task.priority for task in index.tasks(actor=ADMIN).items}
    assert all(after[id] < before[id] for id in before)
    assert index.desk.refresh() == [], "nothing is due"


def test_every_number_of_the_overview_leads_to_what_it_counts(desk: Desk, chromium: Any) -> None:
    _known_duplicate(desk.index)
    doubtful_pairs(desk.index, 6)
    for task in desk.open_tasks()[:2]:
        desk.index.resolve(task.id, "same_person", "one passport", task.version, actor=ADMIN)
    with sitting(chromium, desk.link()) as window:
        window.page.goto(f"{desk.url}/review/overview?source=north")
        window.settled()
        assert window.page.locator(".chart canvas").count() == 2, "drawn, under the page's policy"
        told = window.page.locator("#main").inner_text().lower()
        assert not re.search(r"\bprecision\b|\brecall\b", told)
        links = window.page.locator("#main td a, .tiles a").evaluate_all(
            "links => links.map(link => [link.getAttribute('href'), link.textContent])"
        )
        assert len(links) > 12
        inside = [href for href, _ in links if href.startswith("#")]
        assert all(window.page.locator(href).count() == 1 for href in inside)
        for href, text in [link for link in links if link[0] not in inside]:
            answer = window.page.goto(f"{desk.url}{href}")
            assert answer.status == 200, href
            if "/behind/" in href:
                window.settled()
                rows = window.page.locator("main tbody tr").count()
                whole = int(text.replace(",", ""))
                assert rows == whole or ("weights" in href and rows >= whole), (href, text, rows)
            elif "view=" in href and "source=" not in href:
                count = window.page.locator(".views a[aria-current] b").first.inner_text()
                assert count in text, (href, text, count)


def test_hostile_names_stay_names_on_the_queue_pages(desk: Desk, chromium: Any) -> None:
    """The window itself fails the test on a dialog, a script error or a report against the policy."""
    twins(desk.index)
    for n, payload in enumerate(PAYLOADS):
        person = {
            "family": payload,
            "given": f"Ngozi {n}",
            "birth_date": f"19{40 + n}-03-0{1 + n % 9}",
            "sex": "F",
        }
        full = {
            **person,
            "ssn": f"5{n:02}-22-{4000 + 17 * n}",
            "street": payload,
            "city": payload,
            "phone": payload,
        }
        register(desk.index, source="north", local_id=f"H{n}", **full)
        register(desk.index, source="lab", local_id=payload, **person)
    with sitting(chromium, desk.link()) as window:
        pages = [
            "bulk?view=all&order=harm",
            "assign",
            "overview",
            "behind/records?source=lab",
            "behind/records?source=north",
        ]
        for path in pages:
            window.page.goto(f"{desk.url}/review/{path}")
            window.settled()
            assert window.page.locator("main script, main img, main iframe, main style").count() == 0
            assert "evil.example" not in window.page.url
        window.page.goto(f"{desk.url}/review/bulk?view=all&order=harm")
        window.settled()
        note = PAYLOADS[2]
        with window.page.expect_response("**/stage**"):
            window.press("n")
        window.page.goto(f"{desk.url}/review/bulk/preview?view=all&order=harm")
        window.page.locator(".reason input[name=note]").first.fill(note)
        with window.page.expect_navigation():
            window.page.locator(".reason select").first.select_option("other")
        window.settled()
        assert window.page.locator(".reason input[name=note]").first.input_value() == note
