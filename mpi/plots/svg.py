"""SVG elements and scales, as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

INK: Final = "var(--ink,#1d2733)"
MUTED: Final = "var(--muted,#5a6675)"
GRID: Final = "var(--grid,#d9dfe6)"
ACCENT: Final = "var(--accent,#2f6690)"
GOOD: Final = "var(--good,#2e7d4f)"
WARN: Final = "var(--warn,#b26a00)"
BAD: Final = "var(--bad,#b3372f)"


def element(tag: str, content: str = "", **attributes: object) -> str:
    """An element; ``content`` is markup already, attribute values are escaped, ``_`` in a name is ``-``.

    >>> element("rect", x=1.25, stroke_width=2)
    '<rect x="1.25" stroke-width="2"/>'
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_number(value))}"'
        for name, value in attributes.items()
    )
    return f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>"


def text(x: float, y: float, words: str, **attributes: object) -> str:
    """A text at a place, escaped."""
    return element("text", escape(words), x=x, y=y, **attributes)


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A plot's area in a viewBox, with the margins that its labels need, and the ranges it shows."""

    width: float = 720
    height: float = 300
    left: float = 64
    right: float = 16
    top: float = 14
    bottom: float = 46
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x(self, value: float) -> float:
        """Across, in the viewBox's units."""
        low, high = self.x_range
        return self.left + (value - low) / ((high - low) or 1) * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        """Down, in the viewBox's units."""
        low, high = self.y_range
        share = (value - low) / ((high - low) or 1)
        return self.height - self.bottom - share * (self.height - self.top - self.bottom)

    def drawing(self, title: str, description: str, parts: Sequence[str]) -> str:
        """The plot as one element, named for those who do not see it."""
        named = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
        return element(
            "svg",
            named + "".join(parts),
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {self.width:g} {self.height:g}",
            role="img",
            aria_label=f"{title}. {description}",
            class_="plot",
            font_family="system-ui, sans-serif",
            font_size=12,
        )

    def axes(
        self,
        x_ticks: Sequence[tuple[float, str]],
        y_ticks: Sequence[tuple[float, str]],
        x_label: str,
        y_label: str,
    ) -> list[str]:
        """Grid lines, ticks and what the axes stand for."""
        left, right, floor = self.left, self.width - self.right, self.height - self.bottom
        parts = []
        for value, label in y_ticks:
            y = self.y(value)
            parts.append(element("line", x1=left, x2=right, y1=y, y2=y, stroke=GRID))
            parts.append(text(left - 6, y + 4, label, text_anchor="end", fill=MUTED))
        for value, label in x_ticks:
            x = self.x(value)
            parts.append(element("line", x1=x, x2=x, y1=floor, y2=floor + 4, stroke=MUTED))
            parts.append(text(x, floor + 17, label, text_anchor="middle", fill=MUTED))
        parts.append(element("line", x1=left, x2=right, y1=floor, y2=floor, stroke=MUTED))
        middle = (left + right) / 2
        parts.append(text(middle, self.height - 8, x_label, text_anchor="middle", fill=INK))
        turned = f"rotate(-90 13 {(self.top + floor) / 2:g})"
        parts.append(
            text(13, (self.top + floor) / 2, y_label, text_anchor="middle", fill=INK, transform=turned)
        )
        return parts


def ticks(low: float, high: float, count: int = 6) -> list[float]:
    """Round numbers from ``low`` to ``high``, about so many.

    >>> ticks(0, 10, 5)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    span = high - low
    if not span > 0:
        return [low]
    step = 10 ** math.floor(math.log10(span / count))
    step *= next((factor for factor in (1, 2, 5) if span / (step * factor) <= count), 10)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def short_count(count: float) -> str:
    """A count in few characters.

    >>> short_count(0), short_count(950), short_count(12_000), short_count(3_400_000)
    ('0', '950', '12 k', '3.4 M')
    """
    for size, sign in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if count >= size:
            return f"{count / size:.3g}{sign}"
    return f"{count:g}"


def percent(share: float) -> str:
    """A share between 0 and 1 in per cent."""
    return f"{100 * share:.4g} %"


def labelled(values: Sequence[float], label: Callable[[float], str]) -> list[tuple[float, str]]:
    """Ticks with their labels."""
    return [(value, label(value)) for value in values]
