"""Every command teaches: it has help, an example, `--json` for programs, and its place in docs/cli.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from mpi.cli.main import HELP, app

ROOT = Path(__file__).parents[2]
#: They answer nothing that a program would read.
WITHOUT_JSON = {"serve"}


def commands(command: object = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    """Every command that does something, with its words."""
    command = command or typer.main.get_command(app)
    below = getattr(command, "commands", {})
    for name, each in below.items():
        yield from commands(each, (*path, name))
    if path and (not below or getattr(command, "invoke_without_command", False)):
        yield " ".join(path), command


ALL = dict(commands())


def test_the_commands_of_the_design_are_there() -> None:
    assert {
        "demo", "serve", "load", "batch list", "batch show", "lookup", "why", "how", "merge", "unmerge",
        "tasks", "tasks list", "tasks show", "tasks claim", "tasks release", "tasks resolve", "tasks undo",
        "generate", "check", "client add", "client list", "client revoke", "source add", "source list",
        "source show", "source apply", "db upgrade", "db status", "db stop",
    } <= set(ALL)  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_a_command_has_help_and_a_place_in_the_reference(name: str) -> None:
    said = CliRunner().invoke(app, [*name.split(), "--help"])
    assert said.exit_code == 0
    text = getattr(ALL[name], "help", None)
    assert text and text.strip()
    assert name.startswith("db ") or name == "serve" or f"mpi {name}" in text, "no example"
    assert f"`mpi {name}" in (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    options = {flag for parameter in getattr(ALL[name], "params", ()) for flag in parameter.opts}
    assert "--json" in options or name in WITHOUT_JSON
    assert all(getattr(p, "help", None) for p in getattr(ALL[name], "params", ())), "an option without help"


def test_the_first_help_names_commands_that_exist() -> None:
    named = {line.split()[1] for line in HELP.splitlines() if line.startswith("  mpi ")}
    assert named <= {name.split()[0] for name in ALL}


def test_a_wrong_call_ends_with_2() -> None:
    assert CliRunner().invoke(app, ["nonsense"]).exit_code == 2
    assert CliRunner().invoke(app, ["merge"]).exit_code == 2
