"""What comes of a deduplication on Spark: the frames of the local engine, or folders of Parquet files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mpi.batch.candidates import CHUNK_PAIRS, Candidates
from mpi.batch.deduplication import Deduplication
from mpi.batch.encoding import encode_table
from mpi.batch.results import CLUSTERS, PAIRS, new_folder
from mpi.batch.scored import LightPairs, Scoring
from mpi.batch.scoring import BINS_FROM, BINS_TO, score_candidates
from mpi.batch.shared_values import without
from mpi.batch.spark import work
from mpi.batch.spark.deduplicating import SparkDeduplication, edges, merged_patterns
from mpi.batch.spark.work import POSITION

#: Up to so many records the driver holds them all, for the report and for one file instead of many.
COLLECTED_MAX: Final = 2_000_000

Indices = npt.NDArray[np.int64]


def collected(found: SparkDeduplication) -> Deduplication:
    """The same deduplication on this machine, as ``mpi.batch.deduplicate`` would have made it; for as many
    records as it can hold.
    """
    from pyspark.sql import functions as f

    table = found.records.orderBy(POSITION).drop(POSITION).toArrow()
    records = without(encode_table(table, found.rules), found.shared)
    left, right, _ = edges(found.scored.where(f.col("kind") == work.PAIR))
    rescored = score_candidates(records, _of_pairs(left << 32 | right), found.rules)
    light_left, light_right, light_weight = edges(found.scored.where(f.col("kind") == work.LIGHT))
    bins = found.scored.where(f.col("kind") == work.BIN).groupBy("left").agg(f.sum("count").alias("count"))
    every = np.sort(found.candidates.pairs.toArrow()["pair"].to_numpy())
    return Deduplication(
        records=records,
        candidates=replace(
            _of_pairs(every),
            per_pass=found.candidates.per_pass,
            capped=found.candidates.capped,
            limited=found.candidates.limited,
        ),
        scoring=Scoring(
            pairs=rescored.pairs,
            light=LightPairs(
                left=light_left.astype(np.int32),
                right=light_right.astype(np.int32),
                weight=light_weight.astype(np.float32),
            ),
            pair_count=found.candidates.pair_count,
            patterns=merged_patterns(found.scored.where(f.col("kind") == work.PATTERN), found.rules),
            bins_from=BINS_FROM,
            bins=_bins(bins.toArrow()),
        ),
        clusters=replace(found.found, refused=_places(found.refused, left, right)),
        rules=found.rules,
        warnings=found.warnings,
    )


def write_folders(found: SparkDeduplication, folder: Path, *, overwrite: bool = False) -> list[Path]:
    """Writes ``clusters.parquet`` and ``pairs.parquet`` as folders of files, in order; answers their paths.

    The workers must see ``folder``. It appears complete or not at all.
    """
    with new_folder(folder, overwrite=overwrite) as part:
        found.clusters().write.parquet(str(part / CLUSTERS))
        found.pairs().write.parquet(str(part / PAIRS))
    return [folder / CLUSTERS, folder / PAIRS]


def _of_pairs(ascending: Indices) -> Candidates:
    parts = [ascending[start : start + CHUNK_PAIRS] for start in range(0, len(ascending), CHUNK_PAIRS)]
    return Candidates(
        pair_count=len(ascending),
        per_pass={},
        capped=(),
        chunks=lambda: iter(
            [((part >> 32).astype(np.int32), (part & 0xFFFFFFFF).astype(np.int32)) for part in parts]
        ),
    )


def _bins(table: pa.Table) -> Indices:
    bins = np.zeros(BINS_TO - BINS_FROM, dtype=np.int64)
    bins[table["left"].to_numpy()] = table["count"].to_numpy()
    return bins


def _places(refused: pa.Table, left: Indices, right: Indices) -> Indices:
    """Positions of refused links among the kept pairs, which ascend."""
    wanted = refused["left"].to_numpy() << 32 | refused["right"].to_numpy()
    places: Indices = np.searchsorted(left << 32 | right, wanted).astype(np.int64)
    return places
