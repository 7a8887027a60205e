"""What ``mpi demo`` found: the index after the load, held against the known truth."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from mpi.batch.evaluation import PairwiseQuality, after_perfect_reviewer, pairwise
from mpi.cli.opened import operator
from mpi.index import Index, InvariantResult, LoadSummary, Standing, TaskAnswer

Record = tuple[str, str]
PAGE = 500
#: Members of the identity that is shown as an example: enough to be interesting, few enough to be read.
EXAMPLE_RECORDS_MAX = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The figures of the demo, and what to try on it."""

    sources: list[dict[str, Any]]
    records: int
    identities: int
    #: People there are in truth.
    people: int
    #: Records that the machine linked to an identity that was there.
    links: int
    tasks: dict[str, int]
    quality: PairwiseQuality
    #: The same once a reviewer who knows the truth has answered every open task.
    reviewed: PairwiseQuality
    invariants: list[InvariantResult]
    #: An identity with records of several sources, those records, and the first task of the queue.
    example_id: str | None
    example_records: tuple[Record, ...]
    example_task: TaskAnswer | None


def find(index: Index, loads: list[LoadSummary], truth: Mapping[Record, str]) -> Findings:
    """Ask the index for all of it. ``truth`` says who each record is."""
    standing = index.standing(actor=operator())
    known = [record for record in standing.enterprise_ids if record in truth]
    place = {record: n for n, record in enumerate(known)}
    clusters = [standing.enterprise_ids[record] for record in known]
    people = [truth[record] for record in known]
    tasks = list(_open_tasks(index))
    example_id, example_records = _example(standing)
    return Findings(
        sources=_by_source(loads, standing),
        records=len(standing.enterprise_ids),
        identities=len(set(standing.enterprise_ids.values())),
        people=len(set(people)),
        links=sum(load.counts.get("linked", 0) for load in loads),
        tasks=dict(sorted(Counter(task.kind for task in tasks).items())),
        quality=pairwise(clusters, people),
        reviewed=after_perfect_reviewer(clusters, people, _asked_pairs(standing, place)),
        invariants=index.check(actor=operator()),
        example_id=example_id,
        example_records=example_records,
        example_task=tasks[0] if tasks else None,
    )


def _by_source(loads: list[LoadSummary], standing: Standing) -> list[dict[str, Any]]:
    """A feed holds one source's records, and is called like it."""
    records = Counter(source for source, _ in standing.enterprise_ids)
    rows = []
    for load in loads:
        source = load.file.rpartition(".")[0]
        outcomes = {o: load.counts.get(o, 0) for o in ("new", "linked", "review", "rejected")}
        rows.append({"source": source, "records": records[source], **outcomes})
    return rows


def _open_tasks(index: Index) -> Iterator[TaskAnswer]:
    cursor: str | None = None
    while True:
        page = index.tasks(actor=operator(), limit=PAGE, cursor=cursor)
        yield from page.items
        if page.next is None:
            return
        cursor = str(page.next)


def _asked_pairs(standing: Standing, place: Mapping[Record, int]) -> Iterator[tuple[int, int]]:
    for question in standing.questions:
        yield from combinations([place[record] for record in question if record in place], 2)


def _example(standing: Standing) -> tuple[str | None, tuple[Record, ...]]:
    """The identity seen by most sources; of those, the one with most records that can still be read."""
    members: dict[str, list[Record]] = defaultdict(list)
    for record, enterprise_id in standing.enterprise_ids.items():
        members[enterprise_id].append(record)
    small = {id: records for id, records in members.items() if len(records) <= EXAMPLE_RECORDS_MAX}
    if not small:
        return None, ()
    best = max(small, key=lambda id: (len({source for source, _ in small[id]}), len(small[id])))
    return best, tuple(small[best])
