"""A few things and what holds them together, drawn on a circle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

from mpi.plots.svg import ACCENT, BAD, GRID, INK, MUTED, WARN, element, text

_WIDTH: Final = 760
_LABEL_MAX: Final = 34
#: Of the pairs that are held apart so many carry their weight; the rest is only drawn.
_HELD_LABELS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A thing: two lines of label, and which of two groups it is of (round or square)."""

    label: str
    detail: str
    group: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Two nodes by position, with a weight. ``weakest`` and ``held`` are told by colour, dash and a sign; a
    pair of the tree that is held apart too (``is_held``) by its sign.
    """

    left: int
    right: int
    weight: float
    kind: Literal["other", "tree", "held", "weakest"]
    is_held: bool = False


def graph(nodes: Sequence[Node], edges: Sequence[Edge], *, title: str) -> str:
    """The nodes in their order around a circle, labelled outside it; edges of the tree with their weight."""
    radius = max(90.0, 12.0 * len(nodes))
    height = 2 * radius + 90
    places = [_place(n, len(nodes), radius, height) for n in range(len(nodes))]
    order = {"other": 0, "held": 1, "tree": 2, "weakest": 3}
    lines = sorted(edges, key=lambda edge: order[edge.kind])
    parts = [_line(edge, places) for edge in lines]
    parts += [_weight(edge, places, n) for n, edge in enumerate(_labelled(lines))]
    parts += [_node(node, place, height) for node, place in zip(nodes, places, strict=True)]
    told = "; ".join(
        f"{nodes[edge.left].label} and {nodes[edge.right].label} {edge.weight:+.1f} bits"
        for edge in lines
        if edge.kind == "weakest"
    )
    description = f"{len(nodes)} records." + (f" Weakest link: {told}." if told else "")
    named = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    return element(
        "svg",
        named + "".join(parts),
        viewBox=f"0 0 {_WIDTH} {height:g}",
        role="img",
        aria_label=f"{title}. {description}",
        class_="graph",
        font_family="system-ui, sans-serif",
        font_size=12,
    )


def _labelled(edges: Sequence[Edge]) -> list[Edge]:
    """The edges that carry their weight: with every one a graph of twelve could not be read."""
    held = sorted((edge for edge in edges if edge.kind == "held"), key=lambda edge: -edge.weight)
    return [*held[:_HELD_LABELS], *(edge for edge in edges if edge.kind in ("tree", "weakest"))]


def _place(n: int, count: int, radius: float, height: float) -> tuple[float, float]:
    angle = 2 * math.pi * (n + 0.5) / count - math.pi / 2
    return _WIDTH / 2 + 1.15 * radius * math.cos(angle), height / 2 + radius * math.sin(angle)


def _line(edge: Edge, places: Sequence[tuple[float, float]]) -> str:
    (x1, y1), (x2, y2) = places[edge.left], places[edge.right]
    stroke, width, dash = {
        "other": (GRID, 1, "none"),
        "tree": (MUTED, 2.5, "none"),
        "held": (WARN, 1.2, "2 4"),
        "weakest": (BAD, 3, "8 5"),
    }[edge.kind]
    return element(
        "line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, stroke_width=width, stroke_dasharray=dash
    )


def _weight(edge: Edge, places: Sequence[tuple[float, float]], n: int) -> str:
    """The weight on its line, at another share of it for each so that crossing lines keep theirs apart."""
    share = (0.5, 0.4, 0.6)[n % 3]
    (x1, y1), (x2, y2) = places[edge.left], places[edge.right]
    x, y = x1 + share * (x2 - x1), y1 + share * (y2 - y1)
    signs = ("✂" if edge.kind == "weakest" else "") + ("⚠" if edge.is_held else "")
    words = f"{signs} {edge.weight:+.1f}".replace("-", "−").strip()
    colour = {"weakest": BAD, "held": WARN}.get(edge.kind, INK)
    size = 12.5 if edge.kind == "weakest" else 11
    back = element(
        "rect",
        x=x - 3.6 * len(words),
        y=y - 8,
        width=7.2 * len(words),
        height=15,
        rx=3,
        fill="#fff",
        opacity=0.92,
    )
    return back + text(x, y + 4, words, fill=colour, text_anchor="middle", font_size=size, font_weight=600)


def _node(node: Node, place: tuple[float, float], height: float) -> str:
    x, y = place
    if node.group:
        shape = element(
            "rect", x=x - 8, y=y - 8, width=16, height=16, fill="#fff", stroke=ACCENT, stroke_width=3
        )
    else:
        shape = element("circle", cx=x, cy=y, r=9, fill=ACCENT, stroke="#fff", stroke_width=2)
    if abs(x - _WIDTH / 2) < 12:
        # At the very top or bottom there is room above or below only.
        lift = -30 if y < height / 2 else 26
        return shape + _label(node, x, y + lift, "middle")
    is_right = x >= _WIDTH / 2
    away, anchor = (15, "start") if is_right else (-15, "end")
    lift = -4 if y < height / 2 else 4
    return shape + _label(node, x + away, y + lift, anchor)


def _label(node: Node, x: float, y: float, anchor: str) -> str:
    label = text(x, y, _cut(node.label), fill=INK, text_anchor=anchor, font_weight=600)
    return label + text(x, y + 14, _cut(node.detail), fill=MUTED, text_anchor=anchor, font_size=11)


def _cut(words: str) -> str:
    return words if len(words) <= _LABEL_MAX else words[: _LABEL_MAX - 1] + "…"
