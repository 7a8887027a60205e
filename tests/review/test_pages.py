"""Every page in a real browser: accessible, hostile names harmless, light, and as documented."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from desk_calls import ADMIN, PAYLOADS, Desk, doubtful_pairs, register, served, sitting, twins
from desk_people import (
    long_names,
    moved_and_married,
    one_person_many_records,
    scripts_and_tricks,
)
from mpi.index import Actor, Index

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
IMAGES = Path(__file__).parents[2] / "docs" / "images"
#: WCAG 2.2 AA, and what axe calls best practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FIRST_VIEW_BYTES_MAX = 150 * 1024


def _violations(page: Any) -> list[tuple[str, list[str]]]:
    """What axe finds. Evaluated by the debugger, which the page's policy does not concern."""
    page.evaluate(AXE)
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS)[
        "violations"
    ]
    return [(v["id"], [node["html"][:150] for node in v["nodes"]][:4]) for v in found]


@pytest.mark.parametrize("width", [1280, 820])
def test_every_page_is_accessible(desk: Desk, chromium: Any, width: int) -> None:
    doubtful_pairs(desk.index, 3)
    twins(desk.index)
    tasks = desk.open_tasks()
    done = desk.index.resolve(tasks[-1].id, "same_person", "one passport", tasks[-1].version, actor=ADMIN)
    with sitting(chromium, desk.link(), width=width) as window:
        found = {"queue": _violations(window.page)}
        window.preview("n")
        found["preview"] = _violations(window.page)
        window.press("Escape", "?")
        found["help"] = _violations(window.page)
        window.press("Escape")
        for name, path in (
            ("resolved", f"tasks/{done.id}?view=mine&order=age"),
            ("empty", "?view=potential_overlay"),
            ("identity", f"identities/{done.identities[0]}"),
            ("search", "search"),
            ("overview", "overview"),
            ("behind", "behind/records?source=north"),
            ("several at once", "bulk?view=all&order=harm"),
            ("assign", "assign?view=all&order=harm"),
            ("problem", "tasks/1"),
        ):
            window.page.goto(f"{desk.url}/review/{path}")
            window.settled()
            found[name] = _violations(window.page)
        window.page.goto(f"{desk.url}/review/bulk?view=all&order=harm")
        window.settled()
        with window.page.expect_response("**/stage**"):
            window.press("n")
        window.page.goto(f"{desk.url}/review/bulk/preview?view=all&order=harm")
        window.settled()
        found["marks"] = _violations(window.page)
        window.page.goto(f"{desk.url}/review/search")
        window.page.fill("#q", "Abernathy")
        window.page.wait_for_selector("#found table, #found p")
        found["found"] = _violations(window.page)
        window.page.context.clear_cookies()
        window.page.goto(f"{desk.url}/review/login")
        found["login"] = _violations(window.page)
    assert {name: seen for name, seen in found.items() if seen} == {}


@pytest.mark.parametrize("width", [1280, 820])
def test_every_page_about_people_is_accessible(
    database_url: str, tmp_path: Path, chromium: Any, width: int
) -> None:
    lead = Actor(name="lead", role="steward")
    with served(database_url, tmp_path, approval_harm=None, second_reading_share=1.0) as desk:
        person = one_person_many_records(desk.index, 12, merged_by=lead)
        doubtful_pairs(desk.index, 3)
        scripts_and_tricks(desk.index)
        long_names(desk.index)
        moved_and_married(desk.index)
        tasks = desk.open_tasks()
        for task in tasks[:2]:
            desk.index.resolve(task.id, "different_people", "namesakes", task.version, actor=lead)
        desk.index.desk.read_again(tasks[0].id, "same_person", "one signature", actor=ADMIN)
        first, second = tasks[2].identities
        with sitting(chromium, desk.link(), width=width) as window:
            found = {}
            for name, path in (
                ("person", f"identities/{person}"),
                ("merge search", f"identities/{person}/merge"),
                ("merge", f"identities/{first}/merge?with={second}"),
                ("readings", "readings"),
                *((f"task {task.id}", f"tasks/{task.id}") for task in tasks[2:]),
            ):
                window.page.goto(f"{desk.url}/review/{path}")
                window.settled()
                found[name] = _violations(window.page)
            window.page.goto(f"{desk.url}/review/identities/{person}")
            window.page.locator("summary").click()
            window.page.locator("details button").first.click()
            window.page.wait_for_selector("[data-decision]")
            found["split"] = _violations(window.page)
            window.page.goto(f"{desk.url}/review/readings")
            window.settled()
            window.preview("n")
            found["reading"] = _violations(window.page)
    assert {name: seen for name, seen in found.items() if seen} == {}


#: Elements that no page of ours has in its main part.
FOREIGN = "script, img, iframe, style, link, base, meta, object, video, math, body, title:not(svg title)"


def _hostile(index: Index) -> None:
    """Each payload in every field that takes text, of a pair of records that is asked about."""
    for n, payload in enumerate(PAYLOADS):
        born = f"19{40 + n}-03-0{1 + n % 9}"
        person = {"family": payload, "given": f"Ngozi {n}", "birth_date": born, "sex": "F"}
        everywhere = dict.fromkeys(
            ("suffix", "middle", "street", "city", "state", "phone", "email", "mrn", "mother_maiden"), payload
        )
        lists = {
            "names": [{"family": payload, "given": payload, "use": "old"}],
            "identifiers": [{"authority": "PASSPORT", "value": payload}],
            "addresses": [{"street": payload, "city": payload, "use": "old"}],
        }
        ssn = f"5{n:02}-22-{4000 + 17 * n}"
        register(index, source="north", local_id=f"H{n}", ssn=ssn, **person, **everywhere, **lists)
        register(index, source="lab", local_id=payload, **person)


def test_thirty_hostile_names_are_only_names(database_url: str, tmp_path: Path, chromium: Any) -> None:
    """The window itself fails the test on a dialog, a script error or a report against the policy."""
    assert len(PAYLOADS) == 30
    lead = Actor(name="lead", role="steward")
    with served(database_url, tmp_path, second_reading_share=1.0) as desk:
        _hostile(desk.index)
        tasks = desk.open_tasks()
        assert tasks, "some of them are asked about"
        for task, payload in zip(tasks, PAYLOADS, strict=False):
            desk.index.desk.add_note(task.id, payload, actor=ADMIN)
        answered = tasks[0]
        desk.index.resolve(answered.id, "same_person", PAYLOADS[0], answered.version, actor=lead)
        with sitting(chromium, desk.link()) as window:
            assert "<" in window.page.locator("#rows").inner_text()
            for task in tasks[1:]:
                window.page.goto(f"{desk.url}/review/tasks/{task.id}")
                window.preview("m")
                assert window.page.locator(f"#case :is({FOREIGN})").count() == 0
            paths = [f"identities/{id}" for task in tasks for id in task.identities]
            paths += ["identities/{}/merge?with={}".format(*task.identities) for task in tasks[1:6]]
            for path in [*paths, "readings", "overview"]:
                window.page.goto(f"{desk.url}/review/{path}")
                assert window.page.locator(f"main :is({FOREIGN})").count() == 0, path
            window.page.goto(f"{desk.url}/review/search")
            for payload in PAYLOADS[:6]:
                window.page.fill("#q", payload)
                with window.page.expect_response("**/review/search"):
                    window.page.keyboard.press("Enter")
                window.settled()
            assert window.page.locator(f"main :is({FOREIGN})").count() == 0
            assert "evil.example" not in window.page.url


def test_hostile_names_are_only_names_in_the_graph(desk: Desk, chromium: Any) -> None:
    lead = Actor(name="lead", role="steward")
    ids = [
        register(
            desk.index,
            source="north",
            local_id=payload,
            given=payload,
            family="Okonkwo",
            birth_date=f"{1930 + 15 * n}-02-01",
        ).enterprise_id
        for n, payload in enumerate(PAYLOADS[:5])
    ]
    for other in dict.fromkeys(ids[1:]):
        if desk.index.identity(other, actor=ADMIN).enterprise_id != ids[0]:
            desk.index.merge(ids[0], other, PAYLOADS[1], actor=lead)
    with sitting(chromium, desk.link()) as window:
        window.page.goto(f"{desk.url}/review/identities/{ids[0]}")
        assert window.page.locator("svg.graph circle").count() == 5
        window.page.locator("summary").click()
        window.page.locator("details button").first.click()
        window.page.wait_for_selector("[data-decision]")
        window.page.locator(".timeline button").first.click()
        window.page.wait_for_selector(".timeline [data-decision]")
        assert window.page.locator(f"main :is({FOREIGN})").count() == 0


def test_hidden_characters_and_look_alikes_are_seen(desk: Desk, chromium: Any) -> None:
    person = {"given": "Grace", "birth_date": "1974-02-11", "sex": "F", "city": "Boston", "state": "MA"}
    register(desk.index, source="north", local_id="1", family="Okonkwo", ssn="219-45-8813", **person)
    register(desk.index, source="lab", local_id="2", family="Okonk\u200bwo", **person)
    with sitting(chromium, desk.link()) as window:
        assert window.page.locator("#case .hidden-char", has_text="U+200B").count() >= 1


def test_the_first_view_is_light(desk: Desk, chromium: Any) -> None:
    doubtful_pairs(desk.index, 24)
    sizes: list[int] = []
    with sitting(chromium, desk.link()) as window:
        window.page.on("response", lambda r: sizes.append(len(r.body())))
        window.page.reload()
        window.settled()
        shifts = window.page.evaluate(
            "() => new Promise(done => { let sum = 0; new PerformanceObserver(list => {"
            " for (const e of list.getEntries()) sum += e.value; })"
            ".observe({type: 'layout-shift', buffered: true}); setTimeout(() => done(sum), 400); })"
        )
    assert sum(sizes) <= FIRST_VIEW_BYTES_MAX, sizes
    assert shifts < 0.02


def test_the_list_goes_on_where_it_ended(desk: Desk, chromium: Any) -> None:
    """More rows than one page: J past the last fetches the next, and none comes twice."""
    doubtful_pairs(desk.index, 36)
    waiting = desk.open_tasks()
    assert len(waiting) > 25
    with sitting(chromium, desk.link()) as window:
        window.page.locator("#rows a.row").nth(24).click()
        window.page.wait_for_url(f"**/tasks/{waiting[24].id}?**")
        window.press("j")
        window.page.wait_for_url(f"**/tasks/{waiting[25].id}?**")
        listed = window.page.locator("#rows a.row").evaluate_all("rows => rows.map(row => row.id)")
        assert listed == [f"row-{task.id}" for task in waiting]
        assert window.page.locator("#rows [aria-current=true]").count() == 1


@pytest.mark.skipif("MPI_UPDATE_IMAGES" not in os.environ, reason="writes docs/images when asked to")
def test_screenshots_for_the_documentation(open_desk: Desk, chromium: Any) -> None:
    doubtful_pairs(open_desk.index, 14)
    twins(open_desk.index)
    IMAGES.mkdir(exist_ok=True)
    task = next(task for task in open_desk.open_tasks() if not task.guards or "twins" not in task.guards)
    open_desk.index.resolve(task.id, "same_person", "one passport", task.version, actor=ADMIN)
    with sitting(chromium, f"{open_desk.url}/review/") as window:
        window.page.screenshot(path=IMAGES / "review-queue.png")
        window.complaints.clear()  # taking a picture hides the cursor by a style of its own
