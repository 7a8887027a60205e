"""People who are hard to tell apart: what the desk's pages are shown with."""

from __future__ import annotations

from typing import Any

from builders import GRACE
from desk_calls import register
from mpi.index import Index

HOME = {k: GRACE[k] for k in ("street", "city", "state", "zip")}


def many_with_one_phone(index: Index, count: int, phone: str) -> None:
    """So many unlike people who were all registered with one telephone number."""
    for n in range(count):
        register(
            index,
            source="lab",
            local_id=f"P{n}",
            family=f"{'BCDFGHKLMN'[n % 10]}{'aeiou'[n % 5]}rg{'aeiou'[n // 10 % 5]}n",
            given=f"{'RSTVWZ'[n % 6]}{'aeiou'[n // 6 % 5]}l{'ae'[n % 2]}",
            birth_date=f"{1920 + n % 80}-{1 + n % 12:02}-{1 + n % 28:02}",
            sex="FM"[n % 2],
            phone=phone,
        )


def moved_and_married(index: Index) -> None:
    """A woman with earlier versions: another name, another street; and a record that may be hers."""
    born = {"birth_date": "1979-08-14", "sex": "F"}
    register(
        index, source="north", local_id="M1", family="Vanterpool", given="Marguerite", phone="617-442-7711",
        ssn="219-45-3301", street="12 Cedar Court", city="Quincy", state="MA", zip="02169", **born
    )  # fmt: skip
    register(
        index, source="north", local_id="M1", family="Vanterpool-Achterberg", given="Marguerite",
        phone="617-442-7711", ssn="219-45-3301", **HOME, **born
    )  # fmt: skip
    register(index, source="lab", local_id="M7", family="Vanterpool", given="Margaret", city="Boston", **born)


def scripts_and_tricks(index: Index) -> None:
    """Names in other scripts, letters that do not show, and letters that only look alike."""
    register(
        index, source="north", local_id="R1", family="الخطيب", given="محمد أمين", birth_date="1971-05-09",
        sex="M", ssn="431-22-9043", **HOME
    )  # fmt: skip
    register(
        index, source="lab", local_id="R2", family="الخطيب", given="محمد\u200f", birth_date="1971-05-09",
        sex="M", city="Boston"
    )  # fmt: skip
    register(
        index, source="north", local_id="R3", family="Kopelsohn", given="Rosa", birth_date="1966-02-17",
        sex="F", ssn="431-22-1187", **HOME
    )  # fmt: skip
    register(
        index, source="lab", local_id="R4", family="Коpelsоhn", given="Ro\u200bsa", birth_date="1966-02-17",
        sex="F", city="Boston"
    )  # fmt: skip


def long_names(index: Index) -> None:
    """Names as long as they come."""
    person: dict[str, Any] = {
        "family": "Wolfeschlegelsteinhausenbergerdorff-Papadimitrakopoulos de la Santísima Trinidad",
        "given": "Hubert Blaine Adolph Charles David Earl Frederick Gerald",
        "birth_date": "1944-02-29",
        "sex": "M",
    }
    register(
        index,
        source="north",
        local_id="W" * 40,
        ssn="512-33-0917",
        email="h" * 50 + "@example.org",
        **HOME,
        **person,
    )
    register(index, source="lab", local_id="L" * 40, city="Boston", **{**person, "given": "Hubert"})


def one_person_many_records(index: Index, count: int, *, merged_by: Any) -> str:
    """A person with so many records, a namesake's two among them; the enterprise ID."""
    person = {"family": "Castellano", "birth_date": "1961-04-23", "sex": "F"}
    ids: list[str] = []
    for n in range(count - 2):
        found = register(
            index, source=("north", "lab", "clinic", "south")[n % 4], local_id=f"C{n:02}",
            given=("Carmen", "Carmen", "Carmen M", "Carmencita")[n % 4],
            phone="617-442-3377" if n % 2 else None,
            ssn="219-45-7702" if n % 3 == 0 else None, street="17 Beacon Street", city="Boston", state="MA",
            zip="02118" if n % 2 else None, **person
        )  # fmt: skip
        ids.append(found.enterprise_id)
    for n in range(2):
        found = register(
            index, source=("lab", "south")[n], local_id=f"D{n}", given="Consuelo", phone="508-331-0098",
            street="4 Harbor Road", city="Salem", state="MA", zip="01970", ssn="402-18-5566", **person
        )  # fmt: skip
        ids.append(found.enterprise_id)
    first = index.identity(ids[0], actor=merged_by).enterprise_id
    for other in dict.fromkeys(ids):
        if index.identity(other, actor=merged_by).enterprise_id != first:
            index.merge(first, other, "registration desk said so", actor=merged_by)
    return first
