"""All records looked at anew: planned with reasons, applied as one batch, taken back exactly."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

from builders import CLERK, GRACE, STEWARD, a_record, another
from mpi.batch.synthetic import generate
from mpi.errors import AlreadyUndone, Conflict, NotFound
from mpi.index import Index
from mpi.settings import Settings

#: What two systems know of Grace: too little in common to be linked with each other.
NAMED = {"ssn": None, "phone": None, "street": None, "city": None, "state": None, "zip": None}
MARRIED = {"family": "Adeyemi", "ssn": None}


def who(index: Index) -> dict[tuple[str, str], str]:
    return index.standing(actor=STEWARD).enterprise_ids


def grace_in_three_parts(index: Index) -> None:
    """The last record is like both others, which are not like each other: it was linked with neither."""
    index.receive(a_record("north", "1", **NAMED), actor=CLERK)
    index.receive(a_record("south", "2", **MARRIED), actor=CLERK)
    assert index.receive(a_record("lab", "3"), actor=CLERK).decision == "review"
    assert len(set(who(index).values())) == 3


def stored(url: str) -> list[Any]:
    """The links to the last bit, who redirects where, and what is asked."""
    with psycopg.connect(url) as conn:
        return [
            conn.execute("SELECT * FROM link ORDER BY record_id").fetchall(),
            conn.execute("SELECT enterprise_id, status, surviving_id FROM identity ORDER BY 1").fetchall(),
            conn.execute("SELECT task_id, state, identity_a, identity_b FROM task ORDER BY 1").fetchall(),
        ]


def test_an_index_without_anything_to_do(index: Index) -> None:
    for record in (a_record(), a_record("south"), another()):
        index.receive(record, actor=CLERK)
    plan = index.relink_plan(actor=STEWARD)
    assert plan.is_empty and (plan.records, plan.identities) == (3, 2)
    assert index.relink_apply(actor=STEWARD).batch_id is None
    assert index.batches(actor=STEWARD) == []


def test_an_empty_index(index: Index) -> None:
    assert index.relink_plan(actor=STEWARD).is_empty


def test_later_evidence_is_planned_with_its_reason(index: Index) -> None:
    grace_in_three_parts(index)
    before = who(index)
    plan = index.relink_plan(actor=STEWARD)
    assert (plan.merges, plan.splits, plan.moves, plan.new_tasks, plan.closed_tasks) == (2, 0, 0, 0, 3)
    assert [step.ground for step in plan.steps] == ["link", "link"]
    assert {step.later_record for step in plan.steps} == {"lab/3"}
    assert {step.to_id for step in plan.steps} == {before["north", "1"]}, "the oldest keeps its ID"
    assert all("lab/3" in step.pair and step.weight and step.weight > 10 for step in plan.steps)
    assert who(index) == before


def test_a_plan_right_after_an_apply_is_empty(index: Index) -> None:
    grace_in_three_parts(index)
    oldest = who(index)["north", "1"]
    done = index.relink_apply(actor=STEWARD, reason="yearly")
    assert done.batch_id is not None and done.records_moved == 2
    assert set(who(index).values()) == {oldest}
    assert index.tasks(actor=STEWARD).items == ()
    assert index.relink_plan(actor=STEWARD).is_empty
    [batch] = index.batches(actor=STEWARD)
    assert (batch["batch_id"], batch["kind"], batch["counts"]["merges"]) == (done.batch_id, "relink", 2)


def test_every_identity_tells_how_the_relink_changed_it(index: Index) -> None:
    grace_in_three_parts(index)
    subsumed = who(index)["south", "2"]
    index.relink_apply(actor=STEWARD)
    told = index.how(subsumed, actor=STEWARD)
    assert any("by the machine" in step["text"] for step in told["steps"])
    assert index.identity(subsumed, actor=STEWARD).enterprise_id == who(index)["north", "1"]


def test_a_relink_taken_back_restores_links_ids_and_questions(index: Index, database_url: str) -> None:
    grace_in_three_parts(index)
    links, identities, tasks = stored(database_url)
    plan = index.relink_plan(actor=STEWARD)
    batch_id = index.relink_apply(actor=STEWARD).batch_id
    assert batch_id is not None
    back = index.rollback(batch_id, "too early", actor=STEWARD)
    assert (back.records_returned, back.merges_undone, back.records_left) == (2, 2, ())
    assert stored(database_url) == [links, identities, tasks]
    assert index.relink_plan(actor=STEWARD) == plan
    with pytest.raises(AlreadyUndone):
        index.rollback(batch_id, "again", actor=STEWARD)


def test_only_a_relink_is_taken_back_as_a_whole(index: Index, tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("local_id,family\n1,Okonkwo\n")
    loaded = index.load(path, actor=CLERK, source="north").batch_id
    assert loaded is not None
    with pytest.raises(Conflict, match="only a relink"):
        index.rollback(loaded, "wrong", actor=STEWARD)
    with pytest.raises(NotFound):
        index.rollback(loaded + 1, "wrong", actor=STEWARD)


def test_what_a_person_holds_apart_stays_apart(index: Index) -> None:
    grace_in_three_parts(index)
    index.assert_people("north/1", "lab/3", "different", "two cousins", actor=STEWARD)
    done = index.relink_apply(actor=STEWARD)
    homes = who(index)
    assert homes["south", "2"] == homes["lab", "3"] != homes["north", "1"]
    assert (done.merges, done.new_tasks) == (1, 0), "nobody is asked what a person has answered"
    assert index.relink_plan(actor=STEWARD).is_empty


def test_what_a_person_joined_or_parted_is_not_undone(index: Index) -> None:
    grace = index.receive(a_record("north", "1"), actor=CLERK)
    tomas = index.receive(another("south", "1"), actor=CLERK)
    index.receive(a_record("lab", "1"), actor=CLERK)
    index.merge(grace.enterprise_id, tomas.enterprise_id, "one person", actor=STEWARD)
    index.unlink("lab", "1", "somebody else", actor=STEWARD)
    plan = index.relink_plan(actor=STEWARD)
    assert (plan.merges, plan.splits, plan.moves) == (0, 0, 0)


def test_a_withdrawn_merge_is_still_a_persons_link(index: Index) -> None:
    grace = index.receive(a_record("north", "1"), actor=CLERK)
    tomas = index.receive(another("south", "1"), actor=CLERK)
    index.merge(grace.enterprise_id, tomas.enterprise_id, "one person", actor=STEWARD)
    [statement] = index.assertions(actor=STEWARD).items
    index.withdraw_assertion(statement.id, "not sure", actor=STEWARD)
    assert index.relink_plan(actor=STEWARD).is_empty


def test_a_stricter_rule_set_parts_and_asks(index: Index, database_url: str, tmp_path: Path) -> None:
    index.receive(a_record("north", "1", **NAMED), actor=CLERK)
    index.receive(a_record("south", "2"), actor=CLERK)
    one = who(index)["north", "1"]
    assert who(index)["south", "2"] == one
    with Index.open(Settings(database_url=database_url, rules=str(stricter(tmp_path)))) as strict:
        before = stored(database_url)
        plan = strict.relink_plan(actor=STEWARD)
        assert (plan.merges, plan.splits, plan.new_tasks) == (0, 1, 1)
        [step] = plan.steps
        assert (step.kind, step.ground, step.to_id) == ("split", "weight", None)
        done = strict.relink_apply(actor=STEWARD)
        parted = who(index)
        assert parted["north", "1"] == one != parted["south", "2"]
        [task] = strict.tasks(actor=STEWARD).items
        assert set(task.identities) == set(parted.values())
        assert strict.relink_plan(actor=STEWARD).is_empty
        assert done.batch_id is not None
        strict.rollback(done.batch_id, "too strict", actor=STEWARD)
        assert who(strict) == {("north", "1"): one, ("south", "2"): one}
        assert strict.identity(parted["south", "2"], actor=STEWARD).enterprise_id == one
        assert stored(database_url)[0] == before[0]
        assert strict.tasks(actor=STEWARD).items == ()


def test_other_blocking_passes_get_their_keys_and_the_old_ones_come_back(
    index: Index, database_url: str, tmp_path: Path
) -> None:
    index.receive(a_record("north", "1"), actor=CLERK)
    index.receive(another("south", "2"), actor=CLERK)
    before = keys_of(database_url)
    content = re.sub(r"(?m)^keys_max = \d+", "keys_max = 4", index.rules.content)
    with Index.open(Settings(database_url=database_url, rules=str(written_rules(tmp_path, content)))) as few:
        assert few.relink_plan(actor=STEWARD).is_empty and keys_of(database_url) == before
        done = few.relink_apply(actor=STEWARD)
        assert done.batch_id is not None and keys_of(database_url) < before
        assert few.relink_apply(actor=STEWARD).batch_id is None, "the keys are in step"
        assert few.receive({**a_record("lab", "3"), "source": "north"}, actor=CLERK).decision == "linked"
    index.rollback(done.batch_id, "back to all keys", actor=STEWARD)
    assert keys_of(database_url) > before, "those of the record that came since, too"


def keys_of(url: str) -> set[tuple[int, int]]:
    with psycopg.connect(url) as conn:
        return {(row[0], row[1]) for row in conn.execute("SELECT record_id, key FROM blocking_key")}


def stricter(folder: Path) -> Path:
    """The default rules with a link weight that little reaches."""
    from mpi.matching.rules import load_rules

    rules = load_rules("default")
    content = rules.content.replace(f"link_weight = {rules.thresholds.link_weight}", "link_weight = 19.0", 1)
    assert content != rules.content
    return written_rules(folder, content)


def written_rules(folder: Path, content: str) -> Path:
    from importlib.resources import files

    import mpi

    shipped = Path(mpi.__file__).parents[1] / "matching_rules"
    if not shipped.exists():
        shipped = Path(str(files("mpi").joinpath("_matching_rules")))
    for table in shipped.glob("**/*"):
        if table.is_file():
            target = folder / table.relative_to(shipped)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(table.read_bytes())
    path = folder / "stricter.toml"
    path.write_text(content, encoding="utf-8")
    return path


def test_who_changed_meanwhile_is_left_alone(index: Index) -> None:
    grace_in_three_parts(index)
    index.receive(another("north", "11", **NAMED), actor=CLERK)
    index.receive(another("south", "12", family="Berg", ssn=None), actor=CLERK)
    index.receive(another("lab", "13"), actor=CLERK)
    before = who(index)
    seen: list[str] = []

    def register_meanwhile(stage: str, _done: int, _total: int) -> None:
        if stage == "writing" and stage not in seen:
            index.receive(a_record("clinic", "4", **NAMED), actor=CLERK)
        seen.append(stage)

    done = index.relink_apply(actor=STEWARD, progress=register_meanwhile)
    assert (done.changed_meanwhile, done.merges) == (1, 2)
    after = who(index)
    assert len({after["north", "11"], after["south", "12"], after["lab", "13"]}) == 1
    assert {after[place] for place in (("north", "1"), ("south", "2"), ("lab", "3"))} == {
        before[place] for place in (("north", "1"), ("south", "2"), ("lab", "3"))
    }
    index.relink_apply(actor=STEWARD)
    assert index.relink_plan(actor=STEWARD).is_empty


def test_registrations_go_on_while_the_index_is_relinked(index: Index) -> None:
    grace_in_three_parts(index)
    failed: list[BaseException] = []
    stop = threading.Event()

    def register() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                index.receive(a_record("clinic", f"c{number}", given=f"Grace{number % 7}"), actor=CLERK)
            except BaseException as error:
                failed.append(error)
                return

    clerk = threading.Thread(target=register)
    clerk.start()
    try:
        for _ in range(3):
            index.relink_apply(actor=STEWARD)
    finally:
        stop.set()
        clerk.join()
    assert not failed
    index.relink_apply(actor=STEWARD)
    assert index.relink_plan(actor=STEWARD).is_empty


def test_what_people_decided_since_stays_when_a_relink_is_taken_back(index: Index) -> None:
    grace_in_three_parts(index)
    before = who(index)
    tomas = index.receive(another("north", "9"), actor=CLERK).enterprise_id
    batch_id = index.relink_apply(actor=STEWARD).batch_id
    assert batch_id is not None
    index.assert_people("lab/3", "north/9", "same", "one passport", actor=STEWARD)
    joined = who(index)["lab", "3"]
    back = index.rollback(batch_id, "wrong", actor=STEWARD)
    after = who(index)
    assert [(ref.source, ref.local_id) for ref in back.records_left] == [("lab", "3")]
    assert after["lab", "3"] == after["north", "9"] == joined
    assert after["south", "2"] == before["south", "2"]
    assert tomas in (after["north", "9"], tomas)


def test_an_index_filled_one_by_one_comes_to_what_all_at_once_gives(index: Index, tmp_path: Path) -> None:
    index.receive_many(list(flats(400)), actor=CLERK)
    done = index.relink_apply(actor=STEWARD, sample=1000)
    assert all(step.weight is not None for step in done.steps)
    assert index.relink_plan(actor=STEWARD).is_empty
    assert done.merges < 20


def flats(count: int) -> Any:
    for table in generate(count, seed=5):
        for row in table.drop_columns("entity_id").to_pylist():
            yield {name: value for name, value in row.items() if value is not None}


def test_all_records_can_be_read_for_batch_work(index: Index) -> None:
    index.receive(a_record("north", "1"), actor=CLERK)
    index.receive(another("south", "2"), actor=CLERK)
    index.retire("south", "2", actor=STEWARD, reason="test")
    records = index.encoded_records(actor=STEWARD)
    assert records.record_count == 1 and list(records.record_ids) == ["1"]
    assert GRACE["given"] == "Grace"
