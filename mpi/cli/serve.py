"""``mpi serve``: the REST API, kept alive by a supervisor."""

from __future__ import annotations

from typing import Annotated

import typer

from mpi import installation
from mpi.cli.output import note, remarks
from mpi.cli.serving import Supervisor, address_of, listen
from mpi.settings import Settings


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer requests.")] = 2,
) -> None:
    """Serve the REST API until Ctrl-C or SIGTERM.

    An embedded database is started and migrated first, and brought back should it die, as is a worker.
    A server that DATABASE_URL names has to be migrated already: `mpi db upgrade`.
    """
    from mpi.api.server import refuse_open_door  # loads the web framework, which other commands do without

    settings = Settings.read()
    refuse_open_door(settings, host)
    with listen(host, port) as listening, installation.open_database(settings) as database:
        for text in database.notes:
            note(text)
        installation.make_ready(database)
        supervisor = Supervisor(listening, workers=workers, restart_database=database.restart_if_dead)
        supervisor.run(
            on_ready=lambda: remarks.print(f"serving on {address_of(listening)}  (Ctrl-C ends it)")
        )
