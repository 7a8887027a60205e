"""``mpi dedup --engine spark``: the same outcome, worked out on a Spark cluster or by this machine's."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpi.batch.progress import Progress

if TYPE_CHECKING:
    from mpi.batch import Deduplication
    from mpi.batch.spark import SparkDeduplication
    from mpi.matching.rules import RuleSet


def dedup_on_spark(
    file: Path,
    output: Path,
    rules: RuleSet,
    *,
    train: bool,
    column_map: Mapping[str, str] | None,
    source: str,
    overwrite: bool,
    progress: Progress,
) -> tuple[Deduplication | dict[str, Any], list[Path]]:
    """Deduplicates and writes; what was found or, where that stays on the cluster, its figures; the paths.

    Up to ``COLLECTED_MAX`` records the files are those of the local engine, byte for byte; of more there is
    no report, and clusters and pairs are folders of files. What stages leave for one another lies beside
    ``output`` until the end: on a cluster that has to be a place that all its machines see.
    """
    from mpi.batch.results import write_results
    from mpi.batch.spark import deduplicate_on_spark, spark_session
    from mpi.batch.spark.results import COLLECTED_MAX, collected, write_folders

    session = spark_session()
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{output.name}.work.", dir=output.parent.resolve()) as folder:
        found = deduplicate_on_spark(
            session,
            str(file.resolve()),
            rules,
            work_folder=folder,
            train=train,
            column_map=column_map,
            default_source=source,
            progress=progress,
        )
        if found.record_count > COLLECTED_MAX:
            return _summarised(found), write_folders(found, output, overwrite=overwrite)
        here = collected(found)
        return here, write_results(here, output, overwrite=overwrite, progress=progress)


def _summarised(found: SparkDeduplication) -> dict[str, Any]:
    """The figures of a deduplication that stays on the cluster: those of ``dedup.summarised``."""
    from mpi.matching.decision import DECISIONS

    decisions = {row["decision"]: row["count"] for row in found.pairs().groupBy("decision").count().collect()}
    return {
        "records": found.record_count,
        "sources": sorted(row[0] for row in found.records.select("source").distinct().collect()),
        "clusters": found.cluster_count,
        "duplicates": found.record_count - found.cluster_count,
        "candidate_pairs": found.candidates.pair_count,
        "pairs": {word: decisions.get(word, 0) for word in DECISIONS},
        "refused_links": found.refused.num_rows,
        "capped_blocks": len(found.candidates.capped),
        "rule_set": {"name": found.rules.name, "hash": found.rules.hash},
        "warnings": list(found.warnings),
    }
