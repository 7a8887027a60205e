"""``mpi relink`` and ``mpi batch rollback``: planned, applied, taken back, each said plainly."""

from __future__ import annotations

from builders import a_record
from cli_calls import NORTH, OTHER, SOUTH, Feed, Mpi

NAMED = a_record("north", "1", ssn=None, phone=None, street=None, city=None, state=None, zip=None)
MARRIED = a_record("south", "2", family="Adeyemi", ssn=None)
BOTH = a_record("lab", "3")


def filled_one_by_one(mpi: Mpi, feed: Feed) -> None:
    for number, flat in enumerate((NAMED, MARRIED, BOTH)):
        assert mpi("load", str(feed(flat, name=f"{number}.ndjson"))).code == 0


def test_a_plan_says_what_and_why_and_changes_nothing(mpi: Mpi, feed: Feed) -> None:
    filled_one_by_one(mpi, feed)
    said = mpi("relink", "--plan")
    assert said.code == 0
    assert "lab/3" in said.out and "link with weight" in said.out
    assert "nothing was changed" in said.err
    planned = mpi("relink", "--plan", "--json", "--sample", "1").json
    assert (planned["merges"], planned["closed_tasks"], planned["batch_id"]) == (2, 3, None)
    assert len(planned["steps"]) == 1
    assert mpi("relink", "--plan", "--json", "--sample", "1").json == planned


def test_applied_it_is_one_batch_that_can_be_taken_back(mpi: Mpi, feed: Feed) -> None:
    filled_one_by_one(mpi, feed)
    said = mpi("relink", "--apply", "--reason", "yearly review")
    assert said.code == 0 and "mpi batch rollback" in said.err
    assert "there is nothing to do" in mpi("relink", "--plan").err
    [relink] = [b for b in mpi("batch", "list", "--json").json if b["kind"] == "relink"]
    assert (relink["state"], relink["counts"]["merges"]) == ("done", 2)
    batch = str(relink["batch_id"])
    assert "merges" in mpi("batch", "show", batch).out
    back = mpi("batch", "rollback", batch, "--reason", "too early", "--json").json
    assert (back["records_returned"], back["merges_undone"], back["records_left"]) == (2, 2, [])
    assert mpi("relink", "--plan", "--json").json["merges"] == 2
    again = mpi("batch", "rollback", batch, "--reason", "again")
    assert again.code == 1 and "before" in again.err
    assert mpi("check").code == 0


def test_an_index_without_anything_to_do(mpi: Mpi, feed: Feed) -> None:
    assert mpi("load", str(feed(NORTH, SOUTH, OTHER))).code == 0
    assert "there is nothing to do" in mpi("relink", "--plan").err
    assert mpi("relink", "--apply", "--json").json["batch_id"] is None


def test_another_rule_set_is_named(mpi: Mpi, feed: Feed) -> None:
    filled_one_by_one(mpi, feed)
    assert mpi("relink", "--plan", "--rules", "default", "--json").json["rule_set"]["name"] == "default"
    done = mpi("relink", "--apply", "--rules", "default")
    assert done.code == 0 and "MPI_RULES" not in done.err


def test_a_wrong_call_ends_with_2(mpi: Mpi) -> None:
    for wrong in (("--plan", "--apply"), (), ("--plan", "--rules", "no-such-rules")):
        said = mpi("relink", *wrong)
        assert said.code == 2 and "Traceback" not in said.err
    assert mpi("batch", "rollback", "7").code == 2
    assert mpi("batch", "rollback", "7", "--reason", "x").code == 1
