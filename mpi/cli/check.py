"""``mpi check``: what must never be false."""

from __future__ import annotations

import typer

from mpi.cli.opened import open_index, operator
from mpi.cli.output import JsonOption, note, print_json
from mpi.cli.tables import print_table, say


def check(as_json: JsonOption = False) -> None:
    """Check every invariant in one consistent snapshot. Changes nothing.

    Exit code 1 when one is violated; the first offenders are named, by ID and never by demographics.

    \b
      mpi check
      mpi check --json
    """
    with open_index() as index:
        results = index.check(actor=operator())
    broken = [result for result in results if result.violations]
    if as_json:
        print_json(results)
    else:
        rows = [(r.invariant, "ok" if not r.violations else f"{r.violations:,}", r.title) for r in results]
        print_table(("invariant", "violations", "says"), rows)
        for result in broken:
            say(f"{result.invariant}: {'; '.join(result.sample)}")
        if broken:
            note("`mpi how ID` tells how an identity came to be, `mpi lookup ID` what it holds")
    raise typer.Exit(1 if broken else 0)
