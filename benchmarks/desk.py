"""How long the server takes for each page of the review desk: CPU of the worker and of PostgreSQL, and wall.

    python -m benchmarks desk --url postgresql://… [--repeat 30]

Wants an index that is filled (``python -m benchmarks.online_fill``) and migrated; 1,000,000 records and
50,000 open tasks are what the promise speaks of. It starts the application in this process, asks for every
page as the browser does, and writes ``benchmarks/results/desk.json``. CPU is that of this process and of the
PostgreSQL processes that serve it; wall is what the request took in all.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from starlette.testclient import TestClient

from benchmarks.processes import cpu_seconds, load_average, machine_speed
from mpi.api.app import create_app
from mpi.index import Actor, Index
from mpi.settings import Settings

RESULTS = Path(__file__).parent / "results" / "desk.json"
WANTED_MS = 50.0
WARM_UP = 3
LEAD = Actor(name="local", role="steward+admin")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True, help="the database of a filled index")
    parser.add_argument("--repeat", type=int, default=30, help="requests of each page")
    options = parser.parse_args()
    settings = Settings(database_url=options.url, auth="off", pool_size=2)
    figures: dict[str, Any] = {"load_average": load_average(), "machine_speed": machine_speed()}
    with TestClient(
        create_app(settings), base_url="http://127.0.0.1:8000", client=("127.0.0.1", 1)
    ) as client:
        index: Index = client.app.state.index  # type: ignore[attr-defined]
        figures["reckoned"] = _reckoned(index)
        figures["index"] = _sizes(options.url)
        figures["pages"] = {
            name: _measured(options.url, ask, options.repeat) for name, ask in _pages(client, index)
        }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")
    print(_report(figures))


def _reckoned(index: Index) -> dict[str, float]:
    """Seconds that reckoning figures and harm took, when they are due."""
    began = time.perf_counter()
    return {name: time.perf_counter() - began for name in index.desk.refresh()}


def _sizes(url: str) -> dict[str, int]:
    with psycopg.connect(url) as conn:
        row = conn.execute(
            "SELECT (SELECT count(*) FROM record), (SELECT count(*) FROM task WHERE state <> 'resolved')"
        ).fetchone()
    assert row is not None
    return {"records": row[0], "open_tasks": row[1]}


def _pages(client: TestClient, index: Index) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every page with how to ask for it; the list pages also deep inside."""

    def get(path: str, partial: bool = False) -> Callable[[], Any]:
        headers = {"HX-Request": "true"} if partial else {}
        return lambda: client.get(f"/review/{path}", headers=headers)

    deep = {order: _deep_cursor(index, order) for order in ("harm", "age")}
    tasks = [row.task_id for row in index.desk.queue("all", "harm", actor=LEAD).rows]
    identity = index.task(tasks[0], actor=LEAD).identities[0]
    source = index.sources(actor=LEAD)[0]["name"]
    day = time.strftime("%Y-%m-%d", time.gmtime())
    yield "queue, all, by harm", get("?view=all&order=harm")
    yield "queue, all, oldest first", get("?view=all&order=age")
    yield "queue, 40,000 tasks deep, by harm", get(f"?view=all&order=harm&after={deep['harm']}", True)
    yield "queue, 40,000 tasks deep, by age", get(f"?view=all&order=age&after={deep['age']}", True)
    for view in ("potential_duplicate", "potential_overlay", "harm", "overdue", "mine", "escalated"):
        yield f"queue, {view.replace('_', ' ')}", get(f"?view={view}&order=harm")
    yield "one task, whole page", get(f"tasks/{tasks[0]}?view=all&order=harm")
    yield "one task, as J fetches it", get(f"tasks/{tasks[1]}?view=all&order=harm", True)
    yield "preview of an answer", get(f"tasks/{tasks[0]}/preview?resolution=same_person", True)
    yield "notices", get("notices", True)
    yield "several at once", get("bulk?view=all&order=harm")
    for task_id in tasks:
        version = index.task(task_id, actor=LEAD).version
        index.desk.stage(task_id, version, "same_person", "documents-checked", "", actor=LEAD)
    yield "what 25 marks would do", get("bulk/preview")
    for task_id in tasks:
        index.desk.unstage(task_id, actor=LEAD)
    yield "assign", get("assign?view=all&order=harm")
    yield "a person", get(f"identities/{identity}")
    yield "overview", get("overview")
    yield "behind: records of a source", get(f"behind/records?source={source}")
    yield "behind: duplicates of a source", get(f"behind/duplicates?source={source}")
    for outcome in ("linked", "review", "new"):
        yield (
            f"behind: arrivals, {outcome}",
            get(f"behind/arrivals?source={source}&day={day}&outcome={outcome}"),
        )
    yield "behind: links of a weight", get("behind/links?bits=15")
    yield "behind: tasks of a weight", get("behind/weights?bits=3")


def _deep_cursor(index: Index, order: str) -> str | None:
    """The cursor after some 40,000 tasks."""
    cursor = None
    for _ in range(80):
        cursor = index.desk.queue("all", order, actor=LEAD, cursor=cursor, limit=500, is_counted=False).next
        if cursor is None:
            break
    return cursor


def _measured(url: str, ask: Callable[[], Any], repeat: int) -> dict[str, Any]:
    """Milliseconds of one page: worker's CPU, PostgreSQL's CPU, wall."""
    with psycopg.connect(url, autocommit=True) as conn:
        for _ in range(WARM_UP):
            answer = ask()
            assert answer.status_code == 200, (answer.status_code, answer.text[:200])
        pids = [
            row[0]
            for row in conn.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'mpi'"
            ).fetchall()
        ]
    worker, postgres, wall = [], [], []
    for _ in range(repeat):
        before, cpu, began = sum(map(cpu_seconds, pids)), time.process_time(), time.perf_counter()
        ask()
        wall.append(1000 * (time.perf_counter() - began))
        worker.append(1000 * (time.process_time() - cpu))
        postgres.append(1000 * (sum(map(cpu_seconds, pids)) - before))
    return {
        "bytes": len(answer.content),
        "worker_cpu_ms": _quantiles(worker),
        # The kernel counts another process in ticks of 10 ms: only the mean says something.
        "postgres_cpu_ms": statistics.fmean(postgres),
        "wall_ms": _quantiles(wall),
    }


def _quantiles(times: list[float]) -> dict[str, float]:
    ranked = sorted(times)
    return {"p50": statistics.median(ranked), "p95": ranked[int(0.95 * (len(ranked) - 1))], "min": ranked[0]}


def _report(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['index']['records']:,} records, {figures['index']['open_tasks']:,} open tasks",
        "| page | CPU ms: worker + PostgreSQL | wall ms p50 · p95 | KB | |",
        "|---|---|---|---|---|",
    ]
    for name, found in figures["pages"].items():
        cpu = found["worker_cpu_ms"]["p50"] + found["postgres_cpu_ms"]
        met = "met" if cpu <= WANTED_MS else "missed"
        parts = f"{found['worker_cpu_ms']['p50']:.1f} + {found['postgres_cpu_ms']:.1f}"
        wall = f"{found['wall_ms']['p50']:.0f} · {found['wall_ms']['p95']:.0f}"
        lines.append(f"| {name} | {parts} | {wall} | {found['bytes'] / 1024:.0f} | {met} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
