"""How right the default rules are: precision, recall and review load on sets with known truth.

    python benchmarks/accuracy.py [SET …] [--rules NAME] [--folder FOLDER] [--json FILE]

Record sets are blocked, compared and linked whole (connected components of the links); pairs sets are decided
pair by pair. One rule set serves all of them. Without ``--folder`` the shared sets beside the checkout are
used when they are there, and the synthetic populations of ``data/synthetic``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from mpi.errors import InvalidRecord
from mpi.matching.blocking import blocking_keys
from mpi.matching.comparison import encode
from mpi.matching.decision import DECISIONS, LINK, REVIEW, score_columns, score_pairs
from mpi.matching.flat import FLAT_FIELDS, source_record
from mpi.matching.normalization import normalize
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet, load_rules

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (ROOT.parent / "shared" / "data" / "sets", ROOT / "data" / "synthetic")
TAKEN = (
    *(name for name in FLAT_FIELDS if name != "local_id"),
    "mother_maiden",
    "multiple_birth",
    "birth_order",
)
BLOCK_MAX = 200
CHUNK_PAIRS = 500_000

Indices = npt.NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", help="names of sets; all when none is given")
    parser.add_argument("--rules", default="default")
    parser.add_argument("--folder", dest="folder", type=Path, help="folder of .parquet or .csv sets")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    rules = load_rules(options.rules)
    results = []
    for path in _files(options.folder, set(options.sets)):
        frame = _read(path)
        measure = measure_pairs if "label" in frame else measure_records
        results.append({"set": path.stem, **measure(frame, rules)})
        print(_line(results[-1]), flush=True)
    if options.json:
        options.json.write_text(
            json.dumps({"rules": rules.name, "hash": rules.hash, "results": results}, indent=1)
        )
    if not results:
        sys.exit("no set found")


def _files(folder: Path | None, names: set[str]) -> Iterator[Path]:
    for place in (folder,) if folder else FOLDERS:
        for path in sorted([*place.glob("*.parquet"), *place.glob("*.csv")]) if place.is_dir() else ():
            if not names or path.stem in names:
                yield path


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _read(path: Path) -> pd.DataFrame:
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=str)
    return frame.astype(object).where(frame.notna(), None)


def normalized(row: dict[str, Any], source: str = "set") -> NormalizedRecord:
    """The comparable form of a row; one that holds nothing at all becomes an empty record."""
    flat = {name: row[name] for name in TAKEN if row.get(name)}
    names = [{"family": row[k], "use": "maiden"} for k in ("maiden",) if row.get(k)]
    names += (
        [{"given": row["alias"], "family": row.get("family"), "use": "nickname"}] if row.get("alias") else []
    )
    if names:
        flat["names"] = names
    if row.get("medicaid"):
        flat["identifiers"] = [{"authority": "MEDICAID", "type": "MA", "value": row["medicaid"]}]
    flat.setdefault("source", source)
    try:
        return normalize(source_record({**flat, "local_id": "x"}))
    except InvalidRecord:
        return NormalizedRecord()


def candidate_pairs(records: list[NormalizedRecord], rules: RuleSet) -> tuple[Indices, Indices]:
    """Distinct pairs of records that share a blocking key held by at most ``BLOCK_MAX`` records."""
    blocks: dict[tuple[str, int], list[int]] = {}
    for position, record in enumerate(records):
        for key in blocking_keys(record, rules):
            blocks.setdefault(key, []).append(position)
    packed = [np.empty(0, np.int64)]
    for members in blocks.values():
        if 1 < len(members) <= BLOCK_MAX:
            ordered = np.array(members, np.int64)
            first, second = np.triu_indices(len(ordered), 1)
            packed.append(ordered[first] * len(records) + ordered[second])
    keys = np.sort(np.concatenate(packed))
    keys = keys[np.diff(keys, prepend=-1) > 0]
    left, right = np.divmod(keys, len(records))
    return left, right


def measure_records(frame: pd.DataFrame, rules: RuleSet) -> dict[str, Any]:
    """Precision, recall and F1 over the pairs of the final clusters; tasks per 1,000 records."""
    started = time.process_time()
    records = [normalized(row) for row in _rows(frame)]
    prepared = time.process_time()
    left, right = candidate_pairs(records, rules)
    blocked = time.process_time()
    columns = encode(records, rules)
    parts = [
        score_columns(
            columns, left[start : start + CHUNK_PAIRS], right[start : start + CHUNK_PAIRS], rules
        ).decision
        for start in range(0, len(left), CHUNK_PAIRS)
    ]
    decision = np.concatenate([np.empty(0, np.int8), *parts])
    scored = time.process_time()
    truth = pd.factorize(frame["entity_id"])[0]
    same = truth[left] == truth[right]
    true_count = _pairs_within(truth)
    linked = decision == LINK
    graph = coo_matrix((np.ones(linked.sum()), (left[linked], right[linked])), shape=(len(records),) * 2)
    clusters = connected_components(graph, directed=False)[1]
    predicted = _pairs_within(clusters)
    found = _pairs_within(clusters.astype(np.int64) * (truth.max() + 1) + truth)
    precision, recall = found / max(predicted, 1), found / max(true_count, 1)
    apart = clusters[left] != clusters[right]
    tasks = len(
        {
            *zip(
                *np.sort([clusters[left], clusters[right]], axis=0)[:, (decision == REVIEW) & apart],
                strict=True,
            )
        }
    )
    return {
        "records": len(records),
        "true_pairs": true_count,
        "candidates": len(left),
        "blocking_recall": int(same.sum()) / max(true_count, 1),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / max(precision + recall, 1e-9),
        "wrong_link_pairs": int((linked & ~same).sum()),
        "true_in_review": int(((decision == REVIEW) & same).sum()),
        "tasks_per_1000": 1000 * tasks / len(records),
        "largest_cluster": int(np.bincount(clusters).max()),
        "cpu_seconds": {
            "normalize": round(prepared - started, 2),
            "block": round(blocked - prepared, 2),
            "score": round(scored - blocked, 2),
        },
    }


def _pairs_within(labels: npt.NDArray[Any]) -> int:
    sizes = np.array(list(Counter(labels.tolist()).values()), dtype=np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def measure_pairs(frame: pd.DataFrame, rules: RuleSet) -> dict[str, Any]:
    """Decisions by label, links of different people, refusals of one person, and what blocking misses."""
    sides = []
    for side in ("left_", "right_"):
        rows = [
            {k.removeprefix(side): v for k, v in row.items() if k.startswith(side)} for row in _rows(frame)
        ]
        sides.append([normalized(row) for row in rows])
    count = len(frame)
    scores = score_pairs(sides[0] + sides[1], range(count), range(count, 2 * count), rules)
    decided = [DECISIONS[decision] for decision in scores.decision.tolist()]
    different = (frame["truth"] == "different") | (frame["truth"].isna() & (frame["label"] == "non_match"))
    blocked = sum(
        not {*blocking_keys(a, rules)}.isdisjoint(blocking_keys(b, rules))
        for a, b in zip(*sides, strict=True)
    )
    return {
        "pairs": count,
        "confusion": {
            label: dict(
                Counter(d for d, given in zip(decided, frame["label"], strict=True) if given == label)
            )
            for label in ("match", "possible", "non_match")
        },
        "wrong_links": int(((scores.decision == LINK) & different.to_numpy()).sum()),
        "share_a_key": blocked / count,
    }


def _line(result: dict[str, Any]) -> str:
    if "pairs" in result:
        cells = " | ".join(
            f"{label}: " + " ".join(f"{decision} {count}" for decision, count in sorted(counts.items()))
            for label, counts in result["confusion"].items()
        )
        return f"{result['set']:20} {result['pairs']:6} pairs | {cells} | wrong links {result['wrong_links']}"
    return (
        f"{result['set']:20} {result['records']:6} records"
        f" | P {result['precision']:.4f} R {result['recall']:.4f} F1 {result['f1']:.4f}"
        f" | blocked {result['blocking_recall']:.4f} of {result['candidates']}"
        f" | wrong {result['wrong_link_pairs']}, tasks/1000 {result['tasks_per_1000']:.0f},"
        f" largest {result['largest_cluster']} | cpu {result['cpu_seconds']}"
    )


if __name__ == "__main__":
    main()
