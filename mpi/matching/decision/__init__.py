"""From the records of a pair to the decision about it, and why."""

from mpi.matching.decision.deciding import (
    DECISIONS,
    LINK,
    NO_LINK,
    REVIEW,
    FiredGuards,
    PairScores,
    decide,
    grade,
    score_columns,
    score_pairs,
)
from mpi.matching.decision.explanation import explain, field_parts

__all__ = [
    "DECISIONS",
    "LINK",
    "NO_LINK",
    "REVIEW",
    "FiredGuards",
    "PairScores",
    "decide",
    "explain",
    "field_parts",
    "grade",
    "score_columns",
    "score_pairs",
]
