"""``POST /hl7v2``: one message in, its reply out, for those who may."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from api_client import Api
from mllp_calls import msa
from mpi.hl7v2.framing import MESSAGE_BYTES_MAX
from mpi.index import Actor, MessageFilter

STEWARD = Actor(name="test", role="steward")


def adt(control_id: str, sender: str = "EPIC|NORTH") -> bytes:
    return (
        f"MSH|^~\\&|{sender}|MPI|HUB|20250102030405||ADT^A04^ADT_A01|{control_id}|P|2.5\r"
        f"PID|1||N{control_id}^^^NORTH^MR||OKONKWO^GRACE||19740211|F\r"
    ).encode()


@pytest.mark.parametrize(
    "content_type",
    ["application/hl7-v2", "x-application/hl7-v2+er7; charset=utf-8", "text/plain", "Application/HL7-V2"],
)
def test_a_message_is_answered_as_hl7(api: Api, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    response = api.ask("POST", "/hl7v2", role="registrar", content=adt("1"), headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/hl7-v2"
    assert msa(response.content) == ("AA", "1")
    (kept,) = api.index.messages.listed(MessageFilter(), actor=STEWARD).items
    assert (kept.outcome, kept.control_id, kept.sender) == ("accepted", "1", "EPIC|NORTH")


def test_what_is_refused_is_an_answer_too(api: Api) -> None:
    for body in (b"hello", b"", adt("2").replace(b"ADT^A04", b"ORU^R01")):
        response = api.ask("POST", "/hl7v2", role="registrar", content=body)
        assert response.status_code == 200
        assert msa(response.content)[0] in ("AE", "AR")


def test_only_registrars_send_messages(api: Api) -> None:
    assert api.ask("POST", "/hl7v2", role=None, content=adt("1")).status_code == 401
    assert api.ask("POST", "/hl7v2", role="reader", content=adt("1")).status_code == 403
    assert api.ask("POST", "/hl7v2", role="admin", content=adt("1")).status_code == 403


def test_a_client_of_one_source_sends_for_no_other(api: Api) -> None:
    admin = Actor(name="test", role="admin")
    api.index.apply_sources('[[source]]\nname = "lab"\nmsh = ["LAB|SOUTH"]', actor=admin)
    key = api.index.add_client("lab-client", "registrar", actor=admin, source="lab")
    headers = {"Authorization": f"Bearer {key}"}
    other = api.client.post("/hl7v2", content=adt("1"), headers=headers)
    assert msa(other.content)[0] == "AR"
    own = api.client.post("/hl7v2", content=adt("2", "LAB|SOUTH"), headers=headers)
    assert msa(own.content) == ("AA", "2")


def test_another_type_or_a_message_beyond_the_limit_is_refused(api: Api) -> None:
    headers = {"Content-Type": "application/json"}
    response = api.ask("POST", "/hl7v2", role="registrar", content=b"{}", headers=headers)
    assert response.status_code == 415
    big = api.ask("POST", "/hl7v2", role="registrar", content=adt("1") + b"Z" * MESSAGE_BYTES_MAX)
    assert big.status_code == 413


def test_without_authentication_this_machine_may_send(open_client: TestClient) -> None:
    assert msa(open_client.post("/hl7v2", content=adt("1")).content) == ("AA", "1")


def test_nothing_a_sender_wrote_is_logged(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    for body in (adt("CANARY1"), adt("CANARY2").replace(b"NORTH^MR", b"CANARYDOMAIN"), b"OKONKWO CANARY"):
        api.ask("POST", "/hl7v2", role="registrar", content=body)
    logged = capsys.readouterr().err
    assert logged.count('"event":"message"') == 3
    assert not [word for word in ("OKONKWO", "GRACE", "CANARY", "EPIC", "1974") if word in logged]
