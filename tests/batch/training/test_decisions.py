"""Reviewers' decisions: read from files, and what precision they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from mpi.batch.encoded import EncodedRecords
from mpi.batch.encoding import encode_records
from mpi.batch.training import decisions_needed, read_decisions
from mpi.batch.training.thresholds import chosen, interval
from mpi.errors import BadInput, CannotTrain, UnreadableFile
from mpi.matching.rules import load_rules
from people import random_people

IDS = ["1", "2", "3", "3", "4"]
SOURCES = ["lab", "lab", "lab", "north", "north"]


@pytest.fixture(scope="module")
def records() -> EncodedRecords:
    return encode_records(IDS, SOURCES, random_people(5), load_rules())


def csv(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "decisions.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def named(records: EncodedRecords, positions: list[int]) -> list[tuple[str, str]]:
    return [(records.sources[records.source_of[p]], str(records.record_ids[p])) for p in positions]


def test_pairs_are_found_by_source_and_record_id(records: EncodedRecords, tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "source_a,record_id_a,source_b,record_id_b,verdict",
        "north,3,lab,1,same",
        "lab,2,north,4,different_people",
        "lab,1,lab,2,cannot_tell",
        "lab,1,lab,3,",
    )
    found = read_decisions(path, records)
    assert found.same.tolist() == [True, False]
    assert {*named(records, [found.left[0], found.right[0]])} == {("lab", "1"), ("north", "3")}
    assert (found.left < found.right).all()


def test_record_ids_are_enough_where_they_tell_and_a_frame_may_be_parquet(
    records: EncodedRecords, tmp_path: Path
) -> None:
    frame = pd.DataFrame({"record_id_a": ["1"], "record_id_b": ["4"], "resolution": ["same_person"]})
    frame.to_parquet(tmp_path / "decisions.parquet")
    found = read_decisions(tmp_path / "decisions.parquet", records)
    assert named(records, [*found.left, *found.right]) == [("lab", "1"), ("north", "4")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,9,same", "line 2: there is no such record"),
        ("1,3,same", "line 2: several records have this ID"),
        ("1,1,same", "line 2: a record is paired with itself"),
        ("1,2,perhaps", "line 2: the verdict is neither same nor different"),
        ("1,2,same\n2,1,different", "line 3: this pair was decided both ways"),
    ],
)
def test_a_line_that_cannot_be_taken_is_named(
    records: EncodedRecords, tmp_path: Path, line: str, reason: str
) -> None:
    with pytest.raises(BadInput, match=reason):
        read_decisions(csv(tmp_path, "record_id_a,record_id_b,verdict", line), records)


def test_a_file_without_the_columns_is_refused(records: EncodedRecords, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="record_id_a, record_id_b and verdict"):
        read_decisions(csv(tmp_path, "a,b,verdict", "1,2,same"), records)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UnreadableFile, match=r"broken\.parquet: cannot be read"):
        read_decisions(tmp_path / "broken.parquet", records)


@pytest.mark.parametrize(("right", "counted"), [(0, 5), (5, 5), (3, 9), (998, 1000), (1000, 1000)])
def test_the_interval_is_the_exact_one(right: int, counted: int) -> None:
    lower, upper = interval(right, counted)
    expected = binomtest(right, counted).proportion_ci(0.95, method="exact")
    assert (float(lower), float(upper)) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_link_weight_is_the_lowest_at_which_the_bound_holds() -> None:
    weight = np.concatenate([np.linspace(20, 10, 500), np.linspace(9.9, 5, 200), np.linspace(4, 0, 50)])
    same = np.concatenate([np.ones(500), np.ones(200), np.tile([1, 0], 25)]).astype(bool)
    shown = chosen(0.99, weight, same, 0.0)
    assert shown.lower >= 0.99 > interval(shown.linked - shown.wrong + 1, shown.linked + 2)[0]
    assert (weight >= shown.link_weight).sum() == shown.linked
    assert (~same[weight >= shown.link_weight]).sum() == shown.wrong


def test_pairs_of_one_weight_are_linked_together_or_not_at_all() -> None:
    weight = np.array([9.0] * 400 + [5.0] * 100)
    same = np.array([True] * 400 + [True] * 60 + [False] * 40)
    shown = chosen(0.99, weight, same, 0.0)
    assert (shown.linked, shown.link_weight) == (400, 9.0)


def test_too_few_decisions_are_refused_with_the_number_needed() -> None:
    weight, same = np.linspace(20, 0, 300), np.ones(300, dtype=bool)
    with pytest.raises(CannotTrain, match="without any wrong one 3688 are needed, 3388 more"):
        chosen(0.999, weight, same, 0.0)
    same[0] = False
    with pytest.raises(CannotTrain, match="1 of them are two people"):
        chosen(0.999, weight, same, 0.0)
    assert decisions_needed(0.999, 0) == 3688
    assert interval(3688, 3688)[0] >= 0.999 > interval(3687, 3687)[0]
