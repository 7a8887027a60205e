"""The sample that ships with the program: four sources' files of one synthetic population, with the truth."""

from __future__ import annotations

import csv
from pathlib import Path

import mpi
from mpi.errors import UnreadableFile

_PACKAGE = Path(mpi.__file__).parent
#: In the wheel, and in a checkout.
_FOLDERS = (_PACKAGE / "_data" / "synthetic", _PACKAGE.parent / "data" / "synthetic")


def sample_feeds() -> list[Path]:
    """One CSV file per source system. Raises UnreadableFile when the installation lacks them."""
    for folder in _FOLDERS:
        if feeds := sorted(folder.glob("*.csv")):
            return feeds
    raise UnreadableFile(
        "this installation lacks its synthetic feeds: make some with `mpi generate 6000 --by-source feeds`, "
        "and take them in with `mpi load feeds/*.csv`"
    )


def truth_of(feeds: list[Path]) -> dict[tuple[str, str], str]:
    """(source, local ID) → who it is, from the column ``entity_id``."""
    truth = {}
    for feed in feeds:
        with feed.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                truth[row["source"], row["local_id"]] = row["entity_id"]
    return truth
