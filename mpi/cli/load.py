"""``mpi load``: files of records into the index."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mpi.cli.opened import collect_seldom, for_bulk_work, open_index, operator
from mpi.cli.output import JsonOption, note, print_json, progress_bar
from mpi.cli.tables import print_table, say
from mpi.errors import BadInput, MpiError
from mpi.settings import Settings

if TYPE_CHECKING:
    from mpi.index import Index, LoadSummary

#: What became of lines, in the order it is told in.
OUTCOMES = (
    "new", "linked", "review", "updated", "unchanged", "quarantined", "accepted", "repeated", "rejected",
)  # fmt: skip


def load(
    files: Annotated[
        list[Path],
        typer.Argument(
            exists=True, dir_okay=False, readable=True, help="CSV, NDJSON, Parquet or HL7 v2 files."
        ),
    ],
    source: Annotated[
        str | None, typer.Option(help="Source system of the records that name none themselves.")
    ] = None,
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map",
            exists=True,
            dir_okay=False,
            help='TOML file that says which column is which: [columns] and lines like given = "First name".',
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what a load would meet and keep nothing; see above.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Take in files of records, one person as one source recorded them a line.

    Columns: source, local_id, given, middle, family, suffix, birth_date, sex, ssn, mrn, phone, email, street,
    city, state, zip; entity_id, the truth of synthetic files, is passed over. Sources are declared on first
    sight. A line that cannot be taken is named with its field and reason and stops nothing; exit code 1 then.
    A load that was stopped goes on where it was, and a file that is done is not taken in again.

    A file of HL7 v2 messages, in a batch or one after the other, is told by its first MSH, FHS or BHS. Each
    message does what it would do over MLLP; --source says whose they are, else MSH-3 and MSH-4 do.

    With --dry-run every line is read, checked and looked up in the index as it is, and nothing but the audit
    is written. Records of the file are not compared with one another, and updates of records that are there
    already are only counted: the load itself may link more, and queue tasks.

    \b
      mpi load people.csv --source north-ehr
      mpi load jan.parquet feb.parquet --source lab --map lab.toml --dry-run
    """
    from mpi.index import read_map

    column_map = read_map(map_file) if map_file is not None else None
    summaries: list[LoadSummary] = []
    with open_index(for_bulk_work(Settings.read())) as index:
        collect_seldom()
        before = _source_names(index)
        try:
            for path in files:
                began = time.monotonic()
                summaries.append(take_in(index, path, source, column_map, dry_run))
                if not as_json:
                    _tell(summaries[-1], time.monotonic() - began, dry_run)
        except MpiError:
            if as_json and summaries:
                print_json(_as_json(summaries, [], dry_run))
            raise
        declared = sorted(_source_names(index) - before)
    if as_json:
        print_json(_as_json(summaries, declared, dry_run))
    else:
        _tell_what_next(summaries, declared, dry_run)
    raise typer.Exit(1 if any(summary.rejected for summary in summaries) else 0)


def take_in(
    index: Index,
    path: Path,
    source: str | None = None,
    column_map: dict[str, str] | None = None,
    dry_run: bool = False,
) -> LoadSummary:
    """One file, with a progress bar. Raises UnreadableFile, UnknownSource."""
    from mpi.batch.feeds import line_count
    from mpi.hl7v2.files import holds_messages

    if holds_messages(path):
        return _take_in_messages(index, path, source, dry_run)

    with progress_bar(path.name, line_count(path)) as (progress, bar):

        def advance(lines_done: int, _counts: Counter[str]) -> None:
            progress.update(bar, completed=lines_done)

        try:
            return index.load(
                path,
                actor=operator(),
                source=source,
                column_map=column_map,
                progress=advance,
                dry_run=dry_run,
            )
        except KeyboardInterrupt:
            if not dry_run:
                note(f"{path.name}: stopped; the same command goes on from here")
            raise


def _take_in_messages(index: Index, path: Path, source: str | None, dry_run: bool) -> LoadSummary:
    from mpi.hl7v2.files import load_messages

    if dry_run:
        raise BadInput(
            f"{path.name}: HL7 v2 messages are not rehearsed; load them into an index of their own"
        )
    with progress_bar(path.name, None) as (progress, bar):

        def advance(messages_done: int, _counts: Counter[str]) -> None:
            progress.update(bar, completed=messages_done)

        return load_messages(index, path, actor=operator(), source=source, progress=advance)


def _source_names(index: Index) -> set[str]:
    return {source["name"] for source in index.sources(actor=operator())}


def _tell(summary: LoadSummary, seconds: float, dry_run: bool) -> None:
    counts = ", ".join(f"{summary.counts[o]:,} {o}" for o in OUTCOMES if summary.counts.get(o))
    done = summary.lines - summary.resumed_after
    what = f"batch {summary.batch_id}: {summary.lines:,} lines"
    if summary.batch_id is None:
        what = f"dry run: {summary.lines:,} lines" if dry_run else f"{summary.lines:,} messages"
    say(f"{summary.file}: {what}: {counts or 'none'}")
    if summary.already_done:
        note("it had been taken in before; this is what became of it then")
    elif done:
        note(f"{summary.tasks:,} tasks queued; {seconds:.1f} s, {done / max(seconds, 1e-3):,.0f} records/s")
    if summary.rejected:
        rows = [(str(line.line), line.field, line.reason) for line in summary.rejected]
        print_table(("line", "field", "reason"), rows, title="rejected")
        if (more := summary.counts["rejected"] - len(rows)) > 0:
            batch = summary.batch_id
            note(f"and {more:,} more" + (f": `mpi batch show {batch} --rejected 1000`" if batch else ""))


def _tell_what_next(summaries: list[LoadSummary], declared: list[str], dry_run: bool) -> None:
    if declared:
        note(f"declared on first sight: {', '.join(declared)}; `mpi source list` tells what holds for them")
    if any(line.field == "source" for summary in summaries for line in summary.rejected):
        note("a record needs a source: name it with --source, or in a column called source")
    if dry_run:
        note("nothing was kept; without --dry-run it is")
    elif any(summary.tasks for summary in summaries):
        note("`mpi tasks` lists what a person has to settle")


def _as_json(summaries: list[LoadSummary], declared: list[str], dry_run: bool) -> dict[str, Any]:
    counts = sum((Counter(summary.counts) for summary in summaries), Counter[str]())
    return {
        "dry_run": dry_run,
        "lines": sum(summary.lines for summary in summaries),
        "counts": dict(counts),
        "rejected": counts["rejected"],
        "tasks": sum(summary.tasks for summary in summaries),
        "declared": declared,
        "files": summaries,
    }
