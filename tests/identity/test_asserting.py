"""What a person states about records holds through chains, and over what the machine decides."""

import pytest

from identity.stories import Story
from mpi.errors import AlreadyUndone, AssertedDifferent, Conflict, NotFound
from mpi.identity import asserting
from mpi.identity.change import DecidedBy, Verdict


def state_(story, verdict, a, b, **options):
    decide = asserting.assert_same if verdict is Verdict.SAME else asserting.assert_different
    homes = story.homes()
    ends = {homes[record] for record in (*a, *b)}
    return story.step(
        lambda s, mint: decide(s, a, b, mint=mint, reason="known", **options), enterprise_ids=ends
    )


def test_same_joins_at_once_and_the_older_identity_survives():
    story = Story(2)
    change = state_(story, Verdict.SAME, [2], [1])
    assert story.groups() == [[1, 2]]
    assert story.survivor(2) == story.ids[1]
    assert change.assertions[0].merge_id == change.merges[0].merge_id


def test_same_within_one_identity_is_only_stated():
    story = Story(1)
    story.register(r1="link")
    change = state_(story, Verdict.SAME, [1], [2])
    assert not change.merges
    assert story.in_force(Verdict.SAME) == {(1, 2)}


def test_different_holds_apart():
    story = Story(2)
    state_(story, Verdict.DIFFERENT, [1], [2])
    with pytest.raises(AssertedDifferent):
        story.merge(1, 2, decided_by=DecidedBy.MACHINE)


def test_different_parts_who_was_together_the_smaller_group_leaves():
    story = Story(1)
    story.register(r1="link")
    story.register(r1="link")
    state_(story, Verdict.SAME, [1], [2])
    state_(story, Verdict.DIFFERENT, [1], [3])
    assert story.groups() == [[1, 2], [3]]
    assert story.homes()[1] == story.ids[1]


def test_who_is_bound_to_one_side_leaves_with_it():
    story = Story(1)
    for _ in range(4):
        story.register(r1="link")
    state_(story, Verdict.SAME, [4], [5])
    state_(story, Verdict.SAME, [1], [2])
    state_(story, Verdict.SAME, [2], [3])
    state_(story, Verdict.DIFFERENT, [1], [5])
    assert story.groups() == [[1, 2, 3], [4, 5]]


def test_parting_undoes_the_machines_merge_so_that_the_old_ids_return():
    story = Story(2)
    story.merge(1, 2, decided_by=DecidedBy.MACHINE)
    change = state_(story, Verdict.DIFFERENT, [1], [2])
    assert story.homes() == {1: story.ids[1], 2: story.ids[2]}
    assert change.undone_merge_ids


def test_a_chain_of_same_stands_against_different_and_is_named():
    story = Story(3)
    first = state_(story, Verdict.SAME, [1], [2]).assertions[0].assertion_id
    second = state_(story, Verdict.SAME, [2], [3]).assertions[0].assertion_id
    with pytest.raises(Conflict, match=f"assertion ({first}|{second})"):
        state_(story, Verdict.DIFFERENT, [1], [3])
    assert story.groups() == [[1, 2, 3]]


def test_an_override_cuts_the_chain_and_nothing_else():
    story = Story(3)
    state_(story, Verdict.SAME, [1], [2])
    state_(story, Verdict.SAME, [2], [3])
    state_(story, Verdict.DIFFERENT, [1], [3], override=True)
    assert story.homes()[1] != story.homes()[3]
    assert story.in_force(Verdict.SAME) == {(1, 2)}


def test_different_stands_against_same_for_the_whole_identities():
    story = Story(3)
    state_(story, Verdict.DIFFERENT, [1], [3])
    state_(story, Verdict.SAME, [1], [2])
    # 2 is one person with 1, so it is not one with 3 either.
    with pytest.raises(AssertedDifferent):
        state_(story, Verdict.SAME, [2], [3])
    state_(story, Verdict.SAME, [2], [3], override=True)
    assert story.groups() == [[1, 2, 3]]


def test_different_answers_the_question_between_two_identities():
    story = Story(1)
    story.register(r1="review")
    state_(story, Verdict.DIFFERENT, [1], [2])
    assert not story.tasks("open")


def test_a_statement_is_about_two_different_things():
    story = Story(3)
    for a, b in [([1], [1]), ([], [1]), ([1, 2], [3])]:
        with pytest.raises(Conflict):
            state_(story, Verdict.DIFFERENT, a, b)


def test_withdrawing_frees_the_machine_and_moves_nobody():
    story = Story(2)
    stated = state_(story, Verdict.DIFFERENT, [1], [2]).assertions[0].assertion_id

    def withdraw(s, mint):
        return asserting.withdraw(s, stated)

    story.step(withdraw, enterprise_ids=story.ids.values())
    assert story.groups() == [[1], [2]]
    story.merge(1, 2, decided_by=DecidedBy.MACHINE)
    with pytest.raises(AlreadyUndone):
        asserting.withdraw(story.state, stated)
    with pytest.raises(NotFound):
        asserting.withdraw(story.state, 12345)


def test_undoing_a_merge_leaves_stated_what_it_does_not_part():
    story = Story(2)
    for _ in range(2):
        story.register(r1="link")
    merged = state_(story, Verdict.SAME, [2], [3]).merges[0].merge_id
    state_(story, Verdict.SAME, [1], [4])
    state_(story, Verdict.DIFFERENT, [1], [3])
    assert story.groups() == [[1, 4], [2, 3]]
    # A person moved 2 since, together with 3: it stays there, and so does what binds the two.
    story.unmerge(merged)
    assert story.groups() == [[1, 4], [2, 3]]
    assert story.in_force(Verdict.SAME) == {(1, 4), (2, 3)}


@pytest.mark.parametrize("since", ["nothing", "held apart", "asked by another task"])
def test_undoing_a_merge_asks_again_only_what_nobody_asks_or_answered_elsewhere(since):
    """The records of the task went to identities that the merge knows nothing of."""
    story = Story(1)
    story.register(r1="review")
    [task] = story.tasks("open")
    story.register(r1="link")
    story.register(r2="link")
    merged = story.merge(1, 2, decided_by=DecidedBy.MACHINE)
    for record in (1, 2):
        story.unlink(record)
        for assertion in [a for a, said in story.state.assertions.items() if said.pairs]:
            story.step(
                lambda s, mint, a=assertion: asserting.withdraw(s, a), enterprise_ids=story.ids.values()
            )
    first = story.register(r1="link")
    second = story.register(
        r2="link", **({f"r{first}": "review"} if since == "asked by another task" else {})
    )
    if since == "held apart":
        state_(story, Verdict.DIFFERENT, [first], [second])
    asked = story.tasks("open")
    assert len(asked) == (since == "asked by another task")
    story.unmerge(merged)
    assert story.groups() == [[1, 5], [2, 6], [3], [4]]
    assert story.tasks("open") == ([task] if since == "nothing" else asked)
