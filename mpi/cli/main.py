"""The command ``mpi``: one module per group of commands, and one place where errors become exit codes."""

from __future__ import annotations

import os
import sys
import traceback

import typer

from mpi.cli import (
    batch,
    check,
    client,
    db,
    dedup,
    demo,
    evaluate,
    generate,
    load,
    lookup,
    messages,
    relink,
    serve,
    source,
    stewardship,
    tasks,
    train,
)
from mpi.cli.output import refuse
from mpi.errors import BadInput, MpiError, Unavailable

OK, FOUND_PROBLEMS, USAGE = 0, 1, 2

HELP = """Master patient index: who is who, across every system that registers patients.

Without DATABASE_URL, mpi runs a PostgreSQL of its own, below MPI_HOME (~/.local/share/mpi).

\b
Start with:
  mpi demo                               the whole thing, on synthetic people
  mpi load people.csv --source north     take in a file
  mpi serve                              REST API on http://127.0.0.1:8000
  mpi lookup "grace okonkwo"             find somebody
  mpi tasks                              what a person has to settle

Exit codes: 0 done, 1 problems were found, 2 the input or the call is wrong.
"""

app = typer.Typer(
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # a traceback with local variables would show patients' data
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("load")(load.load)
app.add_typer(batch.app, name="batch")
app.command("relink")(relink.relink)
app.command("lookup")(lookup.lookup)
app.command("why")(lookup.why)
app.command("how")(lookup.how)
app.command("dedup")(dedup.dedup)
app.command("evaluate")(evaluate.evaluate)
app.command("train")(train.train)
app.add_typer(tasks.app, name="tasks")
app.add_typer(messages.app, name="messages")
app.command("merge")(stewardship.merge)
app.command("unmerge")(stewardship.unmerge)
app.command("check")(check.check)
app.command("generate")(generate.generate)
app.add_typer(source.app, name="source")
app.add_typer(client.app, name="client")
app.add_typer(db.app, name="db")


def run() -> None:
    """Entry point: run the command; what was refused becomes one line and an exit code."""
    try:
        app(prog_name="mpi")
    except BadInput as error:
        refuse(f"mpi: {error}")
        sys.exit(USAGE)
    except Unavailable as error:
        refuse(f"mpi: {error}")
        refuse("`mpi db status` tells what the database is doing.")
        sys.exit(FOUND_PROBLEMS)
    except MpiError as error:
        refuse(f"mpi: {error}")
        sys.exit(FOUND_PROBLEMS)
    except BrokenPipeError:  # the reader of our output left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FOUND_PROBLEMS)
    except Exception as error:
        _report_defect(error)
        sys.exit(FOUND_PROBLEMS)


def _report_defect(error: Exception) -> None:
    """Where it broke. Not the message: it may quote a patient's data."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
    refuse(f"mpi: a defect of this program: {type(error).__name__} at {place}")
    if os.environ.get("MPI_LOG_LEVEL", "").lower() == "debug":
        refuse("".join(traceback.format_list(frames)))


if __name__ == "__main__":
    run()
