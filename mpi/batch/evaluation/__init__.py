"""How good a deduplication is: against known truth, in pairs, by record, in tasks, and mistake by mistake."""

from mpi.batch.evaluation.evaluating import BlockingRecall, Evaluation, evaluate
from mpi.batch.evaluation.figures import figures
from mpi.batch.evaluation.intervals import wilson
from mpi.batch.evaluation.kinds import KINDS, kind_of
from mpi.batch.evaluation.mistakes import Mistakes
from mpi.batch.evaluation.quality import (
    BCubedQuality,
    PairwiseQuality,
    Quality,
    after_perfect_reviewer,
    pairwise,
    quality,
)

__all__ = [
    "KINDS",
    "BCubedQuality",
    "BlockingRecall",
    "Evaluation",
    "Mistakes",
    "PairwiseQuality",
    "Quality",
    "after_perfect_reviewer",
    "evaluate",
    "figures",
    "kind_of",
    "pairwise",
    "quality",
    "wilson",
]
