"""The second person: merges that wait for approval, and answers that somebody reads again blindly."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api_client import settings_of
from desk_calls import ADMIN, doubtful_pairs
from mpi.errors import ApprovalNeeded, BadInput, Conflict, NotFound, SelfApproval
from mpi.index import Actor, Index
from mpi.services.desk.readings import kappa

ADA = Actor(name="ada", role="reviewer")
BEN = Actor(name="ben", role="steward")
CEM = Actor(name="cem", role="steward")


@pytest.fixture
def index(database_url: str, tmp_path: Path) -> Iterator[Index]:
    settings = settings_of(database_url, tmp_path).model_copy(
        update={"approval_harm": 50, "second_reading_share": 0.0}
    )
    with Index.open(settings) as index:
        doubtful_pairs(index, 2)  # the first of one source: harm above 50; the second of two: below
        yield index


@pytest.fixture
def read_twice(database_url: str, tmp_path: Path) -> Iterator[Index]:
    settings = settings_of(database_url, tmp_path).model_copy(update={"second_reading_share": 1.0})
    with Index.open(settings) as index:
        doubtful_pairs(index, 4)
        yield index


def _tasks(index: Index):
    return index.tasks(actor=ADMIN, limit=100).items


def _is_one(index: Index, task) -> bool:
    return len({index.identity(id, actor=ADMIN).enterprise_id for id in task.identities}) == 1


def test_a_merge_of_much_harm_waits_for_a_second_person(index: Index, database_url: str) -> None:
    high, low = _tasks(index)
    assert low.priority < 50 <= high.priority
    assert index.desk.preview(high.id, "same_person", actor=ADA).approval == "needed"
    proposed = index.resolve(high.id, "same_person", "one passport", high.version, actor=ADA)
    assert (proposed.state, proposed.version) == ("awaiting_approval", high.version + 1)
    assert proposed.proposal["proposed_by"] == "ada"
    assert not _is_one(index, high), "nothing moves before"
    assert index.desk.preview(high.id, "same_person", actor=ADA).approval == "own"
    with pytest.raises(SelfApproval):
        index.resolve(high.id, "same_person", "sure", proposed.version, actor=ADA)
    with pytest.raises(Conflict, match="second person"):
        index.claim(high.id, actor=BEN)
    assert [t.id for t in index.tasks(actor=BEN, state="awaiting_approval").items] == [high.id]
    assert index.desk.preview(high.id, "same_person", actor=BEN).approval == "given"
    done = index.resolve(high.id, "same_person", "I saw it too", proposed.version, actor=BEN)
    assert (done.state, done.resolution["resolved_by"]) == ("resolved", "ben")
    assert _is_one(index, high)
    with psycopg.connect(database_url) as conn:
        found = conn.execute("SELECT reason, proposed_by, outcome, decided_by FROM approval").fetchall()
        audited = conn.execute("SELECT actor FROM audit WHERE action = 'propose merge'").fetchall()
    assert (found, audited) == ([("one passport", "ada", "approved", "ben")], [("ada",)])
    again = index.undo_resolution(high.id, "no", actor=BEN)
    assert again.state == "open" and again.proposal is None
    done = index.resolve(low.id, "same_person", "one passport", low.version, actor=ADA)
    assert done.state == "resolved", "little harm needs one person"


def test_the_database_itself_refuses_who_approves_alone(index: Index, database_url: str) -> None:
    high, _ = _tasks(index)
    index.resolve(high.id, "same_person", "one passport", high.version, actor=ADA)
    with psycopg.connect(database_url) as conn, pytest.raises(psycopg.errors.CheckViolation):
        conn.execute("UPDATE approval SET outcome = 'approved', decided_by = proposed_by, decided_at = now()")


def test_another_answer_refuses_a_proposal(index: Index, database_url: str) -> None:
    high, _ = _tasks(index)
    proposed = index.resolve(high.id, "same_person", "one passport", high.version, actor=ADA)
    index.desk.escalate(high.id, "please look", actor=BEN)
    assert index.task(high.id, actor=BEN).state == "awaiting_approval"
    done = index.resolve(high.id, "different_people", "two passports", proposed.version, actor=BEN)
    assert done.resolution["resolution"] == "different_people" and not _is_one(index, high)
    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT outcome, decided_by FROM approval").fetchall() == [("refused", "ben")]


def test_a_proposal_is_taken_back_and_made_again(index: Index, database_url: str) -> None:
    high, _ = _tasks(index)
    proposed = index.resolve(high.id, "same_person", "one passport", high.version, actor=ADA)
    last = index.desk.last_answered(actor=ADA)
    assert last is not None and (last["task_id"], last["resolution"]) == (high.id, "proposed")
    back = index.undo_resolution(high.id, "taken back", actor=ADA)
    assert (back.state, back.proposal) == ("open", None) and back.version > proposed.version
    index.resolve(high.id, "same_person", "it was one", back.version, actor=BEN)
    with psycopg.connect(database_url) as conn:
        found = conn.execute("SELECT proposed_by, outcome FROM approval ORDER BY approval_id").fetchall()
    assert found == [("ada", "withdrawn"), ("ben", None)]


def test_nobody_merges_alone_without_a_task_either(index: Index) -> None:
    high, _ = _tasks(index)
    first, second = high.identities
    assert index.merge(first, second, "", actor=BEN, preview=True).merge_id is None
    with pytest.raises(ApprovalNeeded):
        index.merge(first, second, "one passport", actor=BEN)
    with pytest.raises(ApprovalNeeded):
        index.assert_people(first, second, "same", "one passport", actor=ADA)
    assert index.assert_people(first, second, "different", "two passports", actor=ADA, override=True).id
    high, *_ = [task for task in _tasks(index) if task.id != high.id] or [high]
    first, second = high.identities
    feed = Actor(name="north-feed", role="registrar")
    assert index.merge(first, second, "A40 of the source", actor=feed).merge_id


def test_a_second_reader_sees_the_pair_and_not_the_answer(read_twice: Index) -> None:
    index = read_twice
    task = _tasks(index)[0]
    index.desk.add_note(task.id, "looks like one to me", actor=ADA)
    index.resolve(task.id, "same_person", "one passport", task.version, actor=ADA)
    assert index.desk.unread(actor=ADA) == (None, 0), "nobody reads their own"
    assert index.desk.unread(actor=BEN) == (task.id, 1)
    case = index.desk.blind_case(task.id, actor=BEN)
    assert [side.enterprise_id for side in case.sides] == [None, None]
    assert {len(side.records) for side in case.sides} == {1}
    assert (case.notes, case.task.resolution, case.task.state) == ((), None, "open")
    assert "passport" not in repr(case)
    with pytest.raises(Conflict):
        index.desk.blind_case(task.id, actor=ADA)
    with pytest.raises(BadInput):
        index.desk.read_again(task.id, "overlay", "x", actor=BEN)
    assert index.desk.read_again(task.id, "same_person", "same house", actor=BEN)
    with pytest.raises(Conflict):
        index.desk.read_again(task.id, "same_person", "late", actor=CEM)
    with pytest.raises(NotFound):
        index.desk.read_again(1, "same_person", "x", actor=CEM)
    assert index.desk.disputed(actor=CEM) == []


@pytest.mark.parametrize("outcome", ["upheld", "reopened"])
def test_two_answers_that_differ_go_to_a_lead(read_twice: Index, outcome: str) -> None:
    index = read_twice
    task = _tasks(index)[0]
    index.resolve(task.id, "same_person", "one passport", task.version, actor=ADA)
    assert not index.desk.read_again(task.id, "different_people", "two signatures", actor=BEN)
    assert _is_one(index, task), "the second answer itself changes nothing"
    [found] = index.desk.disputed(actor=CEM)
    assert (found.first_by, found.second_by, found.second_reason) == ("ada", "ben", "two signatures")
    told = index.desk.agreement(actor=CEM)
    assert (told.count, told.disputed, told.unread) == (1, 1, 0)
    index.desk.settle_reading(task.id, outcome, actor=CEM)
    assert index.desk.disputed(actor=CEM) == []
    with pytest.raises(Conflict):
        index.desk.settle_reading(task.id, outcome, actor=CEM)
    assert _is_one(index, task) == (outcome == "upheld")
    if outcome == "reopened":
        case = index.desk.case(task.id, actor=CEM)
        assert case.task.state == "open" and case.escalated_by == "cem"
        assert "ada answered same person" in case.notes[-1]["note"]


def test_an_answer_that_was_taken_back_is_not_read_again(read_twice: Index) -> None:
    index = read_twice
    task = _tasks(index)[0]
    index.resolve(task.id, "cannot_tell", "unclear", task.version, actor=ADA)
    assert index.desk.unread(actor=BEN)[1] == 1
    index.undo_resolution(task.id, "slipped", actor=ADA)
    assert index.desk.unread(actor=BEN) == (None, 0)


def test_agreement_is_told_with_its_interval(read_twice: Index) -> None:
    index = read_twice
    assert index.desk.agreement(actor=BEN).kappa is None
    for n, task in enumerate(_tasks(index)):
        first = "same_person" if n % 2 else "different_people"
        index.resolve(task.id, first, "looked", task.version, actor=ADA)
        index.desk.read_again(task.id, first, "looked too", actor=BEN)
    told = index.desk.agreement(actor=BEN)
    assert (told.count, told.observed, told.kappa) == (4, 1.0, 1.0)
    assert told.low is not None and told.low < 0.5, "four readings are not much, however they agree"


def test_kappa_is_that_of_the_textbook() -> None:
    told = kappa({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15})
    assert (told.observed, told.expected) == (pytest.approx(0.7), pytest.approx(0.5))
    assert told.kappa == pytest.approx(0.4)
    assert (told.low, told.high) == (pytest.approx(0.125, abs=0.002), pytest.approx(0.618, abs=0.002))


def test_kappa_is_unknown_where_chance_explains_everything() -> None:
    told = kappa({("same", "same"): 30})
    assert (told.observed, told.expected, told.kappa) == (1.0, 1.0, None)
    assert kappa({("same", "same"): 1}).observed is None


def test_the_interval_covers_the_true_kappa() -> None:
    """Two readers of known agreement, 400 samples of 120: about 95 % of the intervals hold the true kappa."""
    rng = random.Random(20)
    true = kappa({("a", "a"): 54, ("a", "b"): 6, ("b", "a"): 9, ("b", "b"): 31}).kappa or 0
    covered = 0
    for _ in range(400):
        drawn = rng.choices([("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")], [54, 6, 9, 31], k=120)
        told = kappa({pair: drawn.count(pair) for pair in set(drawn)})
        covered += told.low <= true <= told.high  # type: ignore[operator]
    assert 0.91 <= covered / 400 <= 0.99
