"""Encoding: the same features and the same blocking keys as one record at a time, row for row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpi.batch import synthetic
from mpi.batch.encoded import EncodedRecords
from mpi.batch.encoding import encode_records, encode_table, sharing
from mpi.errors import BadInput, InvalidRecord
from mpi.matching.blocking import KEY_PARTS, KEYS_PER_PASS_MAX, blocking_keys
from mpi.matching.comparison import encode
from mpi.matching.flat import source_record
from mpi.matching.normalization import normalize
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import BlockingPass, RuleSet, load_rules
from people import HOME, a_name, a_person

Blocks = list[list[int]]


@cache
def default_rules() -> RuleSet:
    return load_rules("default")


@pytest.fixture
def rules() -> RuleSet:
    return default_rules()


def same_features(encoded: EncodedRecords, records: Sequence[NormalizedRecord], rules: RuleSet) -> None:
    """``records`` in the order of ``encoded``."""
    for field, column in encode(records, rules).columns.items():
        found = encoded.columns.columns[field]
        assert found.values == column.values, field
        distinct = list(found.codes()[1])
        assert distinct == sorted(set(distinct)), field


def same_blocks(encoded: EncodedRecords, records: Sequence[NormalizedRecord], rules: RuleSet) -> None:
    """Two records share a key of a pass exactly when they share it one by one."""
    for one in rules.blocking_passes:
        online: dict[int, list[int]] = defaultdict(list)
        batch: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for position, record in enumerate(records):
            for key in blocking_keys(record, rules):
                if key.pass_name == one.name:
                    online[key.key].append(position)
            values = [values_of(encoded, part, position) for part in one.key]
            for combination in list(product(*values))[:KEYS_PER_PASS_MAX]:
                batch[combination].append(position)
        assert blocks(online) == blocks(batch), one.name


def values_of(encoded: EncodedRecords, part: str, position: int) -> list[int]:
    keys = encoded.keys[part]
    group = keys.group_of[position]
    return [] if group < 0 else keys.hashes[keys.starts[group] : keys.starts[group + 1]].tolist()


def blocks(members: dict[int, list[int]] | dict[tuple[int, ...], list[int]]) -> Blocks:
    return sorted(sorted(block) for block in members.values())


def test_normalized_records_keep_all_their_values(rules: RuleSet) -> None:
    records = [
        a_person("ANNA", "KING", aliases=(a_name("ANNA", "PERKINS"), a_name("ANN", "KING")), home=HOME),
        a_person("ANN", "PERKINS SMITH", born=None, ssn="532810447", phone="12065550101"),
        a_person("PERKINS", "ANNA", born=(1984, 3, 7)),
        NormalizedRecord(),
    ]
    encoded = encode_records(["4", "3", "2", "1"], ["b", "a", "b", "a"], records, rules)
    assert encoded.sources == ("a", "b")
    assert encoded.record_ids.tolist() == ["1", "3", "2", "4"]
    ordered = [records[row] for row in encoded.rows]
    same_features(encoded, ordered, rules)
    same_blocks(encoded, ordered, rules)


def test_generated_records_are_encoded_as_one_by_one(rules: RuleSet) -> None:
    sent = [source_record(flat) for flat in flat_rows(600, seed=3)]
    records = [normalize(record) for record in sent]
    encoded = encode_records([r.local_id for r in sent], [r.source for r in sent], records, rules)
    ordered = [records[row] for row in encoded.rows]
    same_features(encoded, ordered, rules)
    same_blocks(encoded, ordered, rules)


def flat_rows(count: int, seed: int) -> list[dict[str, str]]:
    """Generated records without their empty fields and the truth."""
    return [
        {name: text for name, text in row.items() if text and name != "entity_id"}
        for table in synthetic.generate(count, seed=seed)
        for row in table.to_pylist()
    ]


def reference(rows: Sequence[dict[str, Any]]) -> list[NormalizedRecord]:
    """Each row normalized by itself; one that is refused has no values."""
    records = []
    for row in rows:
        try:
            sent = source_record(
                {name: value for name, value in row.items() if value is not None}, source="file"
            )
            records.append(normalize(sent))
        except InvalidRecord:
            records.append(NormalizedRecord())
    return records


def table_of(rows: Sequence[dict[str, Any]]) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: pa.array([row.get(name) for row in rows], type=pa.string()) for name in names})


def is_storable(text: str) -> bool:
    """Arrow holds no lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def same_as_one_by_one(rows: Sequence[dict[str, Any]], rules: RuleSet) -> EncodedRecords:
    encoded = encode_table(table_of(rows), rules)
    records = reference(rows)
    ordered = [records[row] for row in encoded.rows]
    same_features(encoded, ordered, rules)
    same_blocks(encoded, ordered, rules)
    assert encoded.dropped == Counter((out.field, out.reason) for record in records for out in record.dropped)
    return encoded


def test_a_generated_file_is_encoded_as_row_by_row(rules: RuleSet) -> None:
    encoded = same_as_one_by_one(flat_rows(2_000, seed=4), rules)
    assert encoded.record_count == 2_000
    assert encoded.faults.count == 0
    reference = list(zip(encoded.source_of.tolist(), encoded.record_ids.tolist(), strict=True))
    assert reference == sorted(reference)


#: Per field, values that some rule turns on, beside plain ones that meet them.
VALUES: dict[str, list[str]] = {
    "source": ["north", " north", "ssn", "urn:oid:2.16.840.1.113883.4.927", "ITIN", "  ", "x" * 300, "Öst"],
    "record_id": ["1", "2", "10", "é", "A-1", "x" * 40, "x" * 300, " ", "b\0"],
    "given": [
        "Ann", "ANN", "John", "Jane", "Mary Ann", "J.", "Baby Boy A", "BabyGirl", 'William "Bill"', "TEST",
        "Dr. Ann", "O", "Zoë", "Smith, John", "??", "\t", "Boy1Marie", "Peggy", "Doe",
    ],
    "middle": ["Q", "Quincy", "NMN", "Ann", "Mary-Jo", "N/A", "Boy", "ii"],
    "family": [
        "Lee", "DOE", "O'Neil", "van der Berg", "Smith-Jones", "Smith/Jones", "Smith AKA Jones",
        "Garcia y Lopez",
        "Jones Jr", "Saint John", "O", "X", "Unknown", "BABY", "Kim (Park)", "Роза", "aaa",
        "Smith", "", "Mac Arthur",
    ],
    "suffix": ["Jr", "III", "MD", "x", "2nd"],
    "birth_date": ["1980-02-03", "02/03/1980", "19800203", "1937-13-31", "1984", "????-05-01", "2000-01-01",
        "1900-01-01", "3 Feb 1980", "00000000", "garbage", "13/02/1980"],
    "sex": ["F", "male", "X", "U", "?", "robot", " m "],
    "ssn": ["536-22-8714", "536228714", "536 22 8714", "xxx-xx-8714", "8714", "000-00-8714", "912-70-1234",
        "123456789", "987654321", "AB12345", "666-22-8714", "N/A", "0", "53б228714", "078-05-1120"],
    "mrn": ["42", "mrn-42", "MRN42", "0", "1111111", "536228714", "1EG4TE5MK73", "UNKNOWN", "é9", "912701234",
        "-", "9999"],
    "phone": ["(217) 867-5309", "+1 217 867 5309", "12178675309", "217.867.5309 x12", "555-1234", "0000000",
        "+44 20 7946 0958", "011442079460958", "1-800-FLOWERS", "2171111111", "217-555-0143", "12",
        " +12178675309",
        "+2178675309", "217 86+75309"],
    "email": ["Ann.Lee+x@gmail.com", "annlee@googlemail.com", "ann@web.example", "none@x.com", "bad",
        "ANN@WEB.EXAMPLE"],
    "street": [
        "12 Oak Street", "12 OAK ST", "12 Oak St Apt 4", "PO Box 5", "123 Main St", "homeless", "111", "1 #",
        "12 Oak St, Springfield, IL 62701", "Oak Street", "12 Öak Street", "12  Oak St", "7 County Rd 5",
        "٣ Oak St",
        "12-14 Oak St", "12 \u0301Oak St", "Unknown",
    ],
    "city": ["Springfield", "St. Paul", "Saint Paul", "UNKNOWN", "N. Adams", "12"],
    "state": ["IL", "Illinois", "ma", "XX", "Ontario", "MA"],
    "zip": ["62701", "62701-1234", "2139", "00000", "99999", "627011234", "K1A 0B1", "213", "NA", "0",
        "12345-"],
    "mother_maiden": ["Lee", "unknown", "O'Neil", "x"],
    "multiple_birth": ["true", "N", "maybe"],
    "birth_order": ["2", "0", "11", "120", "two", " 1 "],
    "deceased": ["yes", "2001-02-03", "never"],
}  # fmt: skip

ROWS = st.fixed_dictionaries(
    {"record_id": st.sampled_from(["1", "2", "3"]) | st.sampled_from([*VALUES["record_id"], None])},
    optional={
        field: st.sampled_from(values) | st.none() | st.text(max_size=6).filter(is_storable)
        for field, values in VALUES.items()
        if field != "record_id"
    },
)


@settings(max_examples=300, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=12))
def test_any_rows_are_encoded_as_one_by_one(rows: list[dict[str, Any]]) -> None:
    rules = default_rules()
    encoded = same_as_one_by_one(rows, rules)
    assert encoded.record_count == len(rows)
    refused = {}
    for number, row in enumerate(rows, start=1):
        try:
            source_record(row, source="file")
        except InvalidRecord as error:
            # Absent, the ID is called as the file calls it.
            reason = str(error).replace("local_id is", "record_id is")
            refused[number] = ("record_id" if error.field == "local_id" else error.field, reason)
    assert {fault.line: (fault.field, fault.reason) for fault in encoded.faults.first} == refused
    assert encoded.faults.count == len(refused)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(ROWS, min_size=2, max_size=12), seed=st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows: list[dict[str, Any]], seed: Any) -> None:
    rules = default_rules()
    first = same_as_one_by_one(rows, rules)
    other = rows.copy()
    seed.shuffle(other)
    second = same_as_one_by_one(other, rules)
    assert first.record_ids.tolist() == second.record_ids.tolist()
    one, two = reference(rows), reference(other)
    assert [one[row] for row in first.rows] == [two[row] for row in second.rows]
    for field, column in first.columns.columns.items():
        assert column.codes()[0].tolist() == second.columns.columns[field].codes()[0].tolist()
    for part, keys in first.keys.items():
        assert keys.hashes.tolist() == second.keys[part].hashes.tolist()


def test_every_key_part_of_the_vocabulary_is_made(rules: RuleSet) -> None:
    passes = tuple(BlockingPass(name=part, key=(part,)) for part in sorted(KEY_PARTS))
    every = replace(rules, blocking_passes=passes, keys_max=100)
    same_as_one_by_one(flat_rows(300, seed=5), every)


def test_hashes_are_the_same_in_every_file(rules: RuleSet) -> None:
    rows = flat_rows(200, seed=6)
    alone = encode_table(table_of(rows[:1]), rules)
    among = encode_table(table_of(rows), rules)
    position = among.rows.tolist().index(0)
    for part in alone.keys:
        assert values_of(alone, part, 0) == values_of(among, part, position), part
    by_record = encode_records(["1"], ["s"], [normalize(source_record(rows[0]))], rules)
    for part in by_record.keys:
        assert values_of(by_record, part, 0) == values_of(alone, part, 0), part


def test_a_table_without_rows_or_with_unknown_columns(rules: RuleSet) -> None:
    empty = encode_table(
        pa.table({"record_id": pa.array([], pa.string()), "given": pa.array([], pa.string())}), rules
    )
    assert empty.record_count == 0
    assert all(len(keys.group_of) == 0 for keys in empty.keys.values())
    for table, message in (
        (pa.table({"record_id": ["1"], "first": ["Ann"]}), "'first' is not a field"),
        (pa.table({"given": ["Ann"]}), "no column record_id"),
        (pa.table({"record_id": ["1"], "given": [["Ann"]]}), "holds list"),
    ):
        with pytest.raises(BadInput, match=message):
            encode_table(table, rules)


def test_values_that_are_no_text_at_all_are_faults(rules: RuleSet) -> None:
    bad = pa.array([b"Ann", b"Jos\xe9"], type=pa.binary()).view(pa.string())
    encoded = encode_table(pa.table({"record_id": ["1", "2"], "given": bad}), rules)
    assert [(fault.line, fault.field) for fault in encoded.faults.first] == [(2, "given")]
    assert "surrogate" in encoded.faults.first[0].reason


def test_several_processes_encode_the_same(rules: RuleSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_SHARED_MIN", 10)
    monkeypatch.setattr(sharing, "_PIECE", 7)
    table = table_of(flat_rows(400, seed=7))
    one, two = encode_table(table, rules), encode_table(table, rules, processes=2)
    for field, column in one.columns.columns.items():
        assert column.values == two.columns.columns[field].values
    for part, keys in one.keys.items():
        assert keys.hashes.tolist() == two.keys[part].hashes.tolist()
    assert one.dropped == two.dropped
