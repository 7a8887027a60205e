"""Deduplication of extracts beyond one machine, on a Spark cluster.

    from mpi.batch.spark import deduplicate_on_spark, spark_session

    session = spark_session()
    found = deduplicate_on_spark(session, "s3a://…/extract", load_rules(), work_folder="s3a://…/work")
    found.clusters().write.parquet("s3a://…/clusters.parquet")

The functions that encode, find blocks, score and guard are those of ``mpi.batch``; Spark only brings together
what they need to see. docs/scale.md says how to submit it. Needs the extra ``mpi[spark]`` and Java.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpi.batch.spark.session import spark_session

if TYPE_CHECKING:
    from mpi.batch.spark.deduplicating import SparkDeduplication, deduplicate_on_spark

__all__ = ["SparkDeduplication", "deduplicate_on_spark", "spark_session"]


def __getattr__(name: str) -> object:
    if name in ("SparkDeduplication", "deduplicate_on_spark"):
        from mpi.batch.spark import deduplicating

        return getattr(deduplicating, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
