"""Records ready to be compared in bulk: in one canonical order, every distinct value normalized once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison import Columns

Codes = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]


#: So many faults are kept one by one.
FAULTS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What was wrong in one place of a file; never with the value."""

    #: The line of a text file, counted from 1; the row of a table, counted from 0.
    line: int
    reason: str
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """All that was wrong: every fault counted, the first ``FAULTS_MAX`` kept."""

    count: int = 0
    first: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValues:
    """The values of one key part (``mpi.matching.blocking.KEY_PARTS``), hashed, several to a record or none.

    Record ``i`` has the hashes ``hashes[starts[g]:starts[g + 1]]`` of its group ``g = group_of[i]``; −1 is
    the group of records without a value. Equal values have equal hashes, whatever file they come from.
    """

    #: int32 [records].
    group_of: Codes
    #: int64 [groups + 1].
    starts: npt.NDArray[np.int64]
    #: uint64 [values].
    hashes: Hashes


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedRecords:
    """n records in the order of source, record ID and content, so that nothing depends on the file's order.

    A position in this order stands for a record everywhere in the batch path.
    """

    #: Per record the position of its source in ``sources``; int16 [n].
    source_of: npt.NDArray[np.int16]
    sources: tuple[str, ...]
    #: Text as sent, [n]; a numpy array of fixed-width text or of objects.
    record_ids: npt.NDArray[np.str_] | npt.NDArray[np.object_]
    #: What the comparison kernel reads.
    columns: Columns
    #: Key part → its values, for every part that a blocking pass of the rule set names.
    keys: Mapping[str, KeyValues]
    #: (field, reason) → how many values were not taken as evidence, as in ``NormalizedRecord.dropped``.
    dropped: Mapping[tuple[str, str], int] = field(default_factory=dict)
    #: Of each record the row of the table it was read from, counted from 0; int32 [n]. Empty where there was
    #: no table.
    rows: Codes = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    #: Rows that break the contract of source records; they are here as records without any value.
    faults: Faults = field(default_factory=Faults)

    @property
    def record_count(self) -> int:
        return len(self.source_of)
