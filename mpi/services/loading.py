"""Takes in a file:

in chunks, each written down when done, so that a load that stopped goes on where it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from mpi.batch.feeds import ColumnMap, Line, line_count, read_feed, sha256_of
from mpi.errors import Conflict, MpiError, NotFound
from mpi.matching.flat import source_record
from mpi.matching.record import SourceRecord
from mpi.services.answers import Actor, Receipt, Rejection
from mpi.services.context import Context
from mpi.services.intake import Chunk, make_ready, receive_many
from mpi.services.owning import patient_record
from mpi.storage.queries import query

#: Records of one transaction: enough to make its cost small for each, few enough that others wait a second at
#: most.
CHUNK = 500
#: The same of a file of more lines: compared by the batch engine, all with all.
LARGE_CHUNK, LARGE_FROM = 10_000, 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOutcome:
    """What became of one line:

    the receipt's decision, ``unchanged`` or ``updated``, or ``rejected`` with the reason.
    """

    line: int
    outcome: str
    enterprise_id: str | None = None
    field: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSummary:
    """The outcome of a load. ``resumed_after`` counts the lines that an earlier, stopped load had done.

    ``batch_id`` is None for a rehearsal, which keeps nothing.
    """

    batch_id: int | None
    file: str
    lines: int
    counts: dict[str, int]
    tasks: int
    resumed_after: int
    already_done: bool
    #: The first rejections, as a sample; all are kept with the batch.
    rejected: tuple[LineOutcome, ...]


Progress = Callable[[int, Counter[str]], None]
#: Rejections named in a summary.
SAMPLE_MAX = 20


def load(
    context: Context,
    path: Path,
    *,
    actor: Actor,
    source: str | None = None,
    column_map: ColumnMap = None,
    progress: Progress | None = None,
    patients_only: bool = False,
) -> LoadSummary:
    """Register every record of ``path``; ``source`` is used where a line names none.

    ``patients_only``: a line that is no FHIR resource is rejected.

    A malformed line is one rejection. The same file for the same source is taken in once: again, it answers
    what it did, unless every line was rejected. Raises UnreadableFile, UnknownSource.
    """
    batch = begin(context, path, source)
    counts = Counter(batch.counts)
    done = batch.lines_done
    if not batch.finished:
        lines = islice(read_feed(path, column_map), batch.lines_done, None)
        size = LARGE_CHUNK if line_count(path) - batch.lines_done > LARGE_FROM else CHUNK
        for chunk, ready in _made_ready(context, chunks(lines, size), source, patients_only):
            outcomes, queued = _load_chunk(context, chunk, ready, actor, batch.batch_id)
            counts.update(outcome.outcome for outcome in outcomes)
            counts["tasks"] += queued
            done += len(chunk)
            if not _checkpoint(context, batch.batch_id, outcomes, done, counts):
                raise Conflict("the load was cancelled", field="batch_id")
            if progress is not None:
                progress(done, counts)
        _finish(context, batch.batch_id, actor)
    return LoadSummary(
        batch_id=batch.batch_id,
        file=path.name,
        lines=done,
        counts={name: n for name, n in sorted(counts.items()) if name != "tasks"},
        tasks=counts["tasks"],
        resumed_after=batch.lines_done,
        already_done=batch.finished,
        rejected=_rejected(context, batch.batch_id, SAMPLE_MAX),
    )


@dataclass(frozen=True, slots=True)
class _Batch:
    batch_id: int
    lines_done: int
    counts: dict[str, int]
    finished: bool


def begin(context: Context, path: Path, source: str | None) -> _Batch:
    """The batch of this file, begun or taken up again."""
    if source is not None:
        context.sources.named(source)
    fingerprint = sha256_of(path)
    with context.transaction() as conn:
        row = conn.execute(
            query("begin_batch"),
            {
                "batch_id": context.mint.number(),
                "kind": "load",
                "file_name": path.name,
                "file_sha256": fingerprint,
                "source": source,
            },
        ).fetchone()
        assert row is not None
        batch_id, lines_done, counts, state = row
        if state == "done" and counts.keys() <= {"rejected", "tasks"}:
            # Nothing came of it, for a reason that may be gone (a source that was not declared): start over.
            conn.execute(query("restart_batch"), {"batch_id": batch_id})
            return _Batch(batch_id, 0, {}, False)
        if state == "failed":
            conn.execute(query("resume_batch"), {"batch_id": batch_id})
    return _Batch(batch_id, lines_done, counts, state == "done")


def chunks(lines: Iterable[Line], size: int) -> Iterator[list[Line]]:
    """The lines, as many at a time as one transaction takes."""
    iterator = iter(lines)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _made_ready(
    context: Context, coming_chunks: Iterator[list[Line]], source: str | None, patients_only: bool
) -> Iterator[tuple[list[Line], Chunk]]:
    """Each chunk with its records made ready, the next one meanwhile: the database works while this reads."""

    def following() -> tuple[list[Line], Chunk] | None:
        lines = next(coming_chunks, None)
        if lines is None:
            return None
        return lines, make_ready(context, [read_line(context, line, source, patients_only) for line in lines])

    with ThreadPoolExecutor(1, thread_name_prefix="reading") as reader:
        coming = reader.submit(following)
        while (ready := coming.result()) is not None:
            coming = reader.submit(following)
            yield ready


def _load_chunk(
    context: Context, lines: list[Line], ready: Chunk, actor: Actor, batch_id: int
) -> tuple[list[LineOutcome], int]:
    """The outcome of each line, and how many tasks were queued."""
    answers = receive_many(context, ready, actor=actor, batch_id=batch_id)
    outcomes = [_outcome(line, answer) for line, answer in zip(lines, answers, strict=True)]
    return outcomes, sum(
        len(answer.tasks) for answer in answers if isinstance(answer, Receipt) and answer.created
    )


def read_line(
    context: Context, line: Line, source: str | None, patients_only: bool = False
) -> SourceRecord | Rejection:
    """The record of a line, flat or a FHIR resource, or what is wrong with it."""
    if line.flat is None:
        return Rejection(code="malformed-line", detail=line.reason or "malformed")
    try:
        if patients_only or "resourceType" in line.flat:
            return patient_record(context, line.flat, source)
        return source_record(line.flat, source=source)
    except MpiError as error:
        return Rejection(code=error.code, detail=str(error), field=error.field)


def _outcome(line: Line, answer: Receipt | Rejection) -> LineOutcome:
    if isinstance(answer, Rejection):
        return LineOutcome(line=line.number, outcome="rejected", field=answer.field, reason=answer.detail)
    outcome: str = answer.decision
    if not answer.created and answer.decision != "quarantined":
        outcome = "updated" if answer.record.version > 1 else "unchanged"
    return LineOutcome(line=line.number, outcome=outcome, enterprise_id=answer.enterprise_id.replace("-", ""))


def _checkpoint(
    context: Context, batch_id: int, outcomes: list[LineOutcome], lines_done: int, counts: Counter[str]
) -> bool:
    """Write down what is done; False when somebody cancelled the load."""
    with context.transaction() as conn:
        row = conn.execute(
            query("checkpoint_batch"),
            {
                "batch_id": batch_id,
                "lines": orjson.dumps(outcomes).decode(),
                "lines_done": lines_done,
                "counts": orjson.dumps(counts).decode(),
            },
        ).fetchone()
    return row is not None and row[0] == "running"


def _finish(context: Context, batch_id: int, actor: Actor) -> None:
    with context.transaction() as conn:
        conn.execute(query("finish_batch"), {"batch_id": batch_id})
        context.audit_read(conn, actor, "load file", [])


def _rejected(context: Context, batch_id: int, limit: int) -> tuple[LineOutcome, ...]:
    with context.transaction() as conn:
        parameters = {"batch_id": batch_id, "limit": limit}
        rows = conn.execute(query("rejected_lines"), parameters).fetchall()
    return tuple(LineOutcome(line=n, outcome="rejected", field=field, reason=why) for n, field, why in rows)


def batches(context: Context) -> list[dict[str, Any]]:
    """Every file taken in, newest first."""
    with context.transaction() as conn:
        rows = conn.execute(query("batches")).fetchall()
    names = (
        "batch_id",
        "kind",
        "file",
        "source",
        "state",
        "lines_done",
        "counts",
        "started_at",
        "finished_at",
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def batch(context: Context, batch_id: int, *, rejected_max: int) -> dict[str, Any]:
    """One file taken in, with its first rejected lines. Raises NotFound."""
    found = next((batch for batch in batches(context) if batch["batch_id"] == batch_id), None)
    if found is None:
        raise NotFound(f"there is no batch {batch_id}")
    return {**found, "rejected": _rejected(context, batch_id, rejected_max)}
