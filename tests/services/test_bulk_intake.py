"""Large files: taken in as a set, with the outcome of one by one where that is unambiguous."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from builders import CLERK, GRACE, STEWARD, a_record, another
from mpi.batch.synthetic import generate
from mpi.index import Index
from mpi.services import intake, loading

Written = Callable[[Iterable[dict[str, Any]]], Path]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """Writes a file; from 20 lines on it counts as large, and 400 lines are one transaction."""
    monkeypatch.setattr(loading, "LARGE_FROM", 20)
    monkeypatch.setattr(loading, "LARGE_CHUNK", 400)
    monkeypatch.setattr(intake, "SET_MIN", 10)

    def write(flats: Iterable[dict[str, Any]]) -> Path:
        path = tmp_path / f"feed{len(list(tmp_path.iterdir()))}.ndjson"
        path.write_text("\n".join(json.dumps(flat) for flat in flats) + "\n", encoding="utf-8")
        return path

    return write


def people(count: int, seed: int = 5) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for table in generate(count, seed=seed):
        rows += table.to_pylist()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def strangers(count: int) -> list[dict[str, Any]]:
    """Nobody like anybody."""
    everybody = {flat["entity_id"]: flat for flat in people(20 * count, seed=9)}
    return [{**flat, "source": "clinic"} for flat in everybody.values()][: 5 * count : 5]


def groups(index: Index) -> set[frozenset[tuple[str, str]]]:
    homes = index.standing(actor=STEWARD).enterprise_ids
    return {frozenset(place for place, home in homes.items() if home == at) for at in homes.values()}


def test_a_large_file_comes_to_what_looking_at_all_at_once_gives(index: Index, written: Written) -> None:
    feed = people(1_000)
    summary = index.load(written(feed), actor=CLERK)
    assert summary.lines == sum(summary.counts.values()) == 1_000
    assert set(summary.counts) <= {"new", "linked", "review"}
    truth: dict[str, set[tuple[str, str]]] = {}
    for flat in feed:
        truth.setdefault(flat["entity_id"], set()).add((flat["source"], flat["record_id"]))
    together = [group for group in groups(index) if len(group) > 1]
    wrong = [group for group in together if not any(group <= records for records in truth.values())]
    assert len(wrong) <= len(together) // 100
    plan = index.relink_plan(actor=STEWARD)
    assert plan.records_moved <= 10, "little is left for a relink to find"


def test_every_line_has_its_outcome(index: Index, written: Written) -> None:
    index.receive(a_record("north", "1"), actor=CLERK)
    feed = [
        a_record("north", "1"),
        a_record("north", "1", phone="(617) 442-0199"),
        a_record("south", "2"),
        {"source": "south", "local_id": "3", "shoe": 44},
        a_record("south", "2"),
        another("south", "4"),
        another("lab", "5"),
        another("lab", "5", email="tomas@example.org"),
        *strangers(30),
    ]
    summary = index.load(written(feed), actor=CLERK)
    assert summary.lines == sum(summary.counts.values()) == 38
    assert (summary.counts["rejected"], summary.counts["updated"]) == (1, 2)
    assert summary.counts["unchanged"] == 2
    [rejected] = summary.rejected
    assert (rejected.line, rejected.field) == (4, "shoe")
    homes = index.standing(actor=STEWARD).enterprise_ids
    assert homes["north", "1"] == homes["south", "2"]
    assert homes["south", "4"] == homes["lab", "5"] != homes["north", "1"]
    assert index.record("lab", "5", actor=CLERK).version == 2


def test_a_record_like_several_identities_is_linked_with_none(index: Index, written: Written) -> None:
    apart = {"ssn": None, "phone": None, "street": None, "city": None, "state": None, "zip": None}
    first = index.receive(a_record("north", "1", **apart), actor=CLERK).enterprise_id
    second = index.receive(a_record("south", "2", family="Adeyemi", ssn=None), actor=CLERK).enterprise_id
    summary = index.load(written([a_record("lab", "3"), *strangers(30)]), actor=CLERK)
    assert summary.counts["review"] >= 1 and summary.tasks >= 3
    homes = index.standing(actor=STEWARD).enterprise_ids
    assert len({homes["north", "1"], homes["south", "2"], homes["lab", "3"]}) == 3
    asked = {frozenset(task.identities) for task in index.tasks(actor=STEWARD).items}
    assert {frozenset((first, homes["lab", "3"])), frozenset((second, homes["lab", "3"]))} <= asked


def test_a_person_who_was_held_apart_is_not_asked_about(index: Index, written: Written) -> None:
    index.receive(a_record("north", "1"), actor=CLERK)
    index.receive(a_record("south", "2"), actor=CLERK)
    index.unlink("south", "2", "somebody else", actor=STEWARD)
    before = len(index.tasks(actor=STEWARD).items)
    index.load(written(strangers(30)), actor=CLERK)
    homes = index.standing(actor=STEWARD).enterprise_ids
    assert homes["north", "1"] != homes["south", "2"]
    assert before == 0


def test_twins_are_not_linked(index: Index, written: Written) -> None:
    twin = a_record("south", "2", given="Gloria", ssn=None)
    index.load(written([a_record("north", "1"), twin, *strangers(30)]), actor=CLERK)
    homes = index.standing(actor=STEWARD).enterprise_ids
    assert homes["north", "1"] != homes["south", "2"]


NUMBER = {"identifiers": [{"authority": "REGISTRY", "type": "NI", "value": "NID-7"}]}


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(("one", "other"), [({}, {"ssn": GRACE["ssn"]}), (NUMBER, NUMBER)])
def test_two_who_share_a_number_that_one_person_has_are_asked_about(
    index: Index, written: Written, one: dict[str, Any], other: dict[str, Any], large: bool
) -> None:
    pair = [a_record("north", "1", **one), another("south", "2", **other)]
    if large:
        index.load(written([*pair, *strangers(30)]), actor=CLERK)
    else:
        for record in pair:
            index.receive(record, actor=CLERK)
    [task] = [t for t in index.tasks(actor=STEWARD).items if "shared_identifier" in t.guards]
    homes = index.standing(actor=STEWARD).enterprise_ids
    assert set(task.identities) == {homes["north", "1"], homes["south", "2"]}


def test_the_ledger_tells_of_every_record(index: Index, written: Written, database_url: str) -> None:
    summary = index.load(written(people(300)), actor=CLERK)
    with psycopg.connect(database_url) as conn:
        told = conn.execute(
            "SELECT count(*), count(DISTINCT record_id) FROM event WHERE batch_id = %s"
            " AND type IN ('EnterpriseIdAssigned', 'RecordLinked')",
            [summary.batch_id],
        ).fetchone()
        keys = conn.execute(
            "SELECT count(DISTINCT record_id) FROM blocking_key JOIN record USING (record_id)"
        ).fetchone()
    assert told == (300, 300)
    assert keys is not None and keys[0] >= 298, "hardly anybody has nothing to be found by"
    place = next(iter(index.standing(actor=STEWARD).enterprise_ids))
    assert index.record(*place, actor=CLERK).version == 1


def test_a_large_load_that_stopped_goes_on(index: Index, written: Written) -> None:
    path = written(people(1_000))

    def stop(lines_done: int, _counts: object) -> None:
        if lines_done == 400:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.load(path, actor=CLERK, progress=stop)
    summary = index.load(path, actor=CLERK)
    assert (summary.resumed_after, summary.lines, sum(summary.counts.values())) == (400, 1_000, 1_000)
    assert len(index.standing(actor=STEWARD).enterprise_ids) == 1_000
