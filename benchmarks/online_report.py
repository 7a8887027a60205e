"""The table of the online benchmark: each figure beside what was wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

REGISTER_API_MS, REGISTER_POSTGRES_MS, GROWTH_MAX = 2.5, 1.5, 1.3
ROUND_TRIPS_MAX = 4
PER_SECOND, P99_MS = 150, 150
MATCH_MS = 2.0
WORST_MAX = 2.0
BULK_PER_SECOND = 1_000


class Row(NamedTuple):
    what: str
    wanted: str
    measured: str
    met: bool | None


def report(figures: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    lines = ["| figure | wanted | measured | |", "|---|---|---|---|"]
    for row in _rows(figures):
        word = {True: "met", False: "missed", None: ""}[row.met]
        lines.append(f"| {row.what} | {row.wanted} | {row.measured} | {word} |")
    return "\n".join(lines)


def _rows(figures: dict[str, Any]) -> Iterator[Row]:
    sizes = sorted(int(name) for name in figures if name.isdigit())
    for size in sizes:
        yield from _at(size, figures[str(size)])
    if len(sizes) > 1:
        first, last = (figures[str(s)]["register"]["latency_ms"]["p50"] for s in (sizes[0], sizes[-1]))
        growth = last / first
        what = f"registration, p50 at {sizes[-1]:,} / at {sizes[0]:,}"
        yield Row(what, f"≤ {GROWTH_MAX}", f"{growth:.2f}", growth <= GROWTH_MAX)


def _at(size: int, found: dict[str, Any]) -> Iterator[Row]:
    register, match = found["register"], found["match"]
    api, postgres = register["api_cpu_ms"], register["postgres_cpu_ms"]
    at = f"at {size:,}"
    yield Row(
        f"registration {at}, CPU ms: API + PostgreSQL",
        f"≤ {REGISTER_API_MS} + {REGISTER_POSTGRES_MS}",
        f"{api:.2f} + {postgres:.2f}",
        api <= REGISTER_API_MS and postgres <= REGISTER_POSTGRES_MS,
    )
    yield Row(f"registration {at}, ms p50 · p95 · p99 · max", "", _latency(register), None)
    trips = found["round_trips"]
    measured = f"{trips['median']:g}, at most {trips['max']}"
    yield Row(
        f"registration {at}, round trips", f"≤ {ROUND_TRIPS_MAX}", measured, trips["max"] <= ROUND_TRIPS_MAX
    )
    both = match["api_cpu_ms"] + match["postgres_cpu_ms"]
    parts = f"{both:.2f} ({match['api_cpu_ms']:.2f} + {match['postgres_cpu_ms']:.2f})"
    yield Row(f"`POST /match` {at}, CPU ms", f"≤ {MATCH_MS}", parts, both <= MATCH_MS)
    yield Row(f"`POST /match` {at}, ms p50 · p95 · p99 · max", "", _latency(match), None)
    yield from _worst(at, found, register)
    for kind, words in (("closed_loop", "8 clients"), ("open_loop", "150/s offered")):
        crowd = found[kind]
        if crowd["requests"]:
            p99 = crowd["latency_ms"]["p99"]
            met = (kind == "open_loop" or crowd["per_second"] >= PER_SECOND) and p99 <= P99_MS
            measured = f"{crowd['per_second']:.0f}/s, p99 {p99:.0f} ms"
            yield Row(
                f"durable registrations {at}, {words}", f"≥ {PER_SECOND}/s, p99 ≤ {P99_MS} ms", measured, met
            )
    fill = found["fill"]
    measured = (
        f"{fill['records_per_second']:,}/s; {fill['loader_cpu_ms']:.2f} + "
        f"{fill['postgres_cpu_ms']:.2f} ms CPU a record; {fill['peak_memory_mb']} MB"
    )
    met = fill["records_per_second"] >= BULK_PER_SECOND
    yield Row(f"bulk intake up to {size:,}", f"≥ {BULK_PER_SECOND:,}/s, memory bounded", measured, met)


def _worst(at: str, found: dict[str, Any], register: dict[str, Any]) -> Iterator[Row]:
    for kind in ("worst-block", "worst-block-placeholders"):
        worst = found[kind]
        ratio = worst["latency_ms"]["p50"] / register["latency_ms"]["p50"]
        named = ", ".join(worst["answers"][0].get("suppressed_keys", ())) or "none"
        measured = f"{ratio:.2f} (p50 {worst['latency_ms']['p50']:.1f} ms); suppressed: {named}"
        yield Row(
            f"{kind.replace('-', ' ')} {at} / median record", f"≤ {WORST_MAX:g}", measured, ratio <= WORST_MAX
        )


def _latency(found: dict[str, Any]) -> str:
    return " · ".join(f"{found['latency_ms'][name]:.1f}" for name in ("p50", "p95", "p99", "max"))
