"""``evaluation.html``: how good a deduplication is, for the one who has to trust it."""

from __future__ import annotations

import csv
import io
from itertools import chain
from pathlib import Path
from typing import Final

import orjson
from markupsafe import Markup

from mpi.batch.encoded import EncodedRecords
from mpi.batch.evaluation import KINDS, Evaluation, figures
from mpi.batch.evaluation.mistakes import MISSED_REASONS, UNBLOCKED_REASONS, WRONG_REASONS
from mpi.batch.report.pages import render, write_private
from mpi.plots import Line, Mark, ReliabilityPoint, histogram, line_chart, reliability_diagram

#: Examples shown of each kind of mistake; the JSON has more.
_EXAMPLES_MAX: Final = 4
#: Reasons shown why pairs were never compared, the most frequent first.
_NEAREST_MAX: Final = 20
#: Bands of weight shown, below and above the thresholds.
_BANDS: Final = (-20, 40)


def write_evaluation(evaluation: Evaluation, path: Path) -> None:
    """Write the page; the same evaluation gives the same bytes. Raises OSError."""
    write_private(path, page(evaluation))


def write_figures(evaluation: Evaluation, path: Path) -> None:
    """Write everything that was found as JSON, with its examples. Raises OSError."""
    write_private(path, orjson.dumps(figures(evaluation), option=orjson.OPT_INDENT_2).decode() + "\n")


def write_never_compared(evaluation: Evaluation, records: EncodedRecords, path: Path) -> None:
    """Write each pair of one person that was never compared, by its IDs, and why, as CSV. Raises OSError."""
    found = evaluation.blocking.never_compared
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("source_a", "record_id_a", "source_b", "record_id_b", "reason", "nearest_pass", "lacking"))
    said = zip(found.reasons.tolist(), found.nearest.tolist(), found.lacking.tolist(), strict=True)
    for pair, why in zip(found.pairs.tolist(), said, strict=True):
        sides = (
            (records.sources[records.source_of[place]], str(records.record_ids[place]))
            for place in (pair >> 32, pair & 0xFFFFFFFF)
        )
        rows.writerow((*chain.from_iterable(sides), *why))
    write_private(path, text.getvalue())


def page(evaluation: Evaluation) -> str:
    """The page as HTML."""
    return render(
        "evaluation.html",
        rules=evaluation.rules,
        found=evaluation,
        bands=[band for band in evaluation.bands if _BANDS[0] <= band.low < _BANDS[1]],
        kinds=KINDS,
        wrong_reasons=WRONG_REASONS,
        missed_reasons=MISSED_REASONS,
        unblocked_reasons=UNBLOCKED_REASONS,
        examples_max=_EXAMPLES_MAX,
        nearest_max=_NEAREST_MAX,
        curve_plot=Markup(_curve_plot(evaluation)),
        tasks_plot=Markup(_tasks_plot(evaluation)),
        calibration_plot=Markup(_calibration_plot(evaluation)),
        bands_plot=Markup(_bands_plot(evaluation)),
    )


def _curve_plot(evaluation: Evaluation) -> str:
    curve = evaluation.curve
    return line_chart(
        (
            Line(name="precision", points=[(p.link_weight, p.precision) for p in curve]),
            Line(name="recall", points=[(p.link_weight, p.recall) for p in curve]),
            Line(name="F1", points=[(p.link_weight, p.f1) for p in curve]),
        ),
        title="Precision, recall and F1 by link weight",
        x_label="link weight (log2)",
        y_label="share",
        y_range=(0, 1),
        marks=(_link_mark(evaluation),),
    )


def _tasks_plot(evaluation: Evaluation) -> str:
    points = [(p.link_weight, p.tasks_per_1000_records) for p in evaluation.curve]
    top = max((tasks for _, tasks in points), default=1.0)
    return line_chart(
        (Line(name="tasks for 1,000 records", points=points),),
        title="Tasks for 1,000 records by link weight",
        x_label="link weight (log2)",
        y_label="tasks",
        y_range=(0, top or 1.0),
        marks=(_link_mark(evaluation),),
    )


def _link_mark(evaluation: Evaluation) -> Mark:
    link_weight = evaluation.rules.thresholds.link_weight
    return Mark(at=link_weight, name=f"link {link_weight:g}")


def _calibration_plot(evaluation: Evaluation) -> str:
    points = [
        ReliabilityPoint(
            stated=one.stated, found=one.found, low=one.found_low, high=one.found_high, count=one.pairs
        )
        for one in evaluation.calibration.bins
    ]
    return reliability_diagram(points, title="Stated probability and share found")


def _bands_plot(evaluation: Evaluation) -> str:
    """Candidates of two people by weight: the tail to the right of the link weight is what may go wrong."""
    low = min((band.low for band in evaluation.bands), default=0)
    high = max((band.low for band in evaluation.bands), default=0) + 1
    counts = [0] * (high - low)
    for band in evaluation.bands:
        counts[band.low - low] = band.pairs - band.same
    return histogram(
        low,
        counts,
        title="Candidates of two people by match weight",
        x_label="match weight (log2)",
        y_label="pairs (logarithmic)",
        marks=(_link_mark(evaluation),),
        colours=["bad"] * len(counts),
    )
