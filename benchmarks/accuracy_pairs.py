"""Pairs decided one by one: sets with labels, and pairs of relatives that the generator makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from mpi.batch.synthetic import generation_pairs, twin_pairs
from mpi.errors import InvalidRecord
from mpi.matching.blocking import blocking_keys
from mpi.matching.decision import DECISIONS, LINK, NO_LINK, REVIEW, PairScores, score_pairs
from mpi.matching.flat import FLAT_FIELDS, OTHER_FIELDS, source_record
from mpi.matching.normalization import normalize
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import RuleSet

PAIR_SETS = ("adversarial_dev", "miis_b_pairs", "cdc_nbs_pairs", "cdc_better_pairs", "cdc_expanded_pairs")
#: What the labels ask for, and what the truth does.
EXPECTED = {"match": LINK, "possible": REVIEW, "non_match": NO_LINK, "same": LINK, "different": NO_LINK}
RELATIVES: dict[str, Callable[..., tuple[pa.Table, pa.Table]]] = {
    "twin_pairs": twin_pairs,
    "generation_pairs": generation_pairs,
}
RELATIVES_PAIRS, RELATIVES_SEEDS = 10_000, (0, 1)
#: Contradictions told one by one, so many of a set.
EXCEPTIONS_MAX = 60
_TAKEN = (*(name for name in FLAT_FIELDS if name != "local_id"), *OTHER_FIELDS)

Decisions = npt.NDArray[np.int8]


def normalized(row: Mapping[str, Any], source: str = "set") -> NormalizedRecord:
    """The comparable form of a row; one that holds nothing at all becomes an empty record.

    What the flat columns have no place for becomes a further name (``maiden``, ``alias``) or identifier
    (``medicaid``). Guardians are no part of a record here.
    """
    flat = {name: row[name] for name in _TAKEN if row.get(name)}
    names = [{"family": row["maiden"], "use": "maiden"}] if row.get("maiden") else []
    if row.get("alias"):
        names.append({"given": row["alias"], "family": row.get("family"), "use": "nickname"})
    if names:
        flat["names"] = names
    if row.get("medicaid"):
        flat["identifiers"] = [{"authority": "MEDICAID", "type": "MA", "value": row["medicaid"]}]
    flat.setdefault("source", source)
    try:
        return normalize(source_record({**flat, "local_id": "x"}))
    except InvalidRecord:
        return NormalizedRecord()


def measure(frame: pd.DataFrame, rules: RuleSet) -> dict[str, Any]:
    """What is decided about the pairs of a set, beside what its labels and its truth ask for.

    A pair without a common blocking key is decided ``no_link``: the index would never compare it.
    """
    left, right = (_side(frame, side) for side in ("left_", "right_"))
    scores = score_pairs(left + right, range(len(left)), range(len(left), 2 * len(left)), rules)
    compared = _share_a_key(left, right, rules)
    decision = np.where(compared, scores.decision, NO_LINK).astype(np.int8)
    labelled = _expected(frame["label"])
    known = frame["truth"].notna().all()
    asked = _expected(frame["truth"]) if known else labelled
    allowed = _may_be_asked(frame)
    right_or_queued = (decision == asked) | ((decision == REVIEW) & allowed)
    return {
        "pairs": len(frame),
        "judged_by": "truth" if known else "label",
        "confusion": _confusion(frame["label"], decision),
        "agreement_with_label": float((decision == labelled).mean()),
        "right": float((decision == asked).mean()),
        "right_or_queued": float(right_or_queued.mean()),
        "queued": float((decision == REVIEW).mean()),
        "wrong_links": int(((decision == LINK) & (asked == NO_LINK)).sum()),
        "same_not_compared": int((~compared & (asked == LINK)).sum()),
        "exceptions": _told(frame, decision, scores, ~right_or_queued, compared, rules),
        "cases": _cases(frame, decision, scores, asked, right_or_queued),
    }


def measure_relatives(rules: RuleSet) -> dict[str, dict[str, int]]:
    """Kind of relatives → seed → how many of the pairs are linked; each pair is two people."""
    found: dict[str, dict[str, int]] = {}
    for name, make in RELATIVES.items():
        for seed in RELATIVES_SEEDS:
            sides = [_rows(table) for table in make(RELATIVES_PAIRS, seed=seed)]
            count = len(sides[0])
            scores = score_pairs(sides[0] + sides[1], range(count), range(count, 2 * count), rules)
            counts = Counter(scores.decision.tolist())
            found[f"{name}, seed {seed}"] = {word: counts[code] for code, word in enumerate(DECISIONS)}
    return found


def _side(frame: pd.DataFrame, side: str) -> list[NormalizedRecord]:
    columns = frame[[name for name in frame if name.startswith(side)]]
    rows = columns.rename(columns=lambda name: name.removeprefix(side)).to_dict("records")
    return [normalized({str(name): value for name, value in row.items()}) for row in rows]


def _rows(table: pa.Table) -> list[NormalizedRecord]:
    return [normalized(row, row["source"]) for row in table.to_pylist()]


def _share_a_key(
    left: list[NormalizedRecord], right: list[NormalizedRecord], rules: RuleSet
) -> npt.NDArray[np.bool_]:
    return np.array(
        [
            not {*blocking_keys(a, rules)}.isdisjoint(blocking_keys(b, rules))
            for a, b in zip(left, right, strict=True)
        ],
        dtype=bool,
    )


def _expected(words: pd.Series) -> Decisions:
    return words.map(EXPECTED).to_numpy(np.int8)


def _may_be_asked(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Where a set says which pairs nobody can decide, only those; else any pair may be sent to a person."""
    if "decidable" in frame:
        return (frame["decidable"] == "needs_review").to_numpy(bool)
    return np.ones(len(frame), dtype=bool)


def _confusion(labels: pd.Series, decision: Decisions) -> dict[str, dict[str, int]]:
    counts = Counter(zip(labels, decision.tolist(), strict=True))
    return {
        label: {word: counts[label, code] for code, word in enumerate(DECISIONS)}
        for label in ("match", "possible", "non_match")
    }


def _told(
    frame: pd.DataFrame,
    decision: Decisions,
    scores: PairScores,
    marked: npt.NDArray[np.bool_],
    compared: npt.NDArray[np.bool_],
    rules: RuleSet,
) -> list[dict[str, Any]]:
    """The first marked pairs with their levels; names of fields and levels, no values."""
    levels = scores.agreement.levels
    told = []
    for place in np.flatnonzero(marked)[:EXCEPTIONS_MAX].tolist():
        found = {
            one.field: one.levels[levels[row, place]].name
            for row, one in enumerate(rules.comparisons)
            if levels[row, place] >= 0
        }
        told.append(
            {
                "case_id": frame["case_id"].iloc[place],
                "case": frame["case"].iloc[place],
                "label": frame["label"].iloc[place],
                "decision": DECISIONS[decision[place]],
                "compared": bool(compared[place]),
                "weight": round(float(scores.weight[place]), 2),
                "guards": [hit.guard for hit in scores.guards[place]],
                "levels": found,
            }
        )
    return told


def _cases(
    frame: pd.DataFrame,
    decision: Decisions,
    scores: PairScores,
    asked: Decisions,
    right_or_queued: npt.NDArray[np.bool_],
) -> list[dict[str, Any]]:
    """Every pair of a set that says which pairs can be decided; nothing of the others, which are many."""
    if "decidable" not in frame:
        return []
    return [
        {
            "case_id": row.case_id,
            "case": row.case,
            "truth": row.truth,
            "decidable": row.decidable,
            "decision": DECISIONS[decision[place]],
            "weight": round(float(scores.weight[place]), 2),
            "guards": [hit.guard for hit in scores.guards[place]],
            "verdict": _verdict(decision[place], asked[place], bool(right_or_queued[place])),
        }
        for place, row in enumerate(frame.itertuples())
    ]


def _verdict(decision: int, asked: int, right_or_queued: bool) -> str:
    if decision == asked:
        return "right"
    if decision == REVIEW:
        return "rightly queued" if right_or_queued else "queued"
    return "WRONG LINK" if decision == LINK else "missed"
