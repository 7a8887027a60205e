"""How fast synthetic people are made: records per second of CPU time, and memory, for each file format.

python benchmarks/generate.py [--records 500000] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

from mpi.batch.synthetic import FORMATS, write
from mpi.batch.synthetic.vocabulary import vocabulary


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    begun = time.process_time()
    vocabulary()
    print(f"tables read in {time.process_time() - begun:.2f} s of CPU time")
    with tempfile.TemporaryDirectory() as folder:
        results = [measured(Path(folder), suffix, options.records) for suffix in FORMATS]
    for result in results:
        print("{format:9} {records_per_cpu_second:>9,} records/s/core  {bytes_per_record:>5} bytes/record  "
              "{peak_memory_mb} MB at most".format(**result))  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def measured(folder: Path, suffix: str, records: int) -> dict[str, object]:
    """One file written; CPU time of all threads, so that threads do not flatter the figure."""
    path = folder / f"people{suffix}"
    begun = time.process_time()
    write(records, path, seed=1)
    cpu_seconds = time.process_time() - begun
    return {
        "format": suffix,
        "records": records,
        "records_per_cpu_second": round(records / cpu_seconds),
        "bytes_per_record": round(path.stat().st_size / records),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


if __name__ == "__main__":
    main()
