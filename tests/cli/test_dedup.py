"""``mpi dedup`` as it is called: what it writes, what it says, and what it makes of bad input."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli_calls import Said
from mpi.batch import synthetic
from mpi.cli.dedup import bytes_of
from mpi.cli.main import run
from mpi.errors import BadInput

HEADER = "source,record_id,given,family,birth_date,sex,ssn,phone,street,city,state,zip"
GRACE = "Grace,Okonkwo,1974-02-11,F,219-45-8813,(617) 442-0198,48 Alder Street,Boston,MA,02118"
TOMAS = "Tomás,Lindqvist,1951-09-30,M,402-66-1207,(503) 771-2299,9 Quarry Road,Portland,OR,97206"

Dedup = Callable[..., Said]


@pytest.fixture
def dedup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Dedup:
    """``mpi dedup FILE --output <tmp>/out …``, in this process and without a database."""
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def call(file: Path, *options: str) -> Said:
        arguments = ["mpi", "dedup", str(file), "--output", str(tmp_path / "out"), *options]
        monkeypatch.setattr(sys, "argv", arguments)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run()
        printed = capsys.readouterr()
        return Said(int(ended.value.code or 0), printed.out, printed.err)

    return call


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: str, header: str = HEADER, encoding: str = "utf-8", end: str = "\n") -> Path:
        path = tmp_path / "in.csv"
        path.write_bytes(("\n".join([header, *rows]) + end).encode(encoding))
        return path

    return write


def cluster_rows(tmp_path: Path) -> list[dict[str, object]]:
    return pq.read_table(tmp_path / "out" / "clusters.parquet").to_pylist()


def clean(said: Said) -> bool:
    return "Traceback" not in said.err and "defect" not in said.err


def test_a_person_registered_twice_is_found(dedup: Dedup, csv: Callable[..., Path], tmp_path: Path) -> None:
    file = csv(f"north,1,{GRACE}", f"south,7,{GRACE}", f"north,2,{TOMAS}")
    said = dedup(file)
    assert said.code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "clusters.parquet", "pairs.parquet", "report.html",
    }  # fmt: skip
    assert cluster_rows(tmp_path) == [
        {"source": "north", "record_id": "1", "cluster_id": 1},
        {"source": "north", "record_id": "2", "cluster_id": 2},
        {"source": "south", "record_id": "7", "cluster_id": 1},
    ]
    assert "Okonkwo" not in said.out + said.err


def test_json_says_what_was_found(dedup: Dedup, csv: Callable[..., Path], tmp_path: Path) -> None:
    said = dedup(csv(f"north,1,{GRACE}", f"south,7,{GRACE}", f"north,2,{TOMAS}"), "--json")
    answer = said.json
    assert (answer["records"], answer["clusters"], answer["duplicates"]) == (3, 2, 1)
    assert answer["pairs"] == {"no_link": 0, "review": 0, "link": 1}
    assert answer["sources"] == ["north", "south"]
    assert [Path(path).name for path in answer["files"]] == [
        "clusters.parquet",
        "pairs.parquet",
        "report.html",
    ]
    assert "scoring pairs" in answer["seconds"]


def test_columns_of_any_name_with_a_map(dedup: Dedup, csv: Callable[..., Path], tmp_path: Path) -> None:
    file = csv(
        "1,Grace,Okonkwo,1974-02-11,x", "2,Grace,Okonkwo,1974-02-11,y", header="No,First,Last,Born,Odd"
    )
    map_file = tmp_path / "map.toml"
    map_file.write_text(
        '[columns]\nrecord_id = "No"\ngiven = "First"\nfamily = "Last"\nbirth_date = "Born"\n',
        encoding="utf-8",
    )
    assert dedup(file, "--map", str(map_file), "--source", "clinic").code == 0
    assert [row["source"] for row in cluster_rows(tmp_path)] == ["clinic", "clinic"]
    assert dedup(file, "--overwrite").code == 2


def test_an_output_that_is_there_is_kept(dedup: Dedup, csv: Callable[..., Path], tmp_path: Path) -> None:
    file = csv(f"north,1,{GRACE}")
    assert dedup(file).code == 0
    again = dedup(file)
    assert (again.code, "--overwrite" in again.err) == (2, True)
    assert dedup(file, "--overwrite").code == 0


@pytest.mark.parametrize(
    "options", [["--engine", "abacus"], ["--memory", "much"], ["--rules", "none-such"], ["--processes", "0"]]
)
def test_a_call_that_makes_no_sense_is_refused(
    options: list[str], dedup: Dedup, csv: Callable[..., Path], tmp_path: Path
) -> None:
    said = dedup(csv(f"north,1,{GRACE}"), *options)
    assert said.code == 2
    assert not (tmp_path / "out").exists()


def test_sizes() -> None:
    assert [bytes_of(text) for text in ("4GB", "1.5 gb", "512M", "1000")] == [
        4_000_000_000, 1_500_000_000, 512_000_000, 1000,
    ]  # fmt: skip
    for text in ("", "GB", "-1GB", "0", "4 XB"):
        with pytest.raises(BadInput):
            bytes_of(text)


# ---- bad input


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("empty.parquet", b""),
        ("cut.parquet", b"PAR1 and then the connection was lost"),
        ("utf16.csv", (HEADER + "\n" + f"north,1,{GRACE}\n").encode("utf-16")),
        ("unknown.xlsx", b"PK"),
        ("columns.csv", b"source,record_id,shoe_size\nnorth,1,43\n"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(
    name: str, content: bytes, dedup: Dedup, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    said = dedup(tmp_path / name)
    assert said.code == 2
    assert clean(said)
    assert len(said.err.strip().splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_column_of_the_wrong_kind_is_named(dedup: Dedup, tmp_path: Path) -> None:
    pq.write_table(pa.table({"record_id": ["1"], "given": [["Grace", "G."]]}), tmp_path / "in.parquet")
    said = dedup(tmp_path / "in.parquet")
    assert (said.code, "given" in said.err, clean(said)) == (2, True, True)


def test_a_header_alone_and_one_record(dedup: Dedup, csv: Callable[..., Path], tmp_path: Path) -> None:
    for rows in ([], [f"north,1,{GRACE}"]):
        assert dedup(csv(*rows), "--overwrite").code == 0
        assert len(cluster_rows(tmp_path)) == len(rows)


def test_a_column_without_any_value_is_a_warning(dedup: Dedup, csv: Callable[..., Path]) -> None:
    row = GRACE.replace("(617) 442-0198", "")
    answer = dedup(csv(f"north,1,{row}", f"north,2,{row}"), "--json").json
    assert any("phone" in warning for warning in answer["warnings"])
    assert answer["records"] == 2


def test_an_id_that_is_there_twice_keeps_both_records(
    dedup: Dedup, csv: Callable[..., Path], tmp_path: Path
) -> None:
    answer = dedup(csv(f"north,1,{GRACE}", f"north,1,{TOMAS}", f"south,1,{GRACE}"), "--json").json
    assert answer["records"] == len(cluster_rows(tmp_path)) == 3
    assert any("record ID of an earlier one" in warning for warning in answer["warnings"])


def test_a_file_cut_in_a_line_loses_no_line_in_silence(
    dedup: Dedup, csv: Callable[..., Path], tmp_path: Path
) -> None:
    answer = dedup(csv(f"north,1,{GRACE}", f"south,7,{GRACE}", "north,2,Tom", end=""), "--json").json
    named = sum("line 4" in warning for warning in answer["warnings"])
    assert (answer["records"], named) == (2, 1) or answer["records"] == 3


def test_bytes_of_another_encoding_are_not_dropped_in_silence(
    dedup: Dedup, csv: Callable[..., Path], tmp_path: Path
) -> None:
    said = dedup(csv(f"north,1,{GRACE}", f"north,2,{TOMAS}", encoding="latin-1"), "--json")
    assert clean(said)
    assert said.code == 2 or (said.json["records"] + len(said.json["warnings"]) >= 2)


def test_dates_in_several_orders(dedup: Dedup, csv: Callable[..., Path], tmp_path: Path) -> None:
    rows = [
        f"s{n},{n},{GRACE.replace('1974-02-11', date)}"
        for n, date in enumerate(["1974-02-11", "02/11/1974", "11.02.1974", "11 Feb 1974", "19740211"])
    ]
    assert dedup(csv(*rows)).code == 0
    assert {row["cluster_id"] for row in cluster_rows(tmp_path)} == {1}


def big(tmp_path: Path, count: int, **columns: list[str] | str) -> Path:
    texts = {name: [value] * count if isinstance(value, str) else value for name, value in columns.items()}
    path = tmp_path / "big.parquet"
    pq.write_table(pa.table({"record_id": [str(n) for n in range(count)], **texts}), path)
    return path


def test_300_000_records_that_are_the_same(dedup: Dedup, tmp_path: Path) -> None:
    file = big(
        tmp_path, 300_000,
        given="Grace", family="Okonkwo", birth_date="1974-02-11", phone="617 442 0198", zip="02118",
    )  # fmt: skip
    began = time.process_time()
    answer = dedup(file, "--json", "--processes", "1").json
    assert time.process_time() - began < 60
    assert answer["records"] == 300_000
    assert answer["clusters"] == 3_000
    assert answer["capped_blocks"] > 0
    assert any("too large" in warning for warning in answer["warnings"])


def test_50_000_smiths(dedup: Dedup, tmp_path: Path) -> None:
    given = ["James", "Mary", "Robert", "Linda", "John", "Susan", "Michael", "Karen"]
    rows = range(50_000)
    file = big(
        tmp_path, 50_000,
        given=[given[n % 8] for n in rows], family="Smith",
        birth_date=[f"{1930 + n % 70}-{1 + n % 12:02}-{1 + n % 28:02}" for n in rows],
        zip=[f"{10000 + n % 40:05}" for n in rows],
    )  # fmt: skip
    began = time.process_time()
    answer = dedup(file, "--json", "--processes", "1").json
    assert time.process_time() - began < 90
    assert answer["records"] == 50_000


def children_of(process: subprocess.Popen[str]) -> list[str]:
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split()


def is_running(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("moment", ["pairs wait on disk", "workers are at work"])
def test_ctrl_c_leaves_nothing(moment: str, tmp_path: Path) -> None:
    """A real process, interrupted: no output, no temporary folder, no worker, no traceback."""
    file, scratch = tmp_path / "people.parquet", tmp_path / "scratch"
    synthetic.write(30_000, file, seed=2)
    scratch.mkdir()
    process = subprocess.Popen(
        [
            sys.executable, "-m", "mpi.cli.main", "dedup", str(file), "--output", str(tmp_path / "out"),
            "--processes", "2", "--memory", "1MB",
        ],
        env={**os.environ, "TMPDIR": str(scratch)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    children: list[str] = []
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        children = children_of(process)
        if children if moment == "workers are at work" else any(scratch.glob("mpi-pairs-*")):
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode not in (0, -signal.SIGINT), said
    assert "Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["people.parquet", "scratch"]
    assert list(scratch.iterdir()) == []
    assert not any(map(is_running, children))
