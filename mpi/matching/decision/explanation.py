"""Why two records agree or not: the parts of the decision, as the JSON that every face shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mpi.matching import guards
from mpi.matching.blocking import blocking_keys
from mpi.matching.comparison import Agreement, Columns, encode
from mpi.matching.comparison.features import shown
from mpi.matching.decision.deciding import DECISIONS, PairScores, grade, score_columns
from mpi.matching.record import NormalizedRecord
from mpi.matching.rules import Comparison, RuleSet


def explain(a: NormalizedRecord, b: NormalizedRecord, rules: RuleSet) -> dict[str, Any]:
    """The ``why`` of a pair: its parts, adding up to the weight, the guards, and the blocking passes they
    share.

    ``fields`` holds what both records have, in the order of the rule set, after the entry ``prior`` and
    before ``household``. ``shared_keys`` is empty when blocking would never have compared the two.
    """
    columns = encode([a, b], rules)
    scores = score_columns(columns, [0], [1], rules)
    weight, decision = float(scores.weight[0]), int(scores.decision[0])
    met = int(guards.conditions(scores.score.codes, rules)[0])
    return {
        "weight": weight,
        "probability": float(scores.probability[0]),
        "decision": DECISIONS[decision],
        "grade": grade(decision, weight),
        "fields": field_parts(columns, [0], [1], scores, [0], rules)[0],
        "guards": [hit._asdict() for hit in guards.fired(met, rules)],
        "shared_keys": _shared_passes(a, b, rules),
        "rule_set": {"name": rules.name, "hash": rules.hash},
    }


def field_parts(
    columns: Columns,
    left: Sequence[int],
    right: Sequence[int],
    scores: PairScores,
    wanted: Sequence[int],
    rules: RuleSet,
) -> list[list[dict[str, Any]]]:
    """The ``fields`` of some of the pairs that were scored; ``wanted`` are their places among them."""
    weights = scores.score.weights
    return [
        [
            _part("prior", rules.prior_weight),
            *_field_parts(columns, (left[pair], right[pair]), scores.agreement, pair, weights, rules),
            _part("household", float(scores.score.household_weight[pair])),
            *([_part("differing", float(scores.score.differing_weight[pair]))] if rules.differing else []),
        ]
        for pair in wanted
    ]


def _field_parts(
    columns: Columns,
    sides: tuple[int, int],
    agreement: Agreement,
    pair: int,
    weights: npt.NDArray[np.float64],
    rules: RuleSet,
) -> Iterator[dict[str, Any]]:
    levels = agreement.levels[:, pair].tolist()
    for row, comparison in enumerate(rules.comparisons):
        if levels[row] >= 0:
            column = columns.columns[comparison.field].values
            values = [shown(comparison.field, column[side]) for side in sides]
            part = _field(comparison, levels[row], float(weights[row, pair]), values)
            yield _with_frequency(part, agreement, row, pair)


def _part(field: str, weight: float) -> dict[str, Any]:
    return {
        "field": field,
        "values": None,
        "level": None,
        "m_probability": None,
        "u_probability": None,
        "frequency": None,
        "weight": weight,
    }


def _field(comparison: Comparison, level: int, weight: float, values: list[Any]) -> dict[str, Any]:
    chosen = comparison.levels[level]
    return {
        **_part(comparison.field, weight),
        "values": values,
        "level": chosen.name,
        "m_probability": chosen.m_probability,
        "u_probability": chosen.u_probability,
    }


def _with_frequency(part: dict[str, Any], agreement: Agreement, row: int, pair: int) -> dict[str, Any]:
    """Where the value's own frequency stood in for u, say so."""
    shares = agreement.frequencies.get(row)
    if shares is not None and shares[pair] > 0:
        part["frequency"] = part["u_probability"] = float(shares[pair])
    return part


def _shared_passes(a: NormalizedRecord, b: NormalizedRecord, rules: RuleSet) -> list[str]:
    """Names of the blocking passes in which the two share a key, in the order of the rule set."""
    shared = {key.pass_name for key in set(blocking_keys(a, rules)) & set(blocking_keys(b, rules))}
    return [blocking_pass.name for blocking_pass in rules.blocking_passes if blocking_pass.name in shared]
