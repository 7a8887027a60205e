"""Batch deduplication: records in, clusters out, no database."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpi.batch.candidates import Candidates
from mpi.batch.encoded import EncodedRecords
from mpi.batch.scored import Scoring
from mpi.identity.clustering import Clusters
from mpi.matching.rules import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduplication:
    """All that is known when a file has been deduplicated; the report, the files and evaluation read it."""

    records: EncodedRecords
    candidates: Candidates
    scoring: Scoring
    clusters: Clusters
    rules: RuleSet
    #: What the reader of the report must know: bad lines, capped blocks, columns that are empty.
    warnings: tuple[str, ...]

    @property
    def refused(self) -> npt.NDArray[np.int64]:
        """Positions in ``scoring.pairs`` of the links that clustering refused, with ``clusters.reasons``."""
        return self.clusters.refused
