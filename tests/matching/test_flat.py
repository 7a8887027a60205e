"""Flat records in and out: the contract is kept or refused by the field's name, never by its value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpi.errors import InvalidRecord
from mpi.matching.flat import FLAT_FIELDS, LIST_LENGTH_MAX, flat_record, source_record
from mpi.matching.record import Address, Identifier, PersonName, SourceRecord

REFERENCE = {"source": "north", "local_id": "1"}


def test_flat_fields_become_the_first_of_each_list() -> None:
    record = source_record(
        {
            **REFERENCE,
            "given": "Grace",
            "family": "Okonkwo",
            "zip": "02118",
            "phone": "1",
            "phones": ["2"],
            "email": "a@b.co",
            "names": [{"family": "Bello", "use": "maiden"}],
            "identifiers": [{"authority": "DMV", "type": "DL", "value": "S1"}],
        }
    )
    assert record.names == (PersonName("Grace", None, "Okonkwo"), PersonName(family="Bello", use="maiden"))
    assert record.addresses == (Address(zip="02118"),)
    assert record.phones == ("1", "2")
    assert record.emails == ("a@b.co",)
    assert record.identifiers == (Identifier("DMV", "DL", "S1"),)


def test_blank_and_null_are_absent_and_values_untouched() -> None:
    record = source_record({**REFERENCE, "given": " ", "middle": None, "family": " O'Neil ", "sex": ""})
    assert record.names == (PersonName(family=" O'Neil "),)
    assert record.sex is None


def test_record_id_is_another_name_of_local_id() -> None:
    assert source_record({"source": "north", "record_id": "7", "sex": "F"}).local_id == "7"
    with pytest.raises(InvalidRecord, match="record_id"):
        source_record({**REFERENCE, "record_id": "7", "sex": "F"})


def test_the_source_of_the_call_stands_in_for_the_rows() -> None:
    assert source_record({"local_id": "1", "sex": "F"}, source="south").source == "south"
    assert source_record({**REFERENCE, "sex": "F"}, source="south").source == "north"


def test_matching_needs_no_reference() -> None:
    record = source_record({"family": "Okonkwo"}, reference_required=False)
    assert (record.source, record.local_id) == ("", "")


def test_words_of_files_stand_for_truth_and_number() -> None:
    record = source_record(
        {**REFERENCE, "sex": "F", "multiple_birth": "Y", "birth_order": "2", "deceased": "false"}
    )
    assert (record.multiple_birth, record.birth_order, record.deceased) == (True, 2, False)
    assert source_record({**REFERENCE, "sex": "F", "deceased": "2020-03"}).deceased == "2020-03"


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"shoe_size": "44"}, "shoe_size"),
        ({"given": 5}, "given"),
        ({"zip": 2118}, "zip"),
        ({"given": ["Grace"]}, "given"),
        ({"given": "x" * 1_000_000}, "given"),
        ({"family": "Oko\0nkwo"}, "family"),
        ({"family": "Oko\ud800nkwo"}, "family"),
        ({"local_id": "x" * 257}, "local_id"),
        ({"local_id": None}, "local_id"),
        ({"local_id": 7}, "local_id"),
        ({"source": ""}, "source"),
        ({"phones": "212"}, "phones"),
        ({"phones": [None]}, "phones[0]"),
        ({"phones": ["1", 2]}, "phones[1]"),
        ({"phones": ["1"] * (LIST_LENGTH_MAX + 1)}, "phones"),
        ({"names": {"given": "Grace"}}, "names"),
        ({"names": ["Grace"]}, "names[0]"),
        ({"names": [{"first": "Grace"}]}, "names[0].first"),
        ({"names": [{"given": "Gr\0ace"}]}, "names[0].given"),
        ({"addresses": [{"postcode": "1"}]}, "addresses[0].postcode"),
        ({"identifiers": [{"authority": "DMV"}]}, "identifiers[0].value"),
        ({"identifiers": [{"value": "1"}]}, "identifiers[0].authority"),
        ({"multiple_birth": 2}, "multiple_birth"),
        ({"multiple_birth": "perhaps"}, "multiple_birth"),
        ({"birth_order": 2**64}, "birth_order"),
        ({"birth_order": -1}, "birth_order"),
        ({"birth_order": True}, "birth_order"),
        ({"birth_order": 1.5}, "birth_order"),
        ({"birth_order": "²"}, "birth_order"),
        ({"birth_order": "9" * 900}, "birth_order"),
        ({"deceased": 1}, "deceased"),
        ({"ssn": 536228714}, "ssn"),
    ],
)
def test_what_breaks_the_contract_is_refused_by_name(fields: dict[str, Any], at_fault: str) -> None:
    with pytest.raises(InvalidRecord) as refused:
        source_record({**REFERENCE, "sex": "F", **fields})
    assert refused.value.field == at_fault
    assert "Oko" not in str(refused.value)
    assert "Grace" not in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    "flat",
    [
        {},
        REFERENCE,
        {**REFERENCE, "given": " "},
        {**REFERENCE, "names": [{}]},
        {**REFERENCE, "deceased": True},
    ],
)
def test_a_record_without_anything_to_match_on_is_refused(flat: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecord):
        source_record(flat)


@pytest.mark.parametrize("flat", [None, [], "text", 5])
def test_what_is_no_object_is_refused(flat: Any) -> None:
    with pytest.raises(InvalidRecord):
        source_record(flat)


_text = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_object = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("given", "middle", "family", "prefix", "suffix", "use"), _text)
)
_place = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("street", "city", "state", "zip", "country", "use"), _text)
)
_flat = st.fixed_dictionaries(
    {"source": st.just("north"), "local_id": st.just("1"), "sex": st.just("F")},
    optional={field: _text for field in FLAT_FIELDS[2:] if field != "sex"}
    | {
        "names": st.lists(_object, max_size=3),
        "addresses": st.lists(_place, max_size=3),
        "phones": st.lists(_text.filter(bool), max_size=3),
        "emails": st.lists(_text.filter(bool), max_size=3),
        "mother_maiden": _text,
        "multiple_birth": st.none() | st.booleans(),
        "birth_order": st.none() | st.integers(0, 99),
        "deceased": st.none() | st.booleans() | _text,
    },
)


@settings(max_examples=300, deadline=None)
@given(_flat)
def test_a_record_survives_its_flat_form(flat: dict[str, Any]) -> None:
    record = source_record(flat)
    assert source_record(flat_record(record)) == record


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*FLAT_FIELDS, "names", "phones", "identifiers", "birth_order", "deceased"])
        | st.text(max_size=8),
        _json,
        max_size=6,
    )
)
def test_any_json_is_taken_or_refused(flat: dict[str, Any]) -> None:
    try:
        record = source_record(flat, reference_required=False)
    except InvalidRecord as refused:
        assert refused.field
    else:
        assert isinstance(record, SourceRecord)
