"""What the desk does with whole people: graph, split, merge without a task, timeline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api_client import settings_of
from builders import STEWARD as AUDITOR
from desk_calls import ADMIN, doubtful_pairs, register
from desk_people import one_person_many_records
from mpi.errors import AlreadyUndone, AssertedDifferent, BadInput, Conflict, SameIdentity
from mpi.index import Actor, Index

LEAD = Actor(name="lead", role="steward")
OTHER = Actor(name="other", role="steward")


@pytest.fixture
def index(database_url: str, tmp_path: Path) -> Iterator[Index]:
    with Index.open(settings_of(database_url, tmp_path)) as index:
        yield index
        broken = [(r.invariant, r.sample) for r in index.check(actor=AUDITOR) if r.violations]
        assert not broken


def _names(index: Index, enterprise_id: str) -> set[str]:
    return {record["local_id"] for record in index.identity(enterprise_id, actor=ADMIN).records}


def test_a_wrongly_merged_namesake_is_what_the_graph_would_cut(index: Index) -> None:
    person = one_person_many_records(index, 12, merged_by=LEAD)
    cluster = index.desk.cluster(person, actor=LEAD)
    assert cluster is not None and len(cluster.records) == 12
    assert sum(edge.is_tree for edge in cluster.edges) == 11
    [weakest] = [edge for edge in cluster.edges if edge.is_weakest]
    assert weakest.weight == min(edge.weight for edge in cluster.edges if edge.is_tree)
    split = cluster.proposals[0]
    assert {cluster.records[place].local_id for place in split.part} == {"D0", "D1"}
    assert split.merge_id is not None, "exactly these came with one merge: undoing it restores their old ID"
    ids = [cluster.records[place].record_id for place in split.part]
    preview = index.desk.preview_split(person, ids, actor=LEAD)
    assert {ref.local_id for ref in preview.leaving} == {"D0", "D1"}
    assert (preview.best_leaving["given"], len(preview.staying)) == ("Consuelo", 10)
    before = len(index.history(person, actor=LEAD))
    new_id = index.desk.split(person, ids, "two people: other SSN, other home", actor=LEAD)
    assert (_names(index, new_id), len(_names(index, person))) == ({"D0", "D1"}, 10)
    assert len(index.history(person, actor=LEAD)) > before
    with pytest.raises(AssertedDifferent):
        index.merge(person, new_id, "again", actor=LEAD)
    assert index.why(new_id, "lab/D0", actor=LEAD)["decision"] == "link"


def test_a_split_takes_only_records_of_the_person_and_not_all(index: Index) -> None:
    person = one_person_many_records(index, 5, merged_by=LEAD)
    cluster = index.desk.cluster(person, actor=LEAD)
    assert cluster is not None
    everybody = [record.record_id for record in cluster.records]
    with pytest.raises(Conflict):
        index.desk.split(person, everybody, "x", actor=LEAD)
    with pytest.raises(BadInput):
        index.desk.split(person, [1], "x", actor=LEAD)
    with pytest.raises(BadInput):
        index.desk.split(person, [], "x", actor=LEAD)
    with pytest.raises(BadInput):
        index.desk.split(person, everybody[:1], "  ", actor=LEAD)


def test_two_records_need_no_graph(index: Index) -> None:
    doubtful_pairs(index, 1)
    [task] = index.tasks(actor=ADMIN).items
    assert index.desk.cluster(task.identities[0], actor=LEAD) is None
    assert index.desk.case(task.id, actor=LEAD).cluster is None


def test_a_question_about_more_than_two_records_has_a_graph_of_both_sides(index: Index) -> None:
    person = one_person_many_records(index, 5, merged_by=LEAD)
    register(index, source="lab", local_id="E1", given="Carmen", family="Castellano", birth_date="1961-04-23")
    task = next(t for t in index.tasks(actor=ADMIN).items if person in t.identities)
    cluster = index.desk.case(task.id, actor=LEAD).cluster
    assert cluster is not None
    sides = [record.side for record in cluster.records]
    assert sorted(sides) == sides and {sides.count(0), sides.count(1)} == {1, 5}


def test_two_people_whom_nobody_asked_about_are_merged(index: Index) -> None:
    one = register(index, source="north", local_id="1", given="Ada", family="Byron", birth_date="1915-12-10")
    two = register(index, source="lab", local_id="2", given="Augusta", family="King", birth_date="1951-01-02")
    joining = index.desk.preview_joining(two.enterprise_id, one.enterprise_id, actor=LEAD)
    assert (joining.merge.surviving, joining.merge.subsumed) == (one.enterprise_id, two.enterprise_id)
    assert joining.pair.why is not None and not joining.is_proposal
    assert joining.pair.best_record["birth_date"]
    survivor = index.desk.join(one.enterprise_id, two.enterprise_id, "chart-reviewed", actor=LEAD)
    assert survivor == one.enterprise_id
    with pytest.raises(SameIdentity):
        index.desk.preview_joining(one.enterprise_id, two.enterprise_id, actor=LEAD)


def test_where_merges_need_two_people_joining_is_a_proposal(database_url: str, tmp_path: Path) -> None:
    settings = settings_of(database_url, tmp_path).model_copy(update={"approval_harm": 60})
    with Index.open(settings) as index:
        one = register(
            index, source="north", local_id="1", given="Ada", family="Byron", birth_date="1915-12-10"
        )
        two = register(
            index, source="lab", local_id="2", given="Augusta", family="King", birth_date="1951-01-02"
        )
        ids = (one.enterprise_id, two.enterprise_id)
        assert index.desk.preview_joining(*ids, actor=LEAD).is_proposal
        assert index.desk.join(*ids, "chart-reviewed", actor=LEAD) is None
        [task] = index.tasks(actor=OTHER, state="awaiting_approval").items
        assert task.priority >= 60 and task.proposal["proposed_by"] == "lead"
        with pytest.raises(Conflict):
            index.desk.join(*ids, "chart-reviewed", actor=OTHER)
        index.resolve(task.id, "same_person", "seen", task.version, actor=OTHER)
        assert index.identity(ids[1], actor=OTHER).enterprise_id == ids[0]
        assert not [r for r in index.check(actor=AUDITOR) if r.violations]


def test_the_timeline_says_who_why_and_by_which_rules(index: Index) -> None:
    doubtful_pairs(index, 1)
    [task] = index.tasks(actor=ADMIN).items
    done = index.resolve(task.id, "same_person", "one passport", task.version, actor=LEAD)
    survivor = done.identities[0]
    told = index.desk.timeline(survivor, actor=LEAD)
    rules = f"{index.rules.name} {index.rules.hash}"
    by_type = {step.type: step for step in told.steps}
    assert by_type["TaskQueued"].rules == rules and by_type["TaskQueued"].is_machine
    assert [step.rules for step in told.steps if step.type == "EnterpriseIdAssigned"] == [rules, rules]
    merged = by_type["IdentitiesMerged"]
    assert (merged.actor, merged.reason, merged.is_machine) == ("lead", "one passport", False)
    assert merged.undoable_merge_id is not None
    assert by_type["RecordLinked"].rules is None, "a person moved it"
    index.unmerge(merged.undoable_merge_id, "two birth certificates", actor=OTHER)
    with pytest.raises(AlreadyUndone):
        index.desk.preview_unmerge(merged.undoable_merge_id, actor=LEAD)
    after = {step.type: step for step in index.desk.timeline(survivor, actor=LEAD).steps}
    assert after["IdentitiesMerged"].undoable_merge_id is None
    assert (after["IdentitiesUnmerged"].actor, after["IdentitiesUnmerged"].reason) == (
        "other",
        "two birth certificates",
    )


def test_the_ledger_keeps_which_rules_an_event_went_by(index: Index) -> None:
    found = register(
        index, source="north", local_id="1", given="Ada", family="Byron", birth_date="1915-12-10"
    )
    [event] = index.history(found.enterprise_id, actor=LEAD)
    assert event.data["rules"] == index.rules.hash
