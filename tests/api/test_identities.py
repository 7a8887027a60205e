"""Identities, crosswalk, search, events and declarations over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

from api_client import Api
from flat_records import a_record, another_person


def _mistyped(enterprise_id: str) -> str:
    last = "2" if enterprise_id[-1] != "2" else "3"
    return enterprise_id[:-1] + last


def test_an_identity_answers_with_best_record_members_and_crosswalk(api: Api) -> None:
    eid = api.post("/records", a_record())["enterprise_id"]
    api.post("/records", a_record("S-9", "south"))
    answer = api.get(f"/identities/{eid}", role="reader")
    assert (answer["enterprise_id"], answer["requested_id"], answer["status"]) == (eid, eid, "active")
    assert answer["surviving_id"] is None
    assert answer["best_record"]["family"] == "Armchair"
    assert {(r["source"], r["local_id"]) for r in answer["records"]} == {("north", "A-1"), ("south", "S-9")}
    assert {"authority": "south", "value": "S-9", "source": "south"} in answer["crosswalk"]


def test_case_and_dashes_of_an_enterprise_id_do_not_matter(api: Api) -> None:
    eid = api.post("/records", a_record())["enterprise_id"]
    for written in (eid.lower(), eid.replace("-", ""), eid.replace("-", "").lower()):
        assert api.get(f"/identities/{written}")["enterprise_id"] == eid


def test_a_mistyped_enterprise_id_is_refused_and_one_never_issued_is_not_found(api: Api) -> None:
    eid = api.post("/records", a_record())["enterprise_id"]
    for tail in ("", "/history", "/how"):
        problem = api.problem("GET", f"/identities/{_mistyped(eid)}{tail}", 422, "invalid-enterprise-id")
        assert problem["type"].endswith("invalid-enterprise-id")
        assert _mistyped(eid) not in problem["detail"]
    for text in ("x", "é" * 10, "9" * 5_000, "7K3M-9QRT-2X-2X"):
        api.problem("GET", f"/identities/{quote(text)}", 422, "invalid-enterprise-id")
    from mpi.identity.enterprise_id import display, mint_enterprise_id

    api.problem("GET", f"/identities/{display(mint_enterprise_id(12345))}", 404, "not-found")


def test_history_and_how_tell_what_happened(api: Api) -> None:
    eid = api.post("/records", a_record())["enterprise_id"]
    history = api.get(f"/identities/{eid}/history", role="reader")["items"]
    assert "EnterpriseIdAssigned" in {event["type"] for event in history}
    assert api.get(f"/identities/{eid}/how", role="reader")["steps"]


def test_who_an_id_was_at_a_moment(api: Api) -> None:
    eid = api.post("/records", a_record())["enterprise_id"]
    now = quote(datetime.now(UTC).isoformat())
    assert [r["local_id"] for r in api.get(f"/identities/{eid}?at={now}")["records"]] == ["A-1"]
    assert api.get(f"/identities/{eid}?at=2001-01-01T00:00:00Z")["records"] == []
    assert api.problem("GET", f"/identities/{eid}?at=yesterday", 422)["field"] == "at"


def test_the_crosswalk_names_a_persons_identifiers_elsewhere(api: Api) -> None:
    api.post("/records", a_record())
    api.post("/records", a_record("S-9", "south"))
    api.post("/records", a_record("W-5", "west"))
    answer = api.get("/crosswalk?source=north&local_id=A-1&targets=south,west", role="reader")
    found = {(entry["source"], entry["value"]) for entry in answer["crosswalk"]}
    assert {("south", "S-9"), ("west", "W-5")} <= found
    answer = api.get("/crosswalk?source=north&local_id=A-1&targets=south")
    assert {entry["source"] for entry in answer["crosswalk"]} == {"south"}
    assert api.get("/crosswalk?source=north&local_id=A-1")["crosswalk"]
    api.problem("GET", "/crosswalk?source=north&local_id=none", 404)
    assert api.problem("GET", "/crosswalk?source=north", 422)["field"] == "local_id"


def test_people_are_found_by_text_and_by_fields(api: Api) -> None:
    eid = api.post("/records", a_record())["enterprise_id"]
    api.post("/records", another_person())
    for order in ({"q": "crunchy armchair"}, {"q": "Armchar", "limit": 5}, {"family": "Armchair"}):
        found = api.post("/search", order, role="reader")["items"]
        assert [item["enterprise_id"] for item in found] == [eid], order
    assert api.problem("POST", "/search", 422, json={"q": "ar"})["field"] == "q"
    assert api.problem("POST", "/search", 422, json={"q": 7})["field"] == "q"
    assert api.problem("POST", "/search", 422, json={"q": "x" * 201})["field"] == "q"
    assert api.problem("POST", "/search", 422, json={"q": "armchair", "limit": 0})["field"] == "limit"
    assert api.problem("POST", "/search", 422, json={"q": "armchair", "limit": True})["field"] == "limit"
    assert api.problem("POST", "/search", 422, json={"q": "armchair", "family": "x"})["field"] == "q"
    assert api.problem("POST", "/search", 422, json={"famly": "Armchair"})["field"] == "famly"
    api.problem("POST", "/search", 422, json={})


def test_the_feed_goes_on_from_its_cursor(api: Api) -> None:
    api.post("/records", a_record())
    api.post("/records", another_person())
    page = api.get("/events?after=0&limit=1", role="reader")
    assert len(page["items"]) == 1
    assert page["next"] == page["items"][0]["seq"]
    rest = api.get(f"/events?after={page['next']}")
    assert rest["items"][0]["seq"] > page["next"]
    end = api.get(f"/events?after={rest['next']}")
    assert (end["items"], end["next"]) == ([], rest["next"])
    for query in ("after=-1", "after=x", f"after={2**63}", "limit=0", "limit=1001", f"limit={10**30}"):
        assert api.problem("GET", f"/events?{query}", 422)["field"] == query.partition("=")[0]


def test_sources_and_authorities_are_listed(api: Api) -> None:
    api.post("/records", a_record())
    assert "north" in {source["name"] for source in api.get("/sources", role="admin")["items"]}
    assert api.get("/authorities", role="admin")["items"] == []
