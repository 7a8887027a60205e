"""Merges, unlinks, assertions and tasks over HTTP, and their undoing."""

from __future__ import annotations

from typing import Any

import pytest

from api_client import V1, Api
from flat_records import a_record, another_person

MAX = 2**63 - 1


@pytest.fixture
def two(api: Api) -> tuple[str, str]:
    """The enterprise IDs of two people, the older first."""
    return (
        api.post("/records", a_record())["enterprise_id"],
        api.post("/records", another_person("S-1", "south"))["enterprise_id"],
    )


def _merge(api: Api, two: tuple[str, str], **more: Any) -> Any:
    order = {"surviving": two[0], "subsumed": two[1], "reason": "seen both cards", **more}
    return api.ask("POST", f"{V1}/merges", json=order)


def test_a_merge_redirects_and_its_undo_restores(api: Api, two: tuple[str, str]) -> None:
    preview = _merge(api, two, preview=True).json()
    assert (preview["merge_id"], preview["preview"]) == (None, True)
    assert api.get(f"/identities/{two[1]}")["enterprise_id"] == two[1]
    merged = _merge(api, two).json()
    assert (merged["surviving"], merged["subsumed"]) == two
    assert [moved["local_id"] for moved in merged["records_moved"]] == ["S-1"]
    redirected = api.get(f"/identities/{two[1]}")
    assert (redirected["enterprise_id"], redirected["requested_id"]) == two
    undone = api.post(f"/merges/{merged['merge_id']}/undo", {"reason": "two cards, two people"})
    assert undone["restored"] == two[1]
    assert api.get(f"/identities/{two[1]}")["enterprise_id"] == two[1]
    api.problem("POST", f"/merges/{merged['merge_id']}/undo", 409, "already-undone", json={"reason": "again"})


def test_a_merge_needs_a_reason_unless_it_is_a_preview(api: Api, two: tuple[str, str]) -> None:
    order = {"surviving": two[0], "subsumed": two[1]}
    assert api.problem("POST", "/merges", 422, json=order)["field"] == "reason"
    assert api.post("/merges", {**order, "preview": True})["preview"]
    assert api.problem("POST", "/merges", 422, json={**order, "reason": ""})["field"] == "reason"
    assert api.problem("POST", "/merges", 422, json={**order, "reason": 7})["field"] == "reason"
    assert api.problem("POST", "/merges", 422, json={**order, "why": "x"})["field"] == "why"
    assert (
        api.problem("POST", "/merges", 422, json={"surviving": two[0], "reason": "x"})["field"] == "subsumed"
    )
    api.problem("POST", "/merges", 409, "same-identity", json={**order, "subsumed": two[0], "reason": "x"})


def test_a_merge_against_a_persons_word_needs_an_override(api: Api, two: tuple[str, str]) -> None:
    word = {"a": two[0], "b": two[1], "verdict": "different", "reason": "I know both"}
    stated = api.ask("POST", f"{V1}/assertions", json=word, role="reviewer")
    assert stated.status_code == 201, stated.text
    refused = api.problem(
        "POST",
        "/merges",
        409,
        "asserted-different",
        json={"surviving": two[0], "subsumed": two[1], "reason": "x"},
    )
    assert str(stated.json()["id"]) in refused["detail"]
    assert _merge(api, two, override=True).status_code == 200


def test_an_unlinked_record_stays_apart(api: Api) -> None:
    first = api.post("/records", a_record())["enterprise_id"]
    assert api.post("/records", a_record("S-9", "south"))["enterprise_id"] == first
    order = {"source": "south", "local_id": "S-9", "reason": "her sister"}
    parted = api.post("/unlinks", order)
    assert parted["previous_enterprise_id"] == first
    assert parted["enterprise_id"] != first
    assert api.post("/records", a_record("S-9", "south"))["enterprise_id"] == parted["enterprise_id"]
    api.problem("POST", "/unlinks", 404, json={**order, "local_id": "none"})
    assert (
        api.problem("POST", "/unlinks", 422, json={"source": "south", "local_id": "S-9"})["field"] == "reason"
    )


def test_assertions_join_are_listed_and_withdrawn(api: Api, two: tuple[str, str]) -> None:
    word = {"a": "north/A-1", "b": "south/S-1", "verdict": "same", "reason": "one passport"}
    stated = api.ask("POST", f"{V1}/assertions", json=word, role="reviewer")
    assert stated.status_code == 201, stated.text
    number = stated.json()["id"]
    assert stated.headers["location"] == f"{V1}/assertions/{number}"
    assert api.get(f"/identities/{two[1]}")["enterprise_id"] == two[0]
    assert api.get(f"/assertions/{number}", role="reviewer")["verdict"] == "same"
    assert [item["id"] for item in api.get("/assertions", role="reviewer")["items"]] == [number]
    withdrawn = api.answer("DELETE", f"/assertions/{number}", json={"reason": "a forged passport"})
    assert withdrawn["withdrawn_at"]
    api.problem("DELETE", f"/assertions/{number}", 409, "already-undone")
    api.problem("GET", "/assertions/999999999", 404)
    assert api.problem("POST", "/assertions", 422, json={**word, "verdict": "maybe"})["field"] == "verdict"


def test_a_reviewer_may_not_override(api: Api, two: tuple[str, str]) -> None:
    word = {"a": two[0], "b": two[1], "verdict": "same", "reason": "x", "override": True}
    api.problem("POST", "/assertions", 403, "forbidden", json=word, role="reviewer")
    assert api.get("/assertions")["items"] == []


@pytest.fixture
def task(api: Api) -> dict[str, Any]:
    """An open task: an update that is somebody else."""
    api.post("/records", a_record())
    held = api.post("/records", another_person("A-1"))
    found: dict[str, Any] = api.get(f"/tasks/{held['tasks'][0]}", role="reviewer")
    return found


def test_a_task_is_claimed_resolved_and_undone(api: Api, task: dict[str, Any]) -> None:
    path = f"/tasks/{task['id']}"
    assert (task["kind"], task["state"]) == ("potential_overlay", "open")
    assert [item["id"] for item in api.get("/tasks?state=open", role="reviewer")["items"]] == [task["id"]]
    assert api.get("/tasks?state=open&kind=potential_duplicate")["items"] == []
    claimed = api.ask("POST", f"{V1}{path}/claim", role="reviewer")
    assert claimed.json()["claimed_by"] == "the-reviewer"
    assert claimed.headers["etag"] == f'"{claimed.json()["version"]}"'
    api.problem("POST", f"{path}/claim", 409, "claimed-by-another", role="steward")
    released = api.post(f"{path}/release", role="reviewer")
    assert released["state"] == "open"
    answer = {"resolution": "different_people", "reason": "another patient"}
    stale = {**answer, "version": task["version"] + 7}
    api.problem("POST", f"{path}/resolve", 409, "stale-version", json=stale, role="reviewer")
    resolved = api.ask(
        "POST",
        f"{V1}{path}/resolve",
        json=answer,
        headers={"If-Match": f'"{released["version"]}"'},
        role="reviewer",
    )
    assert resolved.status_code == 200, resolved.text
    assert resolved.json()["state"] == "resolved"
    undone = api.post(f"{path}/undo", {"reason": "wrong patient"}, role="reviewer")
    assert undone["state"] == "open"


def test_resolving_needs_one_version(api: Api, task: dict[str, Any]) -> None:
    path, answer = f"/tasks/{task['id']}/resolve", {"resolution": "cannot_tell", "reason": "x"}
    assert api.problem("POST", path, 422, json=answer)["field"] == "version"
    both: dict[str, Any] = {"json": {**answer, "version": 1}, "headers": {"If-Match": '"2"'}}
    assert api.problem("POST", path, 422, **both)["field"] == "version"
    for tag in ("*", "x", '"0"', f'"{2**63}"'):
        assert api.problem("POST", path, 422, json=answer, headers={"If-Match": tag})["field"] == "If-Match"
    for version in (0, -1, 2**63, "1", 1.5, True, None):
        problem = api.problem("POST", path, 422, json={**answer, "version": version})
        assert problem["field"] == "version"


@pytest.mark.parametrize("number", ["0", "-1", "x", str(MAX + 1), "9" * 400, "1.5", "%00"])
def test_a_number_that_is_none_is_refused_by_name(shared_api: Api, number: str) -> None:
    assert shared_api.problem("GET", f"/tasks/{number}", 422)["field"] == "task_id"
    assert shared_api.problem("GET", f"/assertions/{number}", 422)["field"] == "assertion_id"
    assert (
        shared_api.problem("POST", f"/merges/{number}/undo", 422, json={"reason": "x"})["field"] == "merge_id"
    )


def test_a_task_that_is_none_is_not_found(shared_api: Api) -> None:
    shared_api.problem("GET", f"/tasks/{MAX}", 404)
    shared_api.problem("POST", f"/merges/{MAX}/undo", 404, json={"reason": "x"})
    assert shared_api.problem("GET", "/tasks?state=lost", 422)["field"] == "state"
    assert shared_api.problem("GET", "/tasks?limit=0", 422)["field"] == "limit"
    assert shared_api.problem("GET", "/tasks?cursor=nonsense", 422)["field"] == "cursor"
