"""``mpi client``: the programs and people that may call the API."""

from __future__ import annotations

from typing import Annotated

import typer

from mpi.cli.opened import open_index, operator
from mpi.cli.output import JsonOption, note, print_json
from mpi.cli.tables import print_table, say

app = typer.Typer(help="Who may call the API, and as what.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What the audit calls it.")],
    role: Annotated[str, typer.Option(help="reader, registrar, reviewer, steward or admin.")],
    source: Annotated[str | None, typer.Option(help="The source system it speaks for, and no other.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Add a client and print its key, this once: only its hash is kept.

    Each role may do what those before it may: reader looks up, registrar registers, reviewer settles tasks,
    steward merges. An admin configures and sees no patients.

    \b
      mpi client add registration-desk --role registrar
      mpi client add north-ehr --role registrar --source north-ehr
    """
    with open_index() as index:
        key = index.add_client(name, role, actor=operator(), source=source)
    if as_json:
        print_json({"name": name, "role": role, "source": source, "key": key})
    else:
        say(key)
        note("keep it now: it cannot be shown again. Calls send it as `Authorization: Bearer KEY`")


@app.command()
def link(
    name: Annotated[str, typer.Argument(help="As it was added.")],
    url: Annotated[
        str, typer.Option(help="Where the desk is served, as a browser writes it.")
    ] = "http://127.0.0.1:8000",
    as_json: JsonOption = False,
) -> None:
    """Print a link that opens the review desk for a client, once and within half an hour.

    \b
      mpi client link jane.doe --url https://mpi.example.org
    """
    with open_index() as index:
        token = index.desk.login_link(name, actor=operator())
    opened = f"{url.rstrip('/')}/review/login?token={token}"
    if as_json:
        print_json({"name": name, "url": opened})
    else:
        say(opened)


@app.command("list")
def list_clients(as_json: JsonOption = False) -> None:
    """List every client, revoked ones too, without keys.

    \b
      mpi client list
    """
    with open_index() as index:
        clients = index.clients(actor=operator())
    if as_json:
        print_json(clients)
    else:
        rows = [(c["name"], c["role"], c["source"], c["created_at"], c["revoked_at"]) for c in clients]
        print_table(("name", "role", "source", "added", "revoked"), rows)


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="As it was added.")], as_json: JsonOption = False
) -> None:
    """Refuse a client's key from now on; a running server does within five seconds.

    \b
      mpi client revoke registration-desk
    """
    with open_index() as index:
        index.revoke_client(name, actor=operator())
    if as_json:
        print_json({"revoked": name})
    else:
        say(f"{name} is refused from now on")
