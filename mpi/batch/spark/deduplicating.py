"""Batch deduplication on Spark: the path of ``mpi.batch.deduplication``, with the records spread out.

Records become blocking keys, keys blocks, blocks pairs, pairs scores on the workers; the driver estimates the
rule set from the counts of patterns, and clusters the links.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mpi.batch.candidates import Candidates
from mpi.batch.clustering import cluster_links
from mpi.batch.deduplication import (
    CLUSTER_SIZE_MAX,
    capped_warnings,
    join_links,
    limited_warnings,
    refusal_warnings,
)
from mpi.batch.outcome import cluster_numbers
from mpi.batch.progress import Progress, silent
from mpi.batch.scored import PatternCounts
from mpi.batch.shared_values import PEOPLE_MAX, SharedValues
from mpi.batch.spark import work
from mpi.batch.spark.pairing import SparkCandidates, find_candidates
from mpi.batch.spark.reading import positioned, read_records
from mpi.batch.spark.stages import Stages
from mpi.batch.spark.work import POSITION
from mpi.batch.training.counting import unpacked
from mpi.errors import BadInput, CannotTrain
from mpi.identity.clustering import Clusters, Compared
from mpi.matching.decision import DECISIONS, LINK, REVIEW
from mpi.matching.rules import RuleSet

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Edges that the driver clusters.
EDGES_MAX: Final = 100_000_000
#: Records that the driver learns frequencies and chance agreement from: all, or every second, third, …
SAMPLE_MAX: Final = 1_000_000
#: Left records of one bucket of pairs, at most; a bucket is scored by one worker, with the records it names.
_BUCKET_BITS_MAX: Final = 15
_BUCKET_BITS_MIN: Final = 10
_STAGES: Final = ("reading records", "finding candidates", "training", "scoring pairs", "clustering")

Indices = npt.NDArray[np.int64]
_LINK_WORD, _REVIEW_WORD = DECISIONS[LINK], DECISIONS[REVIEW]


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkDeduplication:
    """What ``Deduplication`` is, in frames on the cluster. They live in the work folder: use or write them
    before it goes.
    """

    stages: Stages
    #: ``position`` and the flat columns.
    records: DataFrame
    record_count: int
    candidates: SparkCandidates
    #: As ``work.scored_bucket`` has them.
    scored: DataFrame
    #: Positions that clustering refused to link: ``left, right, refused_by``.
    refused: pa.Table
    found: Clusters
    rules: RuleSet
    #: The values that were taken for missing.
    shared: tuple[SharedValues, ...]
    warnings: tuple[str, ...]

    def clusters(self) -> DataFrame:
        """``source, record_id, cluster_id`` of every record, in canonical order."""
        numbers = pa.table(
            {
                POSITION: pa.array(np.arange(self.record_count)),
                "cluster_id": pa.array(cluster_numbers(self.found)),
            }
        )
        joined = self.records.join(self.stages.session.createDataFrame(numbers), POSITION)
        return joined.orderBy(POSITION).select("source", "record_id", "cluster_id")

    def pairs(self) -> DataFrame:
        """The pairs from the review weight up, as ``outcome.pair_table`` has them, in canonical order."""
        from pyspark.sql import functions as f

        refused = f.broadcast(self.stages.session.createDataFrame(self.refused))
        kept = self.scored.where(f.col("kind") == work.PAIR).drop("refused_by")
        joined = kept.join(refused, ["left", "right"], "left").orderBy("left", "right")
        decision = f.when(f.col("refused_by").isNotNull(), _REVIEW_WORD).otherwise(f.col("decision"))
        names = [name for name in self.scored.columns if name not in _NOT_SHOWN]
        return joined.withColumn("decision", decision).select(*names)

    @property
    def cluster_count(self) -> int:
        return int(cluster_numbers(self.found).max(initial=0))


#: Columns of scored rows that are none of a pair's.
_NOT_SHOWN: Final = ("kind", "left", "right", "apart", "count", "pattern")


def deduplicate_on_spark(
    session: SparkSession,
    source: str | DataFrame,
    rules: RuleSet,
    *,
    work_folder: str,
    train: bool = False,
    column_map: Mapping[str, str] | None = None,
    default_source: str = "file",
    size_max: int = CLUSTER_SIZE_MAX,
    progress: Progress = silent,
) -> SparkDeduplication:
    """Which records are one person's.

    Args:
        source: path or URI of CSV, NDJSON or Parquet (a folder of Parquet files too), or a frame.
        work_folder: path or URI that driver and workers see, for what one stage leaves for the next: up to
            1 kB a record. It holds patients; whoever names it removes it.
        train: first fit the rule set's probabilities to these records.
        column_map: column → field.
        size_max: records of one cluster.

    Raises BadInput for columns that are not those of flat records and for more links than one driver
    clusters.
    """
    stages = Stages(session=session, folder=work_folder)
    progress(_STAGES[0], 0, 1)
    frame = read_records(session, source, column_map, default_source)
    records, count = positioned(frame, stages)
    progress(_STAGES[1], 0, 1)
    shared = _shared(records, rules)
    candidates = find_candidates(records, work.given(rules, shared), rules, stages, count)
    bits = _bucket_bits(count, session.sparkContext.defaultParallelism)
    buckets = _bucketed(records, candidates.pairs, bits, stages)
    remarks: tuple[str, ...] = ()
    if train:
        progress(_STAGES[2], 0, 1)
        rules, remarks = _trained(records, count, candidates, buckets, rules, shared)
    progress(_STAGES[3], 0, candidates.pair_count)
    scored = _scored(buckets, rules, shared, stages)
    progress(_STAGES[4], 0, 1)
    clusters, refused = _clustered(scored, count, rules, size_max)
    progress(_STAGES[4], 1, 1)
    return SparkDeduplication(
        stages=stages,
        records=records,
        record_count=count,
        candidates=candidates,
        scored=scored,
        refused=refused,
        found=clusters,
        rules=rules,
        shared=shared,
        warnings=(
            *_refused_records(candidates),
            *map(str, shared),
            *remarks,
            *capped_warnings(candidates.capped),
            *limited_warnings(candidates.limited),
            *refusal_warnings(clusters, size_max),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Buckets:
    """Pairs by the upper bits of their left position, and for each bucket the records that it names."""

    pairs: DataFrame
    rows: DataFrame

    def applied(self, function: Callable[[pa.Table, pa.Table], pa.Table], schema: pa.Schema) -> DataFrame:
        from pyspark.sql.pandas.types import from_arrow_schema

        both = self.pairs.groupBy("bucket").cogroup(self.rows.groupBy("bucket"))
        return both.applyInArrow(function, from_arrow_schema(schema))


def _bucket_bits(record_count: int, parallelism: int) -> int:
    """As few records to a bucket as give every core several buckets, within bounds."""
    wanted = math.log2(max(record_count, 1) / (4 * parallelism)) if record_count else 0
    return int(min(max(wanted, _BUCKET_BITS_MIN), _BUCKET_BITS_MAX))


def _bucketed(records: DataFrame, pairs: DataFrame, bits: int, stages: Stages) -> _Buckets:
    from pyspark.sql import functions as f

    left = f.shiftright(f.col("pair"), 32)
    bucket = f.shiftright(f.col("pair"), 32 + bits).alias("bucket")
    right = f.col("pair").bitwiseAND(f.lit(0xFFFFFFFF))
    split = pairs.select(bucket, "pair", left.alias("left"), right.alias("right"))
    named = split.select("bucket", f.col("left").alias(POSITION)).unionAll(
        split.select("bucket", f.col("right").alias(POSITION))
    )
    rows = stages.kept("bucket_rows", named.distinct().join(records, POSITION))
    return _Buckets(pairs=split.select("bucket", "pair"), rows=rows)


def _shared(records: DataFrame, rules: RuleSet) -> tuple[SharedValues, ...]:
    """The values that too many people have, as ``mpi.batch.shared_values`` finds them on one machine."""
    from pyspark.sql import functions as f
    from pyspark.sql.pandas.types import from_arrow_schema

    borne = records.mapInArrow(work.borne(work.given(rules)), from_arrow_schema(work.BORNE_SCHEMA))
    counted = borne.groupBy("field", "value").agg(
        f.countDistinct("person").alias("people"), f.count("*").alias("records")
    )
    limit = f.array(*(f.lit(people_max) for people_max in PEOPLE_MAX.values()))
    rows = counted.where(f.col("people") > limit[f.col("field")]).collect()
    of_fields = [
        (field, [r for r in rows if r["field"] == number]) for number, field in enumerate(PEOPLE_MAX)
    ]
    return tuple(
        SharedValues(
            field=field,
            values=frozenset(work.element_of(field, row["value"]) for row in found),
            records=sum(row["records"] for row in found),
            people_max=max(row["people"] for row in found),
        )
        for field, found in of_fields
        if found
    )


def _scored(buckets: _Buckets, rules: RuleSet, shared: tuple[SharedValues, ...], stages: Stages) -> DataFrame:
    rows = buckets.applied(work.scored_bucket(work.given(rules, shared)), work.scored_schema(rules))
    return stages.kept("scored", rows, "kind")


def _trained(
    records: DataFrame,
    count: int,
    candidates: SparkCandidates,
    buckets: _Buckets,
    rules: RuleSet,
    shared: tuple[SharedValues, ...],
) -> tuple[RuleSet, tuple[str, ...]]:
    """The rules fitted to the patterns of all candidates, or as they were and why.

    The counts of patterns add up over the buckets. Name frequencies and what strangers agree on by chance
    come from records evenly spread over all, as many as one machine holds.
    """
    from pyspark.sql import functions as f

    from mpi.batch.training import train
    from mpi.batch.training.names import learned_frequencies

    every = -(-count // SAMPLE_MAX) or 1
    spread = records.where(f.col(POSITION) % every == 0).toArrow()
    sample, _ = work.encoded(spread, work.given(rules, shared))
    named = rules.with_frequencies(learned_frequencies(sample.columns, rules))
    rows = buckets.applied(work.bucket_patterns(work.given(named, shared)), work.PATTERNS_SCHEMA)
    merged = merged_patterns(rows, rules)
    told = Candidates(pair_count=candidates.pair_count, per_pass={}, capped=(), chunks=lambda: iter(()))
    try:
        trained = train(sample, rules, candidates=told, patterns=merged, record_count=count)
    except CannotTrain as error:
        return rules, (f"not trained, the rules were used as they are: {error}",)
    return trained.rules, ()


def merged_patterns(rows: DataFrame, rules: RuleSet) -> PatternCounts:
    """The counts of all buckets added up, in the order in which the local engine has them."""
    from pyspark.sql import functions as f

    table = rows.groupBy("pattern").agg(f.sum("count").alias("count")).orderBy("pattern").toArrow()
    return unpacked(table["pattern"].to_numpy(), table["count"].to_numpy(), rules)


def _clustered(scored: DataFrame, count: int, rules: RuleSet, size_max: int) -> tuple[Clusters, pa.Table]:
    """Clusters of the links, and the links they refused."""
    from pyspark.sql import functions as f

    pairs = scored.where(f.col("kind") == work.PAIR)
    is_link = f.col("decision") == _LINK_WORD
    edge_count = pairs.where(is_link | f.col("apart")).count()
    if edge_count > EDGES_MAX:
        raise BadInput(
            f"{edge_count:,} links are more than one driver clusters ({EDGES_MAX:,}): "
            "deduplicate the sources in parts, or raise link_weight"
        )
    links = left, right, weight = edges(pairs.where(is_link))
    components = cluster_links(count, left, right, weight, size_max=count).cluster_of
    clusters = join_links(
        count,
        links,
        rules,
        vetoed=np.stack(edges(pairs.where(f.col("apart")))[:2], axis=1),
        compared=_compared(scored, components),
        size_max=size_max,
    )
    refused = pa.table(
        {
            "left": pa.array(left[clusters.refused]),
            "right": pa.array(right[clusters.refused]),
            "refused_by": pa.array([str(reason) for reason in clusters.reasons], type=pa.string()),
        }
    )
    return clusters, refused


def _compared(scored: DataFrame, components: Indices) -> Compared:
    """The compared pairs within components of three records and more: in those of two it is the link."""
    from pyspark.sql import functions as f

    sizes = np.bincount(components, minlength=1)
    members = np.flatnonzero(sizes[components] > 2)
    labels = scored.sparkSession.createDataFrame(
        pa.table({"member": pa.array(members), "component": pa.array(components[members])})
    )
    pairs = scored.where(f.col("kind").isin(work.PAIR, work.LIGHT)).select("kind", "left", "right", "weight")
    of_left = labels.select(f.col("member").alias("left"), f.col("component").alias("a"))
    of_right = labels.select(f.col("member").alias("right"), f.col("component").alias("b"))
    within = pairs.join(of_left, "left").join(of_right, "right").where(f.col("a") == f.col("b"))
    parts = [edges(within.where(f.col("kind") == kind)) for kind in (work.PAIR, work.LIGHT)]
    left, right, weight = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Compared(left, right, weight)


def edges(pairs: DataFrame) -> tuple[Indices, Indices, npt.NDArray[np.float64]]:
    """Left, right and weight, ascending by left and right."""
    table = pairs.select("left", "right", "weight").toArrow()
    left, right, weight = (table[name].to_numpy() for name in ("left", "right", "weight"))
    order = np.lexsort((right, left))
    return left[order], right[order], weight[order]


def _refused_records(candidates: SparkCandidates) -> list[str]:
    count = candidates.refused_count
    reason = f"{count:,} records break the contract of source records: they are there without any value"
    return [reason] if count else []
