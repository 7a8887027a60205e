"""What a reviewer's answer does, and how it is taken back."""

import pytest

from identity.stories import Story
from mpi.errors import AlreadyUndone, Conflict, NotFound
from mpi.identity import resolving
from mpi.identity.change import Resolution, Verdict


def resolve(story, task_id, resolution, **options):
    return story.step(
        lambda s, mint: resolving.resolve_task(s, task_id, resolution, mint=mint, reason="seen", **options),
        task_ids=[task_id],
    )


def take_back(story, task_id):
    return story.step(
        lambda s, mint: resolving.undo_resolution(s, task_id, mint=mint, reason="mistaken"),
        task_ids=[task_id],
    )


@pytest.fixture
def asked():
    """Records 1 and 2, and the question whether they are one person."""
    story = Story(1)
    story.register(r1="review")
    return story, story.tasks("open")[0]


@pytest.fixture
def doubted():
    """Records 1 and 2 are linked, and 2's link is in doubt."""
    story = Story(1)
    story.register(r1="link")
    return story, story.doubt(2)


def test_same_person_merges_into_the_older_identity(asked):
    story, task_id = asked
    change = resolve(story, task_id, Resolution.SAME_PERSON)
    assert story.groups() == [[1, 2]]
    assert story.survivor(2) == story.ids[1]
    assert change.merges[0].task_id == task_id


def test_the_reviewer_may_name_the_survivor(asked):
    story, task_id = asked
    resolve(story, task_id, Resolution.SAME_PERSON, surviving=story.ids[2])
    assert story.survivor(1) == story.ids[2]


def test_a_survivor_that_the_task_is_not_about_is_refused(asked):
    story, task_id = asked
    story.register()
    with pytest.raises(Conflict, match="one of the task's identities"):
        resolve(story, task_id, Resolution.SAME_PERSON, surviving=story.ids[3])


def test_different_people_are_held_apart(asked):
    story, task_id = asked
    resolve(story, task_id, Resolution.DIFFERENT_PEOPLE)
    assert story.in_force(Verdict.DIFFERENT) == {(1, 2)}


@pytest.mark.parametrize("resolution", [Resolution.CANNOT_TELL, Resolution.OVERLAY])
def test_other_answers_only_close_the_task(asked, resolution):
    story, task_id = asked
    before = story.homes()
    change = resolve(story, task_id, resolution)
    assert story.homes() == before
    assert not change.assertions
    assert story.state.tasks[task_id].resolution == resolution


@pytest.mark.parametrize("resolution", Resolution)
def test_any_answer_can_be_taken_back_and_given_anew(asked, resolution):
    story, task_id = asked
    before = story.picture()
    resolve(story, task_id, resolution)
    take_back(story, task_id)
    assert story.picture() == before
    resolve(story, task_id, Resolution.SAME_PERSON)
    assert story.groups() == [[1, 2]]
    take_back(story, task_id)
    assert story.picture() == before


def test_a_doubted_link_is_cut_or_confirmed(doubted):
    story, task_id = doubted
    resolve(story, task_id, Resolution.SAME_PERSON)
    assert story.in_force(Verdict.SAME) == {(1, 2)}
    take_back(story, task_id)
    assert not story.in_force(Verdict.SAME)
    resolve(story, task_id, Resolution.DIFFERENT_PEOPLE)
    assert story.groups() == [[1], [2]]


def test_a_cut_link_is_restored_and_the_id_issued_meanwhile_redirects(doubted):
    story, task_id = doubted
    resolve(story, task_id, Resolution.DIFFERENT_PEOPLE)
    meanwhile = story.homes()[2]
    take_back(story, task_id)
    assert story.groups() == [[1, 2]]
    assert story.state.identities[meanwhile].surviving_id == story.ids[1]
    assert story.tasks("open") == [task_id]


def test_a_task_closes_once(asked):
    story, task_id = asked
    with pytest.raises(Conflict, match="not resolved"):
        take_back(story, task_id)
    resolve(story, task_id, Resolution.CANNOT_TELL)
    with pytest.raises(Conflict, match="resolved already"):
        resolve(story, task_id, Resolution.SAME_PERSON)
    with pytest.raises(NotFound):
        resolve(story, 12345, Resolution.SAME_PERSON)


def test_an_answer_whose_merge_was_undone_by_itself_cannot_be_taken_back(asked):
    story, task_id = asked
    merge_id = resolve(story, task_id, Resolution.SAME_PERSON).merges[0].merge_id
    story.unmerge(merge_id)
    with pytest.raises(AlreadyUndone):
        take_back(story, task_id)


def test_a_task_that_a_merge_answered_is_reopened_by_undoing_that(asked):
    story, task_id = asked
    merge_id = story.merge(1, 2)
    with pytest.raises(Conflict, match=f"merge {merge_id}"):
        take_back(story, task_id)


def test_a_task_that_nobody_answered_has_nothing_to_take_back(asked):
    story, task_id = asked
    story.retire(2)
    with pytest.raises(Conflict, match="not answered"):
        take_back(story, task_id)
