"""``mpi generate``: synthetic people with known truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mpi.cli.output import JsonOption, answers, print_json, progress_bar
from mpi.errors import BadInput


def generate(
    n: Annotated[int, typer.Argument(help="How many records.", min=1)],
    output: Annotated[
        Path | None, typer.Option(help="One file with all records: .csv, .ndjson or .parquet.")
    ] = None,
    by_source: Annotated[
        Path | None, typer.Option(help="A folder for one file per source system, as each would send it.")
    ] = None,
    file_format: Annotated[
        str, typer.Option("--format", help="With --by-source: csv, ndjson or parquet.")
    ] = "csv",
    seed: Annotated[int, typer.Option(help="The same seed writes the same bytes.", min=0)] = 0,
    profile: Annotated[
        str, typer.Option(help="default: each source writes its own way; uniform: all write one way.")
    ] = "default",
    state: Annotated[
        list[str] | None,
        typer.Option(help="Only people of this state, by its postal code; may be given several times."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a US-shaped population as several source systems would have recorded it.

    People live in households, move, marry and have children; two hospitals, a laboratory and a billing system
    record them with mistakes. Records with one entity_id are one person. Memory does not grow with N.

    \b
      mpi generate 100000 --output people.parquet --seed 1
      mpi generate 6000 --by-source feeds --seed 1 --state CT
    """
    from mpi.batch import synthetic

    if (output is None) == (by_source is None):
        raise BadInput("name either --output FILE or --by-source FOLDER", field="output")
    if profile not in synthetic.PROFILES:
        raise BadInput(f"the profile is one of {', '.join(synthetic.PROFILES)}", field="profile")
    chosen = synthetic.PROFILES[profile]
    people = replace(chosen.demographics, states=tuple(state or ()))
    chosen = replace(chosen, demographics=people)
    with progress_bar("records", n) as (progress, task):

        def advance(records: int) -> None:
            progress.advance(task, records)

        if output is not None:
            written = {output: synthetic.write(n, output, seed=seed, profile=chosen, on_progress=advance)}
        else:
            assert by_source is not None
            written = synthetic.write_by_source(
                n, by_source, seed=seed, profile=chosen, suffix=f".{file_format}", on_progress=advance
            )
    if as_json:
        print_json(
            {"seed": seed, "profile": profile, "files": {str(p): count for p, count in written.items()}}
        )
        return
    for path, count in written.items():
        answers.print(f"{path}: {count:,} records", soft_wrap=True)
