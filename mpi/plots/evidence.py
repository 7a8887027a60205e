"""Small bars that stand beside their number in a table."""

from __future__ import annotations

from mpi.plots.svg import ACCENT, BAD, GOOD, GRID, INK, MUTED, WARN, element


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


def total_bar(weight: float, review_weight: float, link_weight: float) -> str:
    """The total weight (log2) on a scale with both thresholds drawn, and what lies between them shaded.

    The scale reaches as far as the weight and the thresholds do, on both sides alike.
    """
    reach = 1.15 * max(abs(weight), abs(review_weight), abs(link_weight), 1.0)

    def x(value: float) -> float:
        return 150 + 150 * value / reach

    colour = GOOD if weight >= link_weight else WARN if weight >= review_weight else BAD
    left, right = sorted((x(0), x(weight)))
    between = x(link_weight) - x(review_weight)
    parts = [
        element("rect", x=x(review_weight), width=between, y=0, height=22, fill=GRID),
        element("rect", x=left, width=max(right - left, 1.0), y=6, height=10, fill=colour),
        element("path", d="M150 2V20", stroke=MUTED),
        *(
            element("path", d=f"M{x(at):.1f} 0V22", stroke=INK, stroke_width=1.5)
            for at in (review_weight, link_weight)
        ),
    ]
    told = f"{weight:+.1f} bits; review from {review_weight:+.1f}, link from {link_weight:+.1f}"
    return element("svg", "".join(parts), class_="total", viewBox="0 0 300 22", role="img", aria_label=told)
