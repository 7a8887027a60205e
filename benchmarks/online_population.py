"""The files of the online benchmark: what fills the index, what arrives afterwards, and the worst block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from mpi.batch.synthetic import DEFAULT_PROFILE, generate

SEED = 1
#: One region, as an index has: its people are harder to tell apart than those of a whole country.
STATE = "OH"
#: Every so many records one is kept back, to arrive after the fill.
ARRIVES_EVERY = 20
#: People who share given name, family name, birth date, phone and ZIP, and have a number and a street each.
BLOCK_SIZE = 5_000


def fill_file(home: Path, size: int) -> Path:
    """The records that bring the index to ``size``."""
    return home / f"fill-{size}.parquet"


def arrivals_file(home: Path, size: int) -> Path:
    """The records that arrive at that size, one JSON body a line."""
    return home / f"arrivals-{size}.ndjson"


def block_file(home: Path) -> Path:
    """The records of the worst block."""
    return home / "block.ndjson"


def probes_file(home: Path, kind: str, size: int) -> Path:
    """Records that arrive in a block; the kinds are ``PROBES``."""
    return home / f"{kind}-{size}.ndjson"


#: Kind of probe → what its records share with the worst block, or have in its place.
PROBES: dict[str, dict[str, str]] = {
    "worst-block": {"birth_date": "1980-01-01"},
    "worst-block-placeholders": {"birth_date": "1900-01-01", "given": "BABY BOY"},
}


def write_files(home: Path, sizes: Sequence[int], probes: int) -> None:
    """Everything for these sizes, ascending; each fill goes on where the one before ended."""
    home.mkdir(parents=True, exist_ok=True)
    _write_people(home, sizes)
    _write_lines(block_file(home), [_smith(n, "block") for n in range(BLOCK_SIZE)])
    for place, size in enumerate(sizes, start=1):
        for kind, with_ in PROBES.items():
            first = BLOCK_SIZE * place
            found = [_smith(first + n, f"{kind}-{size}", **with_) for n in range(probes)]
            _write_lines(probes_file(home, kind, size), found)


def _write_people(home: Path, sizes: Sequence[int]) -> None:
    people = replace(DEFAULT_PROFILE.demographics, states=(STATE,))
    total = sizes[-1] + sizes[-1] // (ARRIVES_EVERY - 1) + ARRIVES_EVERY
    tables = iter(generate(total, seed=SEED, profile=replace(DEFAULT_PROFILE, demographics=people)))
    left: pa.Table | None = None
    before = 0
    for size in sizes:
        wanted = size - before
        rows = wanted + wanted // (ARRIVES_EVERY - 1)
        held: list[pa.Table] = [] if left is None else [left]
        while sum(len(table) for table in held) < rows:
            held.append(next(tables))
        table = pa.concat_tables(held)
        left, table = table.slice(rows), table.slice(0, rows)
        arrives = [n % ARRIVES_EVERY == ARRIVES_EVERY - 1 for n in range(rows)]
        stays = table.filter(pa.array([not a for a in arrives]))
        pq.write_table(stays, fill_file(home, size), row_group_size=50_000, compression="zstd")
        _write_lines(arrivals_file(home, size), [_flat(row) for row in _rows(table, arrives)])
        before = size


def _rows(table: pa.Table, arrives: list[bool]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.filter(pa.array(arrives)).to_pylist()
    return rows


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in row.items() if value and name != "entity_id"}
    flat["local_id"] = flat.pop("record_id")
    return flat


def _smith(number: int, prefix: str, **with_: str) -> dict[str, Any]:
    record = {
        "source": "north-ehr",
        "local_id": f"{prefix}-{number}",
        "given": "JOHN",
        "family": "SMITH",
        "birth_date": "1980-01-01",
        "sex": "M",
        "ssn": _scattered_ssn(number),
        "phone": "6142260184",
        "street": f"{100 + number} MAPLE AVE",
        "city": "COLUMBUS",
        "state": STATE,
        "zip": "43215",
    }
    return {**record, **with_}


def _scattered_ssn(number: int) -> str:
    """Valid, and no two alike: neighbours differ in most digits."""
    spread = number * 7_368_787 % 8_999_993
    return f"{101 + spread // 10_000 % 560:03}{10 + spread % 89:02}{1 + spread * 31 % 9_998:04}"


def _write_lines(path: Path, records: list[dict[str, Any]]) -> None:
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
