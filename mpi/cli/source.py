"""``mpi source``: the systems that send records, and the domains they issue identifiers in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mpi.cli.opened import open_index, operator
from mpi.cli.output import JsonOption, print_json
from mpi.cli.tables import print_facts, print_table, say
from mpi.errors import BadInput, NotFound

app = typer.Typer(
    help="Source systems and assigning authorities: declared data.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What records call it.")],
    trust: Annotated[int, typer.Option(help="Rank for the best record, higher first.", min=0, max=100)] = 50,
    one_record_per_person: Annotated[
        bool, typer.Option(help="It promises no duplicates of its own; `mpi check` holds it to that.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Declare a source system, or change what is declared of it; what else there is to say goes into a file.

    \b
      mpi source add north-ehr --trust 80
    """
    declared = [
        "[[source]]",
        f"name = {json.dumps(name, ensure_ascii=False)}",  # a JSON string is one of TOML's
        f"trust = {trust}",
        f"one_record_per_person = {json.dumps(one_record_per_person)}",
    ]
    _apply("\n".join(declared), as_json)


@app.command()
def apply(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="TOML; docs/cli.md has the form.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Declare what a TOML file lists. It adds and changes, and deletes nothing.

    \b
      mpi source apply sources.toml
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file.name} cannot be read as text in UTF-8") from error
    _apply(text, as_json)


def _apply(toml_text: str, as_json: bool) -> None:
    with open_index() as index:
        applied = index.apply_sources(toml_text, actor=operator())
    if as_json:
        print_json(applied)
    else:
        say(f"declared: {applied['sources']} sources, {applied['authorities']} authorities")


@app.command("list")
def list_sources(as_json: JsonOption = False) -> None:
    """List who sends, and who issues identifiers.

    \b
      mpi source list
    """
    sources, authorities = _declared()
    if as_json:
        print_json({"sources": sources, "authorities": authorities})
        return
    rows = [(s["name"], s["trust"], s.get("mode"), s.get("one_record_per_person")) for s in sources]
    print_table(("source", "trust", "mode", "one record per person"), rows)
    if authorities:
        columns = ("name", "oid", "uri", "type", "owner", "person_unique")
        rows = [tuple(authority[column] for column in columns) for authority in authorities]
        print_table(("authority", *columns[1:-1], "unique to a person"), rows)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="As it was declared.")], as_json: JsonOption = False
) -> None:
    """Show what is declared of one source, and the authorities it owns.

    \b
      mpi source show north-ehr
    """
    sources, authorities = _declared()
    found = next((source for source in sources if source["name"] == name), None)
    if found is None:
        raise NotFound(f"source {name!r} has not been declared: `mpi source add {name}`")
    owned = [authority for authority in authorities if authority["owner"] == name]
    if as_json:
        print_json({**found, "authorities": owned})
        return
    print_facts(found)
    for authority in owned:
        print_facts(authority, title="authority")


def _declared() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    with open_index() as index:
        return index.sources(actor=operator()), index.authorities(actor=operator())
