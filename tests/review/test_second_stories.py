"""Stories of more than one sitting: approval, blind readings, splits, merges, undo from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desk_calls import ADMIN, Desk, doubtful_pairs, register, served, sitting, twins
from desk_people import one_person_many_records, scripts_and_tricks
from mpi.index import Actor

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<a href=javascript:alert(1)>x</a>",
    "<iframe srcdoc=x></iframe>",
    "<p hx-on:click=alert(1)>x</p>",
    "<template><img onload=alert(1)></template>",
]
LEAD = Actor(name="lead", role="steward")


@pytest.fixture
def careful_desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk where merges of a harm of 50 and more need two people, and every answer is read twice."""
    with served(database_url, tmp_path, approval_harm=50, second_reading_share=1.0) as desk:
        yield desk


def test_a_merge_waits_for_somebody_else(careful_desk: Desk, chromium: Any) -> None:
    desk = careful_desk
    doubtful_pairs(desk.index, 1)
    [task] = desk.open_tasks()
    url = f"{desk.url}/review/tasks/{task.id}"
    with sitting(chromium, desk.link("reviewer")) as ada:
        ada.preview("m")
        assert "waits until a second person" in ada.page.locator("[data-decision]").inner_text()
        ada.commit()
        ada.page.goto(url)
        ada.page.wait_for_selector("#claim:has-text('awaiting approval')")
        assert "Somebody else has to approve" in ada.page.locator("#case").inner_text()
        ada.preview("m")
        ada.press("1", "Enter")
        ada.page.wait_for_selector("#message .told[data-status='409']")
        assert desk.index.task(task.id, actor=ADMIN).state == "awaiting_approval"
    with sitting(chromium, desk.link("steward")) as ben:
        ben.page.locator(".views a", has_text="To approve").click()
        ben.page.wait_for_url("**view=approval**")
        ben.settled()
        assert ben.current == f"row-{task.id}"
        assert "the-reviewer proposed" in ben.page.locator("#case").inner_text()
        ben.preview("m")
        assert "You approve" in ben.page.locator("[data-decision]").inner_text()
        ben.commit("1")
    done = desk.index.task(task.id, actor=ADMIN)
    assert (done.state, done.resolution["resolved_by"]) == ("resolved", "the-steward")


def test_a_pair_is_read_again_by_keyboard_and_a_lead_settles_the_difference(
    careful_desk: Desk, chromium: Any
) -> None:
    desk = careful_desk
    doubtful_pairs(desk.index, 2)
    task = desk.open_tasks()[0]
    desk.index.resolve(task.id, "different_people", "namesakes", task.version, actor=LEAD)
    with sitting(chromium, desk.link("reviewer")) as ada:
        ada.page.goto(f"{desk.url}/review/readings")
        ada.settled()
        told = ada.page.locator("main").inner_text()
        assert "1 for you" in told and "namesakes" not in told
        assert not any(identity in told for identity in task.identities), "blind"
        ada.preview("m")
        ada.page.fill("#decision-note", "one signature")
        with ada.page.expect_navigation():
            ada.page.keyboard.press("Enter")
        ada.settled()
        assert "Nothing waits for you" in ada.page.locator("main").inner_text()
    with sitting(chromium, desk.link("steward")) as ben:
        ben.page.goto(f"{desk.url}/review/readings")
        assert "one signature" in ben.page.locator("main").inner_text()
        with ben.page.expect_navigation():
            ben.page.locator("button", has_text="Ask again").click()
        ben.settled()
        assert "one signature" in ben.page.locator("#notes").inner_text()
        assert ben.page.locator(".badge.lead", has_text="escalated").count()
    assert desk.index.task(task.id, actor=ADMIN).state != "resolved"
    assert desk.index.desk.agreement(actor=ADMIN).disputed == 0


@pytest.mark.parametrize("path", ["overview", "search", "readings", "identity"])
def test_one_key_undoes_from_every_page(desk: Desk, chromium: Any, path: str) -> None:
    doubtful_pairs(desk.index, 2)
    task = desk.open_tasks()[0]
    with sitting(chromium, desk.link()) as window:
        window.preview("m")
        window.commit()
        survivor = desk.index.task(task.id, actor=ADMIN).identities[0]
        window.page.goto(f"{desk.url}/review/{f'identities/{survivor}' if path == 'identity' else path}")
        window.settled()
        window.page.locator("h1").first.click()
        with window.page.expect_navigation():
            window.press("z")
        window.settled()
        assert window.page.locator("#case").get_attribute("data-task") == str(task.id)
    assert desk.index.task(task.id, actor=ADMIN).state != "resolved"


def test_a_namesake_is_split_off_where_the_graph_says(desk: Desk, chromium: Any) -> None:
    person = one_person_many_records(desk.index, 12, merged_by=LEAD)
    with sitting(chromium, f"{desk.link()}") as window:
        window.page.goto(f"{desk.url}/review/identities/{person}")
        graph = window.page.locator("svg.graph")
        assert "Weakest link" in str(graph.get_attribute("aria-label"))
        assert graph.locator("circle").count() == 12
        overlapping = _overlapping_labels(graph)
        assert not overlapping, overlapping
        proposal = window.page.locator(".merges li").first
        assert "lab/D0, south/D1" in proposal.inner_text()
        proposal.locator("button").click()
        window.page.wait_for_selector("[data-decision]")
        assert "is itself again" in proposal.inner_text()
        window.press("Escape")
        window.page.locator("summary").click()
        window.page.locator("details button", has_text="lab/D0").click()
        window.page.wait_for_selector("#single [data-decision]")
        assert "held apart" in window.page.locator("#single").inner_text()
        window.page.fill("#why-split", "another SSN and another home")
        with window.page.expect_navigation():
            window.press("Enter")
        window.settled()
        parted = window.page.url.rpartition("/")[2]
    assert [r["local_id"] for r in desk.index.identity(parted, actor=ADMIN).records] == ["D0"]
    assert len(desk.index.identity(person, actor=ADMIN).records) == 11


def _overlapping_labels(graph: Any) -> list[tuple[str, str]]:
    """Node labels that cover each other."""
    boxes = graph.locator("text[font-weight='600']:not([font-size])").evaluate_all(
        "texts => texts.map(t => { const b = t.getBoundingClientRect();"
        " return [t.textContent, b.left, b.top, b.right, b.bottom]; })"
    )
    return [
        (a[0], b[0])
        for n, a in enumerate(boxes)
        for b in boxes[n + 1 :]
        if a[1] < b[3] and b[1] < a[3] and a[2] < b[4] and b[2] < a[4]
    ]


def test_two_people_found_by_search_are_merged_from_a_person_s_page(desk: Desk, chromium: Any) -> None:
    one = register(
        desk.index, source="north", local_id="1", given="Ada", family="Byron", birth_date="1915-12-10"
    )
    two = register(
        desk.index, source="lab", local_id="2", given="Ada", family="Lovelace", birth_date="1951-01-02"
    )
    with sitting(chromium, desk.link()) as window:
        window.page.goto(f"{desk.url}/review/identities/{one.enterprise_id}")
        window.page.locator("a.button", has_text="Merge with").click()
        window.page.fill("#q", "Lovelase")
        window.page.locator(f"#found a:has-text('{two.enterprise_id}')").click()
        window.page.wait_for_url("**/merge?with=**")
        told = window.page.locator("[data-decision]").inner_text()
        assert f"{one.enterprise_id} survives" in told and f"{two.enterprise_id} redirects" in told
        assert "Born" in window.page.locator(".guards").inner_text()
        window.page.locator("#commit").click()
        assert window.page.url.rpartition("?")[2], "no reason, no merge"
        window.page.locator("[name=reason][value=chart-reviewed]").check()
        with window.page.expect_navigation():
            window.page.locator("#commit").click()
        window.settled()
        assert window.page.url.endswith(one.enterprise_id)
        assert "chart-reviewed" in window.page.locator(".timeline").inner_text()
        window.page.locator(".timeline button", has_text="Unmerge").click()
        window.page.wait_for_selector("[data-decision]")
        window.page.fill("[data-decision] input[name=reason]", "no")
        with window.page.expect_navigation():
            window.press("Enter")
    assert desk.index.identity(two.enterprise_id, actor=ADMIN).enterprise_id == two.enterprise_id


def test_no_text_becomes_a_script_even_if_a_page_tried(desk: Desk, chromium: Any) -> None:
    """The browser itself refuses: Trusted Types, and a policy that lets harmless markup through."""
    doubtful_pairs(desk.index, 1)
    with sitting(chromium, desk.link()) as window:
        refused = window.page.evaluate(
            """all => all.filter(text => {
                try { document.createElement('div').innerHTML = text; } catch { return true; }
            }).length""",
            HOSTILE,
        )
        assert refused == len(HOSTILE)
        told = window.page.evaluate(
            "() => { const p = document.createElement('p'); p.innerHTML = '<b>ok</b>'; return p.innerHTML; }"
        )
        assert told == "<b>ok</b>"
        # Later, and so no longer in the name of the debugger, whom the policy does not concern.
        evaluated = window.page.evaluate(
            "() => new Promise(done =>"
            " setTimeout(() => { try { done(eval('1 + 1')); } catch { done('no'); } }))"
        )
        assert evaluated == "no"
        window.complaints.clear()


def test_somebody_logs_in_with_a_key_and_out_again(desk: Desk, chromium: Any) -> None:
    """Plain forms, no script: what a browser says of where they come from is enough."""
    with sitting(chromium, f"{desk.url}/review/login") as window:
        window.page.fill("#key", desk.keys["reviewer"])
        with window.page.expect_navigation():
            window.page.keyboard.press("Enter")
        assert window.page.url.endswith("/review/")
        with window.page.expect_navigation():
            window.page.locator("button", has_text="Log out").click()
        assert window.page.url.endswith("/review/login")
        window.page.goto(f"{desk.url}/review/")
        assert window.page.locator("#key").is_visible()


def test_names_of_every_script_stand_isolated_in_their_direction(desk: Desk, chromium: Any) -> None:
    scripts_and_tricks(desk.index)
    with sitting(chromium, desk.link()) as window:
        window.page.locator("#rows a.row", has_text="الخطيب").first.click()
        window.page.wait_for_selector("#case bdi:has-text('الخطيب')")
        assert window.page.locator("#case .hidden-char", has_text="U+200F").count() >= 1
        window.page.locator("#rows a.row", has_text="Kopelsohn").first.click()
        window.page.wait_for_selector("#case .look-alike")
        titles = window.page.locator("#case .look-alike").evaluate_all("all => all.map(one => one.title)")
        assert "CYRILLIC SMALL LETTER O" in titles
        assert "CYRILLIC and LATIN" in window.page.locator("#case").inner_text()


def test_a_page_prints_what_was_decided_on(desk: Desk, chromium: Any) -> None:
    twins(desk.index)
    with sitting(chromium, desk.link()) as window:
        window.page.emulate_media(media="print")
        assert window.page.locator("table.fields").is_visible()
        assert window.page.locator(".guards").is_visible()
        for hidden in (".list", ".bar-of-actions", ".top nav"):
            assert not window.page.locator(hidden).is_visible(), hidden
        assert len(window.page.pdf()) > 10_000


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (820, 1180), (1180, 820)])
def test_nothing_runs_over_the_edge(desk: Desk, chromium: Any, width: int, height: int) -> None:
    person = one_person_many_records(desk.index, 12, merged_by=LEAD)
    doubtful_pairs(desk.index, 2)
    task = desk.open_tasks()[0]
    merge = f"identities/{task.identities[0]}/merge?with={task.identities[1]}"
    with sitting(chromium, desk.link(), width=width, height=height) as window:
        for path in ("", f"identities/{person}", merge, "search", "readings"):
            window.page.goto(f"{desk.url}/review/{path}")
            window.settled()
            over = window.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
            assert over <= 0, (path, over)
            for button in window.page.locator(".actions button:visible").all():
                box = button.bounding_box()
                assert box and box["height"] >= 24, "large enough for a finger (WCAG 2.2, 2.5.8)"
