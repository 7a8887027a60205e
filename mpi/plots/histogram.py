"""How many of what: counts in bins of equal width, on a logarithmic scale where they differ much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mpi.plots.svg import ACCENT, BAD, GOOD, INK, WARN, Frame, element, labelled, short_count, text, ticks

_COLOURS = {"accent": ACCENT, "good": GOOD, "warn": WARN, "bad": BAD, "ink": INK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A vertical line with its name, e.g. a threshold."""

    at: float
    name: str


def histogram(
    first: float,
    counts: Sequence[int],
    *,
    title: str,
    x_label: str,
    y_label: str,
    width: float = 1.0,
    marks: Sequence[Mark] = (),
    colours: Sequence[str] = (),
    logarithmic: bool = True,
    across: float = 720,
) -> str:
    """Bars of ``counts``; the first bin begins at ``first``, each is ``width`` wide.

    ``colours`` are names (accent, good, warn, bad), one per bar; all accent where there are none;
    ``across`` is how wide the plot is, in units in which a letter is 12 high. An empty histogram is an empty
    frame.
    """
    top = max(counts, default=0)
    x_range = (first, first + width * max(len(counts), 1))
    decades = max(1, math.ceil(math.log10(top + 1))) if logarithmic else 0
    frame = Frame(width=across, x_range=x_range, y_range=(0, decades if logarithmic else max(top, 1)))

    def height(count: float) -> float:
        return math.log10(count + 1) if logarithmic else count

    wanted = [10.0**n for n in range(decades + 1)] if logarithmic else ticks(0, max(top, 1), 5)
    y_ticks = [(height(count) if logarithmic else count, short_count(count)) for count in wanted]
    parts = frame.axes(
        labelled(ticks(*x_range, 10 if across > 600 else 6), lambda x: f"{x:g}"), y_ticks, x_label, y_label
    )
    floor = frame.height - frame.bottom
    for place, count in enumerate(counts):
        if count:
            left, right = frame.x(first + place * width), frame.x(first + (place + 1) * width)
            colour = _COLOURS[colours[place] if colours else "accent"]
            y = frame.y(height(count))
            bar = element(
                "rect", x=left + 0.5, y=y, width=max(right - left - 1, 1), height=floor - y, fill=colour
            )
            parts.append(bar)
    parts += [part for row, mark in enumerate(marks) for part in _mark(frame, mark, row)]
    return frame.drawing(title, _description(first, width, counts, marks), parts)


def _mark(frame: Frame, mark: Mark, row: int) -> list[str]:
    """The line, and its name in a row of its own: marks may be close."""
    x = frame.x(min(max(mark.at, frame.x_range[0]), frame.x_range[1]))
    near_right = x > frame.width - 130
    return [
        element(
            "line",
            x1=x,
            x2=x,
            y1=frame.top,
            y2=frame.height - frame.bottom,
            stroke=INK,
            stroke_dasharray="4 3",
        ),
        text(
            x + (-5 if near_right else 5),
            frame.top + 10 + 15 * row,
            mark.name,
            fill=INK,
            text_anchor="end" if near_right else "start",
        ),
    ]


def _description(first: float, width: float, counts: Sequence[int], marks: Sequence[Mark]) -> str:
    total = sum(counts)
    if not total:
        return "Nothing was counted."
    peak = max(range(len(counts)), key=counts.__getitem__)
    last = first + width * len(counts)
    said = (
        f"{total:,} in all, from {first:g} to {last:g}; most, {counts[peak]:,}, from {first + peak * width:g}"
    )
    return "; ".join([said, *(f"{mark.name} at {mark.at:g}" for mark in marks)]) + "."
