"""Whole stories in a real browser: what a reviewer does all day, by keyboard and by mouse."""

from __future__ import annotations

from typing import Any

from desk_calls import ADMIN, Desk, doubtful_pairs, register, sitting, twins


def test_twenty_tasks_are_settled_by_keyboard_alone(desk: Desk, chromium: Any) -> None:
    doubtful_pairs(desk.index, 21)
    waiting = desk.open_tasks()
    assert len(waiting) >= 20
    with sitting(chromium, desk.link()) as window:
        assert window.page.url.endswith("/review/")
        for n in range(20):
            if n % 2:
                window.preview("n")
                window.commit("4")
            else:
                window.preview("m")
                window.commit()
    left = {task.id for task in desk.open_tasks()}
    answered = [desk.index.task(task.id, actor=ADMIN) for task in waiting if task.id not in left]
    assert len(answered) == 20
    assert {task.resolution["resolved_by"] for task in answered} == {"the-steward"}
    different = [task for task in answered if task.resolution["resolution"] == "different_people"]
    assert len(different) == 10
    assert {task.resolution["reason"] for task in different} == {"namesakes"}


def test_keys_move_along_the_list_and_back(desk: Desk, chromium: Any) -> None:
    doubtful_pairs(desk.index, 4)
    first, second = (f"row-{task.id}" for task in desk.open_tasks()[:2])
    with sitting(chromium, desk.link()) as window:
        assert window.current == first
        window.press("j")
        window.page.wait_for_url(f"**/tasks/{second.removeprefix('row-')}?**")
        window.page.wait_for_selector("#claim:has-text('yours until')")
        assert window.current == second
        assert window.page.locator("#case").get_attribute("data-task") == second.removeprefix("row-")
        assert second.removeprefix("row-") in window.page.title()
        window.press("k")
        window.page.wait_for_selector(f"#case[data-task='{first.removeprefix('row-')}']")
        assert window.current == first
        window.page.wait_for_selector("#claim:has-text('yours until')")
        held = [task for task in desk.open_tasks() if task.state == "claimed"]
        assert [f"row-{task.id}" for task in held] == [first], "what was only looked at is given back"
        window.page.reload()
        assert window.current == first, "a page remembers its place"


def test_a_wrong_merge_is_undone_with_one_key_from_another_page(desk: Desk, chromium: Any) -> None:
    doubtful_pairs(desk.index, 2)
    task = desk.open_tasks()[0]
    with sitting(chromium, desk.link()) as window:
        window.preview("m")
        told = window.page.locator(".effect").inner_text()
        assert "survives" in told and "redirects" in told and "will be notified" in told
        assert all(identity in told for identity in task.identities)
        window.commit()
        merged = desk.index.identity(task.identities[0], actor=ADMIN).enterprise_id
        assert desk.index.identity(task.identities[1], actor=ADMIN).enterprise_id == merged
        window.page.goto(f"{desk.url}/review/overview")
        window.page.goto(f"{desk.url}/review/")
        with window.page.expect_navigation():
            window.press("z")
        window.settled()
        assert window.page.locator("#case").get_attribute("data-task") == str(task.id)
    for identity in task.identities:
        assert desk.index.identity(identity, actor=ADMIN).enterprise_id == identity
    assert desk.index.task(task.id, actor=ADMIN).state == "claimed"


def test_of_two_reviewers_one_wins_and_the_other_loses_nothing_typed(desk: Desk, chromium: Any) -> None:
    doubtful_pairs(desk.index, 2)
    task = desk.open_tasks()[0]
    with sitting(chromium, desk.link("steward")) as ada, sitting(chromium, f"{desk.url}/review/login") as ben:
        ada.page.wait_for_selector("#claim:has-text('yours until')")
        ben.page.goto(desk.link("reviewer"))
        ben.page.wait_for_selector("#claim:has-text('held by')")
        ada.preview("m")
        ben.preview("n")
        ben.press("2")
        ben.page.fill("#decision-note", "two birth certificates")
        ben.page.locator("#commit").click()
        ben.page.wait_for_selector("#message .told[data-status='409']")
        ada.commit()
        ben.page.locator("#commit").click()
        ben.page.wait_for_selector("#message:has-text('resolved already')")
        assert ben.page.input_value("#decision-note") == "two birth certificates"
        assert ben.page.locator("[name=reason]:checked").get_attribute("value") == "parent-and-child"
        ben.page.locator("[data-reload]").click()
        ben.page.wait_for_selector(".answered, #case")
    answered = desk.index.task(task.id, actor=ADMIN)
    assert answered.resolution["resolved_by"] == "the-steward"


def test_twins_are_not_merged_without_a_reason(desk: Desk, chromium: Any) -> None:
    twins(desk.index)
    [task] = desk.open_tasks()
    assert task.guards
    with sitting(chromium, desk.link()) as window:
        assert "Twins?" in window.page.locator(".guards").inner_text()
        window.preview("m")
        assert "held this pair back" in window.page.locator("[data-decision]").inner_text()
        window.press("Enter")
        window.page.wait_for_timeout(300)
        assert desk.index.task(task.id, actor=ADMIN).state != "resolved"
        window.press("Escape")
        assert window.page.locator("[data-decision]").count() == 0
        window.preview("m")
        window.commit("1")
    answered = desk.index.task(task.id, actor=ADMIN)
    assert answered.resolution["reason"] == "documents-checked"


def _overlay(desk: Desk, local_id: str) -> Any:
    """A record that an update would turn into somebody else."""
    person = {
        "family": "Okonkwo",
        "given": "Grace",
        "birth_date": "1974-02-11",
        "sex": "F",
        "ssn": "219-45-8813",
    }
    other = {
        "family": "Lindqvist",
        "given": "Tomás",
        "birth_date": "1951-09-30",
        "sex": "M",
        "ssn": "402-66-1207",
    }
    register(desk.index, source="north", local_id=local_id, **person)
    receipt = register(desk.index, source="north", local_id=local_id, **other)
    assert receipt.decision == "quarantined"
    return receipt.tasks[0]


def test_an_overlay_is_rejected_and_after_undo_released(desk: Desk, chromium: Any) -> None:
    task_id = _overlay(desk, "A1")
    with sitting(chromium, desk.link()) as window:
        headings = window.page.locator("table.fields thead").inner_text()
        assert "As it stands" in headings and "As it would read" in headings
        row = window.page.locator(f"#row-{task_id}").inner_text()
        assert "Okonkwo" in row and "Lindqvist" in row
        assert window.page.locator("[data-key=u]").count() == 0, "a held update is released or rejected"
        window.preview("n")
        assert "stays as it is" in window.page.locator(".effect").inner_text()
        window.commit("5")
        assert desk.index.record("north", "A1", actor=ADMIN).demographics["family"] == "Okonkwo"
        with window.page.expect_navigation():
            window.press("z")
        window.settled()
        window.preview("m")
        window.commit()
    assert desk.index.task(task_id, actor=ADMIN).resolution["resolution"] == "same_person"
    assert desk.index.record("north", "A1", actor=ADMIN).demographics["family"] == "Lindqvist"


def test_everything_a_key_does_a_mouse_does_too(desk: Desk, chromium: Any) -> None:
    doubtful_pairs(desk.index, 3)
    first, second, third = desk.open_tasks()[:3]
    with sitting(chromium, desk.link()) as window:
        window.page.locator("[data-help]").click()
        assert window.page.locator("#help").is_visible()
        window.page.locator("#help button").click()
        window.page.fill("#note", "called the north registration desk")
        window.page.locator("#notes button").click()
        window.page.wait_for_selector("#notes p:has-text('called the north')")
        with window.page.expect_navigation():
            window.page.locator("[data-key=s]").click()
        window.settled()
        assert window.page.locator("#case").get_attribute("data-task") == str(second.id)
        window.page.locator("[data-key=e]").click()
        window.page.wait_for_selector("[data-decision]")
        window.page.fill("#decision-note", "same phone, other birth year")
        with window.page.expect_navigation():
            window.page.locator("#commit").click()
        window.settled()
        assert window.page.locator("#case").get_attribute("data-task") == str(third.id)
        window.page.locator("[data-key=u]").click()
        window.page.wait_for_selector("[data-decision]")
        with window.page.expect_navigation():
            window.page.locator("#commit").click()
        window.page.locator(".views a", has_text="Escalated").click()
        window.page.wait_for_url("**view=escalated**")
        assert window.current == f"row-{second.id}"
        assert "same phone, other birth year" in window.page.locator("#notes").inner_text()
    assert desk.index.task(first.id, actor=ADMIN).state != "resolved"
    assert desk.index.task(third.id, actor=ADMIN).resolution["resolution"] == "cannot_tell"


def test_a_person_is_found_and_a_merge_undone_from_the_story(desk: Desk, chromium: Any) -> None:
    doubtful_pairs(desk.index, 2)
    task = desk.open_tasks()[0]
    done = desk.index.resolve(task.id, "same_person", "one passport", task.version, actor=ADMIN)
    survivor = desk.index.identity(done.identities[0], actor=ADMIN)
    name = survivor.best_record["family"]
    with sitting(chromium, desk.link()) as window:
        window.page.goto(f"{desk.url}/review/search")
        window.page.fill("#q", name[:-1] + "e")
        window.page.locator(f"#found a:has-text('{survivor.enterprise_id}')").click()
        window.page.wait_for_url("**/identities/**")
        assert name not in window.page.url
        assert "one passport" in window.page.locator(".timeline").inner_text()
        window.page.locator(".timeline button").click()
        window.page.wait_for_selector("[data-decision]")
        assert "is itself again" in window.page.locator("[data-decision]").inner_text()
        window.page.fill("[data-decision] input[name=reason]", "two birth certificates")
        with window.page.expect_navigation():
            window.press("Enter")
        window.settled()
        assert window.page.url.rpartition("/")[2] in task.identities
    for identity in task.identities:
        assert desk.index.identity(identity, actor=ADMIN).enterprise_id == identity
