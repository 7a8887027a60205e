"""The files that batch engines are measured on: generated, and prepared for those that do not normalize."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.batch_runs import MPI, run
from mpi.batch.encoding import encode_table
from mpi.batch.evaluation import pairwise
from mpi.batch.tables import read_table
from mpi.matching.rules import load_rules

#: What a peer reads of a record: a column of the encoded records, and the text of one of its values.
_PREPARED: dict[str, tuple[str, Callable[[Any], str]]] = {
    "given": ("given", lambda values: values[0]),
    "family": ("family", lambda values: values[0]),
    "birth_date": ("birth_date", lambda d: f"{d[0]:04}-{d[1]:02}-{d[2]:02}" if all(d) else ""),
    "sex": ("sex", str),
    "ssn": ("ssn", lambda values: values[0] if len(values[0]) == 9 else ""),
    "national_id": ("national_id", lambda values: values[0].value),
    "phone": ("phone", lambda values: values[0]),
    "email": ("email", lambda values: values[0]),
    "street": ("address", lambda values: values[0].street),
    "zip": ("address", lambda values: values[0].zip[:5]),
}


def generated(folder: Path, records: int) -> Path:
    """``mpi generate N --seed 1``, made unless it is there."""
    path = folder / f"generated-{records}.parquet"
    if not path.exists():
        print(f"generating {records:,} records", flush=True)
        run([MPI, "generate", str(records), "--output", path, "--seed", "1"])
    return path


def prepared(path: Path, folder: Path) -> Path:
    """The records of a file as peers get them, made unless it is there: our own normalized columns.

    Without them a program that does not normalize would be measured on four ways to write a date. Records
    are numbered in the canonical order; the numbers' truth is in ``truth_of``.
    """
    made = folder / f"{path.stem}.prepared.parquet"
    if made.exists():
        return made
    print(f"preparing {path.name} for the peers", flush=True)
    records = encode_table(read_table(path).table, load_rules("default"))
    columns = {
        name: _texts(*records.columns.columns[field].codes(), text)
        for name, (field, text) in _PREPARED.items()
    }
    columns["ssn"] = pc.coalesce(columns["ssn"], columns.pop("national_id"))
    ids = pa.array(np.arange(records.record_count))
    keys = pd.DataFrame(
        {
            "source": np.array(records.sources, dtype=object)[records.source_of],
            "record_id": records.record_ids.astype(object),
        }
    )
    truth = _labelled(keys, path)
    pq.write_table(pa.table({"unique_id": ids, "entity_id": pa.array(truth)}), _truth(made))
    pq.write_table(pa.table({"unique_id": ids, **columns}), made)
    return made


def f1_of_peer(clusters: Path, prepared_file: Path) -> dict[str, float]:
    """Pairwise precision, recall and F1 of the clusters a peer wrote (unique_id, cluster_id)."""
    truth = pq.read_table(_truth(prepared_file))["entity_id"].to_numpy()
    found = pd.read_parquet(clusters).set_index("unique_id")["cluster_id"].reindex(np.arange(len(truth)))
    return _quality(found.to_numpy(), truth)


def f1_of_ours(folder: Path, path: Path) -> dict[str, float]:
    """The same of ``clusters.parquet`` (source, record_id, cluster_id)."""
    clusters = pd.read_parquet(folder / "clusters.parquet")
    return _quality(clusters["cluster_id"].to_numpy(), _labelled(clusters, path))


def _labelled(keys: pd.DataFrame, path: Path) -> npt.NDArray[Any]:
    """The truth of the records that ``keys`` name by source and record ID, in its order."""
    columns = set(pq.read_schema(path).names)
    truth = pd.read_parquet(path, columns=[c for c in ("source", "record_id", "entity_id") if c in columns])
    on = ["source", "record_id"] if "source" in truth else ["record_id"]
    joined = keys[on].merge(truth, on=on, how="left", validate="one_to_one")
    labels: npt.NDArray[Any] = pd.factorize(joined["entity_id"])[0]
    return labels


def _quality(clusters: npt.NDArray[Any], truth: npt.NDArray[Any]) -> dict[str, float]:
    found = pairwise(pd.factorize(clusters)[0], truth)
    return {name: round(getattr(found, name), 5) for name in ("precision", "recall", "f1")}


def _truth(made: Path) -> Path:
    return made.with_suffix(".truth.parquet")


def _texts(codes: npt.NDArray[np.int32], distinct: Any, text: Callable[[Any], str]) -> pa.Array:
    """Each record's text, null where there is none; made once per distinct value."""
    values = pa.array([text(distinct[place]) or None for place in range(len(distinct))], type=pa.string())
    return values.take(pa.array(codes, mask=codes < 0))


def kept(folder: Path, name: str, figures: Any) -> Path:
    """Figures written to ``folder/NAME.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return path
