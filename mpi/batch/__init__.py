"""Records by the million, without a database: frames in, frames out.

    from mpi.batch import deduplicate, read_table
    from mpi.matching.rules import load_rules

    found = deduplicate(read_table("people.csv").table, load_rules())
    found.clusters_frame()

What is named here is made for others to call; each comes from its module when it is first asked for, because
some of them load large libraries.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mpi.batch.candidates import Candidates, candidate_pairs
    from mpi.batch.deduplication import Deduplication, deduplicate
    from mpi.batch.encoded import EncodedRecords
    from mpi.batch.encoding import encode_records, encode_table
    from mpi.batch.evaluation import evaluate
    from mpi.batch.feeds import read_map
    from mpi.batch.report import write_report
    from mpi.batch.results import write_results
    from mpi.batch.scoring import score_candidates
    from mpi.batch.tables import TableRead, read_table
    from mpi.batch.training import train

_PLACES = {
    "Candidates": "candidates",
    "Deduplication": "deduplication",
    "EncodedRecords": "encoded",
    "TableRead": "tables",
    "candidate_pairs": "candidates",
    "deduplicate": "deduplication",
    "encode_records": "encoding",
    "encode_table": "encoding",
    "evaluate": "evaluation",
    "read_map": "feeds",
    "read_table": "tables",
    "score_candidates": "scoring",
    "train": "training",
    "write_report": "report",
    "write_results": "results",
}

__all__ = [
    "Candidates",
    "Deduplication",
    "EncodedRecords",
    "TableRead",
    "candidate_pairs",
    "deduplicate",
    "encode_records",
    "encode_table",
    "evaluate",
    "read_map",
    "read_table",
    "score_candidates",
    "train",
    "write_report",
    "write_results",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(import_module(f"mpi.batch.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
