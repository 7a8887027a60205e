"""A file deduplicated as a whole: the same bytes for any order, every record there, all or nothing."""

from __future__ import annotations

import random
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from deduplications import deduplicated
from mpi.batch import deduplicate, encode_table, synthetic
from mpi.batch.evaluation import pairwise
from mpi.batch.results import CLUSTERS, PAIRS, REPORT, new_folder, write_results
from mpi.errors import BadInput
from mpi.matching.decision import DECISIONS
from mpi.matching.rules import load_rules
from people import HOME, a_person

RULES = load_rules()


@pytest.fixture(scope="module")
def people() -> pa.Table:
    return pa.concat_tables(synthetic.generate(3_000, seed=4))


def flat(table: pa.Table) -> pa.Table:
    return table.drop_columns(["entity_id"])


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_duplicates_are_found_and_nobody_else(people: pa.Table) -> None:
    found = deduplicate(flat(people), RULES)
    frame = found.clusters_frame().merge(people.to_pandas(), on=["source", "record_id"])
    quality = pairwise(frame.cluster_id.tolist(), frame.entity_id.tolist())
    assert len(frame) == len(people)
    assert quality.precision > 0.995
    assert quality.recall > 0.75


def test_any_order_of_rows_and_any_number_of_processes_give_the_same_bytes(
    people: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mpi.batch.candidates.CHUNK_PAIRS", 500)
    order = list(range(len(people)))
    random.Random(3).shuffle(order)
    write_results(deduplicate(flat(people), RULES), tmp_path / "one")
    write_results(deduplicate(flat(people).take(order), RULES, processes=2), tmp_path / "other")
    write_results(deduplicate(flat(people), RULES, memory_bytes=100_000), tmp_path / "little")
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "other") == bytes_of(tmp_path / "little")
    assert set(bytes_of(tmp_path / "one")) == {CLUSTERS, PAIRS, REPORT}


def test_a_pandas_frame_will_do(people: pa.Table) -> None:
    few = flat(people).slice(0, 300)
    frame = few.to_pandas()
    pd.testing.assert_frame_equal(
        deduplicate(frame, RULES).clusters_frame(), deduplicate(few, RULES).clusters_frame()
    )


def test_every_record_has_one_cluster_and_pairs_say_what_was_decided(
    people: pa.Table, tmp_path: Path
) -> None:
    found = deduplicate(flat(people), RULES)
    write_results(found, tmp_path / "out")
    clusters = pq.read_table(tmp_path / "out" / CLUSTERS).to_pandas()
    pairs = pq.read_table(tmp_path / "out" / PAIRS)
    keys = set(zip(clusters.source, clusters.record_id, strict=True))
    assert keys == set(zip(people["source"].to_pylist(), people["record_id"].to_pylist(), strict=True))
    frame = pairs.to_pandas()
    assert set(frame.decision) <= set(DECISIONS)
    assert (frame.weight >= RULES.thresholds.review_weight).all()
    cluster_of = {key: number for *key, number in clusters.itertuples(index=False) for key in [tuple(key)]}
    for row in frame[frame.decision == "link"].itertuples():
        assert cluster_of[row.source_a, row.record_id_a] == cluster_of[row.source_b, row.record_id_b]
    assert (frame[frame.refused_by.notna()].decision == "review").all()
    parts = [name for name in frame if name.startswith("weight_")]
    total = frame[parts].sum(axis=1) + float(pairs.schema.metadata[b"prior_weight"])
    assert np.allclose(total, frame.weight, atol=1e-3)
    assert pairs.schema.metadata[b"rule_set_hash"].decode() == RULES.hash
    for row in frame[frame.guards.map(len) > 0].itertuples():
        assert row.decision != "link"


def test_what_people_stated_holds(people: pa.Table) -> None:
    records = encode_table(flat(people).slice(0, 500), RULES)
    plain = deduplicate(records, RULES)
    pairs = plain.scoring.pairs
    link = int(np.flatnonzero(pairs.decision == 2)[0])
    linked = np.array([[pairs.left[link], pairs.right[link]]], dtype=np.int64)
    strangers = np.flatnonzero(plain.clusters.cluster_of != plain.clusters.cluster_of[0])[:1]
    stated = np.array([[0, strangers[0]]], dtype=np.int64)
    found = deduplicate(records, RULES, must_link=stated, cannot_link=linked).clusters.cluster_of
    assert found[0] == found[strangers[0]]
    assert found[linked[0, 0]] != found[linked[0, 1]]


def test_a_link_that_clustering_refuses_is_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mpi.batch.deduplication.CLUSTER_SIZE_MAX", 2)
    records = deduplicated([a_person(ssn="219458813", home=HOME)] * 3).records
    found = deduplicate(records, RULES, size_max=2)
    frame = found.pairs_frame()
    assert sorted(frame.decision) == ["link", "review", "review"]
    assert sorted(frame.refused_by.dropna()) == ["size", "size"]
    assert found.cluster_count == 2
    assert any("more than 2 records" in warning for warning in found.warnings)


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_and_one_record(count: int, people: pa.Table, tmp_path: Path) -> None:
    found = deduplicate(flat(people).slice(0, count), RULES)
    write_results(found, tmp_path / "out")
    assert pq.read_table(tmp_path / "out" / CLUSTERS).num_rows == count
    assert pq.read_table(tmp_path / "out" / PAIRS).num_rows == 0


def a_write(folder: Path, *, fails: type[BaseException] | None = None, **how: Any) -> None:
    with new_folder(folder, **how) as part:
        (part / "file").write_text(folder.name)
        if fails:
            raise fails


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_output_folder_is_there_as_a_whole_or_not_at_all(
    error: type[BaseException], tmp_path: Path
) -> None:
    with pytest.raises(error):
        a_write(tmp_path / "out", fails=error)
    assert list(tmp_path.iterdir()) == []
    a_write(tmp_path / "out")
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    (tmp_path / "out" / "file").write_text("earlier")
    with pytest.raises(error):
        a_write(tmp_path / "out", fails=error, overwrite=True)
    assert (tmp_path / "out" / "file").read_text() == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_is_there_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    a_write(tmp_path / "out")
    with pytest.raises(BadInput, match="--overwrite"):
        a_write(tmp_path / "out")
    a_write(tmp_path / "out", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    with pytest.raises(BadInput, match="is a file"):
        a_write(tmp_path / "out" / "file", overwrite=True)
