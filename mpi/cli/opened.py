"""The index as a command holds it, and who is asking: whoever is logged in on this machine."""

from __future__ import annotations

import gc
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mpi import installation
from mpi.cli.output import note
from mpi.settings import Settings

if TYPE_CHECKING:
    from mpi.index import Actor, Index

#: What the one who runs the program on the machine of the index may do: everything.
LOCAL_ROLE = "steward+admin"


@contextmanager
def open_index(settings: Settings | None = None) -> Iterator[Index]:
    """The index of the environment's settings, unless others are given; an embedded database is started.

    Raises BadInput for a server with pending migrations, Unavailable when there is no database.
    """
    settings = settings or Settings.read()
    with installation.open_database(settings) as database:
        for text in database.notes:
            note(text)
        installation.make_ready(database)
        with index_on(database, settings) as index:
            yield index


@contextmanager
def index_on(database: installation.Database, settings: Settings) -> Iterator[Index]:
    """The index in a database that is open and migrated."""
    from mpi.index import Index  # loads numpy and more, which ``--help`` does without

    with Index.open(settings.model_copy(update={"database_url": database.conninfo})) as index:
        yield index


def for_bulk_work(settings: Settings) -> Settings:
    """Settings for taking in files: sources are declared on first sight unless that was switched off, and a
    statement may take as long as it needs, for nobody waits for its answer.
    """
    declares = settings.auto_declare is not False
    return settings.model_copy(update={"auto_declare": declares, "statement_timeout_seconds": 0})


def operator() -> Actor:
    """The operating system's user; the environment has no say in it."""
    from mpi.index import Actor

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    return Actor(name=name, role=LOCAL_ROLE)


def collect_seldom() -> None:
    """Have garbage collected seldom: bulk work makes many objects and no cycles, and looking for them all the
    time took three quarters of its time (2.3 → 0.5 ms a record).
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
