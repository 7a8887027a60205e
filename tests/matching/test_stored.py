"""A normalized record reads back from its stored form as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from mpi.matching.normalization import normalize
from mpi.matching.record import NormalizedRecord, PartialDate, SourceRecord
from mpi.matching.stored import FORM, from_stored, to_stored
from rewriting import source_records


@settings(max_examples=300, deadline=None)
@given(source_records)
def test_what_is_stored_reads_back(record: SourceRecord) -> None:
    normal = normalize(record)
    assert from_stored(json.loads(json.dumps(to_stored(normal)))) == normal


@pytest.mark.parametrize(
    "record",
    [
        NormalizedRecord(),
        NormalizedRecord(deceased=False),
        NormalizedRecord(multiple_birth=False),
        NormalizedRecord(birth_date=PartialDate(0, 5, 1)),
        NormalizedRecord(phones=("12128675309",)),
    ],
)
def test_absent_parts_stay_absent(record: NormalizedRecord) -> None:
    assert from_stored(to_stored(record)) == record


def test_an_empty_record_is_stored_in_one_number() -> None:
    assert to_stored(NormalizedRecord()) == [FORM]


def test_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="normalize the source record again"):
        from_stored([FORM + 1])
