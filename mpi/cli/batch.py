"""``mpi batch``: the files that were taken in, and the relinks."""

from __future__ import annotations

from typing import Annotated

import typer

from mpi.cli.opened import for_bulk_work, open_index, operator
from mpi.cli.output import JsonOption, note, print_json
from mpi.cli.tables import print_facts, print_table, say
from mpi.settings import Settings

app = typer.Typer(
    help="The files taken in by `mpi load`, and what became of their lines; relinks, and taking one back.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_batches(as_json: JsonOption = False) -> None:
    """List every file taken in and every relink, newest first.

    \b
      mpi batch list
    """
    with open_index() as index:
        batches = index.batches(actor=operator())
    if as_json:
        print_json(batches)
        return
    columns = ("batch", "kind", "file", "source", "state", "lines", "rejected", "started")
    print_table(
        columns,
        [
            (
                str(batch["batch_id"]),
                batch["kind"],
                batch["file"] or "",
                batch["source"],
                batch["state"],
                batch["lines_done"],
                batch["counts"].get("rejected", 0),
                batch["started_at"],
            )
            for batch in batches
        ],
    )


@app.command()
def show(
    batch_id: Annotated[int, typer.Argument(help="Its number, from `mpi batch list`.")],
    rejected: Annotated[int, typer.Option(help="Rejected lines to name, at most.", min=0)] = 100,
    as_json: JsonOption = False,
) -> None:
    """Show one batch's outcome; of a file its rejected lines: line, field and reason.

    \b
      mpi batch show 1 --rejected 1000
    """
    with open_index() as index:
        batch = index.batch(batch_id, actor=operator(), rejected_max=rejected)
    if as_json:
        print_json(batch)
        return
    print_facts({name: value for name, value in batch.items() if name not in ("rejected", "counts")})
    print_facts(batch["counts"], title="outcomes")
    if batch["rejected"]:
        rows = [(str(line.line), line.field, line.reason) for line in batch["rejected"]]
        print_table(("line", "field", "reason"), rows, title="rejected")
    if batch["state"] == "running":
        note("it is not finished: the same `mpi load` goes on with it")


@app.command()
def rollback(
    batch_id: Annotated[int, typer.Argument(help="Its number, from `mpi batch list`.")],
    reason: Annotated[str, typer.Option(help="Why, kept in the audit.")],
    as_json: JsonOption = False,
) -> None:
    """Take a relink back: everybody is where they were, under the enterprise ID they had.

    Tasks that it queued are closed, those that it closed are asked again. What people decided since holds:
    the records that stay because of it are listed.

    \b
      mpi batch rollback 41003 --reason "the rule set was wrong"
    """
    with open_index(for_bulk_work(Settings.read())) as index:
        answer = index.rollback(batch_id, reason, actor=operator())
    if as_json:
        print_json(answer)
        return
    returned, undone = answer.records_returned, answer.merges_undone
    say(f"batch {batch_id} was taken back: {returned:,} records returned, {undone:,} merges undone")
    if answer.records_left:
        rows = [(record.source, record.local_id) for record in answer.records_left]
        print_table(("source", "local ID"), rows, title="stay where people's later decisions put them")
