"""The files of a deduplication: a folder that appears complete or not at all."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from mpi.batch.deduplication import Deduplication
from mpi.batch.outcome import cluster_table, pair_table
from mpi.batch.progress import Progress, silent
from mpi.errors import BadInput

CLUSTERS: Final = "clusters.parquet"
PAIRS: Final = "pairs.parquet"
REPORT: Final = "report.html"
_ROWS_OF_GROUP: Final = 1 << 20


def write_results(
    dedup: Deduplication, folder: Path, *, overwrite: bool = False, progress: Progress = silent
) -> list[Path]:
    """Writes ``clusters.parquet``, ``pairs.parquet`` and ``report.html`` into a new folder; answers their
    paths.

    The bytes depend on the records and the rules alone (and on the version of Arrow). Only its owner can read
    the folder: it shows patients. Raises BadInput as ``check_folder`` does.
    """
    from mpi.batch.report import write_report

    with new_folder(folder, overwrite=overwrite) as part:
        progress("writing", 0, 3)
        _write_table(cluster_table(dedup.records, dedup.clusters), part / CLUSTERS)
        progress("writing", 1, 3)
        _write_table(
            pair_table(dedup.records, dedup.scoring.pairs, dedup.clusters, dedup.rules), part / PAIRS
        )
        progress("writing", 2, 3)
        write_report(dedup, part / REPORT)
    return [folder / name for name in (CLUSTERS, PAIRS, REPORT)]


def check_folder(folder: Path, *, overwrite: bool = False) -> None:
    """Whether results can be written there; worth knowing before the work. Raises BadInput."""
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file: --output names a folder", field="output")
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise BadInput(f"{folder} is not empty: name another folder, or say --overwrite", field="output")


@contextmanager
def new_folder(folder: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A folder to write into that becomes ``folder`` at the end; an error or an interrupt leaves nothing.

    With ``overwrite`` what is there under that name goes, once its successor is complete.
    """
    check_folder(folder, overwrite=overwrite)
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = folder.parent / f".{folder.name}.{uuid.uuid4().hex}"
    try:
        place.mkdir(mode=0o700)
        part = place / "part"
        part.mkdir(mode=0o700)
        yield part
        if folder.exists():
            folder.rename(place / "former")
        part.rename(folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _write_table(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd", version="2.6", row_group_size=_ROWS_OF_GROUP)
