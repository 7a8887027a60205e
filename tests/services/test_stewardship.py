"""What people decide, on a real database:

merge, unmerge after later merges, unlink, assert, settle the queue, undo.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from builders import CLERK, STEWARD, a_record, another
from mpi.errors import (
    AlreadyUndone,
    AssertedDifferent,
    BadInput,
    ClaimedByAnother,
    Conflict,
    InvalidEnterpriseId,
    NotFound,
    SameIdentity,
    StaleVersion,
)
from mpi.index import Actor, Index

REVIEWER = Actor(name="reviewer", role="reviewer")
OTHER_REVIEWER = Actor(name="other", role="reviewer")


def person(index: Index, n: int) -> str:
    """A person unlike any other; their enterprise ID."""
    letter = chr(65 + n)
    flat = {
        "source": "north",
        "local_id": f"p{n}",
        "given": f"Given{letter}",
        "family": f"Family{letter}{letter}",
        "birth_date": f"19{40 + n}-0{1 + n % 9}-1{n % 9}",
    }
    return index.receive(flat, actor=CLERK).enterprise_id


def local_ids(index: Index, enterprise_id: str) -> set[str]:
    return {record["local_id"] for record in index.identity(enterprise_id, actor=STEWARD).records}


def test_a_merge_redirects_and_its_undoing_restores(index: Index) -> None:
    a, b = person(index, 0), person(index, 1)
    merged = index.merge(a, b, "one person", actor=STEWARD)
    assert [ref.local_id for ref in merged.records_moved] == ["p1"]
    assert merged.systems_to_notify == ("north",)
    found = index.identity(b, actor=STEWARD)
    assert (found.enterprise_id, found.requested_id, found.surviving_id) == (a, b, a)
    assert merged.merge_id is not None
    undone = index.unmerge(merged.merge_id, "two after all", actor=STEWARD)
    assert (undone.restored, undone.restored_status) == (b, "active")
    assert (local_ids(index, a), local_ids(index, b)) == ({"p0"}, {"p1"})
    with pytest.raises(AlreadyUndone):
        index.unmerge(merged.merge_id, "again", actor=STEWARD)
    with pytest.raises(AssertedDifferent):
        index.merge(a, b, "no, one", actor=STEWARD)
    assert index.merge(a, b, "no, one", actor=STEWARD, override=True).merge_id is not None


def test_a_preview_changes_nothing(index: Index) -> None:
    a, b = person(index, 0), person(index, 1)
    preview = index.merge(a, b, "", actor=STEWARD, preview=True)
    assert (preview.merge_id, preview.preview) == (None, True)
    assert preview.best_record["family"] == "FamilyBB"
    assert local_ids(index, b) == {"p1"}


def test_the_first_of_three_merges_is_undone(index: Index) -> None:
    a, b, c = (person(index, n) for n in range(3))
    first = index.merge(a, b, "one", actor=STEWARD)
    index.merge(c, a, "one", actor=STEWARD)
    assert index.identity(b, actor=STEWARD).enterprise_id == c
    assert first.merge_id is not None
    index.unmerge(first.merge_id, "not b", actor=STEWARD)
    assert local_ids(index, b) == {"p1"}
    assert local_ids(index, c) == {"p0", "p2"}
    assert index.identity(a, actor=STEWARD).enterprise_id == c


def test_what_a_person_moved_since_stays(index: Index) -> None:
    a, b = person(index, 0), person(index, 1)
    merged = index.merge(a, b, "one", actor=STEWARD)
    moved = index.unlink("north", "p1", "somebody else", actor=STEWARD)
    assert merged.merge_id is not None
    undone = index.unmerge(merged.merge_id, "undo", actor=STEWARD)
    assert [ref.local_id for ref in undone.records_left] == ["p1"]
    assert local_ids(index, moved.enterprise_id) == {"p1"}
    assert index.identity(b, actor=STEWARD).status == "retired"


def test_an_unlinked_record_stays_apart_when_it_is_sent_again(index: Index) -> None:
    index.receive(a_record("north", "1"), actor=CLERK)
    linked = index.receive(a_record("south", "2"), actor=CLERK)
    assert linked.decision == "linked"
    parted = index.unlink("south", "2", "another Grace", actor=STEWARD)
    again = index.receive(a_record("south", "2", phone="617-442-0199"), actor=CLERK)
    assert again.enterprise_id == parted.enterprise_id
    assert parted.previous_enterprise_id == linked.enterprise_id


def test_statements_hold_through_chains(index: Index) -> None:
    a, b, c = (person(index, n) for n in range(3))
    index.assert_people(a, c, "different", "seen both", actor=STEWARD)
    index.assert_people(a, b, "same", "seen", actor=STEWARD)
    with pytest.raises(AssertedDifferent):
        index.assert_people(b, c, "same", "seen", actor=STEWARD)
    with pytest.raises(AssertedDifferent):
        index.merge(a, c, "one", actor=STEWARD)


def test_a_statement_can_be_read_and_withdrawn(index: Index) -> None:
    a, b = person(index, 0), person(index, 1)
    made = index.assert_people("north/p0", "north/p1", "different", "seen both", actor=STEWARD)
    assert index.assertion(made.id, actor=STEWARD).reason == "seen both"
    assert [item.id for item in index.assertions(actor=STEWARD).items] == [made.id]
    withdrawn = index.withdraw_assertion(made.id, "mistaken", actor=STEWARD)
    assert withdrawn.withdrawn_at is not None
    with pytest.raises(AlreadyUndone):
        index.withdraw_assertion(made.id, "again", actor=STEWARD)
    assert index.merge(a, b, "one", actor=STEWARD).merge_id is not None


def test_a_mistyped_id_is_refused_and_an_unknown_one_not_found(index: Index) -> None:
    a = person(index, 0)
    wrong = a[:-1] + ("3" if a[-1] != "3" else "4")
    with pytest.raises(InvalidEnterpriseId):
        index.identity(wrong, actor=STEWARD)
    with pytest.raises(NotFound):
        index.identity("7K3M-9QRT-2X", actor=STEWARD)
    with pytest.raises(SameIdentity):
        index.merge(a, a, "one", actor=STEWARD)
    with pytest.raises(BadInput):
        index.merge(a, person(index, 1), "  ", actor=STEWARD)


def doubtful_pair(index: Index) -> int:
    """Two Mary Johnsons who may be one; the number of the task about them."""
    common = {"given": "Mary", "family": "Johnson", "ssn": None, "phone": None}
    index.receive(a_record("north", "m1", **common), actor=CLERK)
    moved = {"street": "77 Bay Road", "birth_date": "1974-02-12"}
    receipt = index.receive(a_record("south", "m2", **common, **moved), actor=CLERK)
    assert receipt.decision == "review"
    return receipt.tasks[0]


def test_a_task_is_claimed_and_answered_once(index: Index) -> None:
    task_id = doubtful_pair(index)
    claimed = index.claim(task_id, actor=REVIEWER)
    assert (claimed.state, claimed.claimed_by) == ("claimed", "reviewer")
    with pytest.raises(ClaimedByAnother):
        index.claim(task_id, actor=OTHER_REVIEWER)
    with pytest.raises(ClaimedByAnother):
        index.resolve(task_id, "same_person", "alike", claimed.version, actor=OTHER_REVIEWER)
    with pytest.raises(StaleVersion):
        index.resolve(task_id, "same_person", "alike", claimed.version + 1, actor=REVIEWER)
    answered = index.resolve(task_id, "same_person", "alike", claimed.version, actor=REVIEWER)
    assert answered.state == "resolved"
    assert answered.resolution is not None
    assert answered.resolution["resolved_by"] == "reviewer"
    assert local_ids(index, claimed.identities[1]) == {"m1", "m2"}
    with pytest.raises(Conflict):
        index.resolve(task_id, "same_person", "alike", answered.version, actor=REVIEWER)


def test_an_answer_is_taken_back(index: Index) -> None:
    task_id = doubtful_pair(index)
    before = index.task(task_id, actor=REVIEWER)
    index.resolve(task_id, "same_person", "alike", before.version, actor=REVIEWER)
    reopened = index.undo_resolution(task_id, "too fast", actor=REVIEWER)
    assert (reopened.state, reopened.identities) == ("open", before.identities)
    assert [local_ids(index, id) for id in sorted(before.identities)] in (
        [{"m1"}, {"m2"}],
        [{"m2"}, {"m1"}],
    )
    index.resolve(task_id, "different_people", "two", reopened.version, actor=REVIEWER)
    assert index.tasks(actor=REVIEWER).items == ()
    index.undo_resolution(task_id, "not sure", actor=REVIEWER)
    assert [task.id for task in index.tasks(actor=REVIEWER).items] == [task_id]


def test_a_held_update_is_released_rejected_and_both_taken_back(index: Index) -> None:
    index.receive(a_record(local_id="1"), actor=CLERK)
    [task_id] = index.receive(another(local_id="1"), actor=CLERK).tasks
    task = index.task(task_id, actor=REVIEWER)
    assert task.before is not None and task.after is not None
    assert (task.before["family"], task.after["family"]) == ("Okonkwo", "Lindqvist")
    with pytest.raises(BadInput):
        index.resolve(task_id, "cannot_tell", "hm", task.version, actor=REVIEWER)
    task = index.resolve(task_id, "different_people", "an overlay", task.version, actor=REVIEWER)
    assert index.record("north", "1", actor=CLERK).pending_update is None
    task = index.undo_resolution(task_id, "wait", actor=REVIEWER)
    assert index.record("north", "1", actor=CLERK).pending_update is not None
    task = index.resolve(task_id, "same_person", "a correction", task.version, actor=REVIEWER)
    assert index.record("north", "1", actor=CLERK).demographics["family"] == "Lindqvist"
    index.undo_resolution(task_id, "no", actor=REVIEWER)
    stored = index.record("north", "1", actor=CLERK)
    assert stored.demographics["family"] == "Okonkwo"
    assert stored.pending_update is not None


def test_a_rejection_is_not_taken_back_over_a_later_held_update(index: Index) -> None:
    index.receive(a_record(local_id="1"), actor=CLERK)
    [first] = index.receive(another(local_id="1"), actor=CLERK).tasks
    index.resolve(first, "overlay", "no", index.task(first, actor=REVIEWER).version, actor=REVIEWER)
    [second] = index.receive(another(local_id="1", given="Torsten"), actor=CLERK).tasks
    with pytest.raises(Conflict, match="held by now"):
        index.undo_resolution(first, "wait", actor=REVIEWER)
    assert index.task(second, actor=REVIEWER).state == "open"


def test_an_answer_about_a_retired_record_stands(index: Index) -> None:
    index.receive(a_record(local_id="1"), actor=CLERK)
    [task_id] = index.receive(another(local_id="1"), actor=CLERK).tasks
    index.resolve(task_id, "same_person", "yes", index.task(task_id, actor=REVIEWER).version, actor=REVIEWER)
    index.retire("north", "1", actor=STEWARD, reason="left")
    with pytest.raises(Conflict, match="no longer stands"):
        index.undo_resolution(task_id, "wait", actor=REVIEWER)


def test_a_retired_record_returns_to_its_identity(index: Index) -> None:
    first = index.receive(a_record(local_id="1"), actor=CLERK)
    index.retire("north", "1", actor=STEWARD, reason="opened by mistake")
    assert index.identity(first.enterprise_id, actor=STEWARD).status == "retired"
    assert index.match(a_record(), actor=CLERK).candidates == ()
    again = index.receive(a_record(local_id="1"), actor=CLERK)
    assert (again.enterprise_id, again.record.version) == (first.enterprise_id, 2)
    assert index.identity(first.enterprise_id, actor=STEWARD).status == "active"


def test_who_an_id_was_on_a_date(index: Index) -> None:
    a, b = person(index, 0), person(index, 1)
    apart = datetime.now(UTC)
    merged = index.merge(a, b, "one", actor=STEWARD)
    together = datetime.now(UTC)
    assert merged.merge_id is not None
    index.unmerge(merged.merge_id, "two", actor=STEWARD)

    def members(when: datetime, enterprise_id: str) -> set[str]:
        return {r["local_id"] for r in index.identity_at(enterprise_id, when, actor=STEWARD)["records"]}

    assert (members(apart, a), members(apart, b)) == ({"p0"}, {"p1"})
    assert (members(together, a), members(together, b)) == ({"p0", "p1"}, set())
    at_merge = index.identity_at(b, together, actor=STEWARD)
    assert (at_merge["status"], at_merge["surviving_id"]) == ("merged", a)
    long_ago = apart - timedelta(days=400)
    assert index.identity_at(a, long_ago, actor=STEWARD)["status"] == "not issued"


def test_the_story_and_the_feed_tell_what_happened(index: Index) -> None:
    a, b = person(index, 0), person(index, 1)
    merged = index.merge(a, b, "one", actor=STEWARD)
    assert merged.merge_id is not None
    index.unmerge(merged.merge_id, "two", actor=STEWARD)
    feed = index.events(0, 100, actor=STEWARD)
    types = [event.type for event in feed.items]
    assert [event.seq for event in feed.items] == list(range(1, len(types) + 1))
    assert types[:2] == ["EnterpriseIdAssigned", "EnterpriseIdAssigned"]
    assert {"IdentitiesMerged", "IdentitiesUnmerged", "PeopleAsserted"} <= set(types)
    assert index.events(int(feed.next or 0), 100, actor=STEWARD).items == ()
    assert len(index.how(a, actor=STEWARD)["steps"]) >= 3
    assert len(index.history(b, actor=STEWARD)) >= 3
