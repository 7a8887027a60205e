"""Figures of the desk: counts of what is stored, each with its definition and the way to what it counts."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from markupsafe import Markup

from mpi.index import Overview, creation_rate, duplicate_rate
from mpi.plots import Mark, histogram
from mpi.review.asked import Answer, Asked, page

#: The period of the creation rate and of the shares of arrivals in the tables.
PERIOD_DAYS: Final = 30
OUTCOMES: Final = ("linked", "review", "new")
#: Bits of weight that a histogram shows; beyond them, the last bar holds the rest.
BITS_MIN, BITS_MAX = -20, 40
ALL_SOURCES: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """One source: its records, those in possible duplicates, and what arrived in the period."""

    name: str
    records: int
    known: int
    asked: int
    created: int
    arrivals: Mapping[str, int]

    @property
    def involved(self) -> int:
        """Records in possible duplicates: known ones, and those of an open question."""
        return self.known + self.asked

    @property
    def arrived(self) -> int:
        """Records that were registered in the period."""
        return sum(self.arrivals.values())

    @property
    def duplicate_rate(self) -> float | None:
        """AHIMA's duplicate error rate."""
        return duplicate_rate(self.involved, self.records)

    @property
    def creation_rate(self) -> float | None:
        """AHIMA's duplicate creation rate over the period."""
        return creation_rate(self.created, self.arrived)

    def share(self, outcome: str) -> float | None:
        """The share of the period's arrivals that were linked, asked about, or new."""
        return self.arrivals.get(outcome, 0) / self.arrived if self.arrived else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Lines over days for a chart, and the same numbers for its table; ``names`` label the columns."""

    names: tuple[str, ...]
    days: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    unit: str

    @property
    def data(self) -> str:
        """As the chart's script reads it."""
        at = [int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) for day in self.days]
        columns = [list(column) for column in zip(*self.values, strict=True)]
        return json.dumps({"names": self.names, "unit": self.unit, "data": [at, *columns]})

    @property
    def rows(self) -> list[tuple[str, tuple[float | None, ...]]]:
        """Newest first, as a table is read."""
        return list(zip(self.days, self.values, strict=True))[::-1]


def show_overview(asked: Asked) -> Answer:
    """What waits, for how long, what was answered, and how the index stands."""
    overview = asked.index.desk.overview(actor=asked.actor)
    content = overview.figure.content if overview.figure else _EMPTY
    sources = _sources(content)
    names = [line.name for line in sources]
    chosen = asked.query.get("source", ALL_SOURCES)
    chosen = chosen if chosen in names else ALL_SOURCES
    arrivals = _arrivals(content, None if chosen == ALL_SOURCES else chosen)
    bars = _bars(content)
    return page(
        asked,
        "overview.html",
        ages=overview.ages,
        answers=overview.answers,
        figure=overview.figure,
        sources=sources,
        total=_total(sources),
        names=names,
        chosen=chosen,
        period=PERIOD_DAYS,
        outcomes=OUTCOMES,
        arrivals=arrivals,
        shares=_shares(arrivals),
        flow=_flow(content),
        hours=content["hours"],
        bars=bars,
        plot=_plot(bars, overview),
        agreement=asked.index.desk.agreement(actor=asked.actor),
        thresholds=(overview.review_weight, overview.link_weight),
    )


_EMPTY: Final[dict[str, Any]] = {
    "duplicates": [], "created": [], "arrivals": [], "linked_weights": [], "asked_weights": [], "flow": [],
    "hours": [],
}  # fmt: skip


def _sources(content: dict[str, Any]) -> list[SourceLine]:
    today = datetime.now(UTC).date()
    arrivals: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for day, name, outcome, count in content["arrivals"]:
        if (today - date.fromisoformat(day)).days < PERIOD_DAYS:
            arrivals[name][outcome] += count
    created: dict[str, int] = defaultdict(int)
    for day, name, count in content["created"]:
        if (today - date.fromisoformat(day)).days < PERIOD_DAYS:
            created[name] += count
    return [
        SourceLine(
            name=name,
            records=records,
            known=known,
            asked=waiting,
            created=created[name],
            arrivals=dict(arrivals[name]),
        )
        for name, records, known, waiting in content["duplicates"]
    ]


def _total(sources: Iterable[SourceLine]) -> SourceLine:
    lines = list(sources)
    return SourceLine(
        name=ALL_SOURCES,
        records=sum(line.records for line in lines),
        known=sum(line.known for line in lines),
        asked=sum(line.asked for line in lines),
        created=sum(line.created for line in lines),
        arrivals={o: sum(line.arrivals.get(o, 0) for line in lines) for o in OUTCOMES},
    )


def _arrivals(content: dict[str, Any], source: str | None) -> Series:
    """Arrivals by day and outcome, of one source or of all."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for day, name, outcome, count in content["arrivals"]:
        if source in (None, name):
            found[day][outcome] += count
    return Series(
        names=("Linked", "To review", "New"),
        days=tuple(sorted(found)),
        values=tuple(tuple(found[day][outcome] for outcome in OUTCOMES) for day in sorted(found)),
        unit="records",
    )


def _shares(arrivals: Series) -> Series:
    """The same as shares of each day's arrivals, in percent."""
    values = []
    for counts in arrivals.values:
        whole = sum(count or 0 for count in counts)
        values.append(tuple(round(100 * (count or 0) / whole, 2) for count in counts))
    return Series(names=arrivals.names, days=arrivals.days, values=tuple(values), unit="%")


def _flow(content: dict[str, Any]) -> Series:
    """Tasks queued and answered by day."""
    rows = content["flow"]
    return Series(
        names=("Queued", "Answered"),
        days=tuple(day for day, _, _ in rows),
        values=tuple((queued, answered) for _, queued, answered in rows),
        unit="tasks",
    )


def _bars(content: dict[str, Any]) -> list[tuple[int, int, int, int]]:
    """(whole bits, links of the machine, open tasks, answered tasks), least weight first."""
    found: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for bits, count in content["linked_weights"]:
        found[bits][0] += count
    for bits, waiting, answered in content["asked_weights"]:
        found[bits][1] += waiting
        found[bits][2] += answered
    return [(bits, *counts) for bits, counts in sorted(found.items())]  # type: ignore[misc]


def _plot(bars: list[tuple[int, int, int, int]], overview: Overview) -> Markup | None:
    """The histogram of what was linked or asked about, with both thresholds."""
    if not bars:
        return None
    first = max(min(min(bars)[0], int(overview.review_weight) - 2), BITS_MIN)
    last = min(max(max(bars)[0], int(overview.link_weight) + 2), BITS_MAX)
    counts = [0] * (last - first + 1)
    for bits, *numbers in bars:
        counts[min(max(bits - first, 0), len(counts) - 1)] += sum(numbers)
    marks = (
        Mark(at=overview.review_weight, name="review from"),
        Mark(at=overview.link_weight, name="link from"),
    )
    return Markup(
        histogram(
            first,
            counts,
            title="Match weights",
            x_label="match weight, bits",
            y_label="pairs",
            marks=marks,
            across=900,
        )
    )
