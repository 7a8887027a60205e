"""Batch deduplication: whole processes of ours and of the peers in turn, on the same records.

    python -m benchmarks batch [--only SCENARIO …] [--records N] [--repeat N] [--folder FOLDER] [--em-all]

| scenario | runs |
|---|---|
| 1m | ``mpi dedup --train``; Splink with its training on at most 10⁷ and on at most 10⁶ pairs |
| recordlinkage | ``mpi dedup --train``; recordlinkage |
| wide | scoring alone, CPU per pair, on wide blocks; Splink's ``predict`` |
| 10m | ``mpi dedup --train`` on ten times the records |
| growth | its CPU over that of the file a tenth as large |
| accuracy | pairwise F1 on the generated records and on sets that others wrote |

Peers get our normalized columns, so that none is measured on mixed date formats; ours begins with the raw
file. Runs of one scenario take turns, and medians are compared: time under load is noise. ``--records`` is
the size of the smaller file (1,000,000). ``--em-all`` lets Splink train on all pairs too, as its tutorial
does: some minutes more.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import batch_accuracy, batch_report
from benchmarks.batch_engines import in_turn
from benchmarks.batch_files import generated, kept
from benchmarks.batch_runs import PEERS, ROOT
from benchmarks.processes import load_average, machine_speed

SCENARIOS = ("1m", "recordlinkage", "wide", "10m", "growth", "accuracy")
TENFOLD = 10


def main() -> None:
    options = _options()
    chosen = set(options.only or SCENARIOS)
    if not PEERS.exists() and chosen & {"1m", "recordlinkage", "wide", "accuracy"}:
        sys.exit("the peers' environment is missing: `make bench-batch` builds it")
    figures: dict[str, Any] = {
        "records": options.records,
        "repeat": options.repeat,
        "python": platform.python_version(),
        "load_average": load_average(),
        "machine_speed": round(machine_speed(), 1),
        "engines": {},
    }
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mpi-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        _measure(chosen, options, folder, figures)
    print(batch_report.report(figures))
    print(f"written to {kept(ROOT / 'benchmarks' / 'results', 'batch', figures)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=SCENARIOS)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the generated files here")
    parser.add_argument("--em-all", action="store_true", help="Splink trained on all pairs too")
    return parser.parse_args()


def _measure(chosen: set[str], options: argparse.Namespace, folder: Path, figures: dict[str, Any]) -> None:
    path = generated(folder, options.records)
    engines = []
    if chosen & {"1m", "recordlinkage", "growth"}:
        engines.append("ours")
    if "1m" in chosen:
        engines += ["splink", "splink-lean", *(["splink-all"] if options.em_all else [])]
    if "recordlinkage" in chosen:
        engines.append("recordlinkage")
    figures["engines"] |= in_turn(engines, path, folder, options.repeat)
    if "wide" in chosen:
        figures["wide"] = in_turn(["ours-wide", "splink-wide"], path, folder, options.repeat)
    if chosen & {"10m", "growth"}:
        tenfold = generated(folder, options.records * TENFOLD)
        figures["tenfold"] = in_turn(["ours"], tenfold, folder, 1)
    if "accuracy" in chosen:
        figures["accuracy"] = batch_accuracy.measured(folder)


if __name__ == "__main__":
    main()
