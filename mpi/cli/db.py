"""``mpi db``: the database the index lives in."""

from __future__ import annotations

from typing import Annotated

import typer

from mpi import installation
from mpi.cli.output import JsonOption, answers, note, print_json
from mpi.settings import Settings

app = typer.Typer(
    help="The database: the server DATABASE_URL names, or the embedded one below MPI_HOME.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def upgrade(as_json: JsonOption = False) -> None:
    """Bring the database to this program's schema. Running it again does nothing.

    Each migration is one transaction; other mpi processes wait for it or go on with the older schema.
    """
    with installation.open_database(Settings.read()) as database:
        for text in database.notes:
            note(text)
        applied = installation.upgrade(database)
    if as_json:
        print_json({"applied": applied})
    elif applied:
        answers.print(f"applied {', '.join(f'{version:04}' for version in applied)}")
    else:
        answers.print("the database is up to date")


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Tell where the data are, whether PostgreSQL runs, and which migrations are pending. Starts nothing.

    Exit code 1 when the database cannot be used as it is.
    """
    found = installation.status(Settings.read())
    if as_json:
        print_json(found)
    else:
        for text in found.notes:
            note(text)
        answers.print(f"{found.kind} database {found.where}: {found.state}")
        if found.postgresql:
            answers.print(f"PostgreSQL {found.postgresql}")
        if found.in_use:
            answers.print("in use by another mpi process")
        if found.pending:
            answers.print(f"pending: {', '.join(found.pending)}; run `mpi db upgrade`")
        if found.message:
            answers.print(found.message)
    unusable = found.state in ("failed", "unreachable") or (found.kind == "server" and found.pending)
    raise typer.Exit(1 if unusable else 0)


@app.command()
def stop(
    force: Annotated[bool, typer.Option(help="Stop it although other mpi processes use it.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Stop the embedded PostgreSQL. Seldom needed: the last mpi process to leave stops it."""
    stopped = installation.stop(Settings.read(), force=force)
    if as_json:
        print_json({"stopped": stopped})
    else:
        answers.print("stopped" if stopped else "it was not running")
