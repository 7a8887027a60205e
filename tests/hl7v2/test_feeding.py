"""ADT: registrations, updates, deletions, and whose identifiers they may assign."""

from __future__ import annotations

from pathlib import Path

from api_client import settings_of
from hl7v2_messages import (
    ADMIN,
    CLERK,
    DELTA,
    GRACE,
    SOURCES,
    SOUTH,
    TOMAS,
    Wire,
    adt,
    message,
    pid,
)
from mpi.hl7v2.answering import MOVES, UPDATES
from mpi.index import Index


def _demographics(wire: Wire, source: str = "north", local_id: str = "1") -> dict[str, object]:
    return wire.index.record(source, local_id, actor=CLERK).demographics


def test_an_event_that_carries_demographics_registers(wire: Wire) -> None:
    for event in ("A01", "A04", "A05", "A08", "A28", "A31"):
        answered = wire.accepted(adt(f"{event}^^^NORTH", event=event))
        assert answered.enterprise_ids == (wire.who("north", event),)
        assert _demographics(wire, local_id=event)["family"] == "Okonkwo"


def test_every_other_event_with_a_pid_is_an_update(wire: Wire) -> None:
    for number, event in enumerate(UPDATES):
        wire.accepted(adt(f"{number + 1}^^^NORTH", event=event))
    assert {"A02", "A03", "A06", "A07", "A09", "A10", "A11", "A12", "A13", "A14"} < set(UPDATES)


def test_one_person_gets_one_enterprise_id_whoever_sends(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH"))
    wire.accepted(adt("9^^^SOUTH", sender=SOUTH))
    assert wire.who("north", "1") == wire.who("south", "9")
    wire.accepted(adt("10^^^SOUTH", TOMAS, sender=SOUTH))
    assert wire.who("south", "10") != wire.who("south", "9")


def test_sent_again_nothing_changes(wire: Wire) -> None:
    for _ in range(2):
        wire.accepted(adt("1^^^NORTH"))
    assert wire.index.record("north", "1", actor=CLERK).version == 1


def test_a_snapshot_forgets_what_it_does_not_say(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH"))
    wire.accepted(adt("1^^^NORTH", "Okonkwo^Grace^Ada||19740211|F", event="A08"))
    demographics = _demographics(wire)
    assert demographics["family"] == "Okonkwo"
    assert "phone" not in demographics
    assert "ssn" not in demographics


def test_a_delta_keeps_what_it_does_not_say(wire: Wire) -> None:
    wire.accepted(adt("1^^^DELTA", sender=DELTA))
    wire.accepted(adt("1^^^DELTA", '|||||||||""', event="A08", sender=DELTA))
    demographics = _demographics(wire, "delta")
    assert demographics["family"] == "Okonkwo"
    assert demographics["ssn"] == "219-45-8813"
    wire.accepted(adt("1^^^DELTA", '||||||||""', event="A08", sender=DELTA))
    assert "phone" not in _demographics(wire, "delta")


def test_an_authority_is_known_by_any_of_its_names(wire: Wire) -> None:
    spellings = ("NORTH", "NORTH&1.2.3.1&ISO", "&1.2.3.1&ISO", "NORTH&&", "north", 'NORTH~""^^^NORTH')
    for number, spelling in enumerate(spellings):
        wire.accepted(adt(f"{number}^^^{spelling}"))
        assert wire.index.record("north", str(number), actor=CLERK)


REFUSED = (
    ("", "101", "PID^1^3"),
    ("^^^NORTH", "101", "PID^1^3"),
    ("1", "204", "PID^1^3^1^4"),
    ("1^^^NOBODY", "204", "PID^1^3^1^4"),
    ("1^^^&9.9.9&ISO", "204", "PID^1^3^1^4"),
    ("1^^^&1.2.3.1", "204", "PID^1^3^1^4"),
    ("1^^^&&ISO", "204", "PID^1^3^1^4"),
    ("1^^^NORTH&9.9.9&ISO", "204", "PID^1^3^1^4"),
    ("1^^^NORTH~5^^^NOBODY", "204", "PID^1^3^2^4"),
    ("1^^^SOUTH", "204", "PID^1^3^1"),
    ("1^^^NATIONAL", "204", "PID^1^3^1"),
)


def test_an_identifier_that_cannot_be_placed_is_refused(wire: Wire) -> None:
    for identifiers, code, place in REFUSED:
        _, told, where = wire.refused(adt(identifiers))
        assert (told, where) == (code, place), identifiers


def test_identifiers_of_others_are_evidence_beside_ones_own(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH~77^^^NATIONAL", GRACE))
    stranger = "Lindqvist^Tomas||19510930|M"
    wire.accepted(adt("9^^^SOUTH~77^^^NATIONAL", stranger, sender=SOUTH))
    identifiers = _demographics(wire)["identifiers"]
    assert {"authority": "NATIONAL", "type": "NI", "value": "77"} in identifiers  # type: ignore[operator]


def test_repeats_without_authority_are_passed_over_beside_one_with(wire: Wire) -> None:
    wire.accepted(adt("333~1^^^NORTH~444"))
    assert wire.index.record("north", "1", actor=CLERK)


def test_a_social_security_number_is_one_whoever_is_said_to_issue_it(wire: Wire) -> None:
    for number, authority in enumerate(("USSSA", "SSA", "", "SSN", "&2.16.840.1.113883.4.1&ISO")):
        wire.accepted(adt(f"{number}^^^NORTH~219-45-8813^^^{authority}^SS", "Okonkwo^Grace||19740211|F"))
        assert _demographics(wire, local_id=str(number))["ssn"] == "219-45-8813"
    assert wire.refused(adt("219-45-8813^^^USSSA^SS"))[1] == "204"


def test_more_of_anything_than_a_patient_has_is_refused(wire: Wire) -> None:
    many = "~".join(f"{number}^^^NORTH" for number in range(60))
    assert wire.refused(adt(many))[:2] == ("AE", "102")
    assert wire.refused(adt("~" * 600))[:2] == ("AR", "100")
    assert wire.refused(adt("1" * 300 + "^^^NORTH"))[:2] == ("AE", "102")
    assert wire.refused(message("ADT^A08", *[pid("1^^^NORTH")] * 101))[:2] == ("AE", "100")


def test_a_source_may_have_a_default_authority(database_url: str, tmp_path: Path) -> None:
    declared = SOURCES.replace('msh = ["EPIC|NORTH"]', 'msh = ["EPIC|NORTH"]\ndefault_authority = "NORTH"')
    configured = settings_of(database_url, tmp_path).model_copy(update={"auto_declare": False})
    with Index.open(configured) as index:
        index.apply_sources(declared, actor=ADMIN)
        Wire(index).accepted(adt("1"))
        assert index.record("north", "1", actor=CLERK).demographics["family"] == "Okonkwo"


def test_an_identifier_and_next_to_nothing_is_enough(wire: Wire) -> None:
    for number, rest in enumerate(("|||F", "||19740211", "||||||||||||||||99^^^NORTH", "")):
        wire.accepted(adt(f"{number}^^^NORTH", rest))
        assert wire.who("north", str(number))


def test_every_pid_of_a_message_is_registered(wire: Wire) -> None:
    raw = message("ADT^A17", pid("1^^^NORTH"), "PV1|1", pid("2^^^NORTH", TOMAS), "PV1|1")
    assert len(wire.accepted(raw).enterprise_ids) == 2
    assert _demographics(wire, "north", "2")["family"] == "Lindqvist"


def test_an_update_that_reads_like_somebody_else_is_accepted_and_held(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH"))
    answered = wire.accepted(adt("1^^^NORTH", TOMAS, event="A08"))
    assert any(warning.startswith("update-held") for warning in answered.warnings)
    assert _demographics(wire)["family"] == "Okonkwo"


def test_deleted_is_retired_and_sent_again_it_is_back(wire: Wire) -> None:
    wire.accepted(adt("1^^^NORTH"))
    for _ in range(2):
        wire.accepted(adt("1^^^NORTH", "", event="A29"))
    assert wire.index.record("north", "1", actor=CLERK).status == "retired"
    assert wire.refused(adt("404^^^NORTH", "", event="A29"))[:2] == ("AE", "204")
    assert wire.refused(adt("1^^^NORTH", "", event="A29", sender=SOUTH))[:2] == ("AR", "204")
    wire.accepted(adt("1^^^NORTH"))
    assert wire.index.record("north", "1", actor=CLERK).status == "active"


def test_a_visit_that_moves_without_a_patient_identifier_is_an_update(wire: Wire) -> None:
    for event in MOVES:
        wire.accepted(message(f"ADT^{event}", pid("1^^^NORTH"), "MRG|||ACC^^^NORTH||5001"))
    assert _demographics(wire)["family"] == "Okonkwo"


def test_what_was_sent_is_kept_whole(wire: Wire) -> None:
    rest = "Okonkwo^Grace^^^^^L~Bello^Grace^^^^^M|Adeyemi|19740211|F||2054-5^Black^CDCREC||||||EN|M|CHR"
    wire.accepted(adt("1^^^NORTH", rest))
    [view] = wire.index.registry.holders("NORTH", "1", actor=CLERK)
    assert view.record.original is not None
    assert [name.get("use") for name in view.record.original["name"]] == ["official", "maiden"]
    assert view.record.mother_maiden == "Adeyemi"


def test_index_without_any_declaration_takes_a_feed(index: Index) -> None:
    wire = Wire(index)
    wire.accepted(adt("1^^^ANY&1.9.9&ISO~5^^^OTHER", sender="A|B"))
    wire.accepted(adt("1^^^ANY", sender="A|B", event="A08"))
    wire.accepted(adt("1^^^&1.9.9&ISO", sender="A|B", event="A08"))
    assert len(index.registry.holders("ANY", "1", actor=CLERK)) == 1
