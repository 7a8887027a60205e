"""An update meets what people said and what was asked before."""

from __future__ import annotations

from builders import CLERK, STEWARD, a_record
from mpi.index import Index

MARY = {"given": "Mary", "family": "Johnson", "ssn": None, "phone": None}


def test_who_was_said_to_be_different_is_neither_joined_nor_asked_about_again(index: Index) -> None:
    index.receive(a_record("north", "1", **MARY), actor=CLERK)
    other = a_record("south", "2", **MARY, street="77 Bay Road", birth_date="1974-02-12")
    [task_id] = index.receive(other, actor=CLERK).tasks
    task = index.task(task_id, actor=STEWARD)
    index.resolve(task_id, "different_people", "seen both", task.version, actor=STEWARD)
    again = index.receive(other | {"email": "mary@example.org"}, actor=CLERK)
    recognisable = index.receive(other | {"birth_date": "1974-02-11", "street": "48 Alder St"}, actor=CLERK)
    assert (again.tasks, recognisable.tasks) == ((), ())
    assert recognisable.decision == "new"
    assert index.tasks(actor=STEWARD, state="open").items == ()


def test_a_lone_record_that_joins_takes_its_questions_along(index: Index) -> None:
    """Two identities are asked about with the lone record's; after it joined one, the other is asked about
    once.
    """
    first = index.receive(a_record("north", "1", **MARY), actor=CLERK)
    near = index.receive(
        a_record("east", "3", **MARY, street="5 Elm St", birth_date="1974-02-12"), actor=CLERK
    )
    lone = a_record("south", "2", **MARY, street="77 Bay Road", birth_date="1974-02-12", zip="97206")
    index.receive(lone, actor=CLERK)
    joined = index.receive(
        lone | {"birth_date": "1974-02-11", "street": "48 Alder St", "zip": "02118"}, actor=CLERK
    )
    assert (joined.decision, joined.enterprise_id) == ("linked", first.enterprise_id)
    asked = [tuple(sorted(task.identities)) for task in index.tasks(actor=STEWARD, state="open").items]
    assert len(asked) == len(set(asked))
    assert all(first.enterprise_id in pair or near.enterprise_id in pair for pair in asked)
