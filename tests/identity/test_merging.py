"""Merge, unmerge, unlink and retire, told as stories; the state machine mixes them."""

import pytest

from identity.stories import Story
from mpi.errors import AlreadyUndone, AssertedDifferent, Conflict, NotFound, SameIdentity
from mpi.identity import merging
from mpi.identity.change import DecidedBy, EventType, IdentityStatus, Verdict
from mpi.identity.enterprise_id import display
from mpi.identity.neighbourhood import IdentityState, older


def test_the_older_identity_is_the_one_issued_first():
    first, second = (
        IdentityState(enterprise_id="B", issued_at=1),
        IdentityState(enterprise_id="A", issued_at=2),
    )
    assert older(first, second) == older(second, first) == (first, second)
    twin = IdentityState(enterprise_id="A", issued_at=1)
    assert older(first, twin) == (twin, first)


def test_a_merge_redirects_and_deletes_nothing():
    story = Story(2)
    story.merge(1, 2)
    assert story.groups() == [[1, 2]]
    assert (story.status(2), story.survivor(2)) == ("merged", story.ids[1])


def test_redirects_always_end_at_the_survivor_of_the_last_merge():
    story = Story(3)
    story.merge(2, 3)
    story.merge(1, 2)
    assert story.survivor(3) == story.survivor(2) == story.ids[1]


def test_a_merge_tells_each_record_that_moved():
    story = Story(3)
    story.merge(1, 2)
    change = story.decide(
        lambda s, mint: merging.merge(s, story.ids[3], story.ids[1], mint=mint, reason="one"),
        enterprise_ids=[story.ids[1], story.ids[3]],
    )
    moved = [(e.record_id, e.enterprise_id) for e in change.events if e.type is EventType.RECORD_LINKED]
    assert moved == [(1, story.ids[3]), (2, story.ids[3])]
    assert change.events[0].type is EventType.IDENTITIES_MERGED


def test_merging_one_identity_with_itself_is_refused():
    story = Story(2)
    with pytest.raises(SameIdentity):
        story.merge(1, 1)
    story.merge(1, 2)
    with pytest.raises(SameIdentity):
        story.merge(1, 2)


def test_a_merged_identity_cannot_be_merged_and_its_survivor_is_named():
    story = Story(3)
    story.merge(1, 2)
    with pytest.raises(Conflict, match=display(story.ids[1])):
        story.merge(2, 3)


def test_an_id_never_issued_is_not_found():
    story = Story(1)
    story.ids[9] = "7K3M9QRT2X"
    with pytest.raises(NotFound):
        story.merge(1, 9)


def test_a_persons_different_stops_a_merge_unless_overridden():
    story = Story(2)
    story.unmerge(story.merge(1, 2))
    with pytest.raises(AssertedDifferent, match="assertion"):
        story.merge(1, 2)
    with pytest.raises(AssertedDifferent):
        story.merge(1, 2, decided_by=DecidedBy.MACHINE, override=True)
    story.merge(1, 2, override=True)
    assert story.groups() == [[1, 2]]
    assert not story.in_force(Verdict.DIFFERENT)


def test_an_override_withdraws_only_what_stands_against_it():
    story = Story(3)
    story.merge(1, 2)
    story.unmerge(story.merge(1, 3))
    assert story.in_force(Verdict.DIFFERENT) == {(1, 3), (2, 3)}
    story.unlink(2)
    story.merge(1, 3, override=True)
    assert story.in_force(Verdict.DIFFERENT) == {(1, 2), (2, 3)}


def test_unmerging_restores_the_partition_and_the_ids():
    story = Story(3)
    before = story.homes()
    merged = story.merge(1, 2)
    story.unmerge(merged)
    assert story.homes() == before
    assert (story.status(2), story.survivor(2)) == ("active", None)
    assert story.in_force(Verdict.DIFFERENT) == {(1, 2)}
    assert not story.in_force(Verdict.SAME)


def test_undoing_twice_is_refused():
    story = Story(2)
    merged = story.merge(1, 2)
    story.unmerge(merged)
    with pytest.raises(AlreadyUndone):
        story.unmerge(merged)
    with pytest.raises(NotFound):
        story.unmerge(12345)


def test_an_early_merge_is_undone_after_later_ones():
    story = Story(4)
    early = story.merge(2, 3)
    story.merge(1, 2)
    story.merge(4, 1)
    story.unmerge(early)
    assert story.groups() == [[1, 2, 4], [3]]
    assert story.homes()[3] == story.ids[3]
    assert story.survivor(1) == story.survivor(2) == story.ids[4]
    # Only the sides of the merge that was undone are held apart.
    assert story.in_force(Verdict.DIFFERENT) == {(2, 3)}


def test_identities_that_were_merged_into_the_returning_one_redirect_to_it_again():
    story = Story(3)
    story.merge(2, 3)
    late = story.merge(1, 2)
    story.unmerge(late)
    assert story.groups() == [[1], [2, 3]]
    assert (story.survivor(3), story.survivor(2)) == (story.ids[2], None)


def test_what_people_moved_since_stays_where_they_put_it():
    story = Story(4)
    story.merge(2, 3)
    merged = story.merge(1, 2)
    alone = story.unlink(3)
    assert merging.returning(story.state, merged) == ((2,), (3,))
    story.unmerge(merged)
    assert story.homes()[3] == alone
    assert story.homes()[2] == story.ids[2]


def test_a_record_that_came_back_by_another_way_stays_too():
    story = Story(2)
    merged = story.merge(1, 2)
    alone = story.unlink(2)
    story.ids[9] = alone
    story.merge(1, 9, override=True)
    change = story.unmerge(merged)
    assert story.groups() == [[1, 2]]
    assert story.status(2) == "retired"
    assert not change.links


def test_an_identity_left_without_records_is_retired():
    story = Story(2)
    merged = story.merge(1, 2)
    story.unlink(1)
    story.unmerge(merged)
    assert story.status(1) == "retired"
    assert story.homes()[2] == story.ids[2]


def test_records_that_came_after_the_merge_stay_with_the_survivor():
    story = Story(2)
    merged = story.merge(1, 2)
    story.register(r1="link")
    story.unmerge(merged)
    assert story.groups() == [[1, 3], [2]]


def test_links_are_as_machine_or_person_made_them_before_the_merge():
    story = Story(2)
    merged = story.merge(1, 2)
    assert story.state.links[2].decided_by is DecidedBy.PERSON
    story.unmerge(merged)
    assert story.state.links[2].decided_by is DecidedBy.MACHINE


def test_unlinking_gives_a_new_identity_held_apart_from_everybody_left():
    story = Story(3)
    story.merge(1, 2)
    story.merge(1, 3)
    alone = story.unlink(1)
    assert alone not in story.ids.values()
    assert story.groups() == [[1], [2, 3]]
    assert story.in_force(Verdict.DIFFERENT) == {(1, 2), (1, 3)}
    assert story.in_force(Verdict.SAME) == {(2, 3)}


def test_the_only_record_of_an_identity_and_a_retired_one_cannot_be_unlinked():
    story = Story(2)
    with pytest.raises(Conflict, match="only one"):
        story.unlink(1)
    story.merge(1, 2)
    story.retire(2)
    with pytest.raises(Conflict, match="retired"):
        story.unlink(2)
    with pytest.raises(NotFound):
        merging.unlink(story.state, 99, mint=story.mint, reason="")


def test_the_last_active_record_takes_its_identity_along():
    story = Story(2)
    story.merge(1, 2)
    story.retire(1)
    assert story.status(1) == "active"
    story.retire(2)
    assert story.status(1) == "retired"
    with pytest.raises(Conflict, match="retired already"):
        story.retire(2)


def test_a_retired_record_finds_its_identity_again():
    story = Story(1)
    story.retire(1)
    story.step(lambda s, mint: merging.reinstate(s, 1), enterprise_ids=[story.ids[1]])
    assert story.status(1) == "active"
    with pytest.raises(Conflict, match="not retired"):
        merging.reinstate(story.state, 1)


def test_a_retired_identity_closes_its_questions():
    story = Story(1)
    story.register(r1="review")
    assert len(story.tasks("open")) == 1
    story.retire(2)
    assert not story.tasks("open")


def test_a_task_follows_its_records_through_merge_and_unmerge():
    story = Story(2)
    story.register(r2="review")
    (task_id,) = story.tasks("open")
    merged = story.merge(1, 2)
    task = story.state.tasks[task_id].task
    assert {task.identity_a, task.identity_b} == {story.ids[1], story.ids[3]}
    story.unmerge(merged)
    task = story.state.tasks[task_id].task
    assert {task.identity_a, task.identity_b} == {story.ids[2], story.ids[3]}


def test_two_questions_that_become_one_are_asked_once_and_parted_again():
    story = Story(2)
    story.register(r1="review", r2="review")
    assert len(story.tasks("open")) == 2
    merged = story.merge(1, 2)
    assert len(story.tasks("open")) == 1
    story.unmerge(merged)
    assert len(story.tasks("open")) == 2


def test_the_question_between_two_identities_is_answered_by_their_merge():
    story = Story(1)
    story.register(r1="review")
    merged = story.merge(1, 2)
    (task_id,) = story.tasks("resolved")
    assert story.state.tasks[task_id].resolution == "same_person"
    story.unmerge(merged)
    assert not story.tasks("open"), "whoever unmerges has answered it"


def test_an_erased_identity_does_not_come_back():
    story = Story(2)
    merged = story.merge(1, 2)
    erased = IdentityState(enterprise_id=story.ids[2], status=IdentityStatus.ERASED)
    story.state.identities[story.ids[2]] = erased
    with pytest.raises(Conflict, match="erased"):
        merging.unmerge(story.state, merged, mint=story.mint, reason="")
