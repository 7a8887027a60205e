"""PIX and PDQ: every outcome of ITI-9 and ITI-21, and pages."""

from __future__ import annotations

from hl7v2_messages import GRACE, NORTH, SOUTH, TOMAS, Wire, adt, identifiers_in, message, pdq, pix, reply_of
from mpi.hl7v2.message import Message


def _outcome(reply: Message) -> tuple[str, str]:
    return reply["MSA-1"], reply["QAK-2"]


def _names(reply: Message) -> list[str]:
    return [f"{pid.text(5)} {pid.text(5, 2)}" for pid in reply.all("PID")]


def test_a_pix_query_tells_what_a_patient_is_called_elsewhere(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH~88^^^NATIONAL"))
    wire.accepted(adt("9^^^SOUTH", GRACE.rpartition("|")[0], sender=SOUTH))
    asked = pix("1^^^NORTH")
    reply = wire.reply(asked)
    assert _outcome(reply) == ("AA", "OK")
    assert [reply["MSH-9.1"], reply["MSH-9.2"], reply["MSH-9.3"]] == ["RSP", "K23", "RSP_K23"]
    assert reply["QAK-1"] == reply["QPD-2"] != ""
    eid = wire.who("north", "1")
    assert sorted(identifiers_in(reply)[0]) == sorted(
        ["1^^^NORTH", "88^^^NATIONAL", "9^^^SOUTH", "219-45-8813^^^SSN", f"{eid}^^^HUB"]
    )
    assert reply.all("PID")[0].raw(5) == "^^^^^^S"
    assert reply["PID-3.4.2"] != ""


def test_a_pix_query_is_answered_in_the_wanted_domains(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH"))
    wire.accepted(adt("9^^^SOUTH", sender=SOUTH))
    for wanted in ("^^^SOUTH", "^^^SOUTH&1.2.3.2&ISO", "^^^&1.2.3.2&ISO"):
        assert identifiers_in(wire.reply(pix("1^^^NORTH", wanted))) == [["9^^^SOUTH"]]
    assert identifiers_in(wire.reply(pix("1^^^&1.2.3.1&ISO", "^^^NORTH~^^^SOUTH"))) == [
        ["1^^^NORTH", "9^^^SOUTH"]
    ]


def test_several_identifiers_of_one_domain_are_repeats(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH"))
    for number in ("9", "10"):
        wire.accepted(adt(f"{number}^^^SOUTH", sender=SOUTH))
    assert sorted(identifiers_in(wire.reply(pix("1^^^NORTH", "^^^SOUTH")))[0]) == ["10^^^SOUTH", "9^^^SOUTH"]


def test_what_a_pix_query_does_not_find_is_told_apart(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH"))
    cases = (
        (pix("1^^^NORTH", "^^^NATIONAL"), ("AA", "NF"), ""),
        (pix("404^^^NORTH"), ("AE", "AE"), "QPD^1^3^1^1"),
        (pix("1^^^NOBODY"), ("AE", "AE"), "QPD^1^3^1^4"),
        (pix("1"), ("AE", "AE"), "QPD^1^3^1^4"),
        (pix(""), ("AE", "AE"), "QPD^1^3^1^1"),
        (pix("1^^^NORTH", "^^^SOUTH~^^^X~^^^&9.9&ISO"), ("AE", "AE"), "QPD^1^4^2~QPD^1^4^3"),
    )
    for asked, outcome, place in cases:
        answered = wire.ask(asked)
        reply = reply_of(answered)
        assert _outcome(reply) == outcome, asked
        assert reply.all("PID") == []
        assert [error.raw(2) for error in reply.all("ERR")] == ([place] if place else [])


def test_the_order_of_segments_is_the_standards(wire: Wire) -> None:
    found = wire.reply(pix("1^^^NORTH"))
    assert [segment.name for segment in found.segments] == ["MSH", "MSA", "ERR", "QAK", "QPD"]
    wire.accepted(adt("1^^^NORTH"))
    found = wire.reply(pdq("@PID.5.1^Okonkwo", rcp="RCP|I|1^RD"))
    assert [segment.name for segment in found.segments] == ["MSH", "MSA", "QAK", "QPD", "PID"]


def test_people_are_found_by_demographics(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH", GRACE.replace("Ada", "Ada^^^^L~Bello^Grace^^^^^M")))
    wire.accepted(adt("2^^^NORTH", TOMAS))
    for parameters in (
        "@PID.5.1^Okonkwo",
        "@PID.5.1.1^okonkwo",
        "@PID.5.1^Bello",
        "@PID.5.1^OKON*",
        "@PID.5.1^*kwo~@PID.5.2^G*",
        "@PID.5.2^Grace~@PID.8^F",
        "@PID.7^1974",
        "@PID.7^197402",
        "@PID.7^19740211",
        "@PID.5.1^Okonkwo~@PID.7^19740211~@PID.8^F",
        "@PID.8^F~@PID.7.1^1974",
        "@PID.11.3^Boston~@PID.11.5^02118",
        "@PID.11.1^48 Alder Street",
        "@PID.13^6174420198",
        "@PID.3.1^1~@PID.3.4^NORTH",
        "@PID.3.1^1~@PID.3.4.1^NORTH~@PID.3.4.2^1.2.3.1~@PID.3.4.3^ISO",
        "@PID.3^1",
        "@PID.19^219-45-8813",
    ):
        reply = wire.reply(pdq(parameters))
        assert _outcome(reply) == ("AA", "OK"), parameters
        assert _names(reply) == ["Okonkwo Grace"], parameters
        assert reply["QAK-4"] == "1"


def test_nobody_is_found_without_being_an_error(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH"))
    for parameters in (
        "@PID.5.1^Nobody",
        "@PID.5.1^OKON",
        "@PID.7^1975",
        "@PID.7^19740212",
        "@PID.5.1^Okonkwo~@PID.8^M",
        "@PID.3.1^404~@PID.3.4^NORTH",
        "@PID.3.1^1~@PID.3.4^SOUTH",
    ):
        reply = wire.reply(pdq(parameters))
        assert _outcome(reply) == ("AA", "NF"), parameters
        assert [segment.name for segment in reply.segments] == ["MSH", "MSA", "QAK", "QPD"]


def test_names_are_found_by_sound_when_that_is_asked(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH", "Smith^Catherine||19740211|F"))
    qpd = "QPD|IHE PDQ Query|Q1|@PID.5.1^Smyth~@PID.5.2^Cathrine||{}"
    assert _outcome(wire.reply(message("QBP^Q22", qpd.format(""), "RCP|I"))) == ("AA", "NF")
    assert _names(wire.reply(message("QBP^Q22", qpd.format("Soundex"), "RCP|I"))) == ["Smith Catherine"]


def test_what_a_pdq_query_cannot_ask_is_refused_with_its_place(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH"))
    cases = (
        (pdq("@PID.3.4.99^x"), "QPD^1^3^1"),
        (pdq("@PID.5.1^Okonkwo~@PID.77^x"), "QPD^1^3^2"),
        (pdq("@OBX.5^x"), "QPD^1^3^1"),
        (pdq("Okonkwo"), "QPD^1^3^1"),
        (pdq(""), "QPD^1^3"),
        (pdq("@PID.5.1^"), "QPD^1^3"),
        (pdq("@PID.8^Q"), "QPD^1^3^1"),
        (pdq("@PID.7^someday"), "QPD^1^3"),
        (pdq("@PID.3.1^1~@PID.3.4.1^NOBODY"), "QPD^1^3^2"),
        (pdq("@PID.5.1^Okonkwo", domains="^^^NORTH~^^^NOBODY"), "QPD^1^8^2"),
        (pdq("@PID.5.1^Okonkwo", more="DSC|nonsense|I"), "DSC^1^1"),
    )
    for asked, place in cases:
        reply = wire.reply(asked)
        assert _outcome(reply) == ("AE", "AE"), asked
        assert [error.raw(2) for error in reply.all("ERR")] == [place], asked


def test_only_the_wanted_domains_are_told(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH"))
    wire.accepted(adt("9^^^SOUTH", sender=SOUTH))
    wire.accepted(adt("2^^^NORTH", TOMAS))
    reply = wire.reply(pdq("@PID.5.1^Okonkwo", domains="^^^SOUTH"))
    assert identifiers_in(reply) == [["9^^^SOUTH"]]
    assert _outcome(wire.reply(pdq("@PID.5.1^Lindqvist", domains="^^^SOUTH"))) == ("AA", "NF")
    assert len(identifiers_in(wire.reply(pdq("@PID.5.1^Okonkwo")))[0]) == 3


def test_a_long_answer_comes_in_pages(wire: Wire) -> None:
    people = 7
    for number in range(people):
        rest = f"Zimmer^{chr(65 + number) * 4}||19{number}00101|F|||{number} Elm^^City{number}"
        wire.accepted(adt(f"{number}^^^NORTH", rest))
    found: list[str] = []
    pointer, counts = "", []
    for _ in range(4):
        more = f"DSC|{pointer}|I" if pointer else ""
        reply = wire.reply(pdq("@PID.5.1^Zimmer", rcp="RCP|I|3^RD", more=more))
        assert _outcome(reply) == ("AA", "OK")
        found += _names(reply)
        counts.append((reply["QAK-4"], reply["QAK-5"], reply["QAK-6"]))
        pointer = reply.first("DSC").raw(1) if reply.first("DSC") else ""  # type: ignore[union-attr]
        if not pointer:
            break
    assert len(found) == len(set(found)) == people
    assert counts == [("7", "3", "4"), ("7", "3", "1"), ("7", "1", "0")]


def test_a_pointer_belongs_to_its_question(wire: Wire) -> None:
    for number in range(2):
        wire.accepted(adt(f"{number}^^^NORTH", f"Zimmer^{'AB'[number] * 4}||19{number}00101|F"))
    first = wire.reply(pdq("@PID.5.1^Zimmer", rcp="RCP|I|1^RD"))
    more = "|".join(first.all("DSC")[0].fields)
    assert _outcome(wire.reply(pdq("@PID.8^F", rcp="RCP|I|1^RD", more=more))) == ("AE", "AE")
    assert _outcome(wire.reply(pdq("@PID.5.1^Zimmer", rcp="RCP|I|1^RD", more=more))) == ("AA", "OK")
    assert wire.reply(message("QCN^J01", "QID|Q1|IHE PDQ Query"))["MSA-1"] == "AA"


def test_a_newborn_is_found_by_its_mother_and_told_with_her(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH"))
    baby = "Okonkwo^BabyGirl||20260102|F|||||||||||||1^^^NORTH&1.2.3.1&ISO|||Y|2"
    wire.accepted(adt("2^^^NORTH", baby))
    for parameters in ("@PID.21.1^1~@PID.21.4.1^NORTH", "@PID.21.1^1~@PID.21.4^NORTH", "@PID.21^1"):
        reply = wire.reply(pdq(parameters))
        assert _names(reply) == ["Okonkwo BabyGirl"], parameters
        assert reply["PID-21"] == "1"
        assert reply["PID-21.4"] == "NORTH"
        assert (reply["PID-6"], reply["PID-6.2"]) == ("Okonkwo", "Grace")
        assert (reply["PID-24"], reply["PID-25"]) == ("Y", "2")


def test_a_query_to_other_delimiters_is_understood(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH"))
    head = "MSH#*@!%#EPIC#NORTH#MPI#HUB#2026##QBP*Q22#7#P#2.5"
    reply = wire.reply(
        f"{head}\rQPD#IHE PDQ Query#Q1#!FPID.5.1*Okonkwo@!FPID.8*F\r".replace("!F", "@").encode()
    )
    assert reply["MSA-1"] in ("AA", "AE")
    reply = wire.reply(f"{head}\rQPD#IHE PIX Query#Q1#1***NORTH\r".replace("Q22", "Q23").encode())
    assert identifiers_in(reply)[0][0] == "1^^^NORTH"


def test_whoever_may_ask_is_answered(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH"))
    assert wire.reply(pdq("@PID.5.1^Okonkwo", sender=NORTH))["QAK-2"] == "OK"
