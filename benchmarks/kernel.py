"""How fast the comparison kernel is: pairs per CPU second, with all fields of the default rules, and guards.

    python -m benchmarks kernel [--records 1000000] [--file FILE] [--repeat 3] [--json FILE]

Candidates are those of the default passes: of a generated file of 1,000,000 records, more than 7,000,000. The
first pass over them meets everything for the first time, column preparation included; the later ones find
what the first left behind, and of these the median is given. One process, one thread. A fixed loop beside the
figures says how much of the processor there was.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mpi.batch.candidates import Positions, candidate_pairs
from mpi.batch.encoding import encode_table
from mpi.batch.synthetic import write
from mpi.batch.tables import read_table
from mpi.matching.comparison import Columns, coded_records, compare
from mpi.matching.decision import decide
from mpi.matching.rules import RuleSet, load_rules
from mpi.matching.scoring import score

Chunks = list[tuple[Positions, Positions]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--file", type=Path, help="a file of `mpi generate`; made when none is given")
    parser.add_argument("--repeat", type=int, default=3, help="passes after the first")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    with _people(options.file, options.records) as path:
        figures = measured(path, options.repeat)
    for name, figure in figures.items():
        print(f"{name:28} {figure:>14,}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


@contextmanager
def _people(path: Path | None, records: int) -> Iterator[Path]:
    if path:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "people.parquet"
        write(records, made, seed=1)
        yield made


def measured(path: Path, repeat: int) -> dict[str, float]:
    """Pairs, and per stage the CPU and wall seconds and the pairs per CPU second."""
    rules = load_rules("default")
    records = encode_table(read_table(path).table, rules)
    candidates = candidate_pairs(records, rules)
    chunks, pair_count = list(candidates.chunks()), candidates.pair_count
    # As in a long-lived process: what is there stays, and is not looked through for garbage.
    gc.collect()
    gc.freeze()
    loop = _fixed_loop()
    cpu, wall = time.process_time(), time.perf_counter()
    coded_records(records.columns, rules)
    prepared = time.process_time() - cpu
    _pass(records.columns, chunks, rules)
    cold, cold_wall = time.process_time() - cpu, time.perf_counter() - wall
    later = []
    for _ in range(repeat):
        cpu, wall = time.process_time(), time.perf_counter()
        _pass(records.columns, chunks, rules)
        later.append((time.process_time() - cpu, time.perf_counter() - wall))
    warm, warm_wall = (statistics.median(seconds) for seconds in zip(*later, strict=True))
    return {
        "records": records.record_count,
        "candidate pairs": pair_count,
        "preparation, CPU s": round(prepared, 2),
        "first pass in all, CPU s": round(cold, 2),
        "first pass in all, wall s": round(cold_wall, 2),
        "first pass, pairs/CPU s": round(pair_count / cold),
        "later pass, CPU s": round(warm, 2),
        "later pass, wall s": round(warm_wall, 2),
        "later pass, pairs/CPU s": round(pair_count / warm),
        "fixed loop before, CPU ms": loop,
        "fixed loop after, CPU ms": _fixed_loop(),
    }


def _pass(columns: Columns, chunks: Chunks, rules: RuleSet) -> None:
    for left, right in chunks:
        decide(score(compare(columns, left, right, rules), rules), rules)


def _fixed_loop() -> float:
    """CPU milliseconds of sorting 65,536 integers ten times, the best of ten."""
    integers = np.random.default_rng(0).integers(0, 1 << 40, 1 << 16)
    taken = []
    for _ in range(10):
        begun = time.process_time()
        for _ in range(10):
            np.sort(integers)
        taken.append(time.process_time() - begun)
    return round(1000 * min(taken), 2)


if __name__ == "__main__":
    main()
