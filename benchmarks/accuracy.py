"""How right the rules are, on sets with known truth, beside Splink and recordlinkage.

    python -m benchmarks accuracy [SET …] [--rules NAME] [--peers] [--large] [--folder FOLDER]

Record sets are deduplicated whole, each by the one configuration recommended for files: the default rules,
fitted to the file without labels (``mpi dedup --train``). Where training is refused the rules are used as
they are shipped, and the table says so; the shipped rules stand beside it on every set. Records are shuffled
and have IDs that say nothing. Pair sets are decided pair by pair, by the shipped rules. Automatic links only,
thresholds fixed beforehand.

``--peers`` runs Splink and recordlinkage on the same records, in the environment that `make bench-accuracy`
builds; ``--large`` adds a million generated records. The rules were developed looking at these sets.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import accuracy_pairs, accuracy_records, accuracy_report
from benchmarks.accuracy_sets import blinded, pair_set, record_sets
from benchmarks.batch_files import kept
from benchmarks.batch_runs import PEERS, ROOT
from benchmarks.processes import load_average
from mpi.matching.rules import RuleSet, load_rules

RELATIVES = "relatives"


def main() -> None:
    options = _options()
    if options.peers and not PEERS.exists():
        sys.exit("the peers' environment is missing: `make bench-accuracy` builds it")
    rules = load_rules(options.rules)
    figures: dict[str, Any] = {
        "rule_set": {"name": rules.name, "hash": rules.hash},
        "python": platform.python_version(),
        "load_average": load_average(),
        "skipped": {},
    }
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mpi-bench-")))
        folder.mkdir(parents=True, exist_ok=True)
        figures["records"] = _record_sets(options, folder, rules, figures["skipped"])
    figures["pairs"] = _pair_sets(options, rules, figures["skipped"])
    if _wanted(RELATIVES, options):
        figures[RELATIVES] = accuracy_pairs.measure_relatives(rules)
    print(accuracy_report.report(figures))
    print(f"written to {kept(ROOT / 'benchmarks' / 'results', 'accuracy', figures)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [one.name for one in record_sets(large=True)]
    choices = [*names, *accuracy_pairs.PAIR_SETS, RELATIVES]
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(choices)}; all if none")
    parser.add_argument("--rules", default="default")
    parser.add_argument("--peers", action="store_true", help="run Splink and recordlinkage too")
    parser.add_argument("--large", action="store_true", help="a million generated records too")
    parser.add_argument("--folder", type=Path, help="keep generated and blinded files here")
    options = parser.parse_args()
    if unknown := set(options.sets) - set(choices):
        parser.error(f"there is no set {', '.join(sorted(unknown))}; there are {', '.join(choices)}")
    return options


def _record_sets(
    options: argparse.Namespace, folder: Path, rules: RuleSet, skipped: dict[str, str]
) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    print(accuracy_report.HEADING)
    for one in record_sets(large=options.large or any(name.startswith("generated") for name in options.sets)):
        if not _wanted(one.name, options):
            continue
        if one.missing is not None:
            skipped[one.name] = one.missing
            continue
        path = blinded(one.read(folder), folder / f"{one.name}.parquet")
        found = accuracy_records.measure(path, folder, rules, peers=options.peers)
        figures[one.name] = {
            "reach": one.reach._asdict() if one.reach else None,
            "ours": one.ours,
            "engines": found,
        }
        print(accuracy_report.record_lines(one.name, figures[one.name]), flush=True)
    return figures


def _pair_sets(options: argparse.Namespace, rules: RuleSet, skipped: dict[str, str]) -> dict[str, Any]:
    figures = {}
    for name in accuracy_pairs.PAIR_SETS:
        if not _wanted(name, options):
            continue
        frame = pair_set(name)
        if frame is None:
            skipped[name] = "the shared sets are not beside this checkout"
            continue
        figures[name] = accuracy_pairs.measure(frame, rules)
    return figures


def _wanted(name: str, options: argparse.Namespace) -> bool:
    return not options.sets or name in options.sets


if __name__ == "__main__":
    main()
