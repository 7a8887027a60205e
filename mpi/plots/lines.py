"""Quantities along one axis: lines with a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mpi.plots.histogram import Mark
from mpi.plots.svg import ACCENT, BAD, GOOD, INK, WARN, Frame, element, labelled, text, ticks

_STROKES = ((ACCENT, ""), (BAD, "7 3"), (GOOD, "2 3"), (WARN, "9 3 2 3"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A named line through points; at most four in a chart."""

    name: str
    points: Sequence[tuple[float, float]]


def line_chart(
    lines: Sequence[Line],
    *,
    title: str,
    x_label: str,
    y_label: str,
    y_range: tuple[float, float] | None = None,
    marks: Sequence[Mark] = (),
) -> str:
    """The lines in one frame; they differ in dash as well as in colour.

    ``y_range`` is by default what the points need.
    """
    xs = [x for line in lines for x, _ in line.points] or [0.0, 1.0]
    ys = [y for line in lines for _, y in line.points] or [0.0, 1.0]
    low, high = y_range or (min(ys), max(ys) if max(ys) > min(ys) else min(ys) + 1)
    frame = Frame(x_range=(min(xs), max(xs)), y_range=(low, high), top=30)
    x_ticks = labelled(ticks(min(xs), max(xs), 10), lambda x: f"{x:g}")
    parts = frame.axes(x_ticks, labelled(ticks(low, high, 5), lambda y: f"{y:g}"), x_label, y_label)
    at = frame.left
    for line, (colour, dash) in zip(lines, _STROKES, strict=False):
        path = " ".join(f"{frame.x(x):.1f},{frame.y(min(max(y, low), high)):.1f}" for x, y in line.points)
        stroke: dict[str, Any] = {"stroke": colour, "stroke_width": 2, "stroke_dasharray": dash or "none"}
        parts.append(element("polyline", points=path, fill="none", **stroke))
        parts.append(element("line", x1=at, x2=at + 26, y1=12, y2=12, **stroke))
        parts.append(text(at + 32, 16, line.name, fill=INK))
        at += 50 + 7.2 * len(line.name)
    for mark in marks:
        x = frame.x(min(max(mark.at, frame.x_range[0]), frame.x_range[1]))
        parts.append(
            element(
                "line",
                x1=x,
                x2=x,
                y1=frame.top,
                y2=frame.height - frame.bottom,
                stroke=INK,
                stroke_dasharray="4 3",
            )
        )
        parts.append(text(x + 5, frame.top + 10, mark.name, fill=INK))
    return frame.drawing(title, _description(lines), parts)


def _description(lines: Sequence[Line]) -> str:
    said = [
        f"{line.name} goes from {line.points[0][1]:.4g} at {line.points[0][0]:g} "
        f"to {line.points[-1][1]:.4g} at {line.points[-1][0]:g}"
        for line in lines
        if line.points
    ]
    return "; ".join(said) + "." if said else "There is nothing to show."
