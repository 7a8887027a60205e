"""``mpi evaluate``: how good the rules are on a file whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mpi.cli.dedup import FileArgument, MapOption, RulesOption, SourceOption
from mpi.cli.opened import collect_seldom
from mpi.cli.output import JsonOption, note, print_json
from mpi.cli.stages import shown_stages
from mpi.cli.tables import print_facts, print_table, say
from mpi.errors import BadInput

if TYPE_CHECKING:
    from mpi.batch import EncodedRecords
    from mpi.batch.evaluation import Evaluation, Mistakes

#: Reasons shown why pairs were never compared.
_NEAREST_MAX = 10
#: The column that says who is who.
TRUTH = "entity_id"


def evaluate(
    file: FileArgument,
    rules: RulesOption = "default",
    train: Annotated[
        bool, typer.Option("--train", help="First fit the rule set's probabilities to the file.")
    ] = False,
    map_file: MapOption = None,
    source: SourceOption = "file",
    output: Annotated[
        Path | None,
        typer.Option(help="A folder for evaluation.json, evaluation.html and never_compared.csv."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Deduplicate a file whose column entity_id says who is who, and tell how good the outcome is.

    Precision and recall of the links the machine makes, in pairs and by record (B-cubed), and again once a
    reviewer who is always right has settled every task; how many tasks that takes; what blocking missed;
    whether probabilities mean what they say; and every mistake by kind. Needs no database.

    With --output, evaluation.html shows all of it with plots and examples, and evaluation.json holds it for
    programs. Both show patients: only you can read them. never_compared.csv names each pair of one person
    that blocking missed, by its IDs, with the pass that was nearest and what it lacked. --json prints the
    figures without examples.

    \b
      mpi generate 100000 --output people.parquet --seed 1
      mpi evaluate people.parquet --output quality
    """
    from mpi.batch import deduplicate, encode_table, evaluation, read_map, read_table
    from mpi.matching.rules import load_rules

    rule_set = load_rules(rules)
    column_map = read_map(map_file) if map_file is not None else None
    collect_seldom()
    with shown_stages() as progress:
        read = read_table(file, column_map, progress=progress)
        if read.truth is None:
            reason = f"{file.name} has no column {TRUTH}, which says which records are one person's"
            raise BadInput(f"{reason}; `mpi dedup` needs none", field=TRUTH)
        records = encode_table(read.table, rule_set, default_source=source, progress=progress)
        found = deduplicate(records, rule_set, train=train, warnings=read.warnings, progress=progress)
        truth = read.truth.to_pandas().iloc[records.rows]
        held = evaluation.evaluate(found, truth, progress=progress)
    paths = _written(held, records, output) if output is not None else []
    for warning in found.warnings:
        note(warning)
    if as_json:
        print_json({**evaluation.figures(held, examples=False), "files": [str(path) for path in paths]})
        return
    tell(held)
    for path in paths:
        say(str(path))


def _written(held: Evaluation, records: EncodedRecords, folder: Path) -> list[Path]:
    """The three files. Raises BadInput where the folder cannot be written."""
    from mpi.batch.report import write_evaluation, write_figures, write_never_compared

    paths = [folder / name for name in ("evaluation.json", "evaluation.html", "never_compared.csv")]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_figures(held, paths[0])
        write_evaluation(held, paths[1])
        write_never_compared(held, records, paths[2])
    except OSError as error:
        raise BadInput(f"{folder} cannot be written: {error.strerror}", field="output") from error
    return paths


def tell(held: Evaluation) -> None:
    """The figures for the person at the terminal."""
    columns = ("", "precision", "recall", "F1", "B³ precision", "B³ recall", "B³ F1", "wrong pairs", "missed")
    rows = [
        (
            who,
            *(f"{share:.4f}" for share in (one.pairwise.precision, one.pairwise.recall, one.pairwise.f1)),
            *(f"{share:.4f}" for share in (one.bcubed.precision, one.bcubed.recall, one.bcubed.f1)),
            one.pairwise.wrong_pairs,
            one.pairwise.true_pairs - one.pairwise.correct_pairs,
        )
        for who, one in (
            ("links of the machine", held.automatic),
            ("and a reviewer who knows", held.reviewed),
        )
    ]
    print_table(columns, rows, title=f"pairs of records of one person: {held.blocking.true_pairs:,}")
    print_facts(
        {
            "records": held.records,
            "of unknown truth": held.records - held.labelled or None,
            "people in truth": held.people,
            "clusters": held.clusters,
            "tasks": held.tasks.tasks,
            "tasks for 1,000 records": f"{held.tasks.per_1000_records:.1f}",
            "tasks that are duplicates": f"{held.tasks.duplicate_share:.1%}",
            "pairs compared": held.blocking.candidate_pairs,
            "blocking recall": f"{held.blocking.recall:.4f}",
            "calibration error": f"{held.calibration.error:.4f}",
            "rule set": f"{held.rules.name} ({held.rules.hash})",
        }
    )
    _tell_mistakes("wrong links", held.wrong)
    _tell_mistakes("missed links", held.missed)
    _tell_mistakes("pairs of one person never compared", held.blocking.missed)
    _tell_nearest(held)


def _tell_nearest(held: Evaluation) -> None:
    """Why pairs were never compared."""
    counts = held.blocking.never_compared.counts()
    if counts:
        rows = [(near.replace("_", " "), lacks.replace("_", " "), n) for (near, lacks), n in counts.items()]
        print_table(
            ("nearest pass", "what it lacked", "pairs"), rows[:_NEAREST_MAX], title="why never compared"
        )


def _tell_mistakes(title: str, mistakes: Mistakes) -> None:
    if mistakes.kinds:
        columns = ("kind", "pairs", *(reason.replace("_", " ") for reason in mistakes.reasons))
        rows = [
            (kind.kind.replace("_", " "), kind.count, *(kind.reasons.get(one, 0) for one in mistakes.reasons))
            for kind in mistakes.kinds
        ]
        print_table(columns, rows, title=f"{title}: {mistakes.count:,}")
