"""The engines of the batch benchmark: what each is run with, and how good its clusters are."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.batch_files import f1_of_ours, f1_of_peer, prepared
from benchmarks.batch_runs import MPI, PEERS, ROOT, Run, middle, run
from benchmarks.processes import machine_speed

SCRIPTS = ROOT / "benchmarks" / "peers"
#: Engine → the script in ``peers/`` and its options.
PEER_COMMANDS = {
    "splink": ("splink",),
    "splink-lean": ("splink", "--em-pairs-max", "1e6"),
    "splink-all": ("splink", "--em-pairs-max", "0"),
    "splink-wide": ("splink", "--em-pairs-max", "1e6", "--blocks", "wide"),
    "recordlinkage": ("recordlinkage",),
    "splink-single": ("splink", "--blocks", "single"),
    "recordlinkage-single": ("recordlinkage", "--blocks", "single"),
}


def in_turn(engines: Sequence[str], path: Path, folder: Path, repeat: int) -> dict[str, Any]:
    """Every engine ``repeat`` times on one file, taking turns: engine → its figures and its quality."""
    runs: dict[str, list[Run]] = {engine: [] for engine in engines}
    quality: dict[str, Any] = {}
    for turn in range(repeat):
        for engine in engines:
            speed = machine_speed()
            one, quality[engine] = run_engine(engine, path, folder)
            runs[engine].append(one)
            cost = f"{one.wall_seconds:7.1f} s wall {one.cpu_seconds:7.1f} s CPU {one.peak_memory_mb:6} MB"
            found = f"F1 {quality[engine].get('f1', '')}  (machine {speed:.0f})"
            print(f"{engine:14} {turn + 1}/{repeat}: {cost}  {found}", flush=True)
    return {engine: {**middle(runs[engine]), **quality[engine]} for engine in engines}


def run_engine(engine: str, path: Path, folder: Path) -> tuple[Run, dict[str, float]]:
    """One run of an engine on a file, and how good its clusters are."""
    output = folder / "ours"
    if engine == "ours":
        one = run([MPI, "dedup", path, "--train", "--output", output, "--overwrite", "--json"])
        return one, f1_of_ours(output, path)
    if engine == "ours-wide":
        return run([sys.executable, "-m", "benchmarks.batch_wide", path]), {}
    peer, *arguments = PEER_COMMANDS[engine]
    source, told, clusters = prepared(path, folder), folder / f"{engine}.json", folder / f"{engine}.parquet"
    one = run([PEERS, SCRIPTS / f"{peer}_run.py", source, told, clusters, *arguments], told)
    return one, f1_of_peer(clusters, source)
