"""``mpi dedup``: which records of a file are one person's."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mpi.cli.opened import collect_seldom
from mpi.cli.output import JsonOption, note, print_json
from mpi.cli.stages import shown_stages
from mpi.cli.tables import print_facts, say
from mpi.errors import BadInput

if TYPE_CHECKING:
    from mpi.batch import Deduplication
    from mpi.batch.feeds import ColumnMap
    from mpi.batch.progress import Progress
    from mpi.matching.rules import RuleSet

ENGINES = ("local", "spark")

FileArgument = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV, NDJSON or Parquet file."),
]
MapOption = Annotated[
    Path | None,
    typer.Option(
        "--map",
        exists=True,
        dir_okay=False,
        help='TOML file that says which column is which: [columns] and lines like given = "First name".',
    ),
]
RulesOption = Annotated[str, typer.Option(help="A rule set: a name that is shipped, or a .toml file.")]
SourceOption = Annotated[str, typer.Option(help="Source system of the records that name none themselves.")]


def dedup(
    file: FileArgument,
    output: Annotated[Path, typer.Option(help="The folder to write; it appears when it is complete.")],
    map_file: MapOption = None,
    rules: RulesOption = "default",
    train: Annotated[
        bool, typer.Option("--train", help="First fit the rule set's probabilities to the file.")
    ] = False,
    engine: Annotated[
        str, typer.Option(help="local: this machine; spark: a Spark cluster, see docs/scale.md.")
    ] = "local",
    memory: Annotated[
        str | None, typer.Option(help="About what may be used, e.g. 4GB: pairs beyond it wait on disk.")
    ] = None,
    processes: Annotated[
        int, typer.Option(help="Processes that score pairs; the outcome is the same.", min=1)
    ] = os.cpu_count() or 1,
    source: SourceOption = "file",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the folder if it is there.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Find the records of a file that are one person's. Needs no database, changes nothing in the file.

    Writes three files into the output folder: clusters.parquet (source, record_id, cluster_id: one row per
    record), pairs.parquet (every pair linked, to be reviewed or stopped by a guard, with its weights) and
    report.html. They show patients: only you can read the folder. The same records give the same bytes, in
    any order of the lines.

    \b
      mpi dedup people.csv --output found
      mpi dedup extract.parquet --map extract.toml --train --output found --memory 4GB
    """
    from mpi.batch import read_map, results
    from mpi.matching.rules import load_rules

    if engine not in ENGINES:
        raise BadInput(f"the engine is one of {', '.join(ENGINES)}", field="engine")
    results.check_folder(output, overwrite=overwrite)
    rule_set = load_rules(rules)
    column_map = read_map(map_file) if map_file is not None else None
    memory_bytes = bytes_of(memory) if memory is not None else None
    collect_seldom()
    seconds: dict[str, float] = {}
    with shown_stages(seconds) as progress:
        if engine == "spark":
            summary, paths = _on_spark(
                file,
                output,
                rule_set,
                train=train,
                column_map=column_map,
                source=source,
                overwrite=overwrite,
                progress=progress,
            )
        else:
            found = _here(file, rule_set, column_map, source, train, processes, memory_bytes, progress)
            paths = results.write_results(found, output, overwrite=overwrite, progress=progress)
            summary = summarised(found)
    if as_json:
        print_json({**summary, "files": [str(path) for path in paths], "seconds": seconds})
        return
    tell(summary, paths)


def _here(
    file: Path,
    rules: RuleSet,
    column_map: ColumnMap,
    source: str,
    train: bool,
    processes: int,
    memory_bytes: int | None,
    progress: Progress,
) -> Deduplication:
    """What is found in the file; its text is not kept."""
    from mpi.batch import deduplicate, encode_table, read_table
    from mpi.batch.deduplication import fault_warnings

    read = read_table(file, column_map, progress=progress)
    warnings = (*read.warnings, *fault_warnings(read.faults, "line"))
    records = encode_table(read.table, rules, default_source=source, progress=progress, processes=processes)
    del read
    return deduplicate(
        records,
        rules,
        train=train,
        processes=processes,
        memory_bytes=memory_bytes,
        warnings=warnings,
        progress=progress,
    )


def _on_spark(file: Path, output: Path, rules: RuleSet, **how: Any) -> tuple[dict[str, Any], list[Path]]:
    """The summary and the files; what is small enough to be brought here is summed up here."""
    from mpi.batch import Deduplication
    from mpi.cli.dedup_spark import dedup_on_spark

    found, paths = dedup_on_spark(file, output, rules, **how)
    return summarised(found) if isinstance(found, Deduplication) else found, paths


def bytes_of(text: str) -> int:
    """How many bytes a size names. Raises BadInput.

    >>> bytes_of("4GB"), bytes_of("512 MB"), bytes_of("1000000")
    (4000000000, 512000000, 1000000)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)B?\s*", text, re.IGNORECASE)
    if match is None or float(match[1]) == 0:
        raise BadInput(f"{text!r} is not a size: write 4GB or 512MB", field="memory")
    return int(float(match[1]) * 1000 ** " KMGT".index(match[2].upper() or " "))


def summarised(found: Deduplication) -> dict[str, Any]:
    """The figures of a deduplication, for people and for programs."""
    from mpi.matching.decision import DECISIONS

    decisions = Counter(found.decisions.tolist())
    records, clusters = found.records.record_count, found.cluster_count
    return {
        "records": records,
        "sources": list(found.records.sources),
        "clusters": clusters,
        "duplicates": records - clusters,
        "candidate_pairs": found.scoring.pair_count,
        "pairs": {word: decisions[code] for code, word in enumerate(DECISIONS)},
        "refused_links": len(found.refused),
        "capped_blocks": len(found.candidates.capped),
        "rule_set": {"name": found.rules.name, "hash": found.rules.hash},
        "warnings": list(found.warnings),
    }


def tell(summary: dict[str, Any], paths: list[Path]) -> None:
    """The summary for the person at the terminal."""
    facts = {name: value for name, value in summary.items() if name not in ("pairs", "warnings", "rule_set")}
    print_facts({**facts, **summary["pairs"], "rule_set": summary["rule_set"]["name"]})
    for warning in summary["warnings"]:
        note(warning)
    for path in paths:
        say(str(path))
