"""Ours on wide blocks, one process: what comparing, scoring, guarding and deciding a pair costs.

    python -m benchmarks.batch_wide FILE      prints one JSON document

The passes are those of ``peers/splink_run.py --blocks wide``, and blocks are taken whole up to a size that
hardly any exceeds, for that program narrows none.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from mpi.batch.candidates import candidate_pairs
from mpi.batch.encoding import encode_table
from mpi.batch.scoring import score_candidates
from mpi.batch.tables import read_table
from mpi.matching.rules import RuleSet, load_rules
from mpi.matching.rules.model import BlockingPass

BLOCK_MAX = 5_000
WIDE = (
    ("ssn",),
    ("family", "birth_date"),
    ("given", "birth_date"),
    ("given", "family", "zip"),
    ("family", "zip"),
    ("street", "zip"),
    ("phone",),
)


def main() -> None:
    print(json.dumps(measured(Path(sys.argv[1]))))


def measured(path: Path) -> dict[str, Any]:
    """Candidates, and the CPU and wall seconds of scoring all of them."""
    rules = wide_rules()
    records = encode_table(read_table(path).table, rules)
    candidates = candidate_pairs(records, rules, block_max=BLOCK_MAX)
    wall, cpu = time.perf_counter(), time.process_time()
    scoring = score_candidates(records, candidates, rules)
    return {
        "candidates": candidates.pair_count,
        "stages": {
            "predict": {
                "wall_seconds": round(time.perf_counter() - wall, 3),
                "cpu_seconds": round(time.process_time() - cpu, 3),
            }
        },
        "kept": len(scoring.pairs.weight),
    }


def wide_rules() -> RuleSet:
    """The default rules with the wide blocks."""
    passes = tuple(BlockingPass(name="_".join(key), key=key) for key in WIDE)
    return replace(load_rules("default"), blocking_passes=passes)


if __name__ == "__main__":
    main()
