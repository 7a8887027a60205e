"""Registration:

new, linked, review, re-sent, updated, held back; one at a time, in chunks, and all at once.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from builders import CLERK, GRACE, a_record, another
from mpi.errors import IdempotencyMismatch, InvalidRecord, UnknownAuthority, UnknownSource
from mpi.index import Index, Receipt, Rejection
from mpi.services.replay import Replay
from mpi.settings import Settings


def test_a_first_record_gets_an_identity(index: Index) -> None:
    receipt = index.receive(a_record(local_id="1"), actor=CLERK)
    assert receipt.decision == "new"
    assert receipt.created
    assert receipt.declared == ("north",)
    assert index.identity(receipt.enterprise_id, actor=CLERK).best_record["family"] == GRACE["family"]


def test_the_same_person_elsewhere_is_linked(index: Index) -> None:
    first = index.receive(a_record("north"), actor=CLERK)
    second = index.receive(a_record("south", given="GRACE", phone=None), actor=CLERK)
    assert second.decision == "linked"
    assert second.enterprise_id == first.enterprise_id
    assert second.match is not None
    assert second.match["with"] == first.enterprise_id
    assert second.match["probability"] > 0.99


def test_somebody_else_is_not(index: Index) -> None:
    first = index.receive(a_record(), actor=CLERK)
    second = index.receive(another(), actor=CLERK)
    assert (second.decision, second.tasks) == ("new", ())
    assert first.enterprise_id != second.enterprise_id


def test_a_likeness_gets_an_identity_at_once_and_a_task(index: Index) -> None:
    common = {"given": "Mary", "family": "Johnson", "ssn": None, "phone": None}
    first = index.receive(a_record("north", **common), actor=CLERK)
    moved = {"street": "77 Bay Road"}
    second = index.receive(a_record("south", **common, **moved, birth_date="1974-02-12"), actor=CLERK)
    assert second.decision == "review"
    assert second.enterprise_id != first.enterprise_id
    [task] = index.tasks(actor=CLERK).items
    assert second.tasks == (task.id,)
    assert set(task.identities) == {first.enterprise_id, second.enterprise_id}


def test_sent_again_nothing_changes(index: Index) -> None:
    record = a_record(local_id="1")
    first = index.receive(record, actor=CLERK)
    events = index.events(0, 100, actor=CLERK).items
    again = index.receive(record, actor=CLERK)
    assert not again.created
    assert (again.enterprise_id, again.decision, again.record) == (
        first.enterprise_id,
        first.decision,
        first.record,
    )
    assert index.events(0, 100, actor=CLERK).items == events


def test_an_update_raises_the_version_and_keeps_the_old_one(index: Index) -> None:
    index.receive(a_record(local_id="1"), actor=CLERK)
    updated = index.receive(a_record(local_id="1", phone="617-442-7000"), actor=CLERK)
    assert (updated.record.version, updated.created) == (2, False)
    stored = index.record("north", "1", actor=CLERK)
    assert stored.demographics["phone"] == "617-442-7000"
    assert [v["demographics"]["phone"] for v in stored.versions] == [GRACE["phone"]]


def test_an_update_that_reads_as_somebody_else_is_held(index: Index) -> None:
    index.receive(a_record(local_id="1"), actor=CLERK)
    held = index.receive(another(local_id="1"), actor=CLERK)
    assert held.decision == "quarantined"
    stored = index.record("north", "1", actor=CLERK)
    assert stored.demographics["family"] == GRACE["family"]
    assert stored.pending_update is not None
    assert stored.pending_update["family"] == "Lindqvist"
    [task] = index.tasks(actor=CLERK).items
    assert (task.kind, held.tasks) == ("potential_overlay", (task.id,))
    assert index.receive(another(local_id="1"), actor=CLERK).tasks == held.tasks


def test_an_update_that_makes_a_lone_record_recognisable_joins_it(index: Index) -> None:
    known = index.receive(a_record("north"), actor=CLERK)
    bare = {"source": "lab", "local_id": "7", "given": "Grace", "family": "Okonkwo", "sex": "F"}
    index.receive(bare, actor=CLERK)
    updated = index.receive(bare | {k: GRACE[k] for k in ("birth_date", "ssn", "phone", "zip")}, actor=CLERK)
    assert (updated.decision, updated.enterprise_id) == ("linked", known.enterprise_id)


def test_an_update_that_no_longer_fits_its_identity_is_asked_about(index: Index) -> None:
    index.receive(a_record("north", local_id="1"), actor=CLERK)
    index.receive(a_record("south", local_id="2"), actor=CLERK)
    drift = {"ssn": "402-66-1207", "phone": "503-771-2299", "street": "9 Quarry Rd", "zip": "97206"}
    index.receive(a_record("south", "2", given="Gracie", family="Lindqvist", **drift), actor=CLERK)
    index.receive(a_record("south", "2", given="Greta", family="Lindqvist", **drift), actor=CLERK)
    kinds = {task.kind for task in index.tasks(actor=CLERK).items}
    assert kinds & {"link_in_doubt", "potential_overlay"}


def test_an_idempotency_key_replays_the_answer(index: Index) -> None:
    key = Replay("clerk", "k1", b"body")
    first = index.receive(a_record(local_id="1"), actor=CLERK, idempotency=key)
    assert index.receive(a_record(local_id="1"), actor=CLERK, idempotency=key) == first
    with pytest.raises(IdempotencyMismatch):
        index.receive(a_record(local_id="2"), actor=CLERK, idempotency=Replay("clerk", "k1", b"other"))


def test_a_chunk_answers_each_record_in_order(index: Index) -> None:
    chunk = [
        a_record("north", "1"),
        {"source": "north", "local_id": "2", "nickname": "x"},
        another("north", "3"),
        a_record("south", "4"),
        another("north", "3", phone="503-771-0000"),
    ]
    one, refused, three, four, again = index.receive_many(chunk, actor=CLERK)
    assert isinstance(refused, Rejection)
    assert refused.field == "nickname"
    assert isinstance(one, Receipt) and isinstance(three, Receipt)
    assert isinstance(four, Receipt) and isinstance(again, Receipt)
    assert (one.decision, three.decision, four.decision) == ("new", "new", "linked")
    assert four.enterprise_id == one.enterprise_id
    assert (again.enterprise_id, again.record.version) == (three.enterprise_id, 2)


def test_an_undeclared_source_is_refused_where_that_is_asked_for(database_url: str) -> None:
    settings = Settings(database_url=database_url, auto_declare=False)
    with Index.open(settings) as strict, pytest.raises(UnknownSource, match="north"):
        strict.receive(a_record(), actor=CLERK)


LICENCE = {"identifiers": [{"authority": "MA-DMV", "type": "DL", "value": "S1234567"}]}


def test_an_undeclared_authority_is_refused_by_name_and_nothing_written(database_url: str) -> None:
    with Index.open(Settings(database_url=database_url, auto_declare=False)) as strict:
        strict.apply_sources('[[source]]\nname = "north"\n', actor=CLERK)
        with pytest.raises(UnknownAuthority, match="MA-DMV"):
            strict.receive(a_record(**LICENCE), actor=CLERK)
        [refused] = strict.receive_many([a_record(**LICENCE)], actor=CLERK)
        assert isinstance(refused, Rejection)
        assert (refused.code, refused.field) == ("unknown-authority", "identifiers")
        assert strict.events(0, 10, actor=CLERK).items == ()
        strict.apply_sources('[[authority]]\nuri = "MA-DMV"\nname = "Registry"\n', actor=CLERK)
        assert strict.receive(a_record(**LICENCE), actor=CLERK).decision == "new"


def test_an_authority_is_declared_on_sight_and_said_so(index: Index) -> None:
    assert index.receive(a_record(**LICENCE), actor=CLERK).declared == ("north", "MA-DMV")
    assert index.receive(another(**LICENCE), actor=CLERK).declared == ()
    assert [authority["name"] for authority in index.authorities(actor=CLERK)] == ["MA-DMV"]


def test_an_empty_record_is_refused(index: Index) -> None:
    with pytest.raises(InvalidRecord):
        index.receive({}, actor=CLERK)
    assert index.events(0, 10, actor=CLERK).items == ()


def test_new_people_sent_by_four_clients_at_once_get_one_identity_each(index: Index) -> None:
    """60 people, each sent by 4 sources at once over 8 connections, each copy lacking another field."""
    draw = Random(11)
    lacking = ["phone", "ssn", "street", "sex"]
    copies = []
    for n in range(60):
        family = "".join(draw.choice("BCDFGHKLMNPRST") + draw.choice("AEIOU") for _ in range(4)).title()
        person = {
            "given": draw.choice(["Ann", "Bela", "Carl", "Dora", "Emil"]),
            "family": family,
            "birth_date": f"19{40 + n}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
            "sex": "F",
            "ssn": f"{100 + n}-{draw.randint(10, 99)}-{draw.randint(1000, 9999)}",
            "phone": f"617-{draw.randint(200, 999)}-{draw.randint(1000, 9999)}",
            "street": f"{draw.randint(1, 999)} Elm Street",
            "zip": f"0{draw.randint(2000, 2799)}",
        }
        for source, missing in zip("abcd", lacking, strict=True):
            copies.append(person | {"source": source, "local_id": str(n)} | {missing: None})
    with ThreadPoolExecutor(8) as clients:
        receipts = list(clients.map(lambda record: index.receive(record, actor=CLERK), copies))
    assert len({receipt.enterprise_id for receipt in receipts}) == 60


def test_a_telephone_that_everybody_has_is_nobodys(index: Index) -> None:
    switchboard = "312-867-0199"
    crowd = [
        {
            "source": "north",
            "local_id": f"n{row}",
            "given": f"{'BCDFGHJKLM'[row % 10]}A{'BCDFGHJKLMN'[row // 10]}O",
            "family": f"{'AEIOU'[row % 5]}R{'BCDFGHJKLMNPQRSTVWXYZ'[row // 5]}EN",
            "birth_date": f"19{50 + row % 40}-{1 + row % 12:02}-{1 + row % 28:02}",
            "phone": switchboard,
        }
        for row in range(102)
    ]
    assert {type(receipt) for receipt in index.receive_many(crowd, actor=CLERK)} == {Receipt}

    found = index.match(crowd[0], actor=CLERK)
    assert "phone" in found.suppressed_keys
    assert {"field": "phone", "reason": "shared-by-many"} in found.dropped
    compared = [field["field"] for candidate in found.candidates for field in candidate.fields]
    assert compared, "found by name and birth date"
    assert not [field for field in compared if field == "phone"]


@pytest.mark.parametrize(("people", "found"), [(30, 1), (31, 0)])
def test_a_broad_key_finds_somebody_while_few_have_it(index: Index, people: int, found: int) -> None:
    """A record without family name and birth date, with an initial, by its street alone. That the
    street finds nobody any more is not told: it is common, not wrong.
    """
    home = {"street": "14 Alder Street", "source": "north"}
    crowd = [
        {**home, "local_id": f"n{n}", "given": f"{'BCDFG'[n % 5]}A{'KLMNPRS'[n // 5]}O", "family": "Okonkwo"}
        for n in range(people - 1)
    ]
    one = {**home, "local_id": "one", "given": "Wilhelmina", "middle": "Zoe", "family": "Quill"}
    index.receive_many([*crowd, one], actor=CLERK)
    asked = {"given": "W", "middle": "Zoe", "street": "14 Alder Street"}
    answer = index.match(asked, actor=CLERK)
    assert len(answer.candidates) == found
    assert answer.suppressed_keys == ()
