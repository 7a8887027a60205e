"""``mpi lookup``, ``why`` and ``how``."""

from __future__ import annotations

from builders import GRACE
from cli_calls import Mpi, identity_of
from mpi.cli.tables import printable


def test_somebody_is_found_by_each_kind_of_reference(filled: Mpi) -> None:
    mpi = filled
    grace = identity_of(mpi, "north/1")
    told = mpi("lookup", "south/A%2F7", "--json").json
    assert (told["record"]["local_id"], told["identity"]["enterprise_id"]) == ("A/7", grace)
    for written in (grace, grace.lower(), grace.replace("-", "")):
        assert mpi("lookup", written, "--json").json["identity"]["enterprise_id"] == grace
    people = mpi("lookup", "grace okonkwo", "--json").json["people"]
    assert grace in [person["enterprise_id"] for person in people]
    shown = mpi("lookup", grace)
    assert shown.code == 0 and "north/1" in shown.out and GRACE["family"] in shown.out
    assert grace in mpi("lookup", "okonkwo").out


def test_who_an_id_was_on_a_date(filled: Mpi) -> None:
    grace = identity_of(filled, "north/1")
    then = filled("lookup", grace, "--at", "2999-12-31", "--json").json["then"]
    assert then["status"] == "active"
    assert ("north", "1") in [(r["source"], r["local_id"]) for r in then["records"]]
    assert "not issued" in filled("lookup", grace, "--at", "1999-12-31").out


def test_a_telephone_number_is_no_enterprise_id(filled: Mpi) -> None:
    assert filled("lookup", "6174420198", "--json").json["people"]


def test_nobody_found_ends_with_1_and_a_mistyped_id_with_2(filled: Mpi) -> None:
    mpi = filled
    assert mpi("lookup", "xyzzy plugh").code == 1
    assert mpi("lookup", "north/404").code == 1
    grace = identity_of(mpi, "north/1")
    wrong = grace[:-1] + ("0" if grace[-1] != "0" else "1")
    said = mpi("lookup", wrong)
    assert said.code == 2 and "not an enterprise ID" in said.err
    assert mpi("lookup", "ab").code == 2


def test_why_adds_up_and_says_when_nothing_was_compared(filled: Mpi) -> None:
    mpi = filled
    told = mpi("why", "north/1", "south/A%2F7", "--json").json
    assert told["decision"] == "link" and told["shared_keys"]
    said = mpi("why", "north/1", "south/A%2F7")
    assert said.code == 0 and "link (" in said.out and "family" in said.out
    assert "never compared" in mpi("why", "north/1", "north/2").err
    assert mpi("why", "north/1", "north/404").code == 1


def test_how_tells_every_step(filled: Mpi) -> None:
    mpi = filled
    grace = identity_of(mpi, "north/1")
    steps = mpi("how", grace, "--json").json["steps"]
    assert [step["step"] for step in steps][:2] == ["EnterpriseIdAssigned", "RecordLinked"]
    assert "north/1" in mpi("how", grace).out
    assert mpi("how", "not-an-id").code == 2


def test_a_value_cannot_move_the_cursor() -> None:
    assert printable("O\x1b[2JBrien\r\n\x9b1m") == "O�[2JBrien���1m"
