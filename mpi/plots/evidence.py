"""Small bars that stand beside their number in a table."""

from __future__ import annotations

from mpi.plots.svg import ACCENT, BAD, GOOD, GRID, element


def evidence_bar(weight: float, weight_max: float) -> str:
    """A weight (log2) as a bar from the middle: to the right for one person, to the left for two.

    ``weight_max`` is the weight that fills a half. The number stands beside it, so the bar is not read out.
    """
    length = 50 * min(abs(weight) / (weight_max or 1), 1)
    colour = GOOD if weight >= 0 else BAD
    bar = element("rect", x=50 if weight >= 0 else 50 - length, width=length, y=1, height=8, fill=colour)
    return _small(element("path", d="M50 0V10", stroke=GRID) + bar)


def share_bar(share: float) -> str:
    """A share between 0 and 1 as a bar from the left."""
    return _small(element("rect", width=100 * min(max(share, 0), 1), y=1, height=8, fill=ACCENT))


def _small(content: str) -> str:
    return element(
        "svg", content, class_="bar", viewBox="0 0 100 10", preserveAspectRatio="none", aria_hidden="true"
    )
