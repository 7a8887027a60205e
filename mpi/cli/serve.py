"""``mpi serve``: every door of the index, kept open by a supervisor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from mpi import installation
from mpi.cli.output import note, remarks
from mpi.cli.serving import Supervisor, address_of, listen, place_of
from mpi.settings import Settings, environment_variable


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer requests.")] = 2,
    mllp: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST:PORT", help="Take HL7 v2 messages here. Repeatable."),
    ] = None,
    mllp_tls_cert: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Certificate chain of the MLLP listener.")
    ] = None,
    mllp_tls_key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Its key, unless in the same file.")
    ] = None,
    mllp_client_ca: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Authority of the certificates MLLP clients must show."
        ),
    ] = None,
    mllp_allow: Annotated[
        str | None, typer.Option(metavar="NETWORK,…", help="Addresses that may connect to the MLLP listener.")
    ] = None,
) -> None:
    """Serve the REST API, and HL7 v2 where --mllp says, until Ctrl-C or SIGTERM.

    An embedded database is started and migrated first, and brought back should it die, as is a worker.
    A server that DATABASE_URL names has to be migrated already: `mpi db upgrade`.

    \b
      mpi serve --mllp 127.0.0.1:2575
    """
    from mpi.api.server import refuse_open_door  # loads the web framework, which other commands do without

    said = {
        "mllp": ",".join(mllp) if mllp else None,
        "mllp_tls_cert": mllp_tls_cert,
        "mllp_tls_key": mllp_tls_key,
        "mllp_client_ca": mllp_client_ca,
        "mllp_allow": mllp_allow,
    }
    options = {name: value for name, value in said.items() if value is not None}
    settings = Settings.read(**options)
    refuse_open_door(settings, host)
    with (
        listen(host, port) as listening,
        _mllp_sockets(settings) as mllp_sockets,
        installation.open_database(settings) as database,
    ):
        for text in database.notes:
            note(text)
        installation.make_ready(database)
        supervisor = Supervisor(
            listening,
            workers=workers,
            restart_database=database.restart_if_dead,
            mllp=mllp_sockets,
            environment={environment_variable(name): str(value) for name, value in options.items()},
        )

        def ready() -> None:
            remarks.print(f"serving on {address_of(listening)}  (Ctrl-C ends it)")
            for one in mllp_sockets:
                tls = "TLS" if settings.mllp_tls_cert else "plain"
                note(f"HL7 v2 on {address_of(one).replace('http', 'mllp', 1)}, {tls}")

        supervisor.run(on_ready=ready)


@contextmanager
def _mllp_sockets(settings: Settings) -> Iterator[list[Any]]:
    """The listening sockets for HL7 v2. Raises BadInput for what would be open to anybody."""
    from mpi.api.hl7v2 import tls_of
    from mpi.api.server import refuse_open_mllp

    tls_of(settings)  # what is wrong with the files is said here, not by every worker
    with ExitStack() as stack:
        sockets = []
        for address in (settings.mllp or "").split(","):
            if not address.strip():
                continue
            host, port = place_of(address)
            refuse_open_mllp(settings, host)
            sockets.append(stack.enter_context(listen(host, port, "--mllp")))
        yield sockets
