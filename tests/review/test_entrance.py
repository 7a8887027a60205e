"""Who gets in: links that work once, sessions that end, forms of other sites refused, every page by role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from api_client import ROLES, settings_of
from desk_calls import ADMIN
from mpi.api import desk as desk_api
from mpi.api.app import create_app
from mpi.review.pages import PAGES

READERS = {"reader", "registrar", "reviewer", "steward"}
REVIEWERS = {"reviewer", "steward"}
#: What is promised, written down a second time on purpose.
PROMISED = {
    "GET /": REVIEWERS,
    "GET /tasks/{task_id}": REVIEWERS,
    "POST /tasks/{task_id}/claim": REVIEWERS,
    "GET /tasks/{task_id}/takeover": REVIEWERS,
    "POST /tasks/{task_id}/takeover": REVIEWERS,
    "GET /notices": REVIEWERS,
    "POST /notices/{notice_id}/seen": REVIEWERS,
    "GET /assign": {"steward"},
    "POST /assign/preview": {"steward"},
    "POST /assign": {"steward"},
    "GET /bulk": REVIEWERS,
    "POST /bulk/{task_id}/stage": REVIEWERS,
    "POST /bulk/reasons": REVIEWERS,
    "GET /bulk/preview": REVIEWERS,
    "POST /bulk/commit": REVIEWERS,
    "POST /tasks/{task_id}/skip": REVIEWERS,
    "GET /tasks/{task_id}/preview": REVIEWERS,
    "POST /tasks/{task_id}/settle": REVIEWERS,
    "POST /tasks/{task_id}/undo": REVIEWERS,
    "GET /tasks/{task_id}/escalate": REVIEWERS,
    "POST /tasks/{task_id}/escalate": REVIEWERS,
    "POST /tasks/{task_id}/notes": REVIEWERS,
    "GET /readings": REVIEWERS,
    "GET /readings/{task_id}/answer": REVIEWERS,
    "POST /readings/{task_id}/answer": REVIEWERS,
    "POST /readings/{task_id}/settle": {"steward"},
    "GET /search": READERS,
    "POST /search": READERS,
    "GET /identities/{enterprise_id}": READERS,
    "GET /identities/{enterprise_id}/merge": {"steward"},
    "POST /identities/{enterprise_id}/merge": {"steward"},
    "GET /identities/{enterprise_id}/split": {"steward"},
    "POST /identities/{enterprise_id}/split": {"steward"},
    "GET /merges/{merge_id}/undo": {"steward"},
    "POST /merges/{merge_id}/undo": {"steward"},
    "GET /overview": REVIEWERS,
    "GET /behind/{figure}": REVIEWERS,
}


@pytest.fixture
def client(database_url: str, tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(settings_of(database_url, tmp_path))
    with TestClient(app, base_url="https://mpi.example", follow_redirects=False) as client:
        yield client


@pytest.fixture
def open_client(database_url: str, tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(settings_of(database_url, tmp_path, auth="off"))
    with TestClient(
        app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50_000), follow_redirects=False
    ) as client:
        yield client


def _index(client: TestClient) -> Any:
    app: Any = client.app
    return app.state.index


def _log_in(client: TestClient, role: str) -> str:
    """Sit down as this role; the token that every form repeats."""
    key = _index(client).add_client(f"the-{role}", role, actor=ADMIN)
    client.cookies.clear()
    assert client.post("/review/login", data={"key": key}).status_code == 303
    return desk_api._token(client.cookies[desk_api.COOKIE])


def test_a_link_works_once(client: TestClient) -> None:
    _index(client).add_client("jane", "reviewer", actor=ADMIN)
    token = _index(client).desk.login_link("jane", actor=ADMIN)
    first = client.get(f"/review/login?token={token}")
    assert (first.status_code, first.headers["location"]) == (303, "/review/")
    cookie = first.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "secure", "samesite=strict", "path=/review"))
    assert client.get("/review/").status_code == 200
    client.cookies.clear()
    assert client.get(f"/review/login?token={token}").status_code == 401
    assert client.get("/review/").status_code == 401


def test_an_old_link_opens_nothing(client: TestClient, database_url: str) -> None:
    _index(client).add_client("jane", "reviewer", actor=ADMIN)
    token = _index(client).desk.login_link("jane", actor=ADMIN)
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE desk_link SET expires_at = now()")
    assert client.get(f"/review/login?token={token}").status_code == 401
    assert client.get("/review/login?token=guessed").status_code == 401


@pytest.mark.parametrize(
    "ends",
    [
        "UPDATE desk_session SET seen_at = now() - interval '31 minutes'",
        "UPDATE desk_session SET started_at = now() - interval '13 hours'",
        "UPDATE desk_session SET ended_at = now()",
        "UPDATE api_client SET revoked_at = now()",
    ],
)
def test_a_session_ends(
    client: TestClient, database_url: str, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    monkeypatch.setattr(desk_api, "CACHE_SECONDS", 0.0)
    _log_in(client, "reviewer")
    assert client.get("/review/").status_code == 200
    with psycopg.connect(database_url) as conn:
        conn.execute(ends)
    answer = client.get("/review/")
    assert answer.status_code == 401
    assert 'name="key"' in answer.text


def test_who_logs_out_is_out(client: TestClient) -> None:
    token = _log_in(client, "reviewer")
    cookie = client.cookies[desk_api.COOKIE]
    assert client.post("/review/logout", data={"csrf": "other"}).status_code == 403
    assert client.post("/review/logout", data={"csrf": token}).status_code == 303
    client.cookies.clear()
    client.cookies.set(desk_api.COOKIE, cookie)
    assert client.get("/review/").status_code == 401


def test_a_wrong_key_is_refused_and_audited(client: TestClient, database_url: str) -> None:
    for key in ("", "x", "mpi_" + "A" * 43):
        answer = client.post("/review/login", data={"key": key})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
    with psycopg.connect(database_url) as conn:
        [count] = conn.execute("SELECT count(*) FROM audit WHERE action = 'desk_log_in'").fetchone() or [0]
    assert count == 3


def test_every_page_has_its_promised_roles(client: TestClient) -> None:
    assert {f"{page.method} {page.path}" for page in PAGES} == set(PROMISED)
    wrong = []
    for role in ROLES:
        token = _log_in(client, role)
        for page in PAGES:
            path = "/review" + page.path.format(
                task_id=1, enterprise_id="x", merge_id=1, notice_id=1, figure="records"
            )
            answer = client.request(
                page.method, path, data={"csrf": token} if page.method == "POST" else None
            )
            refused = answer.status_code == 403
            if refused == (role in PROMISED[f"{page.method} {page.path}"]) or answer.status_code >= 500:
                wrong.append((role, page.name, answer.status_code))
    assert not wrong


def test_without_a_session_nothing_is_shown(client: TestClient) -> None:
    for page in PAGES:
        path = "/review" + page.path.format(
            task_id=1, enterprise_id="x", merge_id=1, notice_id=1, figure="records"
        )
        answer = client.request(page.method, path)
        assert answer.status_code == 401, page.name
    key = _index(client).add_client("jane", "reviewer", actor=ADMIN)
    assert client.get("/review/", headers={"Authorization": f"Bearer {key}"}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    token = _log_in(client, "steward")
    body = {"csrf": token, "q": "nobody"}
    assert client.post("/review/search", data=body).status_code == 200
    assert client.post("/review/search", data=body, headers=headers).status_code == 403
    assert client.post("/review/login", data={"key": "x"}, headers=headers).status_code == 403


@pytest.mark.parametrize("token", ["", "x", "é", "0" * 40])
def test_a_form_without_the_session_s_token_is_refused(client: TestClient, token: str) -> None:
    _log_in(client, "steward")
    assert client.post("/review/search", data={"csrf": token, "q": "nobody"}).status_code == 403


def test_every_page_comes_with_the_strict_policy(client: TestClient) -> None:
    _log_in(client, "steward")
    for path in (
        "/review/",
        "/review/login",
        "/review/overview",
        "/review/tasks/1",
        "/review/static/desk.js",
    ):
        answer = client.get(path)
        assert answer.headers.get_list("content-security-policy") == [desk_api.POLICY]
        assert "unsafe" not in desk_api.POLICY
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        stored = "immutable" in answer.headers["cache-control"]
        assert stored == ("static" in path)
    assert client.get("/review/static/..%2Fpages.py").status_code == 404
    assert client.get("/review/static/desk.html").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/review/tasks/0", 422),
        ("/review/tasks/x", 422),
        ("/review/tasks/99999999999999999999", 422),
        ("/review/tasks/9223372036854775807", 404),
        ("/review/?view=x", 422),
        ("/review/?order=x", 422),
        ("/review/?after=x", 422),
        ("/review/?after=1.99999999999999999999", 422),
        ("/review/?order=age&after=999999999999999999.1", 422),
        ("/review/?view=%00", 422),
        ("/review/identities/7K3M-9QRT-2Y", 422),
        ("/review/merges/1/undo", 404),
        ("/review/nowhere", 404),
    ],
)
def test_what_is_not_there_is_said_plainly(client: TestClient, path: str, status: int) -> None:
    _log_in(client, "steward")
    assert client.get(path).status_code == status


def test_a_body_that_is_no_form_is_refused(client: TestClient) -> None:
    token = _log_in(client, "steward")
    sent = {"X-CSRF": token}
    form = {**sent, "Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/review/search", json={"q": "x"}, headers=sent).status_code == 415
    assert client.post("/review/search", content=b"q=%ff", headers=form).status_code == 422
    assert client.post("/review/search", content=b"q=%00abc", headers=form).status_code == 422
    assert client.post("/review/search", content=b"q=" + b"x" * 70_000, headers=form).status_code == 413
    assert client.post("/review/search", content=b"&".join([b"q=1"] * 99), headers=form).status_code == 422


def test_without_auth_the_desk_opens_as_local_for_this_machine_only(open_client: TestClient) -> None:
    answer = open_client.get("/review/")
    assert answer.status_code == 200
    assert "no log-in" in answer.text
    assert open_client.get("/review/", headers={"Host": "evil.example"}).status_code == 403
    assert open_client.get("/review/login", headers={"Host": "evil.example"}).status_code == 403
    token = desk_api._token(open_client.cookies[desk_api.COOKIE])
    assert open_client.post("/review/search", data={"csrf": token, "q": "nobody"}).status_code == 200
    assert open_client.post("/review/search", data={"q": "nobody"}).status_code == 403


def test_the_demo_s_link_opens_the_queue(open_client: TestClient) -> None:
    token = _index(open_client).desk.login_link(None, actor=ADMIN)
    assert open_client.get(f"/review/login?token={token}").status_code == 303
    assert open_client.get("/review/").status_code == 200


def test_a_local_link_opens_nothing_where_keys_are_asked(client: TestClient) -> None:
    token = _index(client).desk.login_link(None, actor=ADMIN)
    client.get(f"/review/login?token={token}")
    assert client.get("/review/").status_code == 403
