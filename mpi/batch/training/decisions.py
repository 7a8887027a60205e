"""Reviewers' decisions about pairs of records, read from a file and found among the records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mpi.batch.encoded import EncodedRecords
from mpi.errors import BadInput, UnreadableFile

#: What a decision may be called: the resolutions of tasks, the verdicts of assertions.
_VERDICTS: Final = {"same": True, "same_person": True, "different": False, "different_people": False}
_VERDICT_COLUMNS: Final = ("verdict", "resolution", "decision")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decisions:
    """Pairs of positions (``left < right``, each pair once) and whether they are one person's; [k] each."""

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    same: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.same)


def read_decisions(path: Path, records: EncodedRecords) -> Decisions:
    """Decisions from CSV or Parquet: ``record_id_a``, ``record_id_b``, ``verdict`` (same or different), and
    ``source_a``, ``source_b`` where record IDs alone do not tell.

    Lines without a verdict and those that say ``cannot_tell`` are passed over. Raises UnreadableFile for
    columns that are missing, and BadInput naming the line of a record that is not there, of an unknown
    verdict, or of a pair that was decided both ways.
    """
    return find_decisions(_frame(path), records)


def find_decisions(frame: pd.DataFrame, records: EncodedRecords) -> Decisions:
    """The same from a frame."""
    verdict = next((name for name in _VERDICT_COLUMNS if name in frame), None)
    if verdict is None or not {"record_id_a", "record_id_b"} <= set(frame):
        raise UnreadableFile(
            "decisions need the columns record_id_a, record_id_b and verdict", field="decisions"
        )
    places = _Places(records)
    found: dict[tuple[int, int], bool] = {}
    columns = [
        frame[name].tolist() if name in frame else [None] * len(frame)
        for name in ("source_a", "record_id_a", "source_b", "record_id_b", verdict)
    ]
    for line, (source_a, a, source_b, b, said) in enumerate(zip(*columns, strict=True), start=2):
        word = "" if pd.isna(said) else str(said).strip().lower()
        if word in ("", "cannot_tell"):
            continue
        if word not in _VERDICTS:
            raise BadInput(
                f"decisions, line {line}: the verdict is neither same nor different", field=verdict
            )
        one, other = places.of(source_a, a, line), places.of(source_b, b, line)
        pair = (min(one, other), max(one, other))
        if one == other or found.setdefault(pair, _VERDICTS[word]) != _VERDICTS[word]:
            why = "a record is paired with itself" if one == other else "this pair was decided both ways"
            raise BadInput(f"decisions, line {line}: {why}", field="decisions")
    pairs = np.array(list(found), dtype=np.int64).reshape(-1, 2)
    return Decisions(left=pairs[:, 0], right=pairs[:, 1], same=np.array(list(found.values()), dtype=np.bool_))


def _frame(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"{path.name}: cannot be read as decisions: {type(error).__name__}") from error


class _Places:
    """Positions of records by source and record ID, or by record ID where one record has it."""

    def __init__(self, records: EncodedRecords) -> None:
        self._by_id: dict[str, list[int]] = {}
        for position, record_id in enumerate(records.record_ids.tolist()):
            self._by_id.setdefault(str(record_id), []).append(position)
        self._sources = [records.sources[number] for number in records.source_of.tolist()]

    def of(self, source: object, record_id: object, line: int) -> int:
        """The position; raises BadInput naming the line."""
        found = self._by_id.get("" if pd.isna(record_id) else str(record_id), [])  # type: ignore[call-overload]
        if source is not None and not pd.isna(source):  # type: ignore[call-overload]
            found = [position for position in found if self._sources[position] == str(source)]
        if len(found) != 1:
            why = "there is no such record" if not found else "several records have this ID"
            raise BadInput(f"decisions, line {line}: {why}", field="decisions")
        return found[0]
