"""What a load of a file would meet: every line read and looked up in the index as it is, nothing kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mpi.batch.feeds import ColumnMap, Line, read_feed
from mpi.errors import MpiError
from mpi.matching.record import SourceRecord
from mpi.services.answers import Actor, Rejection
from mpi.services.arrivals import Arrival, Compared, arrive
from mpi.services.assigning import Assigning
from mpi.services.context import Context, undeclared
from mpi.services.loading import CHUNK, SAMPLE_MAX, LineOutcome, LoadSummary, Progress, chunks, read_line
from mpi.storage.candidates import look

#: Number of a source that a load would declare: no record has it.
_UNDECLARED = -1


def rehearse(
    context: Context,
    path: Path,
    *,
    actor: Actor,
    source: str | None = None,
    column_map: ColumnMap = None,
    progress: Progress | None = None,
) -> LoadSummary:
    """The outcome each line of ``path`` would have against the index as it is; only audit is written.

    Records of the file are not compared with one another, and an update (``updated``) is not followed
    further: a load may link more, and may hold an update back. Raises UnreadableFile, UnknownSource.
    """
    sources = {known.name: known.source_id for known in context.sources.read()}
    if source is not None:
        _source_id(context, source, sources)
    counts: Counter[str] = Counter()
    rejected: list[LineOutcome] = []
    done = 0
    for lines in chunks(read_feed(path, column_map), CHUNK):
        outcomes = _outcomes(context, [_arrival(context, line, source, sources) for line in lines])
        counts.update(outcome if isinstance(outcome, str) else "rejected" for outcome in outcomes)
        rejected += _rejections(lines, outcomes)[: SAMPLE_MAX - len(rejected)]
        done += len(lines)
        if progress is not None:
            progress(done, counts)
    with context.transaction() as conn:
        context.audit_read(conn, actor, "rehearse file", [])
    return LoadSummary(
        batch_id=None,
        file=path.name,
        lines=done,
        counts=dict(sorted(counts.items())),
        tasks=0,
        resumed_after=0,
        already_done=False,
        rejected=tuple(rejected),
    )


def _arrival(
    context: Context, line: Line, source: str | None, sources: dict[str, int]
) -> Arrival | Rejection:
    record = read_line(context, line, source)
    if isinstance(record, Rejection):
        return record
    try:
        return _made_ready(context, record, line.number, sources)
    except MpiError as error:
        return Rejection(code=error.code, detail=str(error), field=error.field)


def _made_ready(context: Context, record: SourceRecord, number: int, sources: dict[str, int]) -> Arrival:
    # The record has no number of its own, nor will it get one: its line's will do.
    return arrive(
        record,
        _source_id(context, record.source, sources),
        -number,
        context.rules,
        context.authorities.domains(),
    )


def _source_id(context: Context, name: str, sources: dict[str, int]) -> int:
    """The source's number. Raises UnknownSource where a load would not declare it on sight."""
    if name not in sources and not context.sources.auto_declare:
        raise undeclared(name)
    return sources.get(name, _UNDECLARED)


def _outcomes(context: Context, chunk: Sequence[Arrival | Rejection]) -> list[str | Rejection]:
    """What would become of each, in order."""
    arrivals = [one for one in chunk if isinstance(one, Arrival)]
    with context.transaction() as conn:
        seen = look(conn, [arrival.asked() for arrival in arrivals])
        # None counts as fresh, so that none is compared with another of the chunk.
        assigning = Assigning(context.mint, conn, Compared(arrivals, [], seen, context.rules))
        expected: list[str] = []
        for position, arrival in enumerate(arrivals):
            if (known := seen.known.get(position)) is not None:
                same = known.content_hash == arrival.content_hash and not known.retired
                expected.append("unchanged" if same else "updated")
            else:
                decisions = [c.decision for c in assigning.candidates(position, arrival.source_id)]
                expected.append(_expected(decisions))
    following = iter(expected)
    return [one if isinstance(one, Rejection) else next(following) for one in chunk]


def _expected(decisions: Sequence[str]) -> str:
    """The assignment table: one identity to link to, or something to ask, or nobody."""
    if decisions.count("link") == 1:
        return "linked"
    return "review" if decisions else "new"


def _rejections(lines: Sequence[Line], outcomes: Sequence[str | Rejection]) -> list[LineOutcome]:
    return [
        LineOutcome(line=line.number, outcome="rejected", field=outcome.field, reason=outcome.detail)
        for line, outcome in zip(lines, outcomes, strict=True)
        if isinstance(outcome, Rejection)
    ]
