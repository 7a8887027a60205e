"""``report.html``: what ``mpi dedup`` found, for the one who answers for the index."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from mpi.batch.deduplication import Deduplication
from mpi.batch.report.clusters import (
    cluster_sizes,
    largest_clusters,
    overlap,
    source_counts,
    weakest_clusters,
)
from mpi.batch.report.pages import render, write_private
from mpi.batch.report.samples import capped_blocks, guard_counts, outcomes
from mpi.batch.reviewing import task_pairs
from mpi.plots import Mark, histogram

#: Weights shown one by one in the histogram; what is beyond stands in the outermost bars.
_WEIGHTS: Final = (-60, 60)
#: Rows shown of lists that may be long.
_SIZES_MAX, _FAULTS_MAX, _SOURCES_MAX = 15, 20, 40


def write_report(dedup: Deduplication, path: Path) -> None:
    """Write the report; the same deduplication gives the same bytes. Raises OSError."""
    write_private(path, report(dedup))


def report(dedup: Deduplication) -> str:
    """The report as HTML."""
    sizes = cluster_sizes(dedup)
    sources = source_counts(dedup)
    records = dedup.records
    found = outcomes(dedup)
    several = sizes.copy()
    several[:2] = 0
    return render(
        "deduplication.html",
        rules=dedup.rules,
        counts={
            "records": records.record_count,
            "sources": len(records.sources),
            "clusters": int(sizes[1:].sum()),
            "clustered": int((several * np.arange(len(sizes))).sum()),
            "groups": int(several.sum()),
            "candidates": dedup.candidates.pair_count,
            "tasks": len(task_pairs(dedup)),
            **{one.kind: one.count for one in found},
        },
        duplicates=sum(one.duplicates for one in sources),
        sources=sorted(sources, key=lambda one: (-one.records, one.source))[:_SOURCES_MAX],
        overlap=overlap(dedup),
        weights_plot=Markup(_weights_plot(dedup)),
        sizes=_sizes(sizes),
        sizes_plot=Markup(_sizes_plot(sizes)),
        largest=largest_clusters(dedup),
        weakest=weakest_clusters(dedup),
        guards=guard_counts(dedup),
        outcomes=found,
        **_blocking(dedup),
        warnings=dedup.warnings,
        faults=records.faults,
        faults_shown=records.faults.first[:_FAULTS_MAX],
        dropped=sorted(
            ((count, field, reason) for (field, reason), count in records.dropped.items()),
            key=lambda row: (-row[0], row[1:]),
        ),
    )


def _blocking(dedup: Deduplication) -> dict[str, Any]:
    capped = dedup.candidates.capped
    return {
        "passes": [
            (one.name, one.key, dedup.candidates.per_pass.get(one.name, 0))
            for one in dedup.rules.blocking_passes
        ],
        "capped": capped_blocks(dedup),
        "capped_count": len(capped),
        "not_compared": sum(block.not_compared for block in capped),
    }


def _weights_plot(dedup: Deduplication) -> str:
    """Candidates by weight, coloured by what the weight alone decides."""
    scoring, thresholds = dedup.scoring, dedup.rules.thresholds
    low, high = _WEIGHTS
    places = np.clip(scoring.bins_from + np.arange(len(scoring.bins)), low, high - 1)
    counts = np.bincount(places - low, weights=scoring.bins, minlength=high - low).astype(np.int64)
    filled = np.flatnonzero(counts)
    first, last = (int(filled[0]), int(filled[-1]) + 1) if len(filled) else (0, 0)
    shown = counts[first:last].tolist()
    colours = [
        "good" if w >= thresholds.link_weight else "warn" if w >= thresholds.review_weight else "accent"
        for w in range(low + first, low + last)
    ]
    return histogram(
        low + first,
        shown,
        title="Candidate pairs by match weight",
        x_label="match weight (log2)",
        y_label="pairs (logarithmic)",
        marks=(
            Mark(at=thresholds.review_weight, name=f"review {thresholds.review_weight:g}"),
            Mark(at=thresholds.link_weight, name=f"link {thresholds.link_weight:g}"),
        ),
        colours=colours,
    )


def _sizes_plot(sizes: np.ndarray[Any, np.dtype[np.int64]]) -> str:
    return histogram(
        0.5,
        sizes[1:].tolist(),
        title="Clusters by size",
        x_label="records in the cluster",
        y_label="clusters (logarithmic)",
        across=480,
    )


def _sizes(sizes: np.ndarray[Any, np.dtype[np.int64]]) -> list[tuple[str, int, int]]:
    """Size, clusters, records; the largest sizes together in the last row."""
    there = [(size, int(sizes[size])) for size in np.flatnonzero(sizes).tolist() if size]
    rows = [(str(size), count, size * count) for size, count in there[:_SIZES_MAX]]
    if rest := there[_SIZES_MAX:]:
        label = f"{rest[0][0]} to {rest[-1][0]}"
        rows.append((label, sum(count for _, count in rest), sum(size * count for size, count in rest)))
    return rows
