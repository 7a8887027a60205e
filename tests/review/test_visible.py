"""What a reviewer must be able to see: hidden characters, other alphabets, shared values, former values."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from api_client import settings_of
from desk_calls import ADMIN, register
from desk_people import many_with_one_phone, moved_and_married
from mpi.index import Case, Index
from mpi.review.fields import Row, conflicts, sheet
from mpi.review.visible import compared, drawn_alike, look_alike, shown


@pytest.fixture
def index(database_url: str, tmp_path: Path) -> Iterator[Index]:
    with Index.open(settings_of(database_url, tmp_path)) as index:
        yield index


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Ro\u200bsa", "U+200B"),
        ("Ro\u00a0sa", "U+00A0"),
        ("Ro\u3164sa", "U+3164"),
        ("Ro\u2800sa", "U+2800"),
        ("Ro\ufe0fsa", "U+FE0F"),
        ("Ro\u202esa", "U+202E"),
        ("Ro  sa", "U+0020"),
        (" Rosa", "U+0020"),
        ("Ro\tsa", "U+0009"),
    ],
)
def test_what_a_page_would_not_show_is_shown_by_its_code(text: str, code: str) -> None:
    assert f">{code}</span>" in shown(text)
    assert f">{code}</span>" in compared(text, "Rosa")


@pytest.mark.parametrize(
    "name", ["José", "محمد أمين", "王小明", "Иванов", "Παπαδόπουλος", "O’Neil-van der Berg", "Nguyễn"]
)
def test_names_of_every_script_stand_as_they_are(name: str) -> None:
    assert shown(name) == f"<bdi>{name}</bdi>"
    assert look_alike(name) is None


def test_a_stranger_among_letters_is_marked_where_it_stands() -> None:
    assert '<span class="look-alike" title="CYRILLIC SMALL LETTER A">а</span>' in shown("Mаry")
    assert "look-alike" not in shown("Mary Иванов")


@pytest.mark.parametrize(
    ("left", "right", "told"),
    [
        ("Сора", "Copa", "another alphabet"),
        ("Jose\u0301", "Jos\u00e9", "another form"),
        ("Ａda", "Ada", "another form"),
        ("Sm1th", "Smith", "a digit"),
        ("0'Neil", "O'Neil", "a digit"),
    ],
)
def test_what_only_looks_the_same_is_told(left: str, right: str, told: str) -> None:
    assert told in str(drawn_alike(left, right))
    assert told in str(drawn_alike(right, left))


@pytest.mark.parametrize(
    ("left", "right"), [("Smith", "Smyth"), ("1974-02-11", "1974-02-12"), ("SMITH", "smith")]
)
def test_what_looks_different_is_not_told(left: str, right: str) -> None:
    assert drawn_alike(left, right) is None


def _case(index: Index, local_id: str) -> Case:
    tasks = index.tasks(actor=ADMIN, limit=200).items
    task = next(task for task in tasks if any(ref.local_id == local_id for ref in task.records))
    return index.desk.case(task.id, actor=ADMIN)


def _row(case: Case, name: str) -> Row:
    return next(row for row in sheet(case).fields if row.name == name)


def test_steps_lead_from_nothing_to_the_total(index: Index) -> None:
    moved_and_married(index)
    case = _case(index, "M7")
    page = sheet(case)
    rows = [row for row in (*page.before, *page.fields, *page.after) if row.weight is not None]
    assert rows[0].start == 0
    for row, following in pairwise(rows):
        assert following.start == pytest.approx(row.start + (row.weight or 0))
    assert case.why is not None and page.scale is not None
    assert rows[-1].start + (rows[-1].weight or 0) == pytest.approx(case.why["weight"], abs=0.05)
    assert page.scale.low < min(row.start for row in rows) and page.scale.high > case.link_weight


def test_earlier_versions_are_told_with_their_end(index: Index) -> None:
    moved_and_married(index)
    case = _case(index, "M7")
    [side] = [place for place, side in enumerate(case.sides) if side.records[0]["local_id"] == "M1"]
    [former] = _row(case, "Family name").cells[side].others
    assert (former.text, former.source, former.until is not None) == ("Vanterpool", "north", True)
    [former] = _row(case, "Address").cells[side].others
    assert former.text.startswith("12 Cedar Court")
    assert list(case.sides[side].last_seen) == ["north"]


def test_a_number_that_many_have_says_how_many(index: Index) -> None:
    many_with_one_phone(index, 104, "617-442-0000")
    for n in range(6):
        register(
            index,
            source="lab",
            local_id=f"Z{n}",
            family=f"Qu{'aeiouy'[n]}rtz",
            birth_date=f"195{n}-01-11",
            phone="999-999-9999",
        )
    person = {
        "family": "Zweibrucken",
        "given": "Ottilie",
        "birth_date": "1950-03-03",
        "sex": "F",
        "city": "Boston",
    }
    register(
        index,
        source="north",
        local_id="Y1",
        phone="999-999-9999",
        ssn="219-45-1101",
        street="1 Elm St",
        **person,
    )
    register(index, source="lab", local_id="Y2", phone="617-442-0000", **person)
    warnings = {cell.warnings for cell in _row(_case(index, "Y2"), "Phone").cells}
    assert warnings == {
        ("phone used by 7 people: ignored",),
        ("phone used by 105 people: ignored",),
    }


def test_contradictions_are_badges_also_where_no_guard_tells_them(index: Index) -> None:
    person = {
        "family": "Zweibrucken",
        "given": "Ottilie",
        "ssn": "219-45-1101",
        "street": "1 Elm St",
        "city": "Boston",
    }
    register(index, source="north", local_id="C1", sex="F", birth_date="1950-03-03", **person)
    register(index, source="lab", local_id="C2", sex="M", birth_date="1975-03-03", **person)
    told = {hit["guard"] for hit in conflicts(_case(index, "C2"))}
    assert {"Sex conflict", "Born 25 years apart"} <= told
