"""Whether probabilities mean what they say: how often pairs of a stated one really are one person's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mpi.plots.svg import ACCENT, MUTED, Frame, element, labelled, percent, short_count, text, ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityPoint:
    """One bin: the mean stated probability, the share found with its interval, and how many pairs."""

    stated: float
    found: float
    low: float
    high: float
    count: int


def reliability_diagram(points: Sequence[ReliabilityPoint], *, title: str) -> str:
    """Found against stated, with intervals; what is calibrated perfectly is on the diagonal."""
    frame = Frame(width=480, height=420, right=32, x_range=(0, 1), y_range=(0, 1))
    shares = labelled(ticks(0, 1, 5), percent)
    parts = frame.axes(shares, shares, "probability stated", "share that is one person's")
    parts.append(
        element(
            "line",
            x1=frame.x(0),
            y1=frame.y(0),
            x2=frame.x(1),
            y2=frame.y(1),
            stroke=MUTED,
            stroke_dasharray="5 4",
        )
    )
    for point in points:
        x = frame.x(point.stated)
        low, high = frame.y(point.low), frame.y(point.high)
        parts.append(element("line", x1=x, x2=x, y1=low, y2=high, stroke=ACCENT, stroke_width=1.5))
        for y in (low, high):
            parts.append(element("line", x1=x - 4, x2=x + 4, y1=y, y2=y, stroke=ACCENT, stroke_width=1.5))
        parts.append(element("circle", cx=x, cy=frame.y(point.found), r=4, fill=ACCENT))
        right = point.stated > 0.85
        label_x = x - 8 if right else x + 8
        anchor = "end" if right else "start"
        parts.append(
            text(
                label_x,
                frame.y(point.found) + 4,
                short_count(point.count),
                fill=MUTED,
                font_size=11,
                text_anchor=anchor,
            )
        )
    said = "; ".join(f"of {p.count:,} pairs stated {percent(p.stated)}, {percent(p.found)}" for p in points)
    return frame.drawing(title, said + "." if said else "There are no pairs.", parts)
