"""Candidate pairs on Spark: those of ``mpi.batch.candidates``, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mpi.batch.blocks import size_limit
from mpi.batch.candidates import BLOCK_MAX, LimitedPass, largest_block, limited_pass, pass_pairs_max
from mpi.batch.oversized import CappedBlock
from mpi.batch.spark import work
from mpi.batch.spark.stages import Stages
from mpi.batch.spark.work import POSITION
from mpi.matching.rules import RuleSet

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkCandidates:
    """Distinct pairs ``pair`` = left position << 32 | right position."""

    pairs: DataFrame
    pair_count: int
    per_pass: dict[str, int]
    capped: tuple[CappedBlock, ...]
    limited: tuple[LimitedPass, ...]
    #: Records refused as source records: they are there without any value.
    refused_count: int


def find_candidates(
    records: DataFrame, pickled: bytes, rules: RuleSet, stages: Stages, record_count: int
) -> SparkCandidates:
    """All pairs of records that share a blocking key, as many of each pass as ``mpi.batch.candidates`` takes.
    Blocks of more than ``BLOCK_MAX`` records are treated as ``mpi.batch.oversized`` does, each by one worker.
    """
    from pyspark.sql import functions as f
    from pyspark.sql.pandas.types import from_arrow_schema

    keyed = records.mapInArrow(work.keyed(pickled), from_arrow_schema(work.KEYS_SCHEMA))
    keys = stages.kept("keys", keyed)
    refused = keys.where(f.col("pass") == work.REFUSED).agg(f.sum("key")).collect()[0][0]
    keys = keys.where(f.col("pass") != work.REFUSED)
    sizes = keys.groupBy("pass", "key").agg(f.count("*").alias("size")).where("size > 1")
    sizes = stages.kept("sizes", sizes)
    narrow = [number for number, one in enumerate(rules.blocking_passes) if not one.broad]
    large = sizes.where((f.col("size") > BLOCK_MAX) & f.col("pass").isin(narrow))
    taken = _taken_of_passes(sizes, rules, record_count)
    per_pass = {number: one.pair_count for number, one in enumerate(taken)}
    size_max = f.array(*(f.lit(one.size_max) for one in taken))
    blocks = (
        keys.join(sizes.where(f.col("size") <= size_max[f.col("pass")]), ["pass", "key"], "left_semi")
        .groupBy("pass", "key")
        .agg(f.collect_list(POSITION).alias("members"))
        .select("members")
    )
    pairs = blocks.mapInArrow(work.block_pairs, from_arrow_schema(work.PAIRS_SCHEMA))
    capped: tuple[CappedBlock, ...] = ()
    if large.head(1):
        more, capped = _of_large_blocks(records, keys, large, pickled, rules, stages)
        for row in more.groupBy("pass").count().collect():
            per_pass[row["pass"]] = per_pass.get(row["pass"], 0) + row["count"]
        pairs = pairs.unionAll(more.select("pair"))
    distinct = stages.kept("pairs", pairs.distinct())
    return SparkCandidates(
        pairs=distinct,
        pair_count=distinct.count(),
        per_pass={one.name: per_pass.get(number, 0) for number, one in enumerate(rules.blocking_passes)},
        capped=capped,
        limited=tuple(limited for one in taken for limited in one.limited),
        refused_count=refused or 0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """What is taken of a pass: its blocks of at most ``size_max`` records, and their pairs."""

    size_max: int
    pair_count: int
    limited: list[LimitedPass]


def _taken_of_passes(sizes: DataFrame, rules: RuleSet, record_count: int) -> list[_Taken]:
    """Of each pass in turn; ``sizes`` has a row (pass, key, size) per block."""
    from pyspark.sql import functions as f

    counts = np.zeros((len(rules.blocking_passes), BLOCK_MAX + 1), dtype=np.int64)
    for row in sizes.where(f.col("size") <= BLOCK_MAX).groupBy("pass", "size").count().collect():
        counts[row["pass"], row["size"]] = row["count"]
    pairs = np.arange(BLOCK_MAX + 1) * np.arange(-1, BLOCK_MAX) // 2
    taken = []
    for one, sizes_found in zip(rules.blocking_passes, counts, strict=True):
        of_size = sizes_found[: largest_block(one) + 1]
        size_max = size_limit(of_size, pass_pairs_max(one, record_count))
        count = int((of_size * pairs[: len(of_size)])[: size_max + 1].sum())
        limited = limited_pass(one, of_size, size_max)
        taken.append(_Taken(size_max=size_max, pair_count=count, limited=limited))
    return taken


def _of_large_blocks(
    records: DataFrame, keys: DataFrame, large: DataFrame, pickled: bytes, rules: RuleSet, stages: Stages
) -> tuple[DataFrame, tuple[CappedBlock, ...]]:
    """The pairs of the oversized blocks that are compared, and what became of each.

    Of several passes that bring the very same records together, the first counts.
    """
    from pyspark.sql import functions as f
    from pyspark.sql.pandas.types import from_arrow_schema

    members = keys.join(f.broadcast(large), ["pass", "key"])
    blocks = members.groupBy("pass", "key", "size").agg(
        f.bit_xor(f.xxhash64(POSITION)).alias("fingerprint"), f.min(POSITION).alias("example")
    )
    found = [row.asDict() for row in blocks.collect()]
    first: dict[tuple[int, int], int] = {}
    for block in found:
        same = (block["size"], block["fingerprint"])
        first[same] = min(first.get(same, block["pass"]), block["pass"])
    fresh = [b for b in found if first[b["size"], b["fingerprint"]] == b["pass"]]
    chosen = records.sparkSession.createDataFrame(
        [(b["pass"], b["key"]) for b in fresh], "pass short, key long"
    )
    rows = members.select("pass", "key", POSITION).join(f.broadcast(chosen), ["pass", "key"])
    grouped = rows.join(records, POSITION).groupBy("pass", "key")
    schema = from_arrow_schema(work.BLOCK_PAIRS_SCHEMA)
    pairs = stages.kept("large_blocks", grouped.applyInArrow(work.oversized_pairs(pickled), schema))
    counts = {
        (row["pass"], row["key"]): row["count"] for row in pairs.groupBy("pass", "key").count().collect()
    }
    compared = {(b["size"], b["fingerprint"]): counts.get((b["pass"], b["key"]), 0) for b in fresh}
    names = [one.name for one in rules.blocking_passes]
    blocks_told = [
        CappedBlock(
            pass_name=names[block["pass"]],
            size=block["size"],
            compared=(count := compared[block["size"], block["fingerprint"]]),
            not_compared=block["size"] * (block["size"] - 1) // 2 - count,
            example=block["example"],
        )
        for block in found
    ]
    ordered = sorted(blocks_told, key=lambda b: (names.index(b.pass_name), -b.size, b.example))
    return pairs, tuple(ordered)
