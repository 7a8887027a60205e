"""``mpi batch``: the files that were taken in."""

from __future__ import annotations

from typing import Annotated

import typer

from mpi.cli.opened import open_index, operator
from mpi.cli.output import JsonOption, note, print_json
from mpi.cli.tables import print_facts, print_table

app = typer.Typer(
    help="The files taken in by `mpi load`, and what became of their lines.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_batches(as_json: JsonOption = False) -> None:
    """List every file taken in, newest first.

    \b
      mpi batch list
    """
    with open_index() as index:
        batches = index.batches(actor=operator())
    if as_json:
        print_json(batches)
        return
    columns = ("batch", "file", "source", "state", "lines", "rejected", "started")
    print_table(
        columns,
        [
            (
                str(batch["batch_id"]),
                batch["file"],
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
    """Show one file's outcome with its rejected lines: line, field and reason.

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
    if batch["state"] != "done":
        note("it is not finished: the same `mpi load` goes on with it")
