"""What a command said, and the records that tests of commands take in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builders import GRACE, TOMAS


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed and ended with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


#: Calls the program with these arguments.
Mpi = Callable[..., Said]
#: Writes these records, or lines, into a file.
Feed = Callable[..., Path]

#: Grace at two hospitals, Tomás, and somebody who may be Grace.
NORTH = {"source": "north", "local_id": "1", **GRACE}
SOUTH = {"source": "south", "local_id": "A/7", **GRACE}
OTHER = {"source": "north", "local_id": "2", **TOMAS}
DOUBTFUL = {
    "source": "lab", "local_id": "L1", "given": "Grace", "family": "Okonkwo", "sex": "F",
    "birth_date": "1974-02-11", "city": "Boston", "state": "MA",
}  # fmt: skip


def identity_of(mpi: Mpi, reference: str) -> str:
    """The enterprise ID of a record."""
    return str(mpi("lookup", reference, "--json").json["identity"]["enterprise_id"])
