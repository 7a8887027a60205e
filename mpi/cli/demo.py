"""``mpi demo``: the whole thing on synthetic people whose truth is known."""

from __future__ import annotations

import os
import socket
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from mpi import installation
from mpi.cli.load import take_in
from mpi.cli.opened import collect_seldom, for_bulk_work, index_on, operator
from mpi.cli.output import JsonOption, note
from mpi.cli.serving import Supervisor, address_of, listen
from mpi.errors import BadInput, Unavailable
from mpi.settings import Settings

if TYPE_CHECKING:
    from mpi.cli.findings import Findings
    from mpi.index import Index

FIRST_PORT, PORTS_TRIED = 8000, 100
WORKERS = 2
#: How much each source of the sample is believed when the best record is chosen.
TRUST = {"north-ehr": 80, "south-ehr": 80, "billing": 50, "lab": 40}


def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after the figures.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on with what an earlier demo left; else it starts anew.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Unless given, 8000 or the next free one.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Take in four synthetic feeds, show what was found against the truth, and serve API and review desk.

    It has an embedded database of its own, in MPI_HOME/demo, which each start empties. With DATABASE_URL it
    uses that server, if its index is empty or with --keep. API and desk ask for no key and answer this
    machine only. Ctrl-C ends everything and leaves no PostgreSQL behind.

    \b
      mpi demo
      mpi demo --no-serve --json
    """
    from mpi.cli.telling import tell, tell_what_to_try

    settings = _settings_of_demo(Settings.read())
    if settings.is_embedded and not keep:
        _empty(settings)
    # The port is taken first: nobody wants to hear after the figures that it is not free.
    taken = nullcontext() if no_serve else _listening(port)
    with taken as listening, installation.open_database(settings) as database:
        for text in database.notes:
            note(text)
        installation.make_ready(database)
        with index_on(database, for_bulk_work(settings)) as index:
            findings = _run(index, keep=keep)
            login = None if no_serve else index.desk.login_link(None, actor=operator())
        tell(findings, address_of(listening) if listening else None, as_json)
        if listening:
            supervisor = Supervisor(listening, workers=WORKERS, restart_database=database.restart_if_dead)
            url = address_of(listening)
            supervisor.run(on_ready=lambda: tell_what_to_try(findings, url, f"{login}", as_json))


def _settings_of_demo(settings: Settings) -> Settings:
    """Its own home and no keys; in the environment too, where the workers that serve it read them."""
    os.environ.update({"MPI_HOME": str(settings.home / "demo"), "MPI_AUTH": "off"})
    os.environ.setdefault("MPI_LOG_LEVEL", "warning")  # who watches a demo wants no line for each request
    return settings.model_copy(update={"home": settings.home / "demo", "auth": "off"})


def _empty(settings: Settings) -> None:
    try:
        installation.erase(settings)
    except Unavailable as error:
        raise Unavailable(f"{error}\nA demo that runs already is ended with Ctrl-C where it runs.") from error


def _listening(port: int | None) -> socket.socket:
    """A socket on this machine only. Raises BadInput when the port is taken."""
    if port is not None:
        return listen("127.0.0.1", port)
    for candidate in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        try:
            return listen("127.0.0.1", candidate)
        except BadInput:
            continue
    raise BadInput(f"the ports from {FIRST_PORT} on are taken: choose one with --port", field="port")


def _run(index: Index, *, keep: bool) -> Findings:
    from mpi.batch.sample import sample_feeds, truth_of
    from mpi.cli.findings import find

    collect_seldom()
    actor = operator()
    if not keep and index.events(0, 1, actor=actor).items:
        raise BadInput(
            "the index of DATABASE_URL holds records, and the demo would mix synthetic people into it: "
            "name an empty database, or say --keep if you mean it"
        )
    trust = "\n".join(f'[[source]]\nname = "{name}"\ntrust = {rank}' for name, rank in TRUST.items())
    index.apply_sources(trust, actor=actor)
    feeds, began = sample_feeds(), time.monotonic()
    loads = [take_in(index, feed) for feed in feeds]
    lines, seconds = sum(load.lines for load in loads), time.monotonic() - began
    note(f"{lines:,} records of {len(feeds)} sources taken in; {seconds:.1f} s, {lines / seconds:,.0f}/s")
    return find(index, loads, truth_of(feeds))
