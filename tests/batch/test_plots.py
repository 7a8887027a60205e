"""Plots: well-formed, named, and true to their numbers."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from mpi.plots import (
    Line,
    Mark,
    ReliabilityPoint,
    evidence_bar,
    histogram,
    line_chart,
    reliability_diagram,
    share_bar,
)

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '</text><script>"&'


def drawn(text: str) -> ET.Element:
    return ET.fromstring(text)


def test_a_histogram_has_a_bar_per_count_in_proportion() -> None:
    plot = drawn(
        histogram(
            -2,
            [1, 0, 4],
            title="t",
            x_label="x",
            y_label="y",
            logarithmic=False,
            marks=[Mark(at=0, name="m")],
        )
    )
    heights = [float(bar.get("height", 0)) for bar in plot.iter(f"{SVG}rect")]
    assert len(heights) == 2 and heights[1] == pytest.approx(4 * heights[0], rel=0.01)
    assert "5 in all" in plot.get("aria-label", "") and "m at 0" in plot.get("aria-label", "")


@pytest.mark.parametrize(
    "text",
    [
        histogram(0, [], title=HOSTILE, x_label=HOSTILE, y_label=HOSTILE, marks=[Mark(at=1, name=HOSTILE)]),
        line_chart([], title=HOSTILE, x_label=HOSTILE, y_label=HOSTILE),
        line_chart([Line(name=HOSTILE, points=[(1, 1)])], title="t", x_label="x", y_label="y"),
        reliability_diagram([], title=HOSTILE),
    ],
)
def test_nothing_to_show_is_shown_and_labels_are_escaped(text: str) -> None:
    plot = drawn(text)
    assert plot.get("role") == "img" and plot.find(f"{SVG}title") is not None
    assert list(plot.iter(f"{SVG}script")) == []


def test_a_calibrated_point_is_on_the_diagonal() -> None:
    points = [ReliabilityPoint(stated=0.25, found=0.25, low=0.2, high=0.3, count=40)]
    plot = drawn(reliability_diagram(points, title="t"))
    diagonal = next(line for line in plot.iter(f"{SVG}line") if line.get("stroke-dasharray"))
    circle = next(plot.iter(f"{SVG}circle"))
    ends = {name: float(diagonal.get(name, 0)) for name in ("x1", "y1", "x2", "y2")}
    along = (float(circle.get("cx", 0)) - ends["x1"]) / (ends["x2"] - ends["x1"])
    assert along == pytest.approx(0.25, abs=0.01)
    assert float(circle.get("cy", 0)) == pytest.approx(ends["y1"] + 0.25 * (ends["y2"] - ends["y1"]), abs=0.5)


def test_a_line_goes_through_its_points() -> None:
    plot = drawn(
        line_chart([Line(name="n", points=[(0, 0), (5, 1), (10, 0)])], title="t", x_label="x", y_label="y")
    )
    line = next(plot.iter(f"{SVG}polyline"))
    (x0, y0), (x1, y1), (x2, y2) = [map(float, p.split(",")) for p in line.get("points", "").split()]
    assert x1 == pytest.approx((x0 + x2) / 2, abs=0.2) and y0 == y2 > y1


@pytest.mark.parametrize(("weight", "x", "width"), [(10, 50, 25), (-10, 25, 25), (99, 50, 50), (0, 50, 0)])
def test_evidence_for_goes_right_and_against_left(weight: float, x: float, width: float) -> None:
    bar = next(drawn(evidence_bar(weight, 20)).iter("rect"))
    assert (float(bar.get("x", 0)), float(bar.get("width", 0))) == (x, width)


def test_a_share_fills_its_part() -> None:
    assert next(drawn(share_bar(0.4)).iter("rect")).get("width") == "40"
