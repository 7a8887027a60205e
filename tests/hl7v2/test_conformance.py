"""The behaviours of the OpenHIE client registry's acceptance cases CR-01 to CR-18, with messages of our
own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api_client import settings_of
from hl7v2_messages import (
    ADMIN,
    CLERK,
    GRACE,
    NORTH,
    SOURCES,
    SOUTH,
    TOMAS,
    Wire,
    adt,
    identifiers_in,
    merge,
    message,
    pdq,
    pid,
    pix,
)
from mpi.hl7v2.message import Message
from mpi.index import Index


def _outcome(reply: Message) -> tuple[str, str]:
    return reply["MSA-1"], reply["QAK-2"]


def _ids(reply: Message) -> set[str]:
    return {identifier for person in identifiers_in(reply) for identifier in person}


def test_cr_01_an_identifier_needs_an_assigning_authority(wire: Wire) -> None:
    assert wire.refused(message("ADT^A01", pid("RJ-438"), version="2.3.1"))[:2] == ("AR", "204")
    assert wire.reply(pdq("@PID.5.1^Okonkwo"))["QAK-2"] == "NF"


def test_cr_02_namespace_and_oid_fill_each_other_in(wire: Wire) -> None:
    wire.accepted(adt("N1^^^NORTH"))
    wire.accepted(adt("N2^^^&1.2.3.1&ISO", TOMAS))
    for value in ("N1", "N2"):
        [told] = [
            v
            for person in wire.reply(pix(f"{value}^^^NORTH")).all("PID")
            for v in person.repeats(3)
            if v.text(1) == value
        ]
        assert [told.text(4, part) for part in (1, 2, 3)] == ["NORTH", "1.2.3.1", "ISO"]
    assert _outcome(wire.reply(pdq("@PID.3.1^N1~@PID.3.4.2^1.2.3.1"))) == ("AA", "OK")
    assert _outcome(wire.reply(pdq("@PID.3.1^N2~@PID.3.4.1^NORTH"))) == ("AA", "OK")


def test_cr_03_an_unknown_authority_is_refused(wire: Wire) -> None:
    assert wire.refused(adt("RJ-441^^^BLOCKED"))[:2] == ("AR", "204")
    assert wire.refused(adt("RJ-442^^^&2.16.840.1.113883.3.72.5.9.4&ISO"))[:2] == ("AR", "204")


def test_cr_04_a_source_does_not_assign_in_anothers_domain(wire: Wire) -> None:
    wire.accepted(adt("RJ-439^^^NORTH"))
    assert wire.refused(adt("RJ-440^^^NORTH", TOMAS, sender=SOUTH))[:2] == ("AR", "204")
    assert wire.reply(pix("RJ-440^^^NORTH"))["QAK-2"] == "AE"


def test_cr_05_an_identifier_and_one_more_thing_is_enough(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH", "|||F"))
    wire.accepted(adt("2^^^NORTH", "||19830212"))
    wire.accepted(adt("3^^^NORTH", "||||||||||||||||1^^^NORTH"))


def test_cr_06_a_national_number_links_though_demographics_disagree(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH~NID-7^^^NATIONAL^NNXXX", "Okonkwo^John||1980|M"))
    wire.accepted(adt("9^^^SOUTH~NID-7^^^NATIONAL^PI", "Okonkwo^Jon||198005|M", sender=SOUTH))
    assert wire.who("north", "1") == wire.who("south", "9")


def test_cr_06_a_national_number_of_two_unlike_people_is_asked_about(wire: Wire) -> None:
    grace, tomas = (f"{person.rsplit('|', 1)[0]}|" for person in (GRACE, TOMAS))
    wire.accepted(adt("1^^^NORTH~NID-7^^^NATIONAL^NNXXX", grace))
    wire.accepted(adt("9^^^SOUTH~NID-7^^^NATIONAL^PI", tomas, sender=SOUTH))
    assert wire.who("north", "1") != wire.who("south", "9")
    [task] = wire.index.tasks(actor=CLERK).items
    assert set(task.identities) == {wire.who("north", "1"), wire.who("south", "9")}
    assert "shared_identifier" in task.guards


def test_cr_07_a_newborn_belongs_to_its_mother(wire: Wire) -> None:
    wire.accepted(adt("RJ-M^^^NORTH", "Harris^Jennifer||19830212|F"))
    wire.accepted(adt("RJ-B^^^NORTH", "||20260102|M|||||||||||||RJ-M^^^NORTH"))
    reply = wire.reply(pdq("@PID.3.1^RJ-B~@PID.3.4.1^NORTH"))
    assert len(reply.all("PID")) == 1
    assert (reply["PID-21"], reply["PID-21.4"]) == ("RJ-M", "NORTH")
    assert (reply["PID-6"], reply["PID-6.2"]) == ("Harris", "Jennifer")


def test_cr_08_names_phones_mother_and_birth_order_come_back(wire: Wire) -> None:
    rest = (
        "Jones^Jenny^^^^^L~Smith^Jennifer^^^^^M|Adeyemi^Ife^^^^^L|19840125|F|||"
        "123 Main Street West ^^NEWARK^NJ^30293^USA^H~9 Elm^^Salem^MA^01970^USA^B||"
        "^PRN^PH^^^409^3049506~^NET^Internet^jenny@example.org||eng||||||RJ-M^^^NORTH|||Y|2"
    )
    wire.accepted(adt("RJ-442^^^NORTH", rest))
    reply = wire.reply(pdq("@PID.3.1^RJ-442~@PID.3.4.1^NORTH"))
    assert len(reply.all("PID")) == 1
    names = {(v.text(1), v.text(2), v.text(7)) for v in reply.all("PID")[0].repeats(5)}
    assert names == {("Jones", "Jenny", "L"), ("Smith", "Jennifer", "M")}
    assert (reply["PID-6"], reply["PID-6.2"]) == ("Adeyemi", "Ife")
    assert {v.text(3) for v in reply.all("PID")[0].repeats(11)} == {"NEWARK", "Salem"}
    reached = reply.all("PID")[0].repeats(13)
    assert (reached[0].text(6), reached[0].text(7)) == ("409", "3049506")
    assert reached[1].text(4) == "jenny@example.org"
    assert (reply["PID-24"], reply["PID-25"], reply["PID-15"]) == ("Y", "2", "eng")


def test_cr_09_pix_tells_unknown_domains_from_identifiers(wire: Wire) -> None:
    assert _outcome(wire.reply(pix("RJ-449^^^BLOCKED"))) == ("AE", "AE")
    assert _outcome(wire.reply(pix("RJ-449^^^NORTH"))) == ("AE", "AE")
    wire.accepted(adt("RJ-449^^^NORTH"))
    reply = wire.reply(pix("RJ-449^^^NORTH"))
    assert _outcome(reply) == ("AA", "OK")
    assert "RJ-449^^^NORTH" in _ids(reply)


def test_cr_10_what_domains_returned_is_honoured(wire: Wire) -> None:
    wire.accepted(adt("RJ-450^^^NORTH", "Pauly^Ann||19840125|F"))
    enterprise_id = wire.who("north", "RJ-450")
    assert _ids(wire.reply(pix("RJ-450^^^NORTH", "^^^NORTH"))) == {"RJ-450^^^NORTH"}
    assert _ids(wire.reply(pix("RJ-450^^^NORTH", "^^^HUB"))) == {f"{enterprise_id}^^^HUB"}
    assert _outcome(wire.reply(pix("RJ-450^^^NORTH", "^^^BLOCKED"))) == ("AE", "AE")
    assert _outcome(wire.reply(pix("RJ-450^^^NORTH", "^^^SOUTH"))) == ("AA", "NF")
    assert "RJ-450^^^NORTH" in _ids(wire.reply(pix(f"{enterprise_id}^^^HUB")))


def test_cr_11_people_are_found_by_identifier(wire: Wire) -> None:
    wire.accepted(adt("RJ-1^^^NORTH"))
    for parameters, outcome in (
        ("@PID.3.1^RJ-1~@PID.3.4.1^NORTH~@PID.3.4.2^1.2.3.1~@PID.3.4.3^ISO", ("AA", "OK")),
        ("@PID.3.1^RJ-1~@PID.3.4.2^1.2.3.1~@PID.3.4.3^ISO", ("AA", "OK")),
        ("@PID.3.1^RJ-1", ("AA", "OK")),
        ("@PID.3.1^RJ-9~@PID.3.4.1^NORTH", ("AA", "NF")),
        ("@PID.3.1^RJ-1~@PID.3.4.1^SOUTH", ("AA", "NF")),
        ("@PID.3.1^RJ-1~@PID.3.4.99^NORTH", ("AE", "AE")),
    ):
        assert _outcome(wire.reply(pdq(parameters))) == outcome, parameters
    assert _outcome(wire.reply(pdq("@PID.3.1^RJ-1", domains="^^^BLOCKED"))) == ("AE", "AE")


def test_cr_12_people_are_found_by_name(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH", "Jones^Jennifer||19840125|F"))
    for parameters, outcome in (
        ("@PID.5.1^Jones~@PID.5.2^Jennifer", ("AA", "OK")),
        ("@PID.5.1^NoPatientWithThisName", ("AA", "NF")),
        ("@PID.5.1^Jones", ("AA", "OK")),
        ("@PID.5.1^JO*", ("AA", "OK")),
        ("@PID.5.99^Jones", ("AE", "AE")),
    ):
        assert _outcome(wire.reply(pdq(parameters))) == outcome, parameters
    by_sound = "QPD|IHE PDQ Query|Q|@PID.5.1^Johns||soundex"
    assert _outcome(wire.reply(message("QBP^Q22^QBP_Q21", by_sound, "RCP|I"))) == ("AA", "OK")


def test_cr_13_people_are_found_by_the_mothers_identifier(wire: Wire) -> None:
    wire.accepted(adt("M^^^NORTH", "Harris^Jennifer||19830212|F"))
    wire.accepted(adt("B^^^NORTH", "Harris^Tim||20260102|M|||||||||||||M^^^NORTH"))
    reply = wire.reply(pdq("@PID.21.1^M~@PID.21.4.1^NORTH"))
    assert _outcome(reply) == ("AA", "OK")
    assert [person.text(5, 2) for person in reply.all("PID")] == ["Tim"]
    reply = wire.reply(pdq("@PID.6.1^Harris~@PID.6.2^Jennifer"))
    assert [person.text(5, 2) for person in reply.all("PID")] == ["Tim"]


def test_cr_14_people_are_found_by_a_date_of_any_precision(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH", "Jones^Jennifer||19840125|F"))
    for date, status in (
        ("19840125", "OK"), ("1984", "OK"), ("198401", "OK"), ("19840126", "NF"), ("1985", "NF"),
        ("198402", "NF"),
    ):  # fmt: skip
        assert _outcome(wire.reply(pdq(f"@PID.7^{date}"))) == ("AA", status), date


def test_cr_15_criteria_hold_together(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH", "Jones^Jennifer||19840125|F"))
    wire.accepted(adt("2^^^NORTH", "Jones^James||19830121|M"))
    for parameters, who in (
        ("@PID.5.1^Jones~@PID.8^F", ["Jennifer"]),
        ("@PID.5.1^Jones~@PID.7^1983", ["James"]),
        ("@PID.8^M~@PID.7^19830121", ["James"]),
        ("@PID.8^M~@PID.7^1984", []),
    ):
        reply = wire.reply(pdq(parameters))
        assert [person.text(5, 2) for person in reply.all("PID")] == who, parameters


@pytest.fixture
def openhie(database_url: str, tmp_path: Path) -> Iterator[Wire]:
    """An index that tells subsumed identifiers too, as OpenHIE reads a merge."""
    settings = settings_of(database_url, tmp_path).model_copy(update={"auto_declare": False})
    with Index.open(settings) as index:
        index.apply_sources(SOURCES.replace("[index]", "[index]\nexpose_subsumed_ids = true"), actor=ADMIN)
        yield Wire(index)


def test_cr_16_merged_identifiers_are_one_person(openhie: Wire) -> None:
    openhie.accepted(
        adt("RJ-A^^^NORTH", "Zimmer^Jennifer^^^^^L|SMITH|19840125|F|||1 Main St^^NEWARK^NJ^30293")
    )
    openhie.accepted(adt("RJ-B^^^NORTH", "Zimmer^Jenn^^^^^L||198401|F"))
    assert len(openhie.reply(pdq("@PID.5.1^Zimmer", domains="^^^NORTH")).all("PID")) == 2
    assert "RJ-B^^^NORTH" not in _ids(openhie.reply(pix("RJ-A^^^NORTH")))
    openhie.accepted(merge("RJ-A^^^NORTH", "RJ-B^^^NORTH"))
    reply = openhie.reply(pix("RJ-A^^^NORTH", "^^^NORTH"))
    assert _outcome(reply) == ("AA", "OK")
    assert _ids(reply) == {"RJ-A^^^NORTH", "RJ-B^^^NORTH"}
    # And the subsumed identifier leads nowhere by itself.
    reply = openhie.reply(pix("RJ-B^^^NORTH", "^^^NORTH"))
    assert (_outcome(reply), reply["ERR-2.4"]) == (("AE", "AE"), "1")


def test_cr_17_a_source_does_not_merge_in_anothers_domain(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH"))
    wire.accepted(adt("2^^^NORTH", TOMAS))
    for authority in ("NORTH", "NORTH&1.2.3.1&ISO", "&1.2.3.1&ISO"):
        raw = merge(f"1^^^{authority}", f"2^^^{authority}", sender=SOUTH)
        assert wire.refused(raw)[:2] == ("AR", "204"), authority
    assert wire.who("north", "1") != wire.who("north", "2")


def test_cr_18_a_national_number_crosses_sources_and_partial_dates(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH", "Jorgenson^Yannick||199004|M|||||||||||NID-9^^^NATIONAL", sender=NORTH))
    wire.accepted(adt("9^^^SOUTH", "Jorgenson^Yan||19900404|M|||||||||||NID-9^^^NATIONAL", sender=SOUTH))
    assert {"1^^^NORTH", "9^^^SOUTH", "NID-9^^^NATIONAL"} <= _ids(wire.reply(pix("1^^^NORTH")))


def test_grace_is_the_same_person_through_every_door(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH", GRACE))
    assert wire.reply(pix("1^^^NORTH", "^^^HUB"))["PID-3"] == wire.who("north", "1")
    [found] = identifiers_in(wire.reply(pdq("@PID.5.1^Okonkwo", domains="^^^HUB")))
    assert found == [f"{wire.who('north', '1')}^^^HUB"]
