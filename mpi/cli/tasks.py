"""``mpi tasks``: the questions that a person has to settle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mpi.cli.opened import open_index, operator
from mpi.cli.output import JsonOption, note, print_json
from mpi.cli.tables import print_facts, print_table, say
from mpi.errors import BadInput

if TYPE_CHECKING:
    from mpi.index import TaskAnswer

app = typer.Typer(rich_markup_mode=None)

TaskId = Annotated[int, typer.Argument(help="Its number, from `mpi tasks`.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the answer.")]


@app.callback(invoke_without_command=True)
def tasks(context: typer.Context, as_json: JsonOption = False) -> None:
    """Settle what the machine would not decide alone. Without a command: list what is open.

    \b
      mpi tasks
      mpi tasks show 1042
      mpi tasks resolve 1042 same_person --reason "same passport"
    """
    if context.invoked_subcommand is None:
        list_tasks(as_json=as_json)
    elif as_json:
        raise BadInput(f"--json goes last: mpi tasks {context.invoked_subcommand} … --json", field="json")


@app.command("list")
def list_tasks(
    state: Annotated[
        str | None,
        typer.Option(
            help="open, claimed, awaiting_approval, resolved or all; unless given, all but resolved ones."
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="potential_duplicate, potential_overlap, potential_overlay or link_in_doubt."),
    ] = None,
    limit: Annotated[int, typer.Option(help="Tasks shown, at most.", min=1, max=1000)] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the page before ended.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the queue, most harmful first.

    \b
      mpi tasks list --kind potential_overlay
      mpi tasks list --state resolved --limit 10
    """
    with open_index() as index:
        page = index.tasks(actor=operator(), state=state, kind=kind, limit=limit, cursor=cursor)
    if as_json:
        print_json(page)
        return
    rows = [
        (str(t.id), t.kind, t.state, t.priority, t.identities, _records(t), t.probability, t.claimed_by)
        for t in page.items
    ]
    columns = ("task", "kind", "state", "priority", "identities", "records", "probability", "claimed by")
    print_table(columns, rows)
    if page.next:
        note(f"and more: `mpi tasks list --cursor {page.next}`")
    elif not rows:
        note("nothing to settle")


@app.command()
def show(task_id: TaskId, as_json: JsonOption = False) -> None:
    """Show one task; of an update that is held back, the record before and after.

    \b
      mpi tasks show 1042
    """
    with open_index() as index:
        task = index.task(task_id, actor=operator())
    _tell(task, as_json)
    if as_json or task.state == "resolved":
        return
    if len(task.identities) == 2:
        note(f"`mpi why {task.identities[0]} {task.identities[1]}` tells what speaks for and against")
    answers = "same_person|different_people" + ("" if task.after else "|overlay|cannot_tell")
    note(f"`mpi tasks resolve {task.id} {answers} --reason …` answers it")


@app.command()
def claim(task_id: TaskId, as_json: JsonOption = False) -> None:
    """Hold a task for a quarter of an hour, so that nobody else works on it.

    \b
      mpi tasks claim 1042
    """
    with open_index() as index:
        task = index.claim(task_id, actor=operator())
    _tell(task, as_json)


@app.command()
def release(task_id: TaskId, as_json: JsonOption = False) -> None:
    """Give a claimed task back.

    \b
      mpi tasks release 1042
    """
    with open_index() as index:
        task = index.release(task_id, actor=operator())
    _tell(task, as_json)


@app.command()
def resolve(
    task_id: TaskId,
    resolution: Annotated[str, typer.Argument(help="same_person, different_people, overlay or cannot_tell.")],
    reason: Reason,
    version: Annotated[
        int | None, typer.Option(help="The version you looked at; refused if it changed since.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a task, and do what the answer says: merge, hold apart, release or reject a held update.

    Without --version the task is answered as it is at this moment.

    \b
      mpi tasks resolve 1042 different_people --reason "twins"
    """
    with open_index() as index:
        seen = version if version is not None else index.task(task_id, actor=operator()).version
        task = index.resolve(task_id, resolution, reason, seen, actor=operator())
    _tell(task, as_json)
    if not as_json:
        note(f"`mpi tasks undo {task.id} --reason …` takes it back")


@app.command()
def undo(task_id: TaskId, reason: Reason, as_json: JsonOption = False) -> None:
    """Take an answer back: the state before it is restored, links included.

    \b
      mpi tasks undo 1042 --reason "looked at the wrong record"
    """
    with open_index() as index:
        task = index.undo_resolution(task_id, reason, actor=operator())
    _tell(task, as_json)


def _tell(task: TaskAnswer, as_json: bool) -> None:
    if as_json:
        print_json(task)
        return
    say(f"task {task.id}: {task.kind}, {task.state}, version {task.version}")
    print_facts(
        {
            "identities": task.identities,
            "records": _records(task),
            "weight": task.weight,
            "probability": task.probability,
            "guards": task.guards,
            "priority": task.priority,
            "queued": task.created_at,
            "claimed by": task.claimed_by,
            "until": task.claim_expires_at,
            **(task.resolution or {}),
        }
    )
    if task.before and task.after:
        fields = dict.fromkeys([*task.before, *task.after])
        rows = [(field, task.before.get(field), task.after.get(field)) for field in fields]
        print_table(("field", "before", "after"), rows)


def _records(task: TaskAnswer) -> list[str]:
    return [f"{record.source}/{record.local_id}" for record in task.records]
