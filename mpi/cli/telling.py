"""How ``mpi demo`` tells what it found, and what to try on it."""

from __future__ import annotations

import os
import shlex
from typing import Any
from urllib.parse import quote

from mpi.batch.evaluation import PairwiseQuality
from mpi.cli.findings import Findings
from mpi.cli.output import note, print_json
from mpi.cli.tables import print_facts, print_table, say


def tell(findings: Findings, url: str | None, as_json: bool) -> None:
    """The figures, as tables or as JSON; ``url`` is where they are going to be served."""
    if as_json:
        print_json({**_figures(findings), "url": url})
        return
    columns = ("source", "records", "new", "linked", "review", "rejected")
    print_table(columns, [[row[c] for c in columns] for row in findings.sources], title="taken in")
    print_facts(
        {
            "records": findings.records,
            "identities": findings.identities,
            "people in truth": findings.people,
            "links made by the machine": findings.links,
            **{f"tasks: {kind}": count for kind, count in findings.tasks.items()},
        },
        title="found",
    )
    rows = [
        (who, f"{q.precision:.4f}", f"{q.recall:.4f}", f"{q.f1:.4f}", q.predicted_pairs, q.wrong_pairs)
        for who, q in (
            ("links of the machine", findings.quality),
            ("and a reviewer who knows", findings.reviewed),
        )
    ]
    columns = ("against the truth", "precision", "recall", "F1", "pairs", "wrong")
    print_table(columns, rows, title=f"pairs of records of one person: {findings.quality.true_pairs:,}")
    broken = [result for result in findings.invariants if result.violations]
    say(f"invariants: {len(findings.invariants) - len(broken)} of {len(findings.invariants)} hold")
    for result in broken:
        say(f"{result.invariant}: {result.violations:,} violations: {result.title}")


def tell_what_to_try(findings: Findings, url: str, login_token: str, as_json: bool) -> None:
    """Where it is served, with the link that opens the desk and calls that answer something."""
    api = f"{url}/api/v1"
    note(f"serving {url}, to this machine only and without keys; Ctrl-C ends everything")
    desk = f"the review desk: {url}/review/login?token={login_token}"
    if as_json:
        note(desk)
        return
    say(desk)
    say(f"the API: {api}, described at {url}/api/docs; try:")
    if findings.example_id:
        say(f"  curl -s {api}/identities/{findings.example_id}")
        names = [
            f"{quote(s, safe='')}/{quote(local_id, safe='')}" for s, local_id in findings.example_records
        ]
        if len(names) > 1:
            say("  curl -s " + shlex.quote(f"{api}/why?a={names[0]}&b={names[-1]}"))
    if findings.example_task:
        say(f"  curl -s {api}/tasks/{findings.example_task.id}")
    say(
        "fewer questions, by rules that were measured on these records; take it back with mpi batch rollback:"
    )
    mpi = f"MPI_AUTH=off MPI_HOME={shlex.quote(os.environ['MPI_HOME'])} mpi"
    say(f"  {mpi} train --index --output ours.toml && {mpi} relink --plan --rules ours.toml")


def _figures(findings: Findings) -> dict[str, Any]:
    """The figures for programs."""
    return {
        "sources": findings.sources,
        "records": findings.records,
        "identities": findings.identities,
        "people": findings.people,
        "links": findings.links,
        "tasks": findings.tasks,
        "quality": _measures(findings.quality),
        "after_perfect_reviewer": _measures(findings.reviewed),
        "invariants": findings.invariants,
    }


def _measures(quality: PairwiseQuality) -> dict[str, float]:
    return {
        "precision": quality.precision,
        "recall": quality.recall,
        "f1": quality.f1,
        "true_pairs": quality.true_pairs,
        "linked_pairs": quality.predicted_pairs,
        "wrong_pairs": quality.wrong_pairs,
    }
