"""The search line holds names in both spellings, numbers and identifiers, and is bounded."""

from __future__ import annotations

from hypothesis import given, settings

from mpi.matching.flat import source_record
from mpi.matching.normalization import normalize
from mpi.matching.normalization.searching import LENGTH_MAX, search_text
from mpi.matching.record import SourceRecord
from rewriting import source_records


def test_both_spellings_numbers_and_identifiers_are_found() -> None:
    record = source_record(
        {"source": "north", "local_id": "1", "given": "Łukasz", "family": "O'Neil", "ssn": "536-22-8714"}
        | {"phone": "(212) 867-5309", "names": [{"family": "Чехов", "use": "maiden"}]}
    )
    words = search_text(record, normalize(record)).split(" ")
    assert {"LUKASZ", "ŁUKASZ", "ONEIL", "O'NEIL", "CHEKHOV", "ЧЕХОВ", "12128675309", "536228714"} <= set(
        words
    )


@settings(max_examples=100, deadline=None)
@given(source_records)
def test_the_line_is_bounded_and_its_words_distinct(record: SourceRecord) -> None:
    line = search_text(record, normalize(record))
    assert len(line) <= LENGTH_MAX
    assert len(set(line.split())) == len(line.split())


def test_what_does_not_fit_is_left_out_whole() -> None:
    record = SourceRecord(source="north", local_id="1", phones=tuple(f"2128{n:06d}" for n in range(200)))
    words = search_text(record, normalize(record)).split()
    assert {len(word) for word in words} == {11}
