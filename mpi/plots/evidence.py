"""Small bars that stand beside their number in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from mpi.plots.svg import ACCENT, BAD, GOOD, GRID, INK, WARN, element


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


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceScale:
    """The common scale of a pair's steps (log2 weights): how far it reaches, and where the thresholds are."""

    low: float
    high: float
    review_weight: float
    link_weight: float

    @classmethod
    def of(cls, weights: Sequence[float], review_weight: float, link_weight: float) -> EvidenceScale:
        """A scale on which every partial sum of ``weights`` has its place, both thresholds included."""
        reached = [*accumulate(weights, initial=0.0), review_weight, link_weight]
        margin = 0.04 * (max(reached) - min(reached) or 1.0)
        return cls(
            low=min(reached) - margin,
            high=max(reached) + margin,
            review_weight=review_weight,
            link_weight=link_weight,
        )

    def x(self, weight: float) -> float:
        """Across, 0 to 200."""
        return 200 * (weight - self.low) / (self.high - self.low)


def step_bar(start: float, weight: float | None, scale: EvidenceScale) -> str:
    """One step of the way to the total: from where the steps before it ended, with both thresholds drawn.

    Two drawings, one over the other: the threshold lines stretch to their cell, so that those of all rows
    join, and the bar does not. No weight, no bar. The number stands beside it, so the bar is not read out.
    """
    bar = (
        "" if weight is None else _bar(start, weight, GOOD if weight >= 0 else BAD, scale, aria_hidden="true")
    )
    return _lines(scale) + bar


def total_bar(weight: float, scale: EvidenceScale) -> str:
    """The total weight on the scale of its steps, coloured by what the machine makes of it."""
    decided = WARN if weight >= scale.review_weight else BAD
    colour = GOOD if weight >= scale.link_weight else decided
    told = f"{weight:+.1f} bits; review from {scale.review_weight:+.1f}, link from {scale.link_weight:+.1f}"
    return _lines(scale) + _bar(0.0, weight, colour, scale, role="img", aria_label=told)


def _bar(start: float, weight: float, colour: str, scale: EvidenceScale, **named: object) -> str:
    left, right = sorted((scale.x(start), scale.x(start + weight)))
    bar = element("rect", x=left, width=max(right - left, 1.0), height=10, fill=colour)
    return element("svg", bar, class_="step", viewBox="0 0 200 10", preserveAspectRatio="none", **named)


def _lines(scale: EvidenceScale) -> str:
    review, link = scale.x(scale.review_weight), scale.x(scale.link_weight)
    parts = [element("rect", x=review, width=max(link - review, 0.0), height=10, fill=GRID, opacity=0.6)]
    parts += [
        element(
            "path", d=f"M{x:.1f} 0V10", stroke=INK, stroke_dasharray=dash, vector_effect="non-scaling-stroke"
        )
        for x, dash in ((review, "3 3"), (link, "none"))
    ]
    return element(
        "svg", "".join(parts), class_="thresholds", viewBox="0 0 200 10", preserveAspectRatio="none",
        aria_hidden="true",
    )  # fmt: skip


def scale_head(scale: EvidenceScale) -> str:
    """The names of both thresholds over their lines, in letters that keep their size."""
    review, link = scale.x(scale.review_weight), scale.x(scale.link_weight)
    parts = []
    for x, name, anchor, nudge in ((review, "review", "end", 2), (link, "link", "start", -2)):
        words = element("text", name, y=11, dx=-nudge, fill=INK, font_size=11, text_anchor=anchor)
        parts.append(element("svg", words, x=f"{x / 2:.1f}%", overflow="visible"))
        parts.append(element("line", x1=f"{x / 2:.1f}%", x2=f"{x / 2:.1f}%", y1=14, y2=18, stroke=INK))
    return element("svg", "".join(parts), class_="scale-head", height=18, aria_hidden="true")
