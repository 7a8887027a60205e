"""``mpi train``: a rule set that knows the records at hand."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mpi.cli.dedup import MapOption, SourceOption
from mpi.cli.opened import collect_seldom
from mpi.cli.output import JsonOption, note, print_json
from mpi.cli.stages import shown_stages
from mpi.cli.tables import print_facts, print_table, say
from mpi.cli.train_index import Sample, of_index
from mpi.errors import BadInput

if TYPE_CHECKING:
    from mpi.batch.progress import Progress
    from mpi.batch.training import Trained
    from mpi.matching.rules import RuleSet


def train(
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, readable=True, help="A CSV, NDJSON or Parquet file."),
    ] = None,
    from_index: Annotated[
        bool, typer.Option("--index", help="Learn from the records of the index instead of a file.")
    ] = False,
    *,
    output: Annotated[Path, typer.Option(help="The rule set to write, NAME.toml; its names go beside it.")],
    rules: Annotated[
        str | None,
        typer.Option(
            help="The rule set to start from: a name that is shipped, or a .toml file. By default the one "
            "that is shipped, with --index the one that the index goes by."
        ),
    ] = None,
    map_file: MapOption = None,
    source: SourceOption = "file",
    decisions: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="CSV or Parquet of reviewed pairs: record_id_a, record_id_b, verdict (same, different).",
        ),
    ] = None,
    precision: Annotated[
        float | None,
        typer.Option(help="Choose link_weight so that the decisions show this precision, e.g. 0.999."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the rule set if it is there.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Learn from a file, or from the index, how often one person's records agree on each field, how often
    strangers' do and relatives', how common names are, and how many duplicates there are.

    No labels are needed. The rule set written has the passes and guards of --rules, with other numbers and a
    [provenance] table. Fields that no record has, or all alike, get no weight and are named. Records that
    cannot support a model are refused with the reason.

    With reviewers' decisions (with --index, unless a file is named, the resolved tasks) these pairs count as
    what they were decided to be, and --precision finds the lowest link_weight at which the 95 % interval of
    the precision that they show lies above it. That holds for pairs like them: draw them at random.

    \b
      mpi train people.csv --output ours.toml
      mpi train people.csv --output ours.toml --decisions reviewed.csv --precision 0.999
      mpi dedup people.csv --rules ours.toml --output found
      mpi train --index --output ours.toml
    """
    from mpi.matching.rules import load_rules

    _refuse_misuse(file, from_index, output, overwrite)
    collect_seldom()
    with shown_stages() as progress:
        if file is None:
            sample = of_index(rules, progress)
        else:
            sample = _of_file(file, load_rules(rules or "default"), map_file, source, progress)
        trained = _trained(sample, output.stem, decisions, precision, progress)
    trained.write(output)
    _tell_all(trained, sample.rules, output, as_json)


def _tell_all(trained: Trained, parent: RuleSet, output: Path, as_json: bool) -> None:
    """What was learned, and where it was written."""
    files = [str(output), *(str(output.parent / name) for name in trained.frequencies)]
    if as_json:
        rule_facts = {"name": trained.rules.name, "hash": trained.rules.hash}
        print_json({**asdict(trained.report), "rule_set": rule_facts, "files": files})
        return
    tell(trained, parent)
    for path in files:
        say(path)


def _refuse_misuse(file: Path | None, from_index: bool, output: Path, overwrite: bool) -> None:
    """Raises BadInput before anything is read."""
    if (file is None) != from_index:
        raise BadInput("name either a FILE or --index", field="file")
    if output.suffix != ".toml" or not re.fullmatch(r"[\w.-]+", output.stem):
        raise BadInput(
            "the rule set's file is called NAME.toml, NAME of letters, digits, _ and -", field="output"
        )
    if output.exists() and not overwrite:
        raise BadInput(f"{output} is there already: --overwrite replaces it", field="output")
    if not output.parent.is_dir():
        raise BadInput(f"there is no folder {output.parent}", field="output")


def _of_file(file: Path, rules: RuleSet, map_file: Path | None, source: str, progress: Progress) -> Sample:
    from mpi.batch import encode_table, read_map, read_table

    column_map = read_map(map_file) if map_file is not None else None
    read = read_table(file, column_map, progress=progress)
    for warning in read.warnings:
        note(warning)
    records = encode_table(read.table, rules, default_source=source, progress=progress)
    return Sample(rules=rules, records=records)


def _trained(
    sample: Sample, name: str, decisions: Path | None, precision: float | None, progress: Progress
) -> Trained:
    from mpi.batch.training import read_decisions
    from mpi.batch.training import train as train_on

    decided = sample.decided
    if decisions is not None:
        decided = read_decisions(decisions, sample.records)
    return train_on(
        sample.records, sample.rules, name=name, decisions=decided, precision=precision, progress=progress
    )


def tell(trained: Trained, parent: RuleSet) -> None:
    """What was learned, for the person at the terminal."""
    report = trained.report
    facts: dict[str, Any] = {
        "records": report.records,
        "candidate pairs": report.candidate_pairs,
        "expected to be one person's": round(report.expected_matches),
        "iterations": report.iterations,
        "prior weight": f"{parent.prior_weight:.2f} → {trained.rules.prior_weight:.2f}",
        "link weight": f"{trained.rules.thresholds.link_weight:g}",
        "wrong links by weight alone, expected by the model": f"{report.wrong_links_expected:.4%}",
        "no record has": ", ".join(report.fields_absent),
        "all records have the same": ", ".join(report.fields_constant),
        "too few pairs, kept as they were": ", ".join(report.relations_unmeasured),
    }
    if (shown := report.precision) is not None:
        facts[f"precision {shown.precision:g} shown by decisions"] = (
            f"{shown.linked - shown.wrong:,} of {shown.linked:,}, "
            f"95 % interval {shown.lower:.5f} to {shown.upper:.5f}"
        )
    print_facts(facts)
    print_table(["field", "best level", "m", "u", "weight", "was"], _best_levels(trained, parent))
    if not report.converged:
        note("the iterations did not end: the numbers may move when it is trained again")


def _best_levels(trained: Trained, parent: RuleSet) -> list[list[Any]]:
    import math

    rows = []
    for old, new in zip(parent.comparisons, trained.rules.comparisons, strict=True):
        was, now = old.levels[0], new.levels[0]
        rows.append(
            [
                new.field,
                now.name,
                now.m_probability,
                now.u_probability,
                f"{math.log2(now.m_probability / now.u_probability):+.1f}",
                f"{math.log2(was.m_probability / was.u_probability):+.1f}",
            ]
        )
    return rows
