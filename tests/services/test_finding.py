"""People by demographics, as PDQm and PDQ ask."""

from __future__ import annotations

from typing import Any

import pytest

from builders import CLERK, STEWARD
from mpi.errors import BadInput, TooBroad, UnknownAuthority
from mpi.index import Criterion, Index
from mpi.patient import MOTHER_IDENTIFIER_URL
from mpi.services.registry import finding

DECLARED = """
[[source]]
name = "north"
[[source]]
name = "south"
[[authority]]
name = "NORTH"
oid = "1.2.3.4"
type = "MR"
owner = "north"
[[authority]]
name = "SOUTH"
oid = "1.2.3.5"
type = "MR"
owner = "south"
"""
NORTH = "urn:oid:1.2.3.4"


def _person(value: str, family: str, given: str, born: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": NORTH, "value": value}],
        "name": [{"family": family, "given": given.split()}],
        "birthDate": born,
        **more,
    }


HOME = {"line": ["48 Alder Street"], "city": "Boston", "state": "MA", "postalCode": "02118", "country": "US"}
PHONE = {"system": "phone", "value": "(617) 442-0198"}
PEOPLE = [
    _person(
        "1",
        "Okonkwo",
        "Grace Ada",
        "1974-02-11",
        gender="female",
        address=[HOME],
        telecom=[PHONE, {"system": "email", "value": "Grace@Example.org"}],
        extension=[
            {"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": "Eze"}
        ],
    ),
    _person("2", "O'Neil", "Séan", "1980", gender="male"),
    _person("3", "Lindqvist", "Tomás", "1951-09", gender="male", deceasedDateTime="2020-03-01"),
    _person("4", "García Márquez", "Ana", "1990-12-31", gender="female", active=True),
    _person(
        "5",
        "Okonkwo",
        "Babyboy",
        "2026-11-20",
        gender="male",
        multipleBirthInteger=1,
        extension=[{"url": MOTHER_IDENTIFIER_URL, "valueIdentifier": {"system": NORTH, "value": "1"}}],
        contact=[
            {
                "relationship": [{"coding": [{"code": "MTH"}]}],
                "name": {"family": "Okonkwo", "given": ["Grace"]},
            }
        ],
    ),
]  # fmt: skip


@pytest.fixture
def people(index: Index) -> Index:
    index.apply_sources(DECLARED, actor=STEWARD)
    for person in PEOPLE:
        index.registry.receive(person, actor=CLERK)
    return index


def _found(index: Index, *criteria: Criterion, **how: Any) -> list[str]:
    """The local IDs of the people found, in order of local ID."""
    page = index.registry.find(criteria, actor=CLERK, **how)
    assert page.total_is_exact
    return sorted(view.record.local_id for person in page.people for view in person.records)


#: Field, how, values, and whom they find.
CRITERIA: list[tuple[Any, Any, tuple[str, ...], list[str]]] = [
    ("family", "starts", ("okon",), ["1", "5"]),
    ("family", "starts", ("oneil",), ["2"]),
    ("family", "starts", ("O'N",), ["2"]),
    ("family", "starts", ("marquez",), ["4"]),
    ("family", "starts", ("lind", "garc"), ["3", "4"]),
    ("family", "exact", ("Okonkwo",), ["1", "5"]),
    ("family", "exact", ("okonkwo",), []),
    ("family", "whole", ("okonkwo",), ["1", "5"]),
    ("family", "whole", ("okon",), []),
    ("family", "whole", ("GARCIA MARQUEZ",), ["4"]),
    ("family", "contains", ("konk",), ["1", "5"]),
    ("family", "pattern", ("ok*wo",), ["1", "5"]),
    ("family", "pattern", ("*kwo",), ["1", "5"]),
    ("given", "starts", ("sean",), ["2"]),
    ("given", "exact", ("Séan",), ["2"]),
    ("given", "starts", ("ada",), ["1"]),
    ("name", "starts", ("tom",), ["3"]),
    ("name", "sounds", ("Okonkvo", "Tomas"), ["3"]),
    ("family", "sounds", ("Ocongwo", "Onill"), ["1", "2", "5"]),
    ("birth_date", "is", ("1974-02-11",), ["1"]),
    ("birth_date", "is", ("1974",), ["1"]),
    ("birth_date", "is", ("1980-01",), []),
    ("birth_date", "is", ("ge1980",), ["2", "4", "5"]),
    ("birth_date", "is", ("gt1980",), ["4", "5"]),
    ("birth_date", "is", ("lt1974-02-11",), ["3"]),
    ("birth_date", "is", ("le1974-02-11",), ["1", "3"]),
    ("birth_date", "is", ("sa1990-12-30",), ["4", "5"]),
    ("birth_date", "is", ("ap1973",), ["1"]),
    ("death_date", "is", ("2020",), ["3"]),
    ("deceased", "is", ("true",), ["3"]),
    ("gender", "is", ("female",), ["1", "4"]),
    ("gender", "is", ("female", "male"), ["1", "2", "3", "4", "5"]),
    ("phone", "starts", ("617-442-0198",), ["1"]),
    ("phone", "starts", ("617442",), ["1"]),
    ("email", "starts", ("grace@",), ["1"]),
    ("telecom", "whole", ("grace@example.org",), ["1"]),
    ("address", "starts", ("bos",), ["1"]),
    ("street", "starts", ("alder",), ["1"]),
    ("city", "exact", ("Boston",), ["1"]),
    ("state", "starts", ("ma",), ["1"]),
    ("zip", "starts", ("021",), ["1"]),
    ("country", "starts", ("us",), ["1"]),
    ("mother_maiden", "starts", ("eze",), ["1"]),
    ("mother_name", "starts", ("grace",), ["5"]),
    ("mother_identifier", "is", (f"{NORTH}|1",), ["5"]),
    ("mother_identifier", "is", ("NORTH|1",), ["5"]),
    ("mother_identifier", "is", ("NORTH|2",), []),
    ("identifier", "is", (f"{NORTH}|1",), ["1"]),
    ("identifier", "is", ("|2",), ["2"]),
    ("identifier", "is", ("3", "NORTH|4"), ["3", "4"]),
    ("active", "is", ("true",), ["1", "2", "3", "4", "5"]),
    ("active", "is", ("false",), []),

]  # fmt: skip


def test_each_criterion(people: Index) -> None:
    for field, how, values, expected in CRITERIA:
        assert _found(people, Criterion(field=field, how=how, values=values)) == expected, (
            field,
            how,
            values,
        )


def test_criteria_are_all_satisfied_by_one_record(people: Index) -> None:
    female = Criterion(field="gender", values=("female",), how="is")
    assert _found(people, Criterion(field="family", values=("okonkwo",)), female) == ["1"]


def test_pages_follow_each_other_without_gap_or_repetition(people: Index) -> None:
    seen: list[str] = []
    for sort in ((), ("family", "-given")):
        cursor, seen = None, []
        while True:
            page = people.registry.find([], actor=CLERK, limit=2, cursor=cursor, sort=sort)
            assert page.total == 5
            seen += [person.records[0].record.local_id for person in page.people]
            cursor = page.next
            if cursor is None:
                break
        assert sorted(seen) == ["1", "2", "3", "4", "5"]
    assert seen == ["4", "3", "1", "5", "2"]


def test_a_cursor_of_another_search_is_refused(people: Index) -> None:
    page = people.registry.find([], actor=CLERK, limit=2)
    with pytest.raises(BadInput, match="another search"):
        people.registry.find([Criterion(field="family", values=("o",))], actor=CLERK, cursor=page.next)


def test_targets_keep_people_with_an_identifier_there(people: Index) -> None:
    people.receive({"source": "south", "local_id": "s9", "given": "Ana", "family": "Ruiz"}, actor=CLERK)
    assert _found(people, targets=["SOUTH"]) == ["s9"]
    both = Criterion(field="identifier", values=("NORTH|", "SOUTH|"), how="is")
    assert len(_found(people, both)) == 6
    with pytest.raises(UnknownAuthority):
        people.registry.find([], actor=CLERK, targets=["WEST"])


def test_a_search_that_too_many_satisfy_walks_or_is_refused(
    people: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "HITS_MAX", 2)
    seen, cursor = [], None
    while True:
        page = people.registry.find([], actor=CLERK, limit=2, cursor=cursor)
        assert not page.total_is_exact
        seen += [person.records[0].record.local_id for person in page.people]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(seen) == ["1", "2", "3", "4", "5"]
    exact = Criterion(field="birth_date", values=("ne1974-02-11",), how="is")
    page = people.registry.find([exact], actor=CLERK, limit=3)
    assert len(page.people) == 3 and page.next
    assert "1" not in [person.records[0].record.local_id for person in page.people]
    page = people.registry.find([exact], actor=CLERK, limit=3, cursor=page.next)
    assert len(page.people) == 1 and page.next is None
    with pytest.raises(TooBroad):
        people.registry.find([], actor=CLERK, sort=["family"])


def test_by_logical_id(people: Index) -> None:
    [person] = people.registry.find([Criterion(field="family", values=("lindq",))], actor=CLERK).people
    for id in (person.enterprise_id, f"Patient/{person.records[0].resource_id}"):
        assert _found(people, Criterion(field="id", values=(id,), how="is")) == ["3"]


def test_a_mother_found_by_her_childs_record(people: Index) -> None:
    [child] = people.registry.find([Criterion(field="given", values=("babyboy",))], actor=CLERK).people
    [mother] = people.registry.find([Criterion(field="given", values=("grace",))], actor=CLERK).people
    assert child.records[0].mother_enterprise_id == mother.enterprise_id


def test_what_makes_no_sense_is_refused_by_field(people: Index) -> None:
    for criterion in (
        Criterion(field="birth_date", values=("foo",), how="is"),
        Criterion(field="birth_date", values=("1984-13",), how="is"),
        Criterion(field="active", values=("maybe",), how="is"),
        Criterion(field="city", values=("x",), how="sounds"),
        Criterion(field="updated_at", values=("yesterday",), how="is"),
        Criterion(field="family", values=()),
    ):
        with pytest.raises(BadInput) as refused:
            people.registry.find([criterion], actor=CLERK)
        assert refused.value.field == criterion.field


def test_by_the_time_a_record_came(people: Index) -> None:
    assert _found(people, Criterion(field="updated_at", values=("ge2000-01-01T00:00:00Z",), how="is"))
    assert not _found(people, Criterion(field="updated_at", values=("lt2000",), how="is"))
