"""``mpi relink``: all records of the index grouped anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mpi.cli.opened import collect_seldom, for_bulk_work, open_index, operator
from mpi.cli.output import JsonOption, note, print_json, progress_bar
from mpi.cli.tables import print_facts, print_table, say
from mpi.errors import BadInput
from mpi.settings import Settings

if TYPE_CHECKING:
    from mpi.index import RelinkAnswer, RelinkStep


def relink(
    plan: Annotated[bool, typer.Option("--plan", help="Only say what would change, and why.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Do it, as one batch.")] = False,
    rules: Annotated[
        str | None, typer.Option(help="Rule set to go by instead of MPI_RULES: a name or a TOML file.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is done, kept with the batch.")] = None,
    sample: Annotated[int, typer.Option(help="Changes to show with their reasons.", min=0)] = 20,
    as_json: JsonOption = False,
) -> None:
    """Look at all records anew: what belongs together now that all of them are known, or by other rules.

    Records come in one by one, each decided on by what was there then. This compares all with all at once.
    --plan says which identities would merge, lose records or be split, which questions would be asked and
    which fall away, with the reasons of a sample. --apply does it in one transaction: enterprise IDs stay
    with the most of their records, what people stated holds, and `mpi batch rollback` takes all of it back.
    A plan right after is empty.

    --rules goes by another rule set; where it has other blocking passes, --apply makes the keys of all
    records anew. Registrations go by MPI_RULES: set it to the same for every process.

    \b
      mpi relink --plan
      mpi relink --plan --rules stricter.toml --sample 50
      mpi relink --apply --reason "yearly review"
    """
    if plan == apply:
        raise BadInput("say either --plan or --apply")
    settings = Settings.read()
    if rules is not None:
        settings = settings.model_copy(update={"rules": rules})
    collect_seldom()
    with open_index(for_bulk_work(settings)) as index, progress_bar("relink") as (progress, bar):

        def advance(stage: str, done: int, total: int) -> None:
            progress.update(bar, description=stage, completed=done, total=total or None)

        if plan:
            answer = index.relink_plan(actor=operator(), sample=sample, progress=advance)
        else:
            answer = index.relink_apply(actor=operator(), reason=reason, sample=sample, progress=advance)
    if as_json:
        print_json(answer)
    else:
        _tell(answer, applied=apply)
        if apply and rules is not None and rules != Settings.read().rules:
            note(f"set MPI_RULES={rules} for every process: registrations have to go by the same rules")


def _tell(answer: RelinkAnswer, *, applied: bool) -> None:
    say(f"{answer.records:,} records of {answer.identities:,} identities, rule set {answer.rule_set['name']}")
    facts: dict[str, Any] = {
        "merges": answer.merges,
        "splits": answer.splits,
        "moves": answer.moves,
        "identities shared out among others": answer.dissolved,
        "records that change their enterprise ID": answer.records_moved,
        "new tasks": answer.new_tasks,
        "closed tasks": answer.closed_tasks,
    }
    print_facts({name: f"{count:,}" for name, count in facts.items()})
    if answer.steps:
        columns = ("what", "records", "from", "to", "why", "later")
        print_table(columns, [_row(step) for step in answer.steps], title="a sample")
    if answer.questions_left_out:
        note(f"{answer.questions_left_out:,} questions are left out: one identity has too many open")
    if answer.changed_meanwhile:
        note(f"{answer.changed_meanwhile:,} groups changed meanwhile and are as they were: plan again")
    if not applied:
        note("nothing was changed" if not answer.is_empty else "there is nothing to do")
    elif answer.batch_id is None:
        note("there was nothing to do")
    else:
        say(f"batch {answer.batch_id}")
        note(f"`mpi batch rollback {answer.batch_id} --reason R` takes it back")


def _row(step: RelinkStep) -> tuple[str, ...]:
    records = ", ".join(step.records[:3]) + (
        f" and {len(step.records) - 3} more" if len(step.records) > 3 else ""
    )
    return (step.kind, records, step.from_id, step.to_id or "a new one", _why(step), step.later_record)


def _why(step: RelinkStep) -> str:
    if step.weight is None:
        return "no pair across resembles enough"
    pair = " and ".join(step.pair)
    if step.ground == "link":
        return f"{pair} link with weight {step.weight:.1f}"
    if step.ground == "weight":
        return f"{pair} weigh {step.weight:.1f}, too little"
    held = ", ".join(step.guards) if step.ground == "guard" else step.ground.replace("_", " ")
    return f"{pair}, weight {step.weight:.1f}, are held apart: {held}"
