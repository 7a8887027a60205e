"""The assignment table, row by row."""

from itertools import count, permutations

import pytest

from mpi.identity.assignment import TASKS_MAX, CandidateIdentity, assign, reassess
from mpi.identity.change import EventType, TaskKind


def a_candidate(enterprise_id, decision="review", *, weight=5.0, record_id=1, **rest):
    return CandidateIdentity(
        enterprise_id=enterprise_id,
        decision=decision,
        weight=weight,
        probability=0.5,
        record_id=record_id,
        **rest,
    )


def assigned(*candidates, record_id=100, **rest):
    return assign(record_id, candidates, new_enterprise_id=lambda: "NEW", number=count(1).__next__, **rest)


def pairs(assignment):
    return [(task.identity_a, task.identity_b) for task in assignment.change.tasks]


def types(change):
    return [event.type for event in change.events]


@pytest.mark.parametrize("candidates", [(), (a_candidate("A", "no_link"),)])
def test_nobody_at_or_above_review_means_a_new_identity(candidates):
    assignment = assigned(*candidates)
    assert (assignment.enterprise_id, assignment.decision, assignment.matched) == ("NEW", "new", None)
    assert [(i.enterprise_id, i.issued) for i in assignment.change.identities] == [("NEW", True)]
    assert [(link.record_id, link.from_id, link.to_id) for link in assignment.change.links] == [
        (100, None, "NEW")
    ]
    assert types(assignment.change) == [EventType.ENTERPRISE_ID_ASSIGNED]


def test_exactly_one_link_joins_it_and_asks_about_the_others_in_doubt():
    assignment = assigned(a_candidate("A", "link", weight=9), a_candidate("B"), a_candidate("C", "no_link"))
    assert (assignment.enterprise_id, assignment.decision) == ("A", "linked")
    assert assignment.matched.enterprise_id == "A"
    assert pairs(assignment) == [("A", "B")]
    assert not assignment.change.identities
    assert types(assignment.change) == [EventType.RECORD_LINKED, EventType.TASK_QUEUED]
    (link,) = assignment.change.links
    assert (link.to_id, link.weight, link.with_record_id) == ("A", 9, 1)


def test_several_links_join_none_and_ask_about_each_and_each_pair_of_them():
    linking = [
        a_candidate("A", "link", weight=9),
        a_candidate("B", "link", weight=8),
        a_candidate("C", "link", weight=7),
    ]
    assignment = assigned(*linking, a_candidate("D"))
    assert (assignment.enterprise_id, assignment.decision) == ("NEW", "review")
    assert assignment.matched.enterprise_id == "A"
    assert sorted(pairs(assignment)) == [
        ("A", "B"), ("A", "C"), ("A", "NEW"), ("B", "C"), ("B", "NEW"), ("C", "NEW"), ("D", "NEW"),
    ]  # fmt: skip


def test_only_review_means_a_new_identity_and_a_task_each():
    assignment = assigned(a_candidate("A"), a_candidate("Z"))
    assert (assignment.enterprise_id, assignment.decision) == ("NEW", "review")
    assert sorted(pairs(assignment)) == [("A", "NEW"), ("NEW", "Z")]
    assert [task.record_ids for task in assignment.change.tasks] == [(100, 1), (100, 1)]


def test_the_order_of_the_candidates_changes_nothing():
    candidates = [
        a_candidate("A", "link", weight=9),
        a_candidate("B", "link", weight=9),
        a_candidate("C", weight=2),
    ]
    outcomes = [assigned(*order) for order in permutations(candidates)]
    assert all(outcome == outcomes[0] for outcome in outcomes)


@pytest.mark.parametrize(
    ("same_source", "kind"), [(True, TaskKind.POTENTIAL_DUPLICATE), (False, TaskKind.POTENTIAL_OVERLAP)]
)
def test_a_duplicate_is_within_one_source_and_an_overlap_between_two(same_source, kind):
    (task,) = assigned(a_candidate("A", same_source=same_source)).change.tasks
    assert task.kind is kind


def test_a_duplicate_within_one_source_is_more_urgent_and_a_guarded_pair_less():
    (overlap,) = assigned(a_candidate("A")).change.tasks
    (duplicate,) = assigned(a_candidate("A", same_source=True)).change.tasks
    (guarded,) = assigned(a_candidate("A", guards=("twins",))).change.tasks
    assert guarded.priority < overlap.priority < duplicate.priority
    assert guarded.guards == ("twins",)


def test_what_is_asked_already_is_not_asked_twice():
    linking = [a_candidate("A", "link"), a_candidate("B", "link")]
    assert ("A", "B") not in pairs(assigned(*linking, open_pairs={("A", "B")}))
    assert pairs(assigned(a_candidate("A", "link"), a_candidate("B"), open_pairs={("A", "B")})) == []


def test_who_is_held_apart_is_neither_joined_nor_asked_about():
    assignment = assigned(a_candidate("A", "link", asserted_different=True))
    assert (assignment.enterprise_id, assignment.decision) == ("NEW", "new")
    linking = [a_candidate("A", "link"), a_candidate("B", "link")]
    assert ("A", "B") not in pairs(assigned(*linking, pairs_apart={("A", "B")}))


def test_questions_have_a_limit_and_reaching_it_is_told():
    crowd = [a_candidate(f"ID{n:02}", weight=float(n)) for n in range(TASKS_MAX + 7)]
    assignment = assigned(*crowd)
    assert len(assignment.change.tasks) == TASKS_MAX
    assert min(task.weight for task in assignment.change.tasks) == 7
    queued = [event for event in assignment.change.events if event.type is EventType.TASK_QUEUED]
    assert queued[0].data["left_out"] == 7


def test_two_candidates_for_one_identity_are_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="one candidate per identity"):
        assigned(a_candidate("A"), a_candidate("A"))


def test_every_task_has_its_event():
    change = assigned(a_candidate("A"), a_candidate("B", "link"), a_candidate("C", "link")).change
    queued = [event.task_id for event in change.events if event.type is EventType.TASK_QUEUED]
    assert queued == [task.task_id for task in change.tasks]


def reassessed(*candidates, **rest):
    return reassess(100, "OWN", candidates, number=count(1).__next__, **{"supported": True, **rest})


def test_an_update_that_changes_nothing_asks_nothing():
    change = reassessed(a_candidate("OWN", "link"), a_candidate("A", "no_link"))
    assert not change.tasks
    assert not change.events


def test_an_update_asks_about_whom_the_record_resembles_now_and_moves_nothing():
    change = reassessed(a_candidate("A", "link"), a_candidate("B"))
    assert [(task.identity_a, task.identity_b) for task in change.tasks] == [("A", "OWN"), ("B", "OWN")]
    assert not change.links


def test_a_link_no_longer_supported_is_doubted_once_and_never_cut():
    change = reassessed(supported=False)
    (task,) = change.tasks
    assert (task.kind, task.identity_a, task.identity_b, task.record_ids) == (
        TaskKind.LINK_IN_DOUBT,
        "OWN",
        None,
        (100,),
    )
    assert not change.links
    assert not reassessed(supported=False, in_doubt=True).tasks
