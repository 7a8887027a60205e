"""Names: one alphabet, titles and suffixes out of the way, placeholders reported, aliases beside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpi.matching.normalization.names import read_family, read_name
from mpi.matching.normalization.nicknames import nickname_roots
from mpi.matching.normalization.words import read_suffix
from mpi.matching.record import NormalizedName, PersonName


def one(given: str | None = None, family: str | None = None, **parts: str) -> tuple[str, str, str, str]:
    """The only name that comes out."""
    reading = read_name(PersonName(given=given, family=family, **parts))
    assert len(reading.names) == 1
    given_, middle, family_, suffix = reading.names[0]
    return given_, middle, family_, suffix


@pytest.mark.parametrize(
    ("sent", "family"),
    [
        ("o'neil", "ONEIL"),
        ("O’Neil", "ONEIL"),
        ("O´Neil", "ONEIL"),
        ("O Neil", "ONEIL"),
        ("D'Angelo", "DANGELO"),
        ("Smith-Jones", "SMITH JONES"),
        ("Smith–Jones", "SMITH JONES"),
        ("SMITH  JONES", "SMITH JONES"),
        ("van der Berg", "VAN DER BERG"),
        ("García Márquez", "GARCIA MARQUEZ"),
        ("García y Márquez", "GARCIA MARQUEZ"),
        ("Mc Donald", "MCDONALD"),
        ("Mac Donell", "MACDONELL"),
        ("St. John", "ST JOHN"),
        ("Saint John", "ST JOHN"),
        ("Müller", "MULLER"),
        ("Wiśniewski", "WISNIEWSKI"),
        ("Ødegård", "ODEGARD"),
        ("Großmann", "GROSSMANN"),
        ("Παπαδόπουλος", "PAPADOPOYLOS"),
        ("Чайковский", "CHAYKOVSKIY"),
        ("ＳＭＩＴＨ", "SMITH"),
        ("Smi\u200bth", "SMITH"),
        ("Smith 😀", "SMITH"),
        ("SM1TH", "SMITH"),
        ("Mil1er", "MILLER"),
        ("8radley", "BRADLEY"),
        ("Smith2", "SMITH"),
        ("Yesen:a", "YESENA"),
        ("O", "O"),
    ],
)
def test_family_names_meet_in_one_form(sent: str, family: str) -> None:
    assert one("Ada", sent)[2] == family


@pytest.mark.parametrize(
    ("given", "middle", "expected"),
    [
        ("Mary Ann", None, ("MARY", "ANN")),
        ("Mary-Ann", None, ("MARY", "ANN")),
        ("John Q.", None, ("JOHN", "Q")),
        ("J.", None, ("J", "")),
        ("J. R.", None, ("J", "R")),
        ("John Q", "Quincy", ("JOHN", "QUINCY")),
        ("John Quincy", "Q", ("JOHN", "QUINCY")),
        ("Mary Ann", "Ann", ("MARY", "ANN")),
        ("Mary Ann", "Lee", ("MARY", "ANN LEE")),
        ("La Toya", None, ("LATOYA", "")),
        ("De'Andre", None, ("DEANDRE", "")),
        ("De Andre", None, ("DEANDRE", "")),
        ("Joshu a", None, ("JOSHUA", "")),
        ("Eliak mu", None, ("ELIAKMU", "")),
        ("John Ed", None, ("JOHN", "ED")),
        ("Dan A", None, ("DAN", "A")),
        ("Dr. Grace", None, ("GRACE", "")),
        ("Mrs Grace", "MS", ("GRACE", "")),
        ("Sir Arthur", None, ("ARTHUR", "")),
        ("Boyd", None, ("BOYD", "")),
        ("Phil1ip", None, ("PHILLIP", "")),
    ],
)
def test_given_and_middle_names_find_their_places(
    given: str, middle: str | None, expected: tuple[str, str]
) -> None:
    reading = read_name(PersonName(given=given, middle=middle, family="Lee"))
    assert reading.names[0][:2] == expected


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        (PersonName("John", None, "Smith", None, "Jr."), "JR"),
        (PersonName("John", None, "Smith", None, "junior"), "JR"),
        (PersonName("John", None, "Smith", None, "2nd"), "II"),
        (PersonName("John", None, "Smith Jr"), "JR"),
        (PersonName("John", None, "Smith, Jr."), "JR"),
        (PersonName("John", None, "Smith III MD"), "III"),
        (PersonName("John Sr", None, "Smith"), "SR"),
        (PersonName("John", "IV", "Smith"), "IV"),
        (PersonName("John", None, "Jr."), "JR"),
        (PersonName("John", "Paul IV", "Smith"), "IV"),
        (PersonName("John", None, "Smith", None, "MD"), ""),
        (PersonName("John", None, "Smith", None, "MD, Jr"), "JR"),
    ],
)
def test_suffixes_are_found_where_they_stand(name: PersonName, suffix: str) -> None:
    assert read_name(name).names[0].suffix == suffix


def test_a_name_of_one_word_is_no_suffix() -> None:
    assert one("Junior", "Senior") == ("JUNIOR", "", "SENIOR", "")
    assert read_suffix("V") == "V"
    assert one("John", "Smith V")[2:] == ("SMITH V", "")


@pytest.mark.parametrize(
    "name",
    [
        PersonName(None, None, "Smith, John Q"),
        PersonName("Smith, John Q", None, None),
        PersonName("SMITH, JOHN", "Q", None),
        PersonName("John Q", None, "Smith, John Q"),
    ],
)
def test_comma_forms_are_taken_apart(name: PersonName) -> None:
    assert read_name(name).names == (NormalizedName("JOHN", "Q", "SMITH", ""),)


@pytest.mark.parametrize(
    ("name", "names"),
    [
        (PersonName("Ann", None, "Smith/Jones"), [("ANN", "SMITH"), ("ANN", "JONES")]),
        (PersonName("Ann", None, "Smith aka Jones"), [("ANN", "SMITH"), ("ANN", "JONES")]),
        (PersonName("Ann", None, "Smith née Jones"), [("ANN", "SMITH"), ("ANN", "JONES")]),
        (PersonName("Ann", None, "Smith (Jones)"), [("ANN", "SMITH"), ("ANN", "JONES")]),
        (PersonName('William "Bill"', None, "Hart"), [("WILLIAM", "HART"), ("BILL", "HART")]),
        (PersonName("William (Bill)", None, "Hart"), [("WILLIAM", "HART"), ("BILL", "HART")]),
    ],
)
def test_other_names_in_a_field_become_names_of_their_own(
    name: PersonName, names: list[tuple[str, str]]
) -> None:
    assert [(n.given, n.family) for n in read_name(name).names] == names


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        (PersonName("Unknown", None, "Smith"), ("given", "placeholder-name")),
        (PersonName("UNK", None, "Smith"), ("given", "placeholder-name")),
        (PersonName("Ann", None, "No Last Name"), ("family", "placeholder-name")),
        (PersonName("Ann", None, "Of The House"), ("family", "placeholder-name")),
        (PersonName("Lady of the house", None, "Smith"), ("given", "placeholder-name")),
        (PersonName("ZZTEST", None, "Smith"), ("given", "placeholder-name")),
        (PersonName("Ann", "NMN", "Smith"), ("middle", "placeholder-name")),
        (PersonName("N/A", None, "Smith"), ("given", "placeholder-name")),
        (PersonName("Xxx", None, "Smith"), ("given", "repeated-letter")),
        (PersonName("Ann", None, "S"), ("family", "single-letter")),
        (PersonName("Mrs.", None, "Smith"), ("given", "title-only")),
        (PersonName("123", None, "Smith"), ("given", "no-letters")),
        (PersonName("Ann", None, "Smith", None, "MD"), ("suffix", "not-a-generation")),
        (PersonName("Jane", None, "Doe"), ("name", "placeholder-name")),
        (PersonName("JOHN", None, "DOE"), ("name", "placeholder-name")),
    ],
)
def test_what_says_nothing_is_reported(name: PersonName, dropped: tuple[str, str]) -> None:
    assert read_name(name).dropped == (dropped,)


def test_a_doe_with_a_name_of_her_own_stays() -> None:
    assert one("Margaret", "Doe") == ("MARGARET", "", "DOE", "")


def test_one_placeholder_leaves_the_rest_of_the_name() -> None:
    assert one("Unknown", "Okonkwo") == ("", "", "OKONKWO", "")


def test_what_else_a_family_name_may_be_is_only_asked_of_the_whole_word() -> None:
    for family in ("Test-Bauer", "Child", "Person", "Boy", "Noname-Smith", "Null-Meyer"):
        assert read_family(family)[0]


_plain_words = st.sampled_from(
    [
        "Ada",
        "ANN",
        "O",
        "Jr",
        "V",
        "MD",
        "Mr",
        "Sir",
        "Gen",
        "Baby",
        "BOYD",
        "Test",
        "Doe",
        "Jane",
        "Xxx",
        "Unknown",
        "Saint",
        "St",
        "Mc",
        "Of",
        "Lady",
        "No",
        "Child",
        "na",
        "e",
        "y",
    ]
) | st.text("ABJNOR", max_size=5)


@given(_plain_words, _plain_words, _plain_words)
def test_the_short_cut_for_plain_names_leads_where_the_long_way_does(
    given: str, middle: str, family: str
) -> None:
    quick = read_name(PersonName(given, middle, family))
    # The blank keeps the family name from being one plain word, and says nothing.
    assert quick == read_name(PersonName(given, middle, family and family + " "))


def test_nicknames_are_a_feature_and_no_equality() -> None:
    assert nickname_roots("BILL") & nickname_roots("WILLIAM")
    assert nickname_roots("PEPE") & nickname_roots("JOSE")
    assert nickname_roots("BILL") & nickname_roots("WILL")
    assert not nickname_roots("ROBERT") & nickname_roots("WILLIAM")
    assert nickname_roots("UNHEARDOF") == {"UNHEARDOF"}
    assert nickname_roots("") == frozenset()
    assert one("Bill", "Hart")[0] == "BILL"
