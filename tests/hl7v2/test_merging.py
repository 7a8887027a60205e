"""ADT that says who is one, who is not, and who is called otherwise."""

from __future__ import annotations

import pytest

from hl7v2_messages import (
    CLERK,
    GRACE,
    SOUTH,
    TOMAS,
    Wire,
    adt,
    identifiers_in,
    merge,
    message,
    pid,
    pix,
    reply_of,
)

THIRD = "Adeyemi^Sade||19910607|F|||5 Birch Lane^^Lowell^MA^01850||(978)555-3131"


@pytest.fixture
def two(wire: Wire) -> Wire:
    """Two people of the north, 1 and 2."""
    wire.accepted(adt("1^^^NORTH"))
    wire.accepted(adt("2^^^NORTH", TOMAS))
    assert wire.who("north", "1") != wire.who("north", "2")
    return wire


@pytest.mark.parametrize("event", ["A40", "A18", "A34", "A36"])
def test_a_merge_makes_two_identifiers_one_person(two: Wire, event: str) -> None:
    surviving = two.who("north", "1")
    answered = two.accepted(merge("1^^^NORTH", "2^^^NORTH", event=event))
    assert surviving in answered.enterprise_ids
    assert reply_of(answered)["MSH-9.2"] == event
    [view] = two.index.registry.holders("NORTH", "2", actor=CLERK)
    assert not view.active
    assert view.replaced_by is not None
    assert view.replaced_by[1] == "1"
    # The subsumed identifier is replaced by the survivor's (IHE).
    [told] = identifiers_in(two.reply(pix("1^^^NORTH")))
    assert "1^^^NORTH" in told
    assert "2^^^NORTH" not in told
    assert two.index.identity(surviving, actor=CLERK).enterprise_id == surviving


def test_a_merge_said_twice_changes_nothing(two: Wire) -> None:
    for _ in range(2):
        two.accepted(merge("1^^^NORTH", "2^^^NORTH"))


def test_an_update_of_a_subsumed_identifier_is_refused(two: Wire) -> None:
    two.accepted(merge("1^^^NORTH", "2^^^NORTH"))
    assert two.refused(adt("2^^^NORTH", TOMAS, event="A08")) == ("AE", "204", "PID^1^3^1")


def test_groups_and_repeats_are_merged_pair_by_pair(two: Wire) -> None:
    for number in ("3", "4"):
        two.accepted(adt(f"{number}^^^NORTH", THIRD))
    lines = (
        "EVN||20260102",
        "PID|||1^^^NORTH~77^^^NATIONAL||^^^^^^L",
        "PD1|",
        "MRG|2^^^NORTH",
        "PV1|1",
        "PID|||3^^^NORTH||^^^^^^L",
        "MRG|4^^^NORTH",
    )
    answered = two.accepted(message("ADT^A40^ADT_A39", *lines, version="2.3.1"))
    assert len(answered.enterprise_ids) >= 2
    for number in ("2", "4"):
        [view] = two.index.registry.holders("NORTH", number, actor=CLERK)
        assert not view.active


def test_what_the_merge_says_of_the_survivor_is_an_update(two: Wire) -> None:
    lines = ("PID|||1^^^NORTH||Okonkwo^Grace^Ada^^^^L||||||||(617)999-1111", "MRG|2^^^NORTH")
    two.accepted(message("ADT^A40", *lines))
    demographics = two.index.record("north", "1", actor=CLERK).demographics
    assert demographics["phone"] == "(617)999-1111"
    assert demographics["ssn"] == "219-45-8813"


def test_an_unknown_survivor_is_created_and_an_unknown_subsumed_refused(two: Wire) -> None:
    assert two.refused(merge("1^^^NORTH", "404^^^NORTH")) == ("AE", "204", "")
    place = reply_of(two.ask(message("ADT^A40", "PID|||1^^^NORTH", "MRG|404^^^NORTH"))).all("ERR")[0].raw(2)
    assert place == "MRG^1^1^1"
    two.accepted(merge("5^^^NORTH", "2^^^NORTH"))
    assert two.index.record("north", "5", actor=CLERK).demographics["family"] == "Lindqvist"


def test_a_merge_that_cannot_be_is_refused(two: Wire) -> None:
    two.accepted(adt("9^^^SOUTH", THIRD, sender=SOUTH))
    cases = (
        (merge("1^^^NORTH", "1^^^NORTH"), "AE", "205"),
        (merge("1^^^NORTH", ""), "AE", "101"),
        (merge("", "2^^^NORTH"), "AE", "101"),
        (merge("1^^^NORTH", "2"), "AR", "204"),
        (merge("1^^^NORTH", "2^^^NOBODY"), "AR", "204"),
        (merge("1^^^NORTH", "9^^^SOUTH"), "AR", "204"),
        (merge("9^^^SOUTH", "2^^^NORTH"), "AR", "204"),
        (merge("1^^^NORTH", "2^^^NORTH", sender=SOUTH), "AR", "204"),
        (merge("1^^^&1.2.3.1&ISO", "2^^^&1.2.3.1&ISO", sender=SOUTH), "AR", "204"),
        (message("ADT^A40", "PID|||1^^^NORTH"), "AE", "100"),
        (message("ADT^A40", "MRG|2^^^NORTH"), "AE", "100"),
    )
    for raw, acknowledgement, code in cases:
        assert two.refused(raw)[:2] == (acknowledgement, code), raw
    assert two.who("north", "1") != two.who("north", "2")


def test_a_persons_different_holds_against_a_merge(two: Wire) -> None:
    two.index.assert_people("north/1", "north/2", "different", "siblings", actor=CLERK)
    acknowledgement, code, _ = two.refused(merge("1^^^NORTH", "2^^^NORTH"))
    assert (acknowledgement, code) == ("AE", "207")


def test_a_link_and_an_unlink_are_statements(two: Wire) -> None:
    linked = message("ADT^A24", pid("1^^^NORTH"), "PV1|1", pid("2^^^NORTH", TOMAS))
    for _ in range(2):
        two.accepted(linked)
    assert two.who("north", "1") == two.who("north", "2")
    two.accepted(adt("2^^^NORTH", TOMAS.replace("Quarry", "Granite"), event="A08"))
    assert two.who("north", "1") == two.who("north", "2")
    two.accepted(message("ADT^A37", pid("1^^^NORTH"), pid("2^^^NORTH", TOMAS)))
    assert two.who("north", "1") != two.who("north", "2")


def test_a_link_may_reach_into_another_domain_and_name_somebody_new(two: Wire) -> None:
    two.accepted(adt("9^^^SOUTH", THIRD, sender=SOUTH))
    two.accepted(message("ADT^A24", pid("7^^^NORTH", GRACE), pid("9^^^SOUTH", THIRD)))
    assert two.who("north", "7") == two.who("south", "9")
    assert two.refused(message("ADT^A24", pid("1^^^NORTH"), pid("404^^^SOUTH", THIRD)))[1] == "204"
    assert two.refused(message("ADT^A24", pid("1^^^NORTH")))[1] == "100"


@pytest.mark.parametrize("event", ["A47", "A46", "A49"])
def test_an_identifier_may_change(two: Wire, event: str) -> None:
    who = two.who("north", "1")
    two.accepted(message(f"ADT^{event}", pid("11^^^NORTH"), "MRG|1^^^NORTH"))
    assert two.who("north", "11") == who
    assert two.refused(message(f"ADT^{event}", pid("2^^^NORTH"), "MRG|11^^^NORTH"))[1] == "205"
    assert two.refused(message(f"ADT^{event}", pid("12^^^NORTH"), "MRG|404^^^NORTH"))[1] == "204"
    assert two.refused(message(f"ADT^{event}", pid("12^^^NORTH"), "MRG|11^^^NORTH", sender=SOUTH))[0] == "AR"


@pytest.mark.parametrize("event", ["A43", "A45"])
def test_a_record_may_move_to_another_person(two: Wire, event: str) -> None:
    two.accepted(message(f"ADT^{event}", "PID|||1^^^NORTH", "MRG|2^^^NORTH"))
    assert two.who("north", "2") == two.who("north", "1")
    assert two.index.record("north", "2", actor=CLERK).status == "active"
    assert two.refused(message(f"ADT^{event}", "PID|||1^^^NORTH", "MRG|404^^^NORTH"))[1] == "204"
