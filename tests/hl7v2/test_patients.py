"""PID, PD1 and NK1 as a Patient and back: what is sent survives, and reads as FHIR."""

from __future__ import annotations

import pytest

from hl7v2_messages import message
from mpi.hl7v2.message import Message, Segment, parse
from mpi.hl7v2.patients import (
    apply_delta,
    read_patient_segments,
    write_next_of_kin,
    write_pd1,
    write_pid,
)
from mpi.hl7v2.patients.reading import segments_of
from mpi.patient import MOTHER_IDENTIFIER_URL, Domain, Domains, read_patient

DOMAINS = Domains(
    declared=(
        Domain(name="NORTH", namespace="NORTH", oid="1.2.3.1", type="MR", owner="north"),
        Domain(name="NATIONAL", oid="1.2.3.9", type="NI", person_unique=True),
        Domain(name="TX", namespace="TX", oid="2.16.840.1.113883.4.3.48", type="DL"),
    )
)


def _pid(**fields: str) -> Segment:
    numbered = {int(name[1:]): value for name, value in fields.items()}
    raw = "|".join(["PID", *(numbered.get(n, "") for n in range(1, max(numbered) + 1))])
    return parse(message("ADT^A08", raw).decode()).segments[-1]


def _back(pid: Segment) -> Segment:
    patient = read_patient_segments(pid, DOMAINS)
    return parse(message("ADT^A08", write_pid(patient, DOMAINS)).decode()).segments[-1]


FILLED_IN = "4711^^^NORTH&1.2.3.1&ISO^MR"


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        (2, "X9^^^NATIONAL&1.2.3.9&ISO^NI"),
        (3, FILLED_IN),
        (3, f"{FILLED_IN}~88^7^M11^&1.2.3.9&ISO^NI^Registry^20200101^20301231"),
        (3, "4711^^^NOBODY&9.9&ISO^MR"),
        (3, "4711^^^NORTH&1.2.3.1&ISO^MR~219-45-8813^^^SSN&2.16.840.1.113883.4.1&ISO^SS"),
        (4, "A1^^^NORTH&1.2.3.1&ISO^PT"),
        (5, "Doe^Jane^Mary Ann^Jr^Dr^PhD^L"),
        (5, "Doe^Jane^^^^^L~Smith^Jane^^^^^M^^^^^19900101^20101231~^JJ^^^^^N~Roe^J^^^^^B"),
        (5, "van der Berg&van der&Berg&de&Vries^Anna^^^^^L^^^^^^^RN"),
        (5, "^^Ann^^^^L"),
        (6, "Rossi"),
        (6, "Rossi^Maria^^^^^M"),
        (7, "1984"),
        (7, "198401"),
        (7, "19840125"),
        (7, "198401251230"),
        (7, "19840125123000+0200"),
        (7, "19371331"),
        (7, "????0501"),
        (8, "F"),
        (8, "A"),
        (8, "X"),
        (9, "Star^Ringo^^^^^A"),
        (10, "2106-3^White^HL70005~2028-9^Asian"),
        (10, "W^Blanc"),
        (11, "48 Alder Street&Alder Street&48^Apt 5^Boston^MA^02118^USA^H^^Suffolk^0801^^^20200101^20211231"),
        (11, "48 Alder St^^Boston^MA^02118^^H~PO Box 9^^Salem^MA^01970^^M~9 Elm St^^Lynn^MA^01901^^BA"),
        (11, "^Apt 5^Boston~9 Elm St^^Lynn^^^^^Rear entrance"),
        (13, "^PRN^PH^^1^617^4420198^12^after six"),
        (13, "(617)442-0198"),
        (13, "(617)442-0198^PRN^PH~(617)555-0000^^CP~^NET^Internet^grace@example.org~(617)9^PRN^FX"),
        (14, "(617)442-0199^WPN^PH~^WPN^Internet^work@example.org"),
        (15, "spa^Spanish^HL70296"),
        (16, "M"),
        (16, "A^Separated"),
        (17, "BAP^Christian: Baptist^HL70006"),
        (18, "ACC-1^^^NORTH&1.2.3.1&ISO^AN"),
        (19, "219-45-8813"),
        (19, "NID-1^^^NATIONAL&1.2.3.9&ISO^NI"),
        (20, "T05349638^TX^20300101"),
        (21, "99^^^NORTH&1.2.3.1&ISO^MR~7^^^NATIONAL&1.2.3.9&ISO^NI"),
        (22, "2135-2^Hispanic^CDCREC"),
        (23, "St. Francis Hospital, Boston"),
        (24, "N"),
        (24, "Y"),
        (26, "US^United States^HL70171~FR"),
        (27, "Vet^retired"),
        (28, "BT^Bhutan"),
        (29, "20050110015014+0315"),
        (29, "20050110"),
        (30, "Y"),
        (30, "N"),
        (40, "^WPN^Internet^other@example.org"),
    ],
)
def test_a_field_survives(field: int, sent: str) -> None:
    pid = _pid(**{"f3": FILLED_IN, f"f{field}": sent})
    back = _back(pid)
    expected = sent.replace("NATIONAL&1.2.3.9", "&1.2.3.9").replace("^HL70171", "")
    assert back.raw(field).replace("NATIONAL&1.2.3.9", "&1.2.3.9").replace("^HL70171", "") == expected
    # And what was not sent is not there.
    others = [n for n in range(2, len(back.fields)) if back.raw(n) and n not in (3, field)]
    assert others == ([30] if field == 29 else [])


def test_fields_that_belong_together_survive_together() -> None:
    pid = _pid(f3=FILLED_IN, f24="Y", f25="2", f29="20240102", f30="Y")
    assert [_back(pid).raw(n) for n in (24, 25, 29, 30)] == ["Y", "2", "20240102", "Y"]
    pid = _pid(f3=FILLED_IN, f24="N", f25="1")
    assert [_back(pid).raw(n) for n in (24, 25)] == ["N", "1"]


def test_one_identifier_in_several_fields_is_one() -> None:
    pid = _pid(f2=FILLED_IN, f3=FILLED_IN, f4=FILLED_IN)
    assert len(read_patient_segments(pid, DOMAINS)["identifier"]) == 1
    assert [_back(pid).raw(n) for n in (2, 3, 4)] == [FILLED_IN] * 3


def test_a_number_and_an_address_in_one_repeat_are_two_ways_to_reach_somebody() -> None:
    patient = read_patient_segments(_pid(f3="1", f13="555-1234^PRN^PH^joe@example.org"), DOMAINS)
    assert [(one["system"], one["value"]) for one in patient["telecom"]] == [
        ("phone", "555-1234"),
        ("email", "joe@example.org"),
    ]


def test_an_address_where_a_number_is_expected_is_an_address() -> None:
    patient = read_patient_segments(_pid(f3="1", f13="joe@example.org^NET^Internet"), DOMAINS)
    assert [(one["system"], one["value"]) for one in patient["telecom"]] == [("email", "joe@example.org")]


def test_the_patient_is_the_one_that_fhir_would_say() -> None:
    pid = _pid(
        f3=FILLED_IN,
        f5="Doe^Jane^Mary^Jr^Dr^^L~Smith^Jane^^^^^M",
        f6="Rossi",
        f7="198401",
        f8="F",
        f10="2106-3^White^CDCREC",
        f11="48 Alder Street^Apt 5^Boston^MA^02118^USA^H",
        f13="(617)442-0198^PRN^PH",
        f16="A",
        f19="219-45-8813",
        f21="99^^^NORTH",
        f24="Y",
        f25="2",
    )
    patient = read_patient_segments(pid, DOMAINS)
    table = "http://terminology.hl7.org/CodeSystem/v2-0203"
    assert patient["identifier"] == [
        {"type": {"coding": [{"system": table, "code": "MR"}]}, "value": "4711", "system": "urn:oid:1.2.3.1"},
        {
            "type": {"coding": [{"system": table, "code": "SS"}]},
            "system": "http://hl7.org/fhir/sid/us-ssn",
            "value": "219-45-8813",
        },
    ]
    assert patient["name"][0] == {
        "family": "Doe",
        "given": ["Jane", "Mary"],
        "prefix": ["Dr"],
        "suffix": ["Jr"],
        "use": "official",
    }
    assert patient["name"][1]["use"] == "maiden"
    assert patient["birthDate"] == "1984-01"
    assert patient["gender"] == "female"
    assert patient["address"][0]["line"] == ["48 Alder Street", "Apt 5"]
    assert patient["telecom"] == [{"system": "phone", "value": "(617)442-0198", "use": "home"}]
    assert patient["maritalStatus"]["coding"][0]["code"] == "L"
    assert patient["multipleBirthInteger"] == 2
    urls = {one["url"]: one for one in patient["extension"]}
    assert urls[MOTHER_IDENTIFIER_URL]["valueIdentifier"]["value"] == "99"
    race = urls["http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"]["extension"]
    assert race[0]["valueCoding"]["code"] == "2106-3"


def test_the_record_that_is_matched_has_it_too() -> None:
    pid = _pid(f3=FILLED_IN, f5="Doe^Jane^Mary", f7="19840125", f8="F", f19="219-45-8813", f24="Y", f25="2")
    record = read_patient(
        read_patient_segments(pid, DOMAINS), source="north", local_id="4711", domains=DOMAINS
    ).record
    assert (record.names[0].given, record.names[0].middle, record.names[0].family) == ("Jane", "Mary", "Doe")
    assert (record.birth_date, record.sex, record.ssn) == ("1984-01-25", "F", "219-45-8813")
    assert (record.multiple_birth, record.birth_order) == (True, 2)
    assert [i.authority for i in record.identifiers] == ["NORTH"]


def test_a_birth_order_of_one_makes_nobody_a_twin() -> None:
    patient = read_patient_segments(_pid(f3="1", f25="1"), DOMAINS)
    assert "multipleBirthInteger" not in patient
    assert _back(_pid(f3=FILLED_IN, f25="1")).raw(25) == "1"


def test_a_birth_address_is_where_somebody_was_born() -> None:
    patient = read_patient_segments(_pid(f3="1", f11="^^Lagos^^^NGA^BDL~9 Elm St^^Lynn^^^^H"), DOMAINS)
    assert [address.get("city") for address in patient["address"]] == ["Lynn"]
    assert patient["extension"][0]["valueAddress"]["city"] == "Lagos"


def _around(*segments: str) -> tuple[Message, Segment]:
    parsed = parse(message("ADT^A08", *segments).decode())
    found = parsed.first("PID")
    assert found is not None
    return parsed, found


def test_next_of_kin_and_practitioners_survive() -> None:
    kin = (
        "NK1|1|Doe^John^^^^^L|SPO^Spouse|9 Elm St^^Lynn^MA^^^H|555-1^PRN^PH|555-2^WPN^PH|C^Emergency||||||||M"
    )
    pd1 = "PD1|||North Clinic|77^Hill^Sam"
    parsed, pid = _around("PID|||1", pd1, kin, "PID|||2", "NK1|1|Else^Some")
    found_pd1, found_kin = segments_of(parsed, pid)
    patient = read_patient_segments(pid, DOMAINS, pd1=found_pd1, next_of_kin=found_kin)
    assert write_next_of_kin(patient) == [kin]
    assert write_pd1(patient) == "PD1|||North Clinic|77^Sam Hill"


def test_deletes_and_empty_fields_are_both_absent_in_a_snapshot() -> None:
    patient = read_patient_segments(_pid(f3="1", f5='""', f7='""', f8="", f13='""^PRN', f19='""'), DOMAINS)
    assert patient == {"resourceType": "Patient", "identifier": [{"value": "1"}]}


def test_a_delta_keeps_what_it_does_not_say_and_deletes_what_it_is_told_to() -> None:
    stored = read_patient_segments(
        _pid(f3=FILLED_IN, f5="Doe^Jane", f7="19840125", f8="F", f13="555-1^PRN^PH", f17="BAP"), DOMAINS
    )
    stored["photo"] = [{"url": "http://example.org/1.png"}]
    stored["extension"].append({"url": "http://example.org/other", "valueString": "kept"})
    parsed, pid = _around(f'PID|||{FILLED_IN}||Roe^Jane||""||||9 Elm St^^Lynn||||||""')
    now = apply_delta(parsed, pid, stored, DOMAINS)
    assert now["name"][0]["family"] == "Roe"
    assert "birthDate" not in now
    assert now["gender"] == "female"
    assert now["telecom"] == stored["telecom"]
    assert now["address"][0]["city"] == "Lynn"
    assert now["photo"] == stored["photo"]
    assert [one["url"] for one in now["extension"]] == ["http://example.org/other"]


def test_a_delta_may_have_delimiters_of_its_own() -> None:
    stored = read_patient_segments(_pid(f3=FILLED_IN, f5="Doe^Jane", f8="F"), DOMAINS)
    parsed = parse("MSH#*@!%#A#B\rPID###4711***NORTH%1.2.3.1%ISO##Roe & Sons*Jane")
    now = apply_delta(parsed, parsed.segments[1], stored, DOMAINS)
    assert now["name"][0] == {"family": "Roe & Sons", "given": ["Jane"]}
    assert now["gender"] == "female"
