"""The queue in a browser: views, waiting times, taking a claim over, dealing, and many answers at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psycopg
import pytest

from desk_calls import ADMIN, Desk, doubtful_pairs, sitting, twins
from mpi.index import Actor

IMAGES = Path(__file__).parents[2] / "docs" / "images"
#: Pages that a tablet in its upright position shows as well.
TABLET = 820
REVIEWER = Actor(name="the-reviewer", role="reviewer")
STEWARD = Actor(name="the-steward", role="steward")


def _age(database_url: str, task_id: int, hours: int) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute(
            "UPDATE task SET created_at = now() - make_interval(hours => %s) WHERE task_id = %s",
            (hours, task_id),
        )


def test_a_row_says_in_words_how_long_it_has_waited(desk: Desk, chromium: Any, database_url: str) -> None:
    doubtful_pairs(desk.index, 6)
    late, soon, fresh = [task.id for task in desk.open_tasks() if task.kind == "potential_overlap"][:3]
    _age(database_url, late, 240)
    _age(database_url, soon, 140)
    with sitting(chromium, desk.link()) as window:
        told = {id: window.page.locator(f"#row-{id} .age").inner_text() for id in (late, soon, fresh)}
        assert told == {late: "‼ 3 d over", soon: "◕ due in 27 h", fresh: "○ 0 min"}
        window.page.locator(".views a", has_text="Overdue").click()
        window.page.wait_for_url("**view=overdue**")
        assert window.page.locator("#rows a.row").count() == 1
        assert "Overdue 1" in window.page.locator(".views a[aria-current]").inner_text()


def test_a_claim_is_taken_over_when_asked_twice_and_the_other_is_told(
    desk: Desk, chromium: Any, database_url: str
) -> None:
    doubtful_pairs(desk.index, 1)
    [task] = desk.open_tasks()
    with sitting(chromium, desk.link("reviewer")) as first, sitting(chromium, desk.link("steward")) as second:
        first.page.wait_for_selector("#claim :text('yours until')")
        first.page.fill("#note", "half a sentence")
        second.page.reload()
        second.page.wait_for_selector("#claim :text('held by the-reviewer')")
        second.page.locator("#claim button").click()
        second.page.wait_for_selector("[data-decision][data-focused]")
        assert "the-reviewer holds it until" in second.page.locator("[data-decision]").inner_text()
        assert desk.index.task(task.id, actor=ADMIN).claimed_by == "the-reviewer", "asked once is not enough"
        with second.page.expect_navigation():
            second.press("Enter")
        second.page.wait_for_selector("#claim :text('yours until')")
        first.page.evaluate("document.body.dispatchEvent(new CustomEvent('look'))")
        first.page.wait_for_selector(".notice")
        assert "the-steward took over" in first.page.locator(".notice").inner_text()
        assert first.page.input_value("#note") == "half a sentence"
        first.page.locator(".notice button").click()
        first.page.wait_for_selector(".notice", state="detached")
        first.preview("m")
        first.press("1", "Enter")
        first.page.wait_for_selector("#message [data-status='409']")
        assert first.page.input_value("#note") == "half a sentence"
    assert desk.index.task(task.id, actor=ADMIN).claimed_by == "the-steward"
    with psycopg.connect(database_url) as conn:
        rows = conn.execute("SELECT actor FROM audit WHERE action = 'take over task from the-reviewer'")
        assert rows.fetchall() == [("the-steward",)]


def test_a_lead_deals_a_view_evenly_and_everybody_is_told(desk: Desk, chromium: Any) -> None:
    doubtful_pairs(desk.index, 9)
    desk.index.add_client("zoë", "reviewer", actor=ADMIN)
    waiting = [task.id for task in desk.open_tasks()]
    desk.index.claim(waiting[0], actor=STEWARD)
    with sitting(chromium, desk.link()) as lead:
        lead.page.locator(".tools a", has_text="Assign").click()
        lead.page.wait_for_url("**/assign?**")
        lead.page.get_by_label("the-steward").uncheck()
        lead.page.fill("#each", "3")
        lead.page.locator("button:has-text('Show who')").click()
        lead.settled()
        assert "Assign 6 tasks" in lead.page.locator("form.assign").inner_text()
        assert desk.index.desk.reviewers()["zoë"] == 0, "a preview assigns nothing"
        lead.page.locator("button:has-text('Assign 6 tasks')").click()
        lead.settled()
        assert "the-reviewer 3, zoë 3" in lead.page.locator(".told").inner_text()
    dealt = [id for id in waiting if id != waiting[0]][:6]
    with sitting(chromium, desk.link("reviewer")) as window:
        window.page.wait_for_selector(".notice")
        assert "the-steward assigned you 3 tasks" in window.page.locator(".notice").inner_text()
        window.page.locator(".notice a").click()
        window.page.wait_for_url("**view=mine**")
        rows = window.page.locator("#rows a.row").evaluate_all("rows => rows.map(r => r.id)")
        assert rows == [f"row-{id}" for id in dealt[::2]]
        window.page.goto(f"{desk.url}/review/tasks/{dealt[0]}?view=all&order=harm")
        with window.page.expect_navigation():
            window.press("s")
        assert f"/tasks/{dealt[2]}" in window.page.url, "what is another's is passed over"


def test_many_are_marked_seen_together_and_committed_once(desk: Desk, chromium: Any) -> None:
    doubtful_pairs(desk.index, 8)
    twins(desk.index)
    with sitting(chromium, desk.link()) as window:
        window.page.goto(f"{desk.url}/review/bulk?view=all&order=age")
        window.settled()
        ids = window.page.locator("table.marks > tbody").evaluate_all("rows => rows.map(r => r.id.slice(5))")
        assert len(ids) == 9
        for key in "mmnum":
            with window.page.expect_response("**/stage**"):
                window.press(key)
        window.page.wait_for_selector("#staged b:text('5')")
        window.page.goto(f"{desk.url}/review/")
        assert "Several 5" in window.page.locator(".tools").inner_text()
        window.page.goto(f"{desk.url}/review/bulk?view=all&order=age")
        window.settled()
        assert window.page.locator("[data-mark]:checked:not([value=''])").count() == 5, "marks are kept"
        with window.page.expect_navigation():
            window.press("Enter")
        window.settled()
        lines = window.page.locator(".marks-preview tbody tr")
        assert lines.count() == 5
        stopped = window.page.locator(".marks-preview tr.stopped").count()
        assert stopped >= 1, "a different answer needs its reason"
        with window.page.expect_navigation():
            window.page.locator("tr.stopped select").first.select_option(index=1)
        window.settled()
        assert window.page.locator(".marks-preview tr.stopped").count() == stopped - 1
        while window.page.locator(".for-all").count():
            with window.page.expect_navigation():
                window.page.locator(".for-all button").first.click()
            window.settled()
        assert window.page.locator(".marks-preview tr.stopped").count() == 0
        # Somebody else answers one of them in the meantime.
        taken = desk.index.task(int(ids[1]), actor=ADMIN)
        desk.index.resolve(taken.id, "cannot_tell", "I was first", taken.version, actor=ADMIN)
        with window.page.expect_navigation():
            window.press("Enter")
        window.settled()
        told = window.page.locator("#main").inner_text()
        assert "4 answers committed, 1 not" in told
        assert "resolved already" in told
        states = [desk.index.task(int(id), actor=ADMIN).state for id in ids]
        assert states == ["resolved"] * 5 + ["open"] * 4
        assert desk.index.desk.staged_count(actor=STEWARD) == 1, "what failed stays marked"
        with window.page.expect_navigation():
            window.page.locator("button:has-text('Undo')").first.click()
    assert desk.index.task(int(ids[0]), actor=ADMIN).state != "resolved"


@pytest.mark.parametrize("width", [1280, TABLET])
def test_nothing_is_cut_off_sideways_and_nothing_jumps(desk: Desk, chromium: Any, width: int) -> None:
    doubtful_pairs(desk.index, 12)
    twins(desk.index)
    shifted = (
        "() => new Promise(done => { let sum = 0; new PerformanceObserver(list => {"
        " for (const e of list.getEntries()) sum += e.value; })"
        ".observe({type: 'layout-shift', buffered: true}); setTimeout(() => done(sum), 400); })"
    )
    with sitting(chromium, desk.link(), width=width) as window:
        for path in (
            "?view=all",
            "bulk?view=all&order=harm",
            "assign",
            "overview",
            "behind/records?source=lab",
        ):
            sizes: list[int] = []

            def weigh(response: Any, sizes: list[int] = sizes) -> None:
                sizes.append(len(response.body()))

            window.page.on("response", weigh)
            window.page.goto(f"{desk.url}/review/{path}")
            window.settled()
            wide = window.page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, (path, wide)
            assert window.page.evaluate(shifted) < 0.02, path
            assert sum(sizes) <= 150 * 1024, (path, sum(sizes))
            window.page.remove_listener("response", weigh)


@pytest.mark.skipif("MPI_UPDATE_IMAGES" not in os.environ, reason="writes docs/images when asked to")
def test_screenshots_of_the_queue(desk: Desk, chromium: Any, database_url: str) -> None:
    doubtful_pairs(desk.index, 20)
    twins(desk.index)
    desk.index.add_client("zoe", "reviewer", actor=ADMIN)
    tasks = desk.open_tasks()
    for place, task in enumerate(tasks):
        _age(database_url, task.id, (3, 20, 60, 100, 140, 200, 400)[place % 7])
    desk.index.claim(tasks[2].id, actor=REVIEWER)
    desk.index.desk.assign("potential_overlap", ["the-reviewer", "zoe"], 2, again=False, actor=STEWARD)
    for task in tasks[-5:]:
        desk.index.resolve(task.id, "same_person", "one passport", task.version, actor=REVIEWER)
    with psycopg.connect(database_url) as conn:
        conn.execute(
            "UPDATE event SET at = at"
            " - make_interval(days => coalesce((hashint8(record_id) % 30 + 30) % 30, 0))"
        )
        conn.execute(
            "UPDATE task t SET created_at = e.at FROM event e"
            " WHERE e.task_id = t.task_id AND t.state = 'resolved'"
        )
    with sitting(chromium, desk.link()) as window:
        window.page.wait_for_selector("#claim :text('yours until')")
        window.page.screenshot(path=IMAGES / "review-queue.png")
        window.page.locator(f"#row-{tasks[2].id}").click()
        window.page.wait_for_selector("#claim :text('held by the-reviewer')")
        window.page.locator("#claim button").click()
        window.page.wait_for_selector("[data-decision][data-focused]")
        window.page.screenshot(path=IMAGES / "review-takeover.png")
        window.page.goto(f"{desk.url}/review/assign?view=potential_overlap&order=harm")
        window.page.fill("#each", "4")
        with window.page.expect_navigation():
            window.page.locator("button:has-text('Show who')").click()
        window.settled()
        window.page.screenshot(path=IMAGES / "review-assign.png")
        window.page.goto(f"{desk.url}/review/bulk?view=all&order=age")
        window.settled()
        for key in "mnmu":
            with window.page.expect_response("**/stage**"):
                window.press(key)
        window.page.wait_for_selector("#staged b:text('4')")
        window.page.screenshot(path=IMAGES / "review-bulk.png")
        window.page.goto(f"{desk.url}/review/bulk/preview?view=all&order=age")
        window.settled()
        window.page.screenshot(path=IMAGES / "review-bulk-preview.png")
        window.page.goto(f"{desk.url}/review/overview")
        window.settled()
        window.page.wait_for_timeout(300)
        window.page.screenshot(path=IMAGES / "review-overview.png", full_page=True)
        window.complaints.clear()  # taking a picture hides the cursor by a style of its own
    with sitting(chromium, desk.link("reviewer"), width=TABLET, height=1180) as window:
        window.page.wait_for_selector(".notice")
        window.page.screenshot(path=IMAGES / "review-tablet-queue.png")
        window.complaints.clear()
