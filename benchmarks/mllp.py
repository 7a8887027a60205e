"""How fast HL7 v2 messages are taken over MLLP: ADT^A04 of new records, durable, over one socket and eight.

    python -m benchmarks mllp [--size 100000] [--messages 2000] [--home FOLDER] [--keep]

Fills a durable embedded PostgreSQL, starts `mpi serve` with two workers and an MLLP listener, and sends
messages from another process; each socket sends its next message when the one before was acknowledged.
Acknowledgements are counted by what they say, and the records in the database before and after. Writes
``benchmarks/results/mllp.json``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.online import ACTOR, Bench, _percentiles, _say, _wait_for, fill
from benchmarks.online_population import arrivals_file, fill_file, write_files
from benchmarks.processes import children, cpu_seconds, load_average, machine_speed
from mpi.hl7v2 import Connection
from mpi.hl7v2.receiving import receive
from mpi.index import Index
from mpi.settings import Settings
from mpi.storage.database import migrate
from mpi.storage.embedded import EmbeddedDatabase

RESULTS = Path(__file__).parent / "results" / "mllp.json"
SOCKETS = (1, 8)
WARM_UP, TRACED = 200, 20
SOURCES = {"north-ehr": "NORTH", "south-ehr": "SOUTH", "lab": "LAB", "clinic": "CLINIC"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=100_000, help="records in the index beforehand")
    parser.add_argument("--messages", type=int, default=2_000, help="for each number of sockets")
    parser.add_argument("--home", type=Path, help="where the database and the files are; reused when there")
    parser.add_argument("--keep", action="store_true", help="leave them there")
    options = parser.parse_args()
    home = options.home or Path(tempfile.mkdtemp(prefix="mpi-mllp-"))
    home.mkdir(exist_ok=True)
    home.chmod(0o755)  # PostgreSQL runs as another user when we are root
    try:
        figures = _run(home, options.size, options.messages)
    finally:
        if not options.keep:
            shutil.rmtree(home, ignore_errors=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))


def _run(home: Path, size: int, count: int) -> dict[str, Any]:
    if not fill_file(home, size).exists():
        write_files(home, [size], probes=1)
    with EmbeddedDatabase(home / "index", settings={"shared_buffers": "512MB"}) as database:
        migrate(database.url)
        bench = Bench(home, database, seconds=0)
        fill(bench, fill_file(home, size))
        if (sent := home / "sent.json").exists():
            bench.sent = json.loads(sent.read_text())  # a message sent before would only be repeated
        bench.execute("VACUUM ANALYZE", "CHECKPOINT")
        names = ("server_version", "fsync", "synchronous_commit")
        server = {name: bench.execute(f"SHOW {name}")[0][0] for name in names}
        figures: dict[str, Any] = {"server": server, "records": size}
        messages = home / "messages.ndjson"
        _write_messages(arrivals_file(home, size), messages, declare_in=bench)
        figures["round_trips"] = _round_trips(bench, messages)
        with _serving(bench) as (port, pid):
            _send(bench, pid, port, messages, WARM_UP, sockets=8)
            for sockets in SOCKETS:
                figures[f"{sockets} sockets"] = _send(bench, pid, port, messages, count, sockets=sockets)
        return figures


def message_of(flat: dict[str, Any], number: int) -> bytes:
    """ADT^A04 in HL7 2.5 of a flat record, its source the sender."""
    source = flat["source"]
    authority = SOURCES.get(source, source.upper())
    birth_date = "".join(c for c in flat.get("birth_date", "") if c.isdigit())[:8]

    def joined(*names: str) -> str:
        return "^".join(flat.get(name, "") for name in names)

    address, name = joined("street", "", "city", "state", "zip"), joined("family", "given", "middle")
    identifier = f"{flat['local_id']}^^^{authority}^MR"
    pid = ["PID", "1", "", identifier, "", name, "", birth_date, flat.get("sex", "")]
    pid += ["", "", address, "", flat.get("phone", ""), "", "", "", "", "", flat.get("ssn", "")]
    msh = ["MSH", "^~\\&", source, "BENCH", "MPI", "HUB", "20250102030405", "", "ADT^A04^ADT_A01"]
    msh += [str(number), "P", "2.5", "", "", "", "", "", "UNICODE UTF-8"]
    segments = ["|".join(msh), "EVN|A04|20250102030405", "|".join(pid), "PV1|1|O"]
    return ("\r".join(segments) + "\r").encode()


def _write_messages(arrivals: Path, messages: Path, *, declare_in: Bench) -> None:
    lines, sources = [], set()
    with arrivals.open("rb") as file:
        for number, line in enumerate(file):
            flat = json.loads(line)
            sources.add(flat["source"])
            lines.append(json.dumps(message_of(flat, number).decode()))
    messages.write_text("\n".join(lines) + "\n")
    toml = []
    for source in sorted(sources):
        authority = SOURCES.get(source, source.upper())
        toml.append(f'[[source]]\nname = "{source}"\nmsh = ["{source}|BENCH"]')
        toml.append(f'[[authority]]\nname = "{authority}"\ntype = "MR"\nowner = "{source}"')
    with Index.open(Settings(database_url=declare_in.database.url, auth="off")) as index:
        index.apply_sources("\n".join(toml), actor=ACTOR)


def _round_trips(bench: Bench, messages: Path) -> dict[str, Any]:
    """How often one message waits for the server: answers in the protocol, as libpq traces them."""
    order = bench.take(messages, 2 * TRACED)
    with Path(order["bodies"]).open() as file:
        raws = [json.loads(line).encode() for line in file][order["skip"] : order["skip"] + order["count"]]
    connection = Connection(peer="127.0.0.1", port=2575, actor=ACTOR)
    trace = bench.home / "trace.txt"
    settings = Settings(database_url=bench.database.url, auth="off", pool_size=1)
    with Index.open(settings) as index, trace.open("wb") as file_traced:
        for raw in raws[:TRACED]:
            receive(index, raw, connection=connection)
        with index._context.pool.connection() as conn:
            conn.pgconn.trace(file_traced.fileno())
        answers, accepted = [], 0
        for raw in raws[TRACED:]:
            before = trace.read_text().count("ReadyForQuery")
            accepted += receive(index, raw, connection=connection).acknowledgement == "AA"
            answers.append(trace.read_text().count("ReadyForQuery") - before)
    return {"median": statistics.median(answers), "max": max(answers), "accepted": accepted, "of": TRACED}


def _send(bench: Bench, pid: int, port: int, messages: Path, count: int, *, sockets: int) -> dict[str, Any]:
    """Have the client send so many; rates, latencies and CPU per message."""
    order = {"port": port, "sockets": sockets, **bench.take(messages, count)}
    workers = _workers(pid)
    speed, stored = machine_speed(), _records(bench)
    before = [cpu_seconds(worker) for worker in workers], bench.postgres_cpu()
    command = [sys.executable, "-m", "benchmarks.mllp_client"]
    done = subprocess.run(command, input=json.dumps(order), stdout=subprocess.PIPE, text=True, check=True)
    after = [cpu_seconds(worker) for worker in workers], bench.postgres_cpu()
    found: dict[str, Any] = json.loads(done.stdout)
    latencies = sorted(found.pop("latencies"))
    added = _records(bench) - stored
    if found["acknowledgements"] != {"AA": count} or added != count:
        raise SystemExit(f"{count} messages: {found['acknowledgements']}, {added} records")
    found |= {
        "messages": len(latencies),
        "per_second": round(len(latencies) / found["seconds"], 1),
        "records_added": added,
        "serving_cpu_ms": 1000 * (sum(after[0]) - sum(before[0])) / len(latencies),
        "serving_cpu_ms_by_worker": [
            1000 * (then - now) / len(latencies) for now, then in zip(before[0], after[0], strict=True)
        ],
        "postgres_cpu_ms": 1000 * (after[1] - before[1]) / len(latencies),
        "latency_ms": _percentiles(latencies),
        "load_average": load_average(),
        "machine_speed": [speed, machine_speed()],
    }
    _say(f"{sockets} sockets: {json.dumps(found)}")
    return found


def _records(bench: Bench) -> int:
    return int(bench.execute("SELECT count(*) FROM record")[0][0])


def _workers(pid: int) -> list[int]:
    return [
        child for child in children(pid) if b"mpi.cli.worker" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


@contextmanager
def _serving(bench: Bench) -> Iterator[tuple[int, int]]:
    """`mpi serve` with two workers; its MLLP port and its process."""
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    http_port, mllp_port = ports
    serve = "import sys; from mpi.cli.main import run; sys.argv[0] = 'mpi'; run()"
    command = [sys.executable, "-c", serve, "serve", "--workers", "2", "--port", str(http_port)]
    command += ["--mllp", f"127.0.0.1:{mllp_port}"]
    process = subprocess.Popen(command, env=bench.environment() | {"MPI_LOG_LEVEL": "warning"})
    try:
        _wait_for(http_port)
        while len(_workers(process.pid)) < 2:
            time.sleep(0.1)
        time.sleep(2)  # the second worker loads
        yield mllp_port, process.pid
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
