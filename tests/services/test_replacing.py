"""Local IDs that change: A40 and ``replaced-by``, A47, A43."""

from __future__ import annotations

import pytest

from builders import CLERK, STEWARD, a_record, another
from mpi.errors import AssertedDifferent, BadInput, Conflict, NotFound, Replaced
from mpi.index import Index
from mpi.patient import write_record

DECLARED = """
[[source]]
name = "north"
[[source]]
name = "south"
[[authority]]
name = "NORTH"
oid = "1.2.3.4"
type = "MR"
owner = "north"
"""
EXPOSED = DECLARED + "[index]\nexpose_subsumed_ids = true\n"


@pytest.fixture
def two_people(index: Index) -> Index:
    """Grace is n1 (and s1), Tomás n2: two people, until somebody says otherwise."""
    index.apply_sources(DECLARED, actor=STEWARD)
    index.receive(a_record("north", "n1"), actor=CLERK)
    index.receive(a_record("south", "s1"), actor=CLERK)
    index.receive(another("north", "n2"), actor=CLERK)
    return index


def _values(index: Index, value: str, domain: str = "NORTH") -> list[str]:
    return [
        i.value for i in index.registry.cross_reference(domain, value, ["NORTH"], actor=CLERK).identifiers
    ]


def test_a_replaced_record_is_its_survivors(two_people: Index) -> None:
    registry = two_people.registry
    done = registry.replace("north", "n1", "n2", "A40", actor=STEWARD)
    assert done.merge_id is not None and not done.survivor_created
    assert done.subsumed.replaced_by == (done.surviving.resource_id, "n1")
    assert not done.subsumed.active
    by_old = registry.cross_reference("NORTH", "n2", actor=CLERK)
    assert (by_old.outcome, by_old.enterprise_id) == ("replaced", done.surviving.enterprise_id)
    assert not by_old.identifiers
    assert _values(two_people, "s1", "south") == ["n1"]
    patient = write_record(done.subsumed, registry.domains())
    assert patient["active"] is False
    assert patient["link"] == [
        {"other": {"reference": f"Patient/{done.surviving.resource_id}"}, "type": "replaced-by"}
    ]
    again = registry.replace("north", "n1", "n2", "A40", actor=STEWARD)
    assert again.merge_id is None


def test_a_switch_shows_replaced_identifiers_too(two_people: Index) -> None:
    two_people.registry.replace("north", "n1", "n2", "A40", actor=STEWARD)
    two_people.apply_sources(EXPOSED, actor=STEWARD)
    assert sorted(_values(two_people, "s1", "south")) == ["n1", "n2"]


def test_a_preview_writes_nothing(two_people: Index) -> None:
    shown = two_people.registry.replace("north", "n1", "n2", "A40", actor=STEWARD, preview=True)
    assert shown.preview and shown.merge_id is None
    assert set(shown.systems_to_notify) == {"north", "south"}
    assert two_people.record("north", "n2", actor=CLERK).status == "active"
    assert two_people.registry.record("north", "n2", actor=CLERK).replaced_by is None


def test_a_replacement_can_be_taken_back(two_people: Index) -> None:
    before = {id: two_people.record("north", id, actor=CLERK).enterprise_id for id in ("n1", "n2")}
    two_people.registry.replace("north", "n1", "n2", "A40", actor=STEWARD)
    view = two_people.registry.restore("north", "n2", "wrong patient", actor=STEWARD)
    assert view.active and view.replaced_by is None
    assert {id: two_people.record("north", id, actor=CLERK).enterprise_id for id in ("n1", "n2")} == before
    assert _values(two_people, "n2") == []
    again = two_people.receive(another("north", "n2"), actor=CLERK)
    assert again.record.version == 1
    with pytest.raises(AssertedDifferent):
        two_people.registry.replace("north", "n1", "n2", "A40", actor=STEWARD)


def test_what_was_replaced_is_not_written_again(two_people: Index) -> None:
    registry = two_people.registry
    registry.replace("north", "n1", "n2", "A40", actor=STEWARD)
    with pytest.raises(Replaced) as refused:
        two_people.receive(another("north", "n2", phone=None), actor=CLERK)
    assert refused.value.survivor == "n1"
    with pytest.raises(Replaced):
        registry.replace("north", "n2", "n1", "A40", actor=STEWARD)


def test_unknown_ids_are_refused_or_made(two_people: Index) -> None:
    registry = two_people.registry
    with pytest.raises(NotFound) as refused:
        registry.replace("north", "n1", "nobody", "A40", actor=STEWARD)
    assert refused.value.field == "subsumed"
    with pytest.raises(NotFound) as refused:
        registry.replace("north", "n9", "n2", "A40", actor=STEWARD, create_survivor=False)
    assert refused.value.field == "surviving"
    with pytest.raises(BadInput):
        registry.replace("north", "n1", "n1", "A40", actor=STEWARD)
    made = registry.replace("north", "n9", "n2", "A40", actor=STEWARD)
    assert made.survivor_created
    assert made.surviving.record.names == made.subsumed.record.names
    assert [i.value for i in made.surviving.identifiers if i.authority == "NORTH"] == ["n9"]


def test_a_record_is_renamed_with_its_identifier(two_people: Index) -> None:
    registry = two_people.registry
    view = registry.rename("north", "n1", "n7", "A47", actor=STEWARD)
    assert view.record.local_id == "n7" and view.version == 2
    assert _values(two_people, "s1", "south") == ["n7"]
    assert registry.cross_reference("NORTH", "n1", actor=CLERK).outcome == "unknown-id"
    with pytest.raises(Conflict):
        registry.rename("north", "n7", "n2", "A47", actor=STEWARD)


def test_a_record_moves_to_another_person(two_people: Index) -> None:
    registry = two_people.registry
    grace, tomas = (two_people.record("north", id, actor=CLERK).enterprise_id for id in ("n1", "n2"))
    moved = registry.move("north", "n1", "n2", "A43", actor=STEWARD)
    assert moved.enterprise_id == tomas
    assert two_people.record("south", "s1", actor=CLERK).enterprise_id == grace
    assert registry.move("north", "n1", "n2", "A43", actor=STEWARD).enterprise_id == tomas
