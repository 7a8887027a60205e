"""Plots as SVG text: pure functions of numbers, to stand inside a page without script or style sheet.

Every plot has a title and a description for those who do not see it. Colours are the page's: they come from
the CSS variables ``--ink``, ``--muted``, ``--grid``, ``--accent``, ``--good``, ``--warn`` and ``--bad``, with
colours for a page that sets none.
"""

from mpi.plots.evidence import EvidenceScale, evidence_bar, scale_head, share_bar, step_bar, total_bar
from mpi.plots.graph import Edge, Node, graph
from mpi.plots.histogram import Mark, histogram
from mpi.plots.lines import Line, line_chart
from mpi.plots.reliability import ReliabilityPoint, reliability_diagram

__all__ = [
    "Edge",
    "EvidenceScale",
    "Line",
    "Mark",
    "Node",
    "ReliabilityPoint",
    "evidence_bar",
    "graph",
    "histogram",
    "line_chart",
    "reliability_diagram",
    "scale_head",
    "share_bar",
    "step_bar",
    "total_bar",
]
