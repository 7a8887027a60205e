"""The store of messages: every one with its outcome, repetitions answered as before, the old ones deleted."""

from __future__ import annotations

import dataclasses

import psycopg
import pytest

from mpi.errors import NotFound
from mpi.index import Index
from mpi.services.answers import Actor
from mpi.services.messages import Arrived, MessageFilter, Messages, Settled

ACTOR = Actor(name="test", role="steward")
FIRST = Arrived(raw=b"MSH|first", sender="EPIC|NORTH", control_id="1", peer="127.0.0.1", size=9)
ACCEPTED = Settled(
    outcome="accepted",
    dead=False,
    reply=b"AA!",
    acknowledgement="AA",
    message_type="ADT",
    trigger_event="A04",
)
REFUSED = Settled(
    outcome="refused", dead=True, reply=b"AE!", acknowledgement="AE", message_type="ADT", trigger_event="A40",
    error_code="204", error_text="unknown key identifier",
)  # fmt: skip


@pytest.fixture
def messages(index: Index) -> Messages:
    return index.messages


def _ids(messages: Messages, **wanted: object) -> list[int]:
    page = messages.listed(MessageFilter(**wanted), actor=ACTOR)  # type: ignore[arg-type]
    return [message.message_id for message in page.items]


def test_a_message_is_kept_with_its_outcome(messages: Messages) -> None:
    kept = messages.keep(FIRST)
    assert (kept.times, kept.reply, kept.control_id_reused) == (1, None, False)
    assert messages.message(kept.message_id, actor=ACTOR).told.outcome == "unanswered"
    messages.settle(kept.message_id, dataclasses.replace(ACCEPTED, enterprise_ids=("7K3M-9QRT-2X",)))
    found = messages.message(kept.message_id, actor=ACTOR)
    assert (found.raw, found.reply, found.told.outcome, found.told.dead) == (
        b"MSH|first",
        b"AA!",
        "accepted",
        False,
    )
    assert found.told.enterprise_ids == ["7K3M-9QRT-2X"]


def test_a_repetition_is_the_same_message_and_gets_the_same_answer(messages: Messages) -> None:
    first = messages.keep(FIRST)
    messages.settle(first.message_id, ACCEPTED)
    again = messages.keep(FIRST)
    assert (again.message_id, again.times, again.reply) == (first.message_id, 2, b"AA!")


def test_what_was_refused_is_looked_at_anew(messages: Messages) -> None:
    first = messages.keep(FIRST)
    messages.settle(first.message_id, REFUSED)
    assert _ids(messages, dead=True) == [first.message_id]
    again = messages.keep(FIRST)
    assert (again.message_id, again.reply) == (first.message_id, None)
    messages.settle(again.message_id, ACCEPTED)
    assert _ids(messages, dead=True) == []


def test_a_control_id_with_other_content_is_another_message(messages: Messages) -> None:
    first = messages.keep(FIRST)
    other = messages.keep(dataclasses.replace(FIRST, raw=b"MSH|other"))
    assert other.message_id != first.message_id and other.control_id_reused
    elsewhere = messages.keep(dataclasses.replace(FIRST, sender="LAB|SOUTH"))
    assert not elsewhere.control_id_reused


def test_what_mends_a_dead_letter_buries_it(messages: Messages) -> None:
    dead = messages.keep(FIRST)
    messages.settle(dead.message_id, REFUSED)
    mended = messages.keep(dataclasses.replace(FIRST, raw=b"MSH|mended", mends=dead.message_id))
    messages.settle(mended.message_id, REFUSED)
    assert _ids(messages, dead=True) == [mended.message_id, dead.message_id]
    messages.settle(mended.message_id, ACCEPTED)
    assert _ids(messages, dead=True) == []


def test_messages_are_found_by_what_is_told_of_them(messages: Messages) -> None:
    accepted = messages.keep(FIRST)
    messages.settle(accepted.message_id, dataclasses.replace(ACCEPTED, source="north"))
    refused = messages.keep(dataclasses.replace(FIRST, raw=b"MSH|2", control_id="2", sender="LAB|SOUTH"))
    messages.settle(refused.message_id, REFUSED)
    waiting = messages.keep(dataclasses.replace(FIRST, raw=b"MSH|3", control_id="3"))
    assert _ids(messages) == [waiting.message_id, refused.message_id, accepted.message_id]
    assert _ids(messages, outcome="unanswered") == [waiting.message_id]
    assert _ids(messages, sender="LAB") == [refused.message_id]
    assert _ids(messages, source="north") == [accepted.message_id]
    assert _ids(messages, control_id="2") == [refused.message_id]
    assert _ids(messages, message_type="ADT^A40") == [refused.message_id]
    assert _ids(messages, message_type="ADT") == [refused.message_id, accepted.message_id]
    page = messages.listed(MessageFilter(), actor=ACTOR, limit=2)
    rest = messages.listed(MessageFilter(), actor=ACTOR, limit=2, cursor=page.next)  # type: ignore[arg-type]
    assert [message.message_id for message in rest.items] == [accepted.message_id] and rest.next is None


def test_an_unknown_message_is_not_found(messages: Messages) -> None:
    with pytest.raises(NotFound):
        messages.message(1, actor=ACTOR)


def test_senders_and_control_ids_of_any_length_are_kept(messages: Messages) -> None:
    long = dataclasses.replace(FIRST, sender="S" * 50_000, control_id="C" * 50_000, raw=b"x")
    assert messages.keep(long).message_id == messages.keep(long).message_id


def test_old_messages_are_deleted_in_bounded_steps(
    messages: Messages, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mpi.services.messages.EXPIRE_STEP", 2)
    for n in range(5):
        messages.keep(dataclasses.replace(FIRST, raw=f"MSH|{n}".encode(), control_id=str(n)))
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("UPDATE message SET received_at = now() - interval '91 days' WHERE control_id <> '4'")
    assert [messages.expire(90) for _ in range(3)] == [2, 2, 0]
    assert len(_ids(messages)) == 1
