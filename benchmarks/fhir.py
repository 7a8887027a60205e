"""What `$match` costs beside `POST /match`: the same people asked about in both dialects, in turns.

    python -m benchmarks fhir [--records 100000] [--requests 500] [--rounds 4] [--home FOLDER] [--keep]

Fills a durable embedded PostgreSQL, starts `mpi serve` with one worker and credentials on, and sends requests
from another process. Milliseconds of CPU are those that the kernel counts for the worker and for all
processes of PostgreSQL. Writes ``benchmarks/results/fhir.json``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.online import Bench, fill, serving
from benchmarks.online_population import arrivals_file, fill_file, write_files
from mpi.matching.flat import source_record
from mpi.patient.elements import flat_elements
from mpi.storage.database import migrate
from mpi.storage.embedded import EmbeddedDatabase

RESULTS = Path(__file__).parent / "results" / "fhir.json"
SERVER_SETTINGS = {"shared_buffers": "1GB"}
WARM_UP = 200
PATHS = {"rest": "/api/v1/match", "fhir": "/fhir/Patient/$match"}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=100_000, help="records in the index")
    parser.add_argument("--requests", type=int, default=500, help="requests of a round, in each dialect")
    parser.add_argument("--rounds", type=int, default=4, help="rounds; the dialects take turns")
    parser.add_argument("--home", type=Path, help="where the database and the files are; reused when there")
    parser.add_argument("--keep", action="store_true", help="leave them there")
    options = parser.parse_args()
    home = options.home or Path(tempfile.mkdtemp(prefix="mpi-fhir-"))
    try:
        figures = run(home, options.records, options.requests, options.rounds)
    finally:
        if not options.keep:
            shutil.rmtree(home, ignore_errors=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")
    for name, path in PATHS.items():
        told = figures[name]
        print(f"{path}: {told['api_cpu_ms']:.2f} ms + {told['postgres_cpu_ms']:.2f} ms of PostgreSQL")
    print(f"$match takes {figures['ratio']:.2f} of the CPU of POST /match")


def run(home: Path, records: int, requests: int, rounds: int) -> dict[str, Any]:
    """Fill, ask in turns, and compare."""
    if not fill_file(home, records).exists():
        write_files(home, [records], probes=1)
    bodies = _bodies(home, records)
    with EmbeddedDatabase(home / "index", settings=SERVER_SETTINGS) as database:
        migrate(database.url)
        bench = Bench(home, database, seconds=0)
        fill(bench, fill_file(home, records))
        bench.execute("VACUUM ANALYZE", "CHECKPOINT")
        with serving(bench) as server:
            rows: dict[str, list[dict[str, Any]]] = {name: [] for name in PATHS}
            for turn in range(rounds + 1):
                for name, path in PATHS.items():
                    order = {"bodies": str(bodies[name]), "skip": 0, "count": requests if turn else WARM_UP}
                    found = server.send(path, order)
                    assert found["statuses"] == {"200": order["count"]}, found["statuses"]
                    if turn:
                        rows[name].append(found)
    figures: dict[str, Any] = {"records": records, "requests": requests * rounds}
    for name, measured in rows.items():
        figures[name] = {
            kind: statistics.mean(one[kind] for one in measured) for kind in ("api_cpu_ms", "postgres_cpu_ms")
        }
    cpu = {name: sum(figures[name].values()) for name in PATHS}
    return figures | {"ratio": cpu["fhir"] / cpu["rest"]}


def _bodies(home: Path, records: int) -> dict[str, Path]:
    """The people who arrive, flat and as Patients."""
    flat = arrivals_file(home, records)
    patients = home / f"patients-{records}.ndjson"
    with flat.open() as lines, patients.open("w") as written:
        for line in lines:
            record = source_record(json.loads(line))
            written.write(json.dumps({"resourceType": "Patient", **flat_elements(record)}) + "\n")
    return {"rest": flat, "fhir": patients}


if __name__ == "__main__":
    main()
