"""The table of the batch benchmark: each figure beside what was wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

#: Ours over Splink's, CPU and wall time; over its CPU per pair; over recordlinkage's CPU and wall time.
OF_SPLINK_MAX, OF_SPLINK_PAIR_MAX, OF_RECORDLINKAGE_MAX = 1 / 4, 1 / 3, 1 / 3
MEMORY_MB_MAX, TENFOLD_MEMORY_MB_MAX, TENFOLD_SECONDS_MAX = 4096, 12288, 360
WIDE_PAIRS_MIN = 4_500_000
GROWTH_MAX = 12
F1_MIN, PRECISION_MIN = 0.985, 0.998


class Row(NamedTuple):
    what: str
    wanted: str
    measured: str
    met: bool | None


def report(figures: dict[str, Any]) -> str:
    """The figures as Markdown: what each engine cost, and what was wanted of ours."""
    lines = [
        "| engine | records | wall s | CPU s | peak MB | precision | recall | F1 |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for records, engines in ((figures["records"], figures["engines"]), _tenfold(figures)):
        for engine, one in engines.items():
            quality = " | ".join(
                f"{one.get(name, float('nan')):.4f}" for name in ("precision", "recall", "f1")
            )
            costs = f"{one['wall_seconds']:.1f} | {one['cpu_seconds']:.1f} | {one['peak_memory_mb']:,}"
            lines.append(f"| {engine} | {records:,} | {costs} | {quality} |")
    lines += ["", "| figure | wanted | measured | |", "|---|---|---|---|"]
    for row in _rows(figures):
        word = {True: "met", False: "missed", None: ""}[row.met]
        lines.append(f"| {row.what} | {row.wanted} | {row.measured} | {word} |")
    return "\n".join(lines)


def _tenfold(figures: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    return figures["records"] * 10, figures.get("tenfold", {})


def _rows(figures: dict[str, Any]) -> Iterator[Row]:
    engines = figures["engines"]
    ours = engines.get("ours")
    for peer in (name for name in engines if name.startswith("splink")):
        yield from _against(ours, engines[peer], peer, OF_SPLINK_MAX)
    if "splink" in engines:
        yield _at_most("peak memory, MB", ours["peak_memory_mb"], MEMORY_MB_MAX)
    if peer_figures := engines.get("recordlinkage"):
        yield from _against(ours, peer_figures, "recordlinkage", OF_RECORDLINKAGE_MAX)
        better = ours["f1"] > peer_figures["f1"]
        yield Row("F1 / recordlinkage's", "higher", f"{ours['f1']:.4f} / {peer_figures['f1']:.4f}", better)
    if "wide" in figures:
        yield from _wide(figures["wide"])
    if tenfold := figures.get("tenfold", {}).get("ours"):
        yield _at_most("tenfold records, wall s", tenfold["wall_seconds"], TENFOLD_SECONDS_MAX)
        yield _at_most("tenfold records, peak MB", tenfold["peak_memory_mb"], TENFOLD_MEMORY_MB_MAX)
        if ours:
            yield _at_most(
                "CPU, tenfold records / once", tenfold["cpu_seconds"] / ours["cpu_seconds"], GROWTH_MAX
            )
    if ours:
        yield from _quality("generated records", ours)
    for name, sets in figures.get("accuracy", {}).items():
        yield from _quality(name, sets["ours"])


def _against(ours: dict[str, Any], peer: dict[str, Any], name: str, share_max: float) -> Iterator[Row]:
    for figure, word in (("cpu_seconds", "CPU"), ("wall_seconds", "wall")):
        ratio = ours[figure] / peer[figure]
        measured = f"{ratio:.2f} ({ours[figure]:.1f} s / {peer[figure]:.1f} s)"
        yield Row(f"{word} / that of {name}", f"≤ {share_max:.2f}", measured, ratio <= share_max)


def _wide(wide: dict[str, Any]) -> Iterator[Row]:
    costs = {}
    for engine, one in wide.items():
        told = sorted(
            (each["told"] for each in one["runs"]), key=lambda t: t["stages"]["predict"]["cpu_seconds"]
        )
        middle = told[len(told) // 2]
        costs[engine] = middle["stages"]["predict"]["cpu_seconds"] / middle["candidates"] * 1e6
        what = f"{engine}: CPU µs a pair, of {middle['candidates']:,} pairs"
        enough = middle["candidates"] >= WIDE_PAIRS_MIN if engine == "ours-wide" else None
        yield Row(what, f"≥ {WIDE_PAIRS_MIN:,} pairs", f"{costs[engine]:.3f}", enough)
    ratio = costs["ours-wide"] / costs["splink-wide"]
    yield Row(
        "CPU a pair / Splink's predict",
        f"≤ {OF_SPLINK_PAIR_MAX:.2f}",
        f"{ratio:.2f}",
        ratio <= OF_SPLINK_PAIR_MAX,
    )


def _quality(name: str, one: dict[str, Any]) -> Iterator[Row]:
    yield Row(f"F1, {name}", f"≥ {F1_MIN}", f"{one['f1']:.4f}", one["f1"] >= F1_MIN)
    yield Row(
        f"precision, {name}",
        f"≥ {PRECISION_MIN}",
        f"{one['precision']:.4f}",
        one["precision"] >= PRECISION_MIN,
    )


def _at_most(what: str, measured: float, most: float) -> Row:
    return Row(what, f"≤ {most:,}", f"{measured:,.1f}", measured <= most)
