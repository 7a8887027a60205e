"""Hostile input: always a 4xx that names the field, never a 5xx, nothing written and nothing repeated."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from api_client import V1, Api
from flat_records import a_record

CANARY = "Zyxwvut"


def _with(field: str, value: bytes) -> bytes:
    return b'{"source": "north", "local_id": "1", "family": "Zyxwvut", "%b": %b}' % (field.encode(), value)


#: (body, field, status): what is sent to every endpoint that takes a flat record.
HOSTILE: list[tuple[str, bytes, str, int]] = [
    ("unknown key", _with("givn", b'"x"'), "givn", 422),
    ("number for text", _with("given", b"7"), "given", 422),
    ("list for text", _with("given", b'["x"]'), "given", 422),
    ("object for text", _with("birth_date", b'{"year": 1980}'), "birth_date", 422),
    ("text for list", _with("names", b'"x"'), "names", 422),
    ("text for entry", _with("addresses", b'["x"]'), "addresses[0]", 422),
    ("unknown key in entry", _with("names", b'[{"givn": "x"}]'), "names[0].givn", 422),
    ("text for order", _with("birth_order", b'"first"'), "birth_order", 422),
    ("order beyond 64 bits", _with("birth_order", b"18446744073709551616"), "birth_order", 422),
    ("order of 400 digits", _with("birth_order", b"9" * 400), "birth_order", 422),
    ("order beyond its range", _with("birth_order", b"9223372036854775807"), "birth_order", 422),
    ("fraction for order", _with("birth_order", b"1.5"), "birth_order", 422),
    ("NUL", _with("given", b'"a\\u0000b"'), "given", 422),
    ("lone surrogate", _with("given", b'"\\ud800"'), "given", 422),
    ("name of a megabyte", _with("given", b'"' + b"x" * (1 << 20) + b'"'), "given", 422),
    ("100,000 deep", _with("names", b"[" * 100_000 + b"]" * 100_000), "names", 400),
    ("100,000 deep objects", _with("names", b'{"a":' * 100_000 + b"1" + b"}" * 100_000), "names", 400),
    ("too many names", _with("names", b"[" + b",".join([b'{"family": "x"}'] * 51) + b"]"), "names", 422),
    ("empty record", b"{}", "source", 422),
    ("no local ID", b'{"source": "north", "family": "Zyxwvut"}', "local_id", 422),
    ("blank local ID", b'{"source": "north", "local_id": " ", "family": "Zyxwvut"}', "local_id", 422),
    (
        "long local ID",
        b'{"source": "north", "family": "x", "local_id": "%b"}' % (b"x" * 257),
        "local_id",
        422,
    ),
    ("a list", b"[]", "body", 422),
    ("a number", b"7", "body", 422),
    ("nothing", b"", "body", 400),
    ("not JSON", b'{"family": "Zyxwvut"', "body", 400),
    ("not UTF-8", b'{"family": "Zyxwvut\xff"}', "body", 400),
    ("two megabytes", b'{"family": "' + b"x" * (2 << 20) + b'"}', "body", 413),
]


def _rows(database_url: str) -> Any:
    with psycopg.connect(database_url) as conn:
        return conn.execute(
            "SELECT (SELECT count(*) FROM record), (SELECT count(*) FROM link), (SELECT count(*) FROM event)"
        ).fetchone()


@pytest.mark.parametrize("target", ["/records", "/match", "/search", "PUT /records/north/1"])
def test_a_hostile_record_is_a_4xx_that_names_its_field(
    shared_api: Api, shared_database_url: str, target: str
) -> None:
    method, _, path = target.rpartition(" ")
    for name, body, field, status in HOSTILE:
        if field in ("source", "local_id") and target != "/records":
            continue
        response = shared_api.ask(method or "POST", V1 + path, content=body)
        document = response.json()
        assert (response.status_code, document["field"]) == (status, field), (name, document)
        assert response.headers["content-type"] == "application/problem+json"
        assert CANARY not in response.text, name
        assert len(response.content) < 2_000, name
    assert _rows(shared_database_url) == (0, 0, 0)


def test_a_key_of_a_megabyte_is_not_repeated(shared_api: Api) -> None:
    response = shared_api.ask("POST", f"{V1}/records", json={**a_record(), "k" * 1_000_000: 1})
    assert response.status_code == 422
    assert len(response.content) < 1_000


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("GET", "/records/north/a%00b", "local_id"),
        ("GET", "/records/no%00rth/a", "source"),
        ("GET", "/records/north/%ff%fe", "local_id"),
        ("GET", "/records/north/%ed%a0%80", "local_id"),
        ("GET", "/identities/%00", "enterprise_id"),
        ("GET", "/why?a=%00&b=x", "a"),
        ("GET", "/why?a=x&b=%ff", "b"),
        ("GET", "/crosswalk?source=north&local_id=%00", "local_id"),
        ("GET", "/crosswalk?source=north&local_id=" + "x" * 257, "local_id"),
        ("GET", "/tasks?cursor=%00", "cursor"),
        ("GET", "/events?after=%00", "after"),
        ("GET", "/why?a=" + "x" * 3_000 + "&b=x", "a"),
    ],
)
def test_a_hostile_url_is_a_4xx_that_names_its_parameter(
    shared_api: Api, method: str, path: str, field: str
) -> None:
    assert shared_api.problem(method, path, 422)["field"] == field


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/merges"), ("POST", "/unlinks"), ("POST", "/assertions"), ("POST", "/compare")],
)
def test_other_bodies_are_bounded_alike(shared_api: Api, method: str, path: str) -> None:
    for body, status in (
        (b"[" * 100_000, 400),
        (b'{"reason": "\\u0000"}', 422),
        (b'{"reason": "\\udc00"}', 422),
        (b"[]", 422),
        (b"7", 422),
        (b"", 422),
        (b"{}", 422),
        (b'{"reason": "' + b"x" * (2 << 20) + b'"}', 413),
        (b"\xff", 400),
    ):
        assert shared_api.problem(method, path, status, content=body)["field"]


def test_what_is_not_there_is_a_problem_document_too(shared_api: Api) -> None:
    shared_api.problem("GET", "/nothing", 404, "not-found")
    shared_api.problem("GET", "", 404)
    refused = shared_api.ask("PATCH", f"{V1}/records")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert refused.json()["code"] == "method-not-allowed"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_a_body_that_says_it_is_no_json_is_415(shared_api: Api, kind: str) -> None:
    for path in ("/records", "/merges", "/search"):
        problem = shared_api.problem("POST", path, 415, content=b"{}", headers={"Content-Type": kind})
        assert problem["field"] == "Content-Type"


def test_json_is_read_under_any_of_its_types_and_without_one(api: Api) -> None:
    for kind in ("application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json", None):
        headers = {"Content-Type": kind} if kind else {}
        body = b'{"source": "north", "local_id": "1", "family": "Zyxwvut"}'
        assert api.ask("POST", f"{V1}/records", content=body, headers=headers).is_success
