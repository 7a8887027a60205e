"""The parts of a rule set. Making one checks it; what exists is sound."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Literal

from mpi.errors import InvalidRuleSet
from mpi.matching.rules.frequencies import FrequencyTable
from mpi.matching.rules.vocabulary import EFFECTS, FIELD_LEVELS, FREQUENCY_FIELDS, KEY_PARTS, MISSING

#: Probabilities of a comparison's levels may miss 1 by rounding, not by a mistake.
_SUM_TOLERANCE = 1e-6

#: Conditions are held as bits of one integer per pair.
_CONDITIONS_MAX = 62

#: More than this many bits the number of differing fields may not say.
_DIFFERING_MAX = 10.0


def _refuse(key: str, reason: str) -> InvalidRuleSet:
    return InvalidRuleSet(f"{key}: {reason}", field=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Total match weights (log2): below ``review_weight`` no link, from ``link_weight`` a link, else a
    review.
    """

    review_weight: float
    link_weight: float

    def __post_init__(self) -> None:
        if not self.review_weight <= self.link_weight:
            reason = f"review_weight {self.review_weight} is above link_weight {self.link_weight}"
            raise _refuse("thresholds", reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A way in which two people are no strangers: one household, twins, namesakes in one family.

    ``probability`` is how likely two different people taken at random are so related.
    """

    name: str
    probability: float
    #: The relation whose level probabilities hold where a comparison has none for this one.
    like: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.probability < 0.5:
            reason = f"{self.probability} is not between 0 and 0.5"
            raise _refuse(f"relations.{self.name}.probability", reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One degree of agreement and how often it occurs.

    In two records of one person (m), of two strangers (u), and of two people in each of the rule set's
    relations.
    """

    name: str
    m_probability: float
    u_probability: float
    related_probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A field, its levels in the comparator's order, and perhaps the table of how common its values are."""

    field: str
    levels: tuple[Level, ...]
    frequency: str | None = None

    def __post_init__(self) -> None:
        key = f"comparisons.{self.field}"
        if self.field not in FIELD_LEVELS:
            raise _refuse(key, f"no such field; there are {', '.join(FIELD_LEVELS)}")
        names = tuple(level.name for level in self.levels)
        if names != FIELD_LEVELS[self.field]:
            raise _refuse(f"{key}.levels", f"must be {', '.join(FIELD_LEVELS[self.field])}, in this order")
        self._check(f"{key}.m", [level.m_probability for level in self.levels])
        self._check(f"{key}.u", [level.u_probability for level in self.levels])
        for relation in self.levels[0].related_probabilities:
            column = [level.related_probabilities[relation] for level in self.levels]
            self._check(f"{key}.{relation}", column)
        if self.frequency is not None and self.field not in FREQUENCY_FIELDS:
            raise _refuse(f"{key}.frequency", f"only {', '.join(sorted(FREQUENCY_FIELDS))} can have one")

    def _check(self, key: str, probabilities: list[float]) -> None:
        for level, probability in zip(self.levels, probabilities, strict=True):
            if not 0 < probability < 1:
                raise _refuse(f"{key}.{level.name}", f"{probability} is not between 0 and 1")
        if abs(sum(probabilities) - 1) > _SUM_TOLERANCE:
            raise _refuse(key, f"the levels add up to {sum(probabilities):.7f}, not to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockingPass:
    """Records that share every part of ``key`` become candidates for each other."""

    name: str
    key: tuple[str, ...]
    #: Few records, or rare values among many, make a key of so few parts worth following: it is used while no
    #: more than ``mpi.matching.blocking.BROAD_MAX`` records share it.
    broad: bool = False

    def __post_init__(self) -> None:
        where = f"blocking_passes.{self.name}.key"
        if not self.key:
            raise _refuse(where, "is empty")
        for part in self.key:
            if part not in KEY_PARTS:
                raise _refuse(where, f"{part!r} is not a key part; there are {', '.join(sorted(KEY_PARTS))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Holds a pair back whatever it weighs, when its levels meet the conditions.

    Fires when every field of ``all`` and at least one field of ``any`` (if there are any) is at one of the
    levels named, and no field of ``unless`` is.
    """

    name: str
    effect: Literal["review", "no_link"]
    reason: str
    all: Mapping[str, frozenset[str]]
    any: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unless: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: It stands in for what training measures, and is left out of a trained rule set.
    until_trained: bool = False

    def __post_init__(self) -> None:
        key = f"guards.{self.name}"
        if self.effect not in EFFECTS:
            raise _refuse(f"{key}.effect", f"{self.effect!r} is neither {' nor '.join(EFFECTS)}")
        if not self.reason:
            raise _refuse(f"{key}.reason", "is empty")
        if not self.all and not self.any:
            raise _refuse(key, "has no condition: it would stop every pair")
        for clause, name, levels in self.conditions():
            allowed = {*FIELD_LEVELS.get(name, ()), MISSING}
            if unknown := sorted(levels - allowed):
                raise _refuse(f"{key}.{clause}.{name}", f"{unknown[0]!r} is not one of its levels")
            if not levels:
                raise _refuse(f"{key}.{clause}.{name}", "names no level")

    def conditions(self) -> list[tuple[str, str, frozenset[str]]]:
        """Each condition as (clause, field, levels)."""
        clauses = (("all", self.all), ("any", self.any), ("unless", self.unless))
        return [(clause, name, levels) for clause, fields in clauses for name, levels in fields.items()]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RuleSet:
    """Everything a decision depends on. Two rule sets with one hash decide alike."""

    name: str
    #: Hexadecimal, 16 digits: of the content and of the frequencies.
    hash: str
    #: The TOML text it was read from.
    content: str = field(repr=False)
    #: log2 odds that two records taken at random are one person's.
    prior_weight: float
    relations: tuple[Relation, ...]
    thresholds: Thresholds
    blocking_passes: tuple[BlockingPass, ...]
    #: More keys than this are not made of one record: the passes listed first win.
    keys_max: int
    comparisons: tuple[Comparison, ...]
    #: Those in force: of a trained rule set without the ones that stand in for training.
    guards: tuple[Guard, ...]
    #: Fields that both records have → for 0, 1, 2, … of them not agreeing exactly, by how much more often
    #: (log2) that is so in one person's records than if slips were independent. Empty: they are taken for it.
    differing: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    frequencies: Mapping[str, FrequencyTable] = field(default_factory=dict, repr=False)
    #: Where a trained rule set comes from. It decides nothing and is no part of the hash.
    provenance: Mapping[str, object] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.keys_max <= 100:
            raise _refuse("keys_max", f"{self.keys_max} is not between 1 and 100")
        for key, names in (
            ("relations", [relation.name for relation in self.relations]),
            ("blocking_passes", [blocking_pass.name for blocking_pass in self.blocking_passes]),
            ("comparisons", [comparison.field for comparison in self.comparisons]),
            ("guards", [guard.name for guard in self.guards]),
        ):
            _check_names(key, names)
        self._check_references()
        for count, weights in self.differing.items():
            if len(weights) != count + 1 or max(map(abs, weights)) > _DIFFERING_MAX:
                reason = f"must be {count + 1} weights, of 0 to {count} fields, within ±{_DIFFERING_MAX:g}"
                raise _refuse(f"differing.{count}", reason)

        for place, relation in enumerate(self.relations):
            earlier = [other.name for other in self.relations[:place]]
            if relation.like is not None and relation.like not in earlier:
                reason = f"{relation.like!r} is no relation listed before it"
                raise _refuse(f"relations.{relation.name}.like", reason)

    def _check_references(self) -> None:
        fields = {comparison.field for comparison in self.comparisons}
        conditions: set[tuple[str, frozenset[str]]] = set()
        for guard in self.guards:
            for clause, name, levels in guard.conditions():
                if name not in fields:
                    raise _refuse(
                        f"guards.{guard.name}.{clause}", f"{name!r} is not compared by this rule set"
                    )
                conditions.add((name, levels))
        if len(conditions) > _CONDITIONS_MAX:
            raise _refuse("guards", f"more than {_CONDITIONS_MAX} different conditions")
        for comparison in self.comparisons:
            if comparison.frequency is not None and comparison.frequency not in self.frequencies:
                key = f"comparisons.{comparison.field}.frequency"
                raise _refuse(key, f"{comparison.frequency!r} is not among [frequencies]")

    def with_frequencies(self, learned: Mapping[str, FrequencyTable]) -> RuleSet:
        """The same rules with other frequency tables, e.g. learned from the file at hand; the hash changes
        too.
        """
        frequencies = {**self.frequencies, **learned}
        return replace(self, frequencies=frequencies, hash=content_hash(self.content, frequencies))


def _check_names(key: str, names: list[str]) -> None:
    if key not in ("guards", "relations") and not names:
        raise _refuse(key, "there are none")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _refuse(key, f"{twice[0]!r} is there twice")


def content_hash(content: str, frequencies: Mapping[str, FrequencyTable]) -> str:
    """16 hexadecimal digits that change when a value of the TOML text or a frequency does, not with a
    comment nor with the ``[provenance]`` table.
    """
    document = tomllib.loads(content)
    document.pop("provenance", None)
    tables = sorted((name, table.hash) for name, table in frequencies.items())
    canonical = json.dumps([document, tables], sort_keys=True)
    return sha256(canonical.encode()).hexdigest()[:16]
