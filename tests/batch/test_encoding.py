"""Encoding: the same features and the same blocking keys as one record at a time, row for row."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import product
from typing import Any

import pyarrow as pa
import pytest

from mpi.batch import synthetic
from mpi.batch.encoded import EncodedRecords
from mpi.batch.encoding import encode_records, encode_table
from mpi.errors import InvalidRecord
from mpi.matching.blocking import KEYS_PER_PASS_MAX, blocking_keys
from mpi.matching.comparison import encode
from mpi.matching.flat import source_record
from mpi.matching.normalization import normalize
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet, load_rules
from people import HOME, a_name, a_person

Blocks = list[list[int]]


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules("default")


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


def same_as_one_by_one(rows: Sequence[dict[str, Any]], rules: RuleSet) -> EncodedRecords:
    names = dict.fromkeys(name for row in rows for name in row)
    table = pa.table({name: pa.array([row.get(name) for row in rows], type=pa.string()) for name in names})
    encoded = encode_table(table, rules)
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
