"""Deduplication on Spark finds what the local engine finds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mpi.batch import deduplicate, synthetic
from mpi.batch.spark import deduplicate_on_spark, spark_session
from mpi.batch.spark.results import collected, write_folders
from mpi.cli.main import run
from mpi.errors import BadInput, Unavailable
from mpi.matching.rules import RuleSet, load_rules

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules("default")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20,000 records, 400 of them with the telephone of one shelter."""
    path = tmp_path_factory.mktemp("people") / "people.parquet"
    synthetic.write(20_000, path, seed=1)
    table = pq.read_table(path)
    phones = table["phone"].to_pylist()
    phones[::50] = ["617-555-0142"] * 400
    place = table.column_names.index("phone")
    pq.write_table(table.set_column(place, "phone", pa.array(phones, pa.string())), path)
    return path


def records_of(path: Path) -> pa.Table:
    return pq.read_table(path).drop_columns(["entity_id"])


def test_it_finds_what_the_local_engine_finds(
    spark: SparkSession, people: Path, rules: RuleSet, tmp_path: Path
) -> None:
    here = deduplicate(records_of(people), rules, train=True)
    found = deduplicate_on_spark(spark, str(people), rules, work_folder=str(tmp_path / "work"), train=True)

    assert here.candidates.capped, "the shelter makes a block that is too large"
    assert found.candidates.capped == here.candidates.capped
    assert found.candidates.per_pass == here.candidates.per_pass
    assert found.candidates.pair_count == here.candidates.pair_count
    assert found.rules.hash == here.rules.hash
    assert found.warnings == here.warnings
    pd.testing.assert_frame_equal(found.clusters().toPandas(), here.clusters_frame())

    there = collected(found)
    pd.testing.assert_frame_equal(there.pairs_frame(), here.pairs_frame())
    assert there.scoring.bins.tolist() == here.scoring.bins.tolist()
    assert there.scoring.patterns.counts.tolist() == here.scoring.patterns.counts.tolist()
    assert len(there.scoring.light.left) == len(here.scoring.light.left)

    paths = write_folders(found, tmp_path / "out")
    assert [path.name for path in paths] == ["clusters.parquet", "pairs.parquet"]
    written = pd.read_parquet(paths[1])
    assert list(written.columns) == list(here.pairs_frame().columns)
    assert written["decision"].tolist() == here.pairs_frame()["decision"].tolist()


@pytest.mark.long
def test_it_finds_what_the_local_engine_finds_in_200_000_records(
    spark: SparkSession, rules: RuleSet, tmp_path: Path
) -> None:
    path = tmp_path / "people.parquet"
    synthetic.write(200_000, path, seed=1)
    here = deduplicate(records_of(path), rules, train=True)
    found = deduplicate_on_spark(spark, str(path), rules, work_folder=str(tmp_path / "work"), train=True)
    assert found.rules.hash == here.rules.hash
    assert found.candidates.pair_count == here.candidates.pair_count
    pd.testing.assert_frame_equal(found.clusters().toPandas(), here.clusters_frame())


def test_the_command_writes_the_files_of_the_local_engine(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synthetic.write(500, tmp_path / "in.parquet", seed=3)
    for engine in ("local", "spark"):
        output = tmp_path / engine
        call = ["mpi", "dedup", str(tmp_path / "in.parquet"), "--output", str(output), "--engine", engine]
        monkeypatch.setattr(sys, "argv", call)
        with pytest.raises(SystemExit) as ended:
            run()
        assert not ended.value.code
    for name in ("clusters.parquet", "pairs.parquet", "report.html"):
        assert (tmp_path / "spark" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"in.parquet", "local", "spark"}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"given": ["Ann"]}, "no column record_id"),
        ({"record_id": ["1"], "shoe_size": ["7"]}, "shoe_size"),
        ({"record_id": ["1"], "given": [["Ann", "Bea"]]}, "given.*not text"),
    ],
)
def test_a_table_that_is_none_of_records_is_refused(
    spark: SparkSession, rules: RuleSet, tmp_path: Path, columns: dict[str, list[object]], reason: str
) -> None:
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")
    with pytest.raises(BadInput, match=reason):
        deduplicate_on_spark(spark, str(tmp_path / "in.parquet"), rules, work_folder=str(tmp_path / "work"))


def test_records_that_share_nothing_are_one_cluster_each(
    spark: SparkSession, rules: RuleSet, tmp_path: Path
) -> None:
    rows = {
        "record_id": ["1", "2", "3"],
        "given": ["Grace", "Tomás", None],
        "family": ["Okonkwo", "Lindqvist", None],
    }
    pq.write_table(pa.table(rows), tmp_path / "in.parquet")
    found = deduplicate_on_spark(
        spark, str(tmp_path / "in.parquet"), rules, work_folder=str(tmp_path / "work")
    )
    assert found.clusters().toPandas()["cluster_id"].tolist() == [1, 2, 3]
    assert found.pairs().count() == 0
    assert found.warnings == (
        "1 records break the contract of source records: they are there without any value",
    )


def test_without_pyspark_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(Unavailable, match=r"mpi\[spark\]"):
        spark_session()


def test_without_java_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from pyspark.sql import SparkSession

    monkeypatch.setattr(SparkSession, "getActiveSession", classmethod(lambda cls: None))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(Unavailable, match="Java 17"):
        spark_session()
