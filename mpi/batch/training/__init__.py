"""Training: rule sets learned from records, without labels or with them."""

from mpi.batch.training.decisions import Decisions, find_decisions, read_decisions
from mpi.batch.training.em import Expectations, Fit, expectation_maximisation
from mpi.batch.training.estimating import Estimate, Labelled, estimate
from mpi.batch.training.latent import LatentClasses, classes_of
from mpi.batch.training.learning import train
from mpi.batch.training.thresholds import PrecisionShown, decisions_needed, link_weight_for
from mpi.batch.training.trained import Trained, TrainingReport
from mpi.errors import CannotTrain

__all__ = [
    "CannotTrain",
    "Decisions",
    "Estimate",
    "Expectations",
    "Fit",
    "Labelled",
    "LatentClasses",
    "PrecisionShown",
    "Trained",
    "TrainingReport",
    "classes_of",
    "decisions_needed",
    "estimate",
    "expectation_maximisation",
    "find_decisions",
    "link_weight_for",
    "read_decisions",
    "train",
]
