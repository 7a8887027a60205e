"""``mpi merge`` and ``mpi unmerge``: what a person decides about whole identities."""

from __future__ import annotations

from typing import Annotated

import typer

from mpi.cli.opened import open_index, operator
from mpi.cli.output import JsonOption, note, print_json
from mpi.cli.tables import print_facts, say
from mpi.errors import BadInput


def merge(
    surviving: Annotated[str, typer.Argument(help="The enterprise ID that stays.")],
    subsumed: Annotated[str, typer.Argument(help="The one that redirects to it from then on.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the merge.")] = "",
    preview: Annotated[
        bool, typer.Option("--preview", help="Say what it would do; nothing is done.")
    ] = False,
    override: Annotated[
        bool, typer.Option("--override", help="Although somebody stated that they are different people.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make two identities one. Nothing is deleted, and `mpi unmerge` undoes it at any later time.

    \b
      mpi merge 7K3M-9QRT-2X 4HPD-0WZC-81 --preview
      mpi merge 7K3M-9QRT-2X 4HPD-0WZC-81 --reason "same passport, seen at the desk"
    """
    if not preview and not reason.strip():
        raise BadInput("say why with --reason, or look first with --preview", field="reason")
    with open_index() as index:
        answer = index.merge(
            surviving, subsumed, reason, actor=operator(), preview=preview, override=override
        )
    if as_json:
        print_json(answer)
        return
    moved = [f"{record.source}/{record.local_id}" for record in answer.records_moved]
    if preview:
        say(f"{answer.subsumed} would redirect to {answer.surviving}; nothing was done")
    else:
        say(f"merge {answer.merge_id}: {answer.subsumed} redirects to {answer.surviving}")
    print_facts({"records moved": moved, "systems to notify": answer.systems_to_notify})
    print_facts(answer.best_record, title="best record")
    if not preview:
        note(f"`mpi unmerge {answer.merge_id} --reason …` undoes it")


def unmerge(
    merge_id: Annotated[
        int, typer.Argument(help="The merge's number: its answer said it, `mpi how` tells it.")
    ],
    reason: Annotated[str, typer.Option(help="Why; kept with it.")],
    as_json: JsonOption = False,
) -> None:
    """Undo a merge: both identities are what they were, and are stated to be different people.

    Records that somebody moved since stay where they are, and are named.

    \b
      mpi unmerge 1007 --reason "two brothers"
    """
    with open_index() as index:
        answer = index.unmerge(merge_id, reason, actor=operator())
    if as_json:
        print_json(answer)
        return
    say(f"{answer.restored} is {answer.restored_status} again, beside {answer.surviving}")
    print_facts(
        {
            "records returned": [f"{record.source}/{record.local_id}" for record in answer.records_returned],
            "left where they are": [f"{record.source}/{record.local_id}" for record in answer.records_left],
        }
    )
