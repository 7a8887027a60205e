"""The rule set: what an analyst edits, parsed once into values that cannot hold nonsense."""

from mpi.matching.rules.frequencies import FrequencyTable
from mpi.matching.rules.loading import load_rules, parse_rules
from mpi.matching.rules.model import BlockingPass, Comparison, Guard, Level, Relation, RuleSet, Thresholds

__all__ = [
    "BlockingPass",
    "Comparison",
    "FrequencyTable",
    "Guard",
    "Level",
    "Relation",
    "RuleSet",
    "Thresholds",
    "load_rules",
    "parse_rules",
]
