"""Newborns' placeholder names say sex, order and mother, and are never a given name."""

from __future__ import annotations

import pytest

from mpi.matching.normalization.names import read_name
from mpi.matching.record import PersonName, TemporaryName


@pytest.mark.parametrize(
    ("given", "temporary"),
    [
        # AHIMA
        ("GirlMarie", ("MARIE", "F", 0)),
        ("GIRLMARIE", ("MARIE", "F", 0)),
        ("Boy1Marie", ("MARIE", "M", 1)),
        ("BOY2MARIE", ("MARIE", "M", 2)),
        ("BabyMarie", ("MARIE", "", 0)),
        ("BabyBoyMarie", ("MARIE", "M", 0)),
        # Joint Commission NPSG.01.01.01
        ("Judy Girl A", ("JUDY", "F", 1)),
        ("Judy Girl B", ("JUDY", "F", 2)),
        ("Judys Girl", ("JUDY", "F", 0)),
        ("Justine's NEWBORN BOY", ("JUSTINE", "M", 0)),
        # What registration desks write
        ("BABY", ("", "", 0)),
        ("Baby Boy", ("", "M", 0)),
        ("BABYBOY", ("", "M", 0)),
        ("BABY BOY A", ("", "M", 1)),
        ("BABY BOY #2", ("", "M", 2)),
        ("BABY GIRL", ("", "F", 0)),
        ("BABYGIRLB", ("", "F", 2)),
        ("GIRL A", ("", "F", 1)),
        ("BB", ("", "M", 0)),
        ("B/G", ("", "F", 0)),
        ("BG SMITH", ("", "F", 0)),
        ("NEWBORN", ("", "", 0)),
        ("Newborn Male", ("", "M", 0)),
        ("Male Infant", ("", "M", 0)),
        ("TWIN B", ("", "", 2)),
        ("Baby Boy of Marie", ("MARIE", "M", 0)),
    ],
)
def test_placeholder_names_are_read(given: str, temporary: tuple[str, str, int]) -> None:
    reading = read_name(PersonName(given=given, family="Smith"))
    assert reading.temporary == TemporaryName(*temporary)
    assert reading.names == (("", "", "SMITH", ""),)
    assert ("given", "temporary-name") in reading.dropped


@pytest.mark.parametrize(
    "name",
    [
        PersonName(None, None, "Smith, Baby Boy"),
        PersonName(None, None, "Smith Baby Boy"),
        PersonName("BB SMITH", None, None),
    ],
)
def test_the_family_name_beside_it_is_kept(name: PersonName) -> None:
    reading = read_name(name)
    assert reading.temporary == TemporaryName("", "M", 0)
    assert reading.names == (("", "", "SMITH", ""),)


@pytest.mark.parametrize(
    "given", ["Boyd", "Boydell", "Boyce", "Babette", "Sonny Boy", "Newbury", "Nb"[:1], "Twinkle"]
)
def test_names_that_only_begin_so_are_names(given: str) -> None:
    reading = read_name(PersonName(given=given, family="Smith"))
    assert reading.temporary is None
    assert reading.names[0].given


def test_a_real_name_with_girl_in_the_middle_field_stays_a_name() -> None:
    reading = read_name(PersonName("Donna", "Girl", "McLaughlin"))
    assert reading.temporary is None
    assert reading.names == (("DONNA", "", "MCLAUGHLIN", ""),)
    assert reading.dropped == (("middle", "placeholder-name"),)
