"""The sets with known truth that accuracy is measured on, what was wanted on each, and how they are blinded.

The shared sets lie beside the checkout, where they are shared, and are read, never copied. Rules were
developed looking at them; none of their figures is one of unseen records.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pyarrow.parquet as pq

from benchmarks.batch_files import generated
from benchmarks.batch_runs import ROOT

SHARED = ROOT.parent / "shared" / "data" / "sets"
FEEDS = ROOT / "data" / "synthetic"
SMALL, LARGE = 100_000, 1_000_000
#: What else a set's own IDs may be called.
_IDS = ("record_id", "local_id")

#: Makes or finds the records; the folder is for files that have to be made.
Read = Callable[[Path], pd.DataFrame]


class Reach(NamedTuple):
    """What was wanted of the automatic links, and the F1 of the best other program when it was stated."""

    f1: float
    peer_f1: float
    precision: float | None = None
    bcubed_f1: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSet:
    """Records with ``entity_id``, the truth."""

    name: str
    read: Read
    #: Where none was stated the set is shown and not judged.
    reach: Reach | None = None
    #: Made by our own generator.
    ours: bool = False
    missing: str | None = None


def record_sets(*, large: bool) -> list[RecordSet]:
    """All of them, those that are not there too: ``missing`` says why. ``large`` adds a million records."""
    febrl = {"febrl1": 0.998, "febrl2": 0.998, "febrl3": 0.997, "febrl4": 0.998}
    made = Reach(0.985, 0.950, precision=0.998)
    return [
        *(_shared(name, Reach(0.999, peer)) for name, peer in febrl.items()),
        _shared("rldata500"),
        _shared("rldata10000", Reach(0.97, 0.883)),
        _shared("splink_fake_1000", Reach(0.91, 0.890)),
        _shared("splink_historical_50k", Reach(0.89, 0.869, bcubed_f1=0.90)),
        _shared("opencr_uganda", Reach(1.0, 1.0)),
        _shared("opencr_uganda", Reach(0.995, 0.992), hidden=("ssn", "mrn")),
        _shared("cdc_100_clusters", Reach(1.0, 1.0)),
        _shared("pseudopeople_dev", Reach(0.975, 0.961, precision=0.99)),
        _shared("dupehell_patients", Reach(0.90, 0.875)),
        RecordSet(name="synthetic_feeds", read=_feeds, ours=True),
        _generated(SMALL, made),
        *([_generated(LARGE, made)] if large else []),
    ]


def blinded(frame: pd.DataFrame, path: Path, seed: int = 0) -> Path:
    """Writes the records in another order with IDs that say nothing; many sets' own IDs spell out the truth.

    ``entity_id`` stays in the file: ``read_table`` hands it out apart from the records, and what peers are
    given is made without it.
    """
    shuffled = frame.sample(frac=1, random_state=seed).reset_index(drop=True)
    shuffled = shuffled.drop(columns=[name for name in _IDS if name in shuffled])
    shuffled["record_id"] = [f"r{row:07d}" for row in range(len(shuffled))]
    shuffled.to_parquet(path, index=False)
    return path


def pair_set(name: str) -> pd.DataFrame | None:
    """Pairs of records with ``label`` and, where it is known, ``truth``; None where they are not shared."""
    path = SHARED / f"{name}.parquet"
    if not path.exists():
        return None
    frame = pd.read_parquet(path)
    return frame.astype(object).where(frame.notna(), None)


def _shared(name: str, reach: Reach | None = None, hidden: tuple[str, ...] = ()) -> RecordSet:
    path = SHARED / f"{name}.parquet"
    return RecordSet(
        name=f"{name}-{'-'.join(hidden)}" if hidden else name,
        read=lambda _: _text(path).drop(columns=list(hidden)),
        reach=reach,
        missing=None if path.exists() else "the shared sets are not beside this checkout",
    )


def _generated(records: int, reach: Reach) -> RecordSet:
    return RecordSet(
        name=f"generated_{records}",
        read=lambda folder: _text(generated(folder, records)),
        reach=reach,
        ours=True,
    )


def _feeds(_: Path) -> pd.DataFrame:
    """The four feeds of ``data/synthetic`` together."""
    return pd.concat([pd.read_csv(path, dtype="string") for path in sorted(FEEDS.glob("*.csv"))])


def _text(path: Path) -> pd.DataFrame:
    """By pyarrow, so that a column of dictionaries becomes text without loss."""
    return pq.read_table(path).to_pandas().astype("string")
