"""What training gives: a rule set, its text, its tables of names, and the report of how it came about."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np

from mpi.batch.training.estimating import Estimate, stated
from mpi.batch.training.fields import FieldUse
from mpi.batch.training.latent import SAME, STRANGERS, Floats
from mpi.batch.training.text import NewNumbers, rewritten
from mpi.batch.training.thresholds import PrecisionShown
from mpi.matching.rules import FrequencyTable, RuleSet, parse_rules

#: No probability is written smaller; the level that gets the rest keeps as much.
_LEAST: Final = 1e-9
_DIGITS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingReport:
    """How the rule set came about. Every count of pairs is of distinct pairs of records."""

    records: int
    candidate_pairs: int
    #: Every so many-th candidate was compared.
    candidate_step: int
    random_pairs: int
    decided_pairs: int
    iterations: int
    converged: bool
    #: Natural logarithm.
    log_likelihood: float
    #: Whether recordlinkage's ECM gave the start.
    started_by_ecm: bool
    #: Pairs of one person expected among the candidates.
    expected_matches: float
    #: How sure the model is of those: the mean probability that a pair taken for one person's is that.
    separation: float
    #: Chosen so that the model expects few wrong links; with ``precision`` that decides instead.
    link_weight: float
    #: Of the pairs linked at that weight, the share of two people that the model expects. Guards not counted.
    #: What a model expects of itself is no measured precision.
    wrong_links_expected: float
    #: Number of fields that both records have → what it says that 0, 1, 2, … of them differ (log2).
    differing: Mapping[str, tuple[float, ...]]
    fields_absent: tuple[str, ...]
    fields_constant: tuple[str, ...]
    relations_unmeasured: tuple[str, ...]
    precision: PrecisionShown | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A rule set learned from records."""

    rules: RuleSet
    #: The rule set's text, which names the files of ``frequencies``.
    toml: str
    #: File name → CSV text, to stand beside the rule set.
    frequencies: Mapping[str, str]
    provenance: Mapping[str, object]
    report: TrainingReport

    def write(self, path: Path) -> None:
        """Write the rule set and its tables beside it; the rule set last, so that what it names is there."""
        for name, text in self.frequencies.items():
            (path.parent / name).write_text(text, encoding="utf-8")
        path.write_text(self.toml, encoding="utf-8")


def made(
    estimate: Estimate,
    parent: RuleSet,
    use: FieldUse,
    learned: Mapping[str, FrequencyTable],
    report: TrainingReport,
    *,
    name: str,
) -> Trained:
    """Put the estimate into the text of ``parent``, under another ``name``."""
    tables = {**parent.frequencies, **learned}
    files = {table: f"{name}_{table}.csv" for table in tables}
    shares = estimate.classes.shares
    provenance = _provenance(parent, report)
    numbers = NewNumbers(
        prior_weight=_rounded(float(np.log2(shares[SAME] / (1 - shares[SAME])))),
        link_weight=report.link_weight if report.precision is None else report.precision.link_weight,
        relations={
            relation.name: _rounded(float(shares[STRANGERS + 1 + number] / (1 - shares[SAME])))
            for number, relation in enumerate(parent.relations)
        },
        levels=_levels(estimate, parent, use),
        frequencies={
            table: {"file": files[table], "floor": one.floor, "unseen": one.unseen}
            for table, one in tables.items()
        },
        differing=report.differing,
        provenance=provenance,
    )
    text = rewritten(parent.content, numbers)
    return Trained(
        rules=parse_rules(text, name=name, frequencies=tables),
        toml=text,
        frequencies={files[table]: _csv(one) for table, one in tables.items()},
        provenance=provenance,
        report=report,
    )


def _levels(estimate: Estimate, parent: RuleSet, use: FieldUse) -> dict[str, dict[str, dict[str, float]]]:
    """Field → level → cells of all fields that change; the level that gets the rest has none."""
    columns = {"m": SAME, "u": STRANGERS}
    columns |= {relation.name: STRANGERS + 1 + n for n, relation in enumerate(parent.relations)}
    says = {relation.name: stated(parent, relation.name) for relation in parent.relations}
    found = {}
    for place, comparison in enumerate(parent.comparisons):
        probabilities = estimate.classes.probabilities[:, estimate.classes.columns(place)]
        if comparison.field in use.left_out:
            kept = {"m": STRANGERS, "u": STRANGERS}
            kept |= {name: STRANGERS for name, said in says.items() if said[place]}
        elif place in use.estimated:
            own = {relation.name for relation in parent.relations if relation.like is None}
            kept = {
                name: n for name, n in columns.items() if name not in says or name in own or says[name][place]
            }
        else:
            continue
        names = [level.name for level in comparison.levels]
        found[comparison.field] = _cells(names, {name: probabilities[n] for name, n in kept.items()})
    return found


def _cells(names: list[str], columns: Mapping[str, Floats]) -> dict[str, dict[str, float]]:
    """Rounded, so that each column adds up to 1 with what the last level gets."""
    rest = len(names) - 1
    written = {}
    for column, probabilities in columns.items():
        values = [_rounded(max(float(value), _LEAST)) for value in probabilities]
        largest = int(np.argmax(values[:rest])) if rest else 0
        if rest and sum(values[:rest]) >= 1 - _LEAST:  # the rest is less than the rounding of the others
            values[largest] = _rounded_down(1 - _LEAST - sum(values[:rest]) + values[largest])
        written[column] = values
    return {
        name: {} if place == rest else {column: values[place] for column, values in written.items()}
        for place, name in enumerate(names)
    }


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _rounded_down(value: float) -> float:
    return float(np.floor(value * 1e8) / 1e8)


def _csv(table: FrequencyTable) -> str:
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["value", "frequency"])
    ordered = sorted(table.values.items(), key=lambda item: (-item[1], item[0]))
    rows.writerows(ordered)
    return out.getvalue()


def _provenance(parent: RuleSet, report: TrainingReport) -> dict[str, object]:
    """Where the rule set comes from. No time stands here: the same records give the same bytes."""
    facts = asdict(report)
    shown = facts.pop("precision")
    facts.pop("link_weight")  # stands among the thresholds
    facts.pop("differing")  # is a table of its own
    if shown is not None:
        facts["precision"] = shown.pop("precision")
        facts |= {f"precision_{key}": value for key, value in shown.items()}
    origin = {"parent": parent.name, "parent_hash": parent.hash, "created_by": f"mpi {version('mpi')}"}
    return {**origin, **{key: _plain(value) for key, value in facts.items()}}


def _plain(value: object) -> object:
    """As TOML has it, with as many digits as mean something."""
    if isinstance(value, float):
        return float(f"{value:.7g}")
    return list(value) if isinstance(value, tuple) else value
