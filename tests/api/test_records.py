"""Registering, updating, reading, retiring and matching over HTTP."""

from __future__ import annotations

from urllib.parse import quote

import orjson
import pytest

from api_client import V1, Api
from flat_records import a_record, another_person


def test_a_new_record_is_201_and_the_same_again_is_200(api: Api) -> None:
    first = api.ask("POST", f"{V1}/records", json=a_record())
    assert first.status_code == 201, first.text
    receipt = first.json()
    assert receipt["decision"] == "new"
    assert receipt["record"] == {"source": "north", "local_id": "A-1", "version": 1}
    assert len(receipt["enterprise_id"].replace("-", "")) == 10
    again = api.ask("POST", f"{V1}/records", json=a_record())
    assert again.status_code == 200
    assert again.json()["enterprise_id"] == receipt["enterprise_id"]
    assert again.json()["record"]["version"] == 1


def test_the_same_person_from_another_source_is_linked(api: Api) -> None:
    first = api.post("/records", a_record())
    linked = api.post("/records", a_record("S-9", "south", middle="B"))
    assert (linked["decision"], linked["enterprise_id"]) == ("linked", first["enterprise_id"])
    assert linked["match"]["weight"] > 0
    assert api.post("/records", another_person("S-10", "south"))["enterprise_id"] != first["enterprise_id"]


def test_an_update_raises_the_version(api: Api) -> None:
    api.post("/records", a_record())
    updated = api.ask("PUT", f"{V1}/records/north/A-1", json=a_record(phone="217-555-0199"))
    assert updated.status_code == 200, updated.text
    assert updated.json()["record"]["version"] == 2
    stored = api.get("/records/north/A-1", role="reader")
    assert stored["version"] == 2
    assert stored["demographics"]["phone"] == "217-555-0199"
    assert len(stored["versions"]) == 1


def test_an_update_that_is_somebody_else_is_held_back(api: Api) -> None:
    api.post("/records", a_record())
    held = api.ask("POST", f"{V1}/records", json=another_person("A-1"))
    assert held.status_code == 202, held.text
    assert held.json()["decision"] == "quarantined"
    stored = api.get("/records/north/A-1")
    assert stored["demographics"]["family"] == "Armchair"
    assert stored["pending_update"]["family"] == "Quince"


@pytest.mark.parametrize("local_id", ["A-1", "a/b", "a b", "ü%2F", "a?b#c", "中文", "x" * 256])
def test_any_local_id_is_found_under_its_encoded_name(shared_api: Api, local_id: str) -> None:
    path = f"{V1}/records/north/{quote(local_id, safe='')}"
    put = shared_api.ask("PUT", path, json={**a_record(local_id), "local_id": None})
    assert put.status_code == 422, "null is not the path's ID"
    body = a_record(local_id)
    del body["local_id"], body["source"]
    put = shared_api.ask("PUT", path, json=body)
    assert put.status_code == 201, put.text
    assert put.json()["record"]["local_id"] == local_id
    assert shared_api.ask("GET", path).json()["local_id"] == local_id


def test_a_body_that_names_another_record_than_its_path_is_refused(api: Api) -> None:
    problem = api.problem("PUT", "/records/north/A-2", 422, json=a_record("A-1"))
    assert problem["field"] == "local_id"
    problem = api.problem("PUT", "/records/south/A-1", 422, json=a_record("A-1"))
    assert problem["field"] == "source"


def test_a_retired_record_leaves_the_candidates_and_returns_when_sent_again(api: Api) -> None:
    first = api.post("/records", a_record())
    retired = api.answer("DELETE", "/records/north/A-1", json={"reason": "registered by mistake"})
    assert retired["status"] == "retired"
    assert api.post("/match", a_record())["candidates"] == []
    back = api.post("/records", a_record())
    assert back["record"]["version"] == 2
    assert api.get("/records/north/A-1")["status"] == "active"
    assert back["enterprise_id"] == first["enterprise_id"]


def test_retiring_needs_no_body(api: Api) -> None:
    api.post("/records", a_record())
    assert api.answer("DELETE", "/records/north/A-1")["status"] == "retired"


def test_a_record_nobody_sent_is_404(api: Api) -> None:
    api.post("/records", a_record())
    api.problem("GET", "/records/north/none", 404, "not-found")
    api.problem("GET", "/records/nowhere/none", 404)
    api.problem("DELETE", "/records/north/none", 404, "not-found")
    assert api.problem("GET", "/records/north/", 422)["field"] == "local_id"


def test_match_scores_as_a_registration_and_writes_nothing(api: Api) -> None:
    registered = api.post("/records", a_record())
    wanted = a_record(middle="B")
    del wanted["source"], wanted["local_id"]
    (candidate,) = api.post("/match", wanted, role="reader")["candidates"]
    assert candidate["enterprise_id"] == registered["enterprise_id"]
    assert (candidate["decision"], candidate["grade"]) == ("link", "certain")
    assert {field["field"] for field in candidate["fields"]} & {"birth_date"}
    assert len(api.get("/events?after=0")["items"]) == len(api.get("/events?after=0")["items"])
    linked = api.post("/records", {**wanted, "source": "south", "local_id": "1"})
    assert linked["match"]["weight"] == pytest.approx(candidate["weight"], abs=1e-3)
    assert api.post("/match?limit=1", wanted)["candidates"]
    for limit in ("0", "101", "x", "", "²", "9" * 30):
        assert api.problem("POST", f"/match?limit={quote(limit)}", 422, json=wanted)["field"] == "limit"


def test_compare_and_why_tell_the_parts_of_the_weight(api: Api) -> None:
    first = api.post("/records", a_record())
    api.post("/records", a_record("S-9", "south", given="Cruncy"))
    why = api.get("/why?a=north/A-1&b=south/S-9", role="reader")
    assert why["decision"] in ("link", "review", "no_link")
    assert {part["field"] for part in why["fields"]} >= {"birth_date"}
    assert why["rule_set"]["hash"]
    same = api.post("/compare", {"a": "north/A-1", "b": a_record(given="Cruncy")})
    assert same["weight"] == pytest.approx(why["weight"])
    assert api.get(f"/why?a={first['enterprise_id']}&b=south/S-9")["fields"]
    api.problem("GET", "/why?a=north/A-1&b=north/none", 404)
    assert api.problem("GET", "/why?a=north/A-1", 422)["field"] == "b"
    assert (
        api.problem("POST", "/compare", 422, json={"a": "north/A-1", "b": {"givn": "x"}})["field"] == "givn"
    )


def test_an_idempotency_key_replays_the_answer_and_refuses_another_body(api: Api) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = api.ask("POST", f"{V1}/records", json=a_record(), headers=headers)
    again = api.ask("POST", f"{V1}/records", json=a_record(), headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    other_order = orjson.dumps(dict(reversed(a_record().items())))
    reordered = api.ask("POST", f"{V1}/records", content=other_order, headers=headers)
    assert reordered.json() == first.json()
    api.problem("POST", "/records", 422, "idempotency-mismatch", json=a_record(sex="M"), headers=headers)
    assert api.ask(
        "POST", f"{V1}/records", json=a_record("A-2"), headers=headers, role="registrar"
    ).is_success
    for bad in ("", "k" * 256, "k\x7f"):
        problem = api.problem("POST", "/records", 422, json=a_record(), headers={"Idempotency-Key": bad})
        assert problem["field"] == "Idempotency-Key"


def test_an_unknown_source_is_refused_by_name_where_sources_are_declared(api: Api) -> None:
    assert api.post("/records", a_record(source="south"))["declared"] == ["south"]
