"""How fast the index answers: one registration, many at once, look-ups, the worst block, and a bulk load.

    python -m benchmarks online [--sizes 100000,1000000] [--home FOLDER] [--keep] [--seconds 60]

Fills a durable embedded PostgreSQL through the same load as `mpi load`, starts `mpi serve` with one worker
and credentials on, and sends requests from another process. Milliseconds of CPU are those that the kernel
counts for the worker and for all processes of PostgreSQL. Writes ``benchmarks/results/online.json``, where
the figures of sizes measured before are kept. A folder that is kept is filled no second time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.online_population import (
    PROBES,
    arrivals_file,
    block_file,
    fill_file,
    probes_file,
    write_files,
)
from benchmarks.online_report import report
from benchmarks.processes import cpu_seconds, descendant_running, load_average, machine_speed
from mpi.index import Actor, Index
from mpi.settings import Settings
from mpi.storage.database import migrate
from mpi.storage.embedded import EmbeddedDatabase

RESULTS = Path(__file__).parent / "results" / "online.json"
SERVER_SETTINGS = {"shared_buffers": "1GB"}
ACTOR = Actor(name="benchmark", role="steward+admin")
WARM_UP, REQUESTS, PROBE_REQUESTS, TRACED = 300, 2_000, 300, 20
CLIENTS, RATE = 8, 150
START_SECONDS_MAX = 60


@dataclass
class Bench:
    """One run: the database, where its files are, and the figures so far."""

    home: Path
    database: EmbeddedDatabase
    seconds: int
    figures: dict[str, Any] = field(default_factory=dict)
    #: File → how many of its bodies were sent already.
    sent: dict[str, int] = field(default_factory=dict)

    @property
    def postgres_pid(self) -> int:
        """The first process of PostgreSQL."""
        return int((self.database.location.data / "postmaster.pid").read_text().split()[0])

    def postgres_cpu(self) -> float:
        """CPU seconds of PostgreSQL so far, all its processes."""
        return cpu_seconds(self.postgres_pid, with_children=True)

    def execute(self, *statements: str) -> list[tuple[Any, ...]]:
        """The rows of the last statement."""
        with psycopg.connect(self.database.url, autocommit=True) as conn:
            for statement in statements:
                cursor = conn.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def environment(self) -> dict[str, str]:
        """What a process of mpi finds in its environment."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MPI_")}
        return {**kept, "DATABASE_URL": self.database.url, "MPI_AUTH": "on", "MPI_AUTO_DECLARE": "true"}

    def left(self, path: Path) -> int:
        """How many of a file's bodies were not sent yet."""
        with path.open("rb") as file:
            return sum(1 for _ in file) - self.sent.get(path.name, 0)

    def take(self, path: Path, count: int) -> dict[str, Any]:
        """Which bodies of a file come next: none is sent twice, for that would be an update."""
        skip = self.sent.get(path.name, 0)
        self.put_back(path, -count)
        return {"bodies": str(path), "skip": skip, "count": count}

    def put_back(self, path: Path, count: int) -> None:
        """The last so many that were taken were not sent after all."""
        self.sent[path.name] = self.sent.get(path.name, 0) - count
        (self.home / "sent.json").write_text(json.dumps(self.sent))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="100000,1000000", help="records in the index, ascending")
    parser.add_argument("--home", type=Path, help="where the database and the files are; reused when there")
    parser.add_argument("--keep", action="store_true", help="leave them there")
    parser.add_argument("--seconds", type=int, default=60, help="how long many clients at once are measured")
    options = parser.parse_args()
    sizes = [int(text) for text in options.sizes.split(",")]
    home = options.home or Path(tempfile.mkdtemp(prefix="mpi-online-"))
    try:
        figures = _run(home, sizes, options.seconds)
    finally:
        if not options.keep:
            shutil.rmtree(home, ignore_errors=True)
    RESULTS.parent.mkdir(exist_ok=True)
    if RESULTS.exists():
        figures = json.loads(RESULTS.read_text()) | figures
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")
    print(report(figures))


def _run(home: Path, sizes: list[int], seconds: int) -> dict[str, Any]:
    if not all(fill_file(home, size).exists() for size in sizes):
        write_files(home, sizes, probes=10 * PROBE_REQUESTS)
    with EmbeddedDatabase(home / "index", settings=SERVER_SETTINGS) as database:
        migrate(database.url)
        bench = Bench(home, database, seconds)
        bench.figures["server"] = {
            name: bench.execute(f"SHOW {name}")[0][0]
            for name in ("server_version", "shared_buffers", "fsync", "synchronous_commit")
        }
        for size in sizes:
            figures = bench.figures[str(size)] = {}
            figures["fill"] = fill(bench, fill_file(home, size))
            if size == sizes[0]:
                figures["block"] = fill(bench, block_file(home))
            bench.execute("VACUUM ANALYZE", "CHECKPOINT")
            _measure(bench, size, figures)
        return bench.figures


def fill(bench: Bench, path: Path) -> dict[str, Any]:
    """Load a file; a file that was loaded before keeps the figures of then."""
    kept = bench.home / f"{path.stem}.loaded.json"
    if kept.exists():
        loaded: dict[str, Any] = json.loads(kept.read_text())
        return loaded
    cpu_before, load_before = bench.postgres_cpu(), load_average()
    command = [sys.executable, "-m", "benchmarks.online_fill", str(path)]
    steps = []
    with subprocess.Popen(command, env=bench.environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            steps.append({**json.loads(line), "postgres_cpu_seconds": bench.postgres_cpu() - cpu_before})
            _say(f"{path.name}: {steps[-1]['lines']:,} records, {steps[-1]['seconds']:.0f} s")
    if process.returncode:
        raise SystemExit(f"the load of {path.name} failed")
    last = steps[-1]
    figures = {
        "records": last["lines"],
        "seconds": last["seconds"],
        "records_per_second": round(last["lines"] / last["seconds"]),
        "loader_cpu_ms": 1000 * last["cpu_seconds"] / last["lines"],
        "postgres_cpu_ms": 1000 * last["postgres_cpu_seconds"] / last["lines"],
        "peak_memory_mb": last["peak_memory_mb"],
        "load_average": [load_before, load_average()],
        "steps": steps,
    }
    kept.write_text(json.dumps(figures, indent=2))
    return figures


def _measure(bench: Bench, size: int, figures: dict[str, Any]) -> None:
    sent, arrivals = bench.home / "sent.json", arrivals_file(bench.home, size)
    bench.sent = json.loads(sent.read_text()) if sent.exists() else {}
    figures["round_trips"] = _round_trips(bench, arrivals)
    with serving(bench) as server:
        requests = min(REQUESTS, bench.left(arrivals) // 3)
        server.send("/api/v1/records", bench.take(arrivals, min(WARM_UP, requests)))
        figures["register"] = server.send("/api/v1/records", bench.take(arrivals, requests))
        server.send("/api/v1/match", bench.take(arrivals, 0) | {"count": WARM_UP})
        figures["match"] = server.send("/api/v1/match", bench.take(arrivals, 0) | {"count": requests})
        for kind in PROBES:
            probes = bench.take(probes_file(bench.home, kind, size), PROBE_REQUESTS)
            figures[kind] = server.send("/api/v1/records", probes)
        at_once = {"clients": CLIENTS, "seconds": bench.seconds}
        on_time = bench.seconds * RATE
        crowd = max(0, min(bench.seconds * 500, bench.left(arrivals) - on_time))
        figures["closed_loop"] = server.send("/api/v1/records", bench.take(arrivals, crowd) | at_once)
        bench.put_back(arrivals, crowd - figures["closed_loop"]["requests"])
        timetable = bench.take(arrivals, on_time) | at_once | {"rate": RATE, "seconds": 0}
        figures["open_loop"] = server.send("/api/v1/records", timetable)


def _round_trips(bench: Bench, arrivals: Path) -> dict[str, Any]:
    """How often one registration waits for the server: answers in the protocol, as libpq traces them."""
    order = bench.take(arrivals, 2 * TRACED)
    with Path(order["bodies"]).open("rb") as file:
        flats = [json.loads(line) for line in islice(file, order["skip"], order["skip"] + order["count"])]
    settings = Settings(database_url=bench.database.url, auth="off", pool_size=1)
    trace = bench.home / "trace.txt"
    with Index.open(settings) as index, trace.open("wb") as file:
        for flat in flats[:TRACED]:
            index.receive(flat, actor=ACTOR)
        with index._context.pool.connection() as conn:
            conn.pgconn.trace(file.fileno())
        answers: list[int] = []
        for flat in flats[TRACED:]:
            before = trace.read_text().count("ReadyForQuery")
            index.receive(flat, actor=ACTOR)
            answers.append(trace.read_text().count("ReadyForQuery") - before)
    return {"median": statistics.median(answers), "max": max(answers)}


@dataclass
class Server:
    """`mpi serve` with one worker."""

    bench: Bench
    port: int
    key: str
    worker_pid: int

    def send(self, path: str, order: dict[str, Any]) -> dict[str, Any]:
        """Have the client send what is ordered; latencies and CPU per request."""
        whole = {"port": self.port, "key": self.key, "path": path, "clients": 1, "seconds": 0, "rate": 0}
        speed = machine_speed()
        before = cpu_seconds(self.worker_pid), self.bench.postgres_cpu()
        command = [sys.executable, "-m", "benchmarks.online_client"]
        done = subprocess.run(
            command, input=json.dumps(whole | order), stdout=subprocess.PIPE, text=True, check=True
        )
        after = cpu_seconds(self.worker_pid), self.bench.postgres_cpu()
        found: dict[str, Any] = json.loads(done.stdout)
        latencies = sorted(found.pop("latencies"))
        count = len(latencies)
        found |= {
            "requests": count,
            "per_second": count / found["seconds"] if count else 0,
            "api_cpu_ms": 1000 * (after[0] - before[0]) / max(count, 1),
            "postgres_cpu_ms": 1000 * (after[1] - before[1]) / max(count, 1),
            "latency_ms": _percentiles(latencies),
            "load_average": load_average(),
            "machine_speed": [speed, machine_speed()],
        }
        _say(f"{path} {order['count']}: {json.dumps({k: v for k, v in found.items() if k != 'answers'})}")
        return found


def _percentiles(latencies: list[float]) -> dict[str, float]:
    if not latencies:
        return {}
    places = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    last = len(latencies) - 1
    return {name: latencies[round(part * last)] for name, part in places.items()} | {"max": latencies[-1]}


@contextmanager
def serving(bench: Bench) -> Iterator[Server]:
    with Index.open(Settings(database_url=bench.database.url, auth="off")) as index:
        key = index.add_client(f"benchmark-{time.time_ns()}", "registrar", actor=ACTOR)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = "import sys; from mpi.cli.main import run; sys.argv[0] = 'mpi'; run()"
    command = [sys.executable, "-c", serve, "serve", "--workers", "1", "--port", str(port)]
    process = subprocess.Popen(command, env=bench.environment() | {"MPI_LOG_LEVEL": "warning"})
    try:
        _wait_for(port)
        worker = descendant_running(process.pid, "mpi.cli.worker")
        assert worker is not None
        yield Server(bench, port, key, worker)
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(START_SECONDS_MAX * 10):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(
                    b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
                )
                if connection.recv(12).endswith(b"200"):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the server did not start")


def _say(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
