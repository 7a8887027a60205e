"""``mpi merge``, ``unmerge`` and ``tasks``: what a person decides, and takes back."""

from __future__ import annotations

import getpass
import os
import pwd

from cli_calls import Mpi, identity_of


def open_task(mpi: Mpi) -> dict[str, object]:
    [task] = mpi("tasks", "--json").json["items"]
    return dict(task)


def test_a_merge_is_looked_at_done_and_undone(filled: Mpi) -> None:
    mpi = filled
    grace, tomas = identity_of(mpi, "north/1"), identity_of(mpi, "north/2")
    looked = mpi("merge", grace, tomas, "--preview")
    assert looked.code == 0 and "nothing was done" in looked.out
    assert identity_of(mpi, "north/2") == tomas
    refused = mpi("merge", grace, tomas)
    assert refused.code == 2 and "--reason" in refused.err
    merged = mpi("merge", grace, tomas, "--reason", "same passport", "--json").json
    assert merged["records_moved"] == [{"source": "north", "local_id": "2", "version": 1}]
    assert identity_of(mpi, "north/2") == grace
    assert f"{tomas} was merged into {grace}" in mpi("lookup", tomas).err
    merge_id = str(merged["merge_id"])
    undone = mpi("unmerge", merge_id, "--reason", "two people", "--json").json
    assert undone["restored"] == tomas and identity_of(mpi, "north/2") == tomas
    assert mpi("unmerge", merge_id, "--reason", "again").code == 1
    conflict = mpi("merge", grace, tomas, "--reason", "after all")
    assert conflict.code == 1 and "different people" in conflict.err
    said = mpi("merge", grace, tomas, "--reason", "after all", "--override")
    assert said.code == 0 and "mpi unmerge" in said.err


def test_the_operating_system_says_who_did_it(filled: Mpi) -> None:
    mpi = filled
    grace, tomas = identity_of(mpi, "north/1"), identity_of(mpi, "north/2")
    mpi("merge", grace, tomas, "--reason", "same passport")
    user = pwd.getpwuid(os.getuid()).pw_name
    assert getpass.getuser() == user or os.environ.get("LOGNAME")
    assert any(f"by {user}" in step["text"] for step in mpi("how", grace, "--json").json["steps"])


def test_a_task_is_listed_claimed_released_answered_and_taken_back(filled: Mpi) -> None:
    mpi = filled
    task = open_task(mpi)
    number = str(task["id"])
    assert task["kind"] == "potential_overlap"
    assert number in mpi("tasks").out and number in mpi("tasks", "list", "--kind", "potential_overlap").out
    assert mpi("tasks", "claim", number, "--json").json["state"] == "claimed"
    assert mpi("tasks", "release", number, "--json").json["state"] == "open"
    assert mpi("tasks", "release", number).code == 1
    shown = mpi("tasks", "show", number)
    assert shown.code == 0 and "lab/L1" in shown.out and "mpi tasks resolve" in shown.err
    before = identity_of(mpi, "lab/L1")
    done = mpi("tasks", "resolve", number, "same_person", "--reason", "same card", "--json").json
    assert (done["state"], done["resolution"]["resolution"]) == ("resolved", "same_person")
    assert identity_of(mpi, "lab/L1") == identity_of(mpi, "north/1")
    assert "nothing to settle" in mpi("tasks").err
    assert mpi("tasks", "list", "--state", "resolved", "--json").json["items"][0]["id"] == task["id"]
    assert mpi("tasks", "undo", number, "--reason", "wrong card").code == 0
    assert identity_of(mpi, "lab/L1") == before
    assert open_task(mpi)["id"] == task["id"]


def test_a_task_that_changed_since_it_was_read_is_not_answered(filled: Mpi) -> None:
    mpi = filled
    task = open_task(mpi)
    call = ("tasks", "resolve", str(task["id"]), "same_person", "--reason", "same card")
    stale = mpi(*call, "--version", str(int(str(task["version"])) + 7))
    assert stale.code == 1 and "changed since" in stale.err
    assert mpi("tasks", "resolve", str(task["id"]), "perhaps", "--reason", "x").code == 2
    assert mpi("tasks", "show", "999999999").code == 1
    assert mpi("tasks", "list", "--state", "odd").code == 2
    assert mpi("tasks", "--json", "list").code == 2
