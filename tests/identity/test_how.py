from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

from identity.world import CountingMint
from mpi.identity import merging
from mpi.identity.assignment import assign
from mpi.identity.change import EventType
from mpi.identity.enterprise_id import display
from mpi.identity.how import story
from mpi.identity.ledger import apply
from mpi.identity.neighbourhood import Neighbourhood


@dataclass
class Reference:
    source: str
    local_id: str


@dataclass
class Told:
    type: str
    enterprise_ids: tuple[str, ...]
    record: Reference | None = None
    data: dict = field(default_factory=dict)
    at: datetime = datetime(2026, 1, 2, tzinfo=UTC)


def told(event):
    """As the services answer an event."""
    ids = tuple(display(i) for i in (event.enterprise_id, event.other_enterprise_id) if i)
    numbers = {"merge_id": event.merge_id, "task_id": event.task_id, "assertion_id": event.assertion_id}
    data = {**event.data, **{name: n for name, n in numbers.items() if n}, "actor": "miriam"}
    record = Reference("north", str(event.record_id)) if event.record_id else None
    return Told(event.type.value, ids, record, data)


def test_a_life_of_an_identity_reads_as_sentences():
    mint, state, events = CountingMint(), Neighbourhood(), []
    for record in (1, 2):
        change = assign(record, [], new_enterprise_id=mint.enterprise_id, number=mint.number).change
        state = apply(state, change, issued_at=record)
        events += change.events
    a, b = state.identities
    for decision in (
        lambda s: merging.merge(s, a, b, mint=mint, reason="one"),
        lambda s: merging.unmerge(s, next(iter(s.merges)), mint=mint, reason="two"),
        lambda s: merging.retire(s, 1),
        lambda s: merging.reinstate(s, 1),
    ):
        change = decision(state)
        state = apply(state, change)
        events += change.events
    steps = story(
        a, [told(event) for event in events if a in (event.enterprise_id, event.other_enterprise_id)]
    )
    one, other = display(a), display(b)
    assert [step["text"] for step in steps] == [
        f"north/1 came in, was like nobody enough to be linked, and got {one}.",
        f"{other} was merged into {one} by miriam.",
        f"north/2 moved from {other} to {one} with the merge.",
        f"It was stated by miriam that records of {one} are one person.",
        f"The merge of {other} into {one} was undone by miriam: 1 records returned.",
        f"north/2 returned from {one} to {other} when the merge was undone.",
        f"It was stated by miriam that records of {one} and {other} are different people.",
        "Statement 2 was withdrawn as a whole by miriam.",
        "north/1 was retired by miriam.",
        "north/1 was sent again after it had been retired.",
    ]
    assert steps[1]["ids"] == {"enterprise_ids": [one, other], "merge_id": 1}
    assert steps[0]["ids"]["record"] == "north/1"
    assert steps[0]["at"] == "2026-01-02T00:00:00+00:00"


def test_every_kind_of_event_has_a_sentence_with_and_without_details():
    numbers = count()
    for kind in EventType:
        for data in ({}, {"cause": "assertion", "resolution": "same_person", "weight": 7.25, "left": 2}):
            events = [Told(kind.value, ("7K3M-9QRT-2X",), Reference("north", str(next(numbers))), data)]
            (step,) = story("7K3M9QRT2X", events)
            assert step["text"].endswith(".")
            assert step["text"] != f"{kind.value}."


def test_an_event_it_does_not_know_is_named():
    assert story("7K3M9QRT2X", [Told("SomethingElse", ("7K3M-9QRT-2X",))])[0]["text"] == "SomethingElse."
