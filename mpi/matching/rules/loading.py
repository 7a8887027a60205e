"""Rule sets as TOML: found by name or path, parsed, refused with the file, the key and the reason."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from mpi.errors import InvalidRuleSet
from mpi.matching.rules.extending import extended
from mpi.matching.rules.frequencies import FrequencyTable, read_frequencies
from mpi.matching.rules.model import (
    BlockingPass,
    Comparison,
    Guard,
    Level,
    Relation,
    RuleSet,
    Thresholds,
    content_hash,
)
from mpi.matching.rules.vocabulary import FIELD_LEVELS

T = TypeVar("T")

_PACKAGE = Path(__file__).resolve().parents[2]
#: In the wheel, then in a checkout.
_FOLDERS = (_PACKAGE / "_matching_rules", _PACKAGE.parent / "matching_rules")

_TOP_KEYS = frozenset(
    {
        "prior_weight",
        "trained",
        "relations",
        "keys_max",
        "thresholds",
        "frequencies",
        "blocking_passes",
        "comparisons",
        "guards",
        "differing",
        "provenance",
    }
)


def load_rules(path_or_name: str | Path = "default") -> RuleSet:
    """The rule set in a file, or the shipped one of that name. Raises ``InvalidRuleSet``."""
    path = _find(path_or_name)
    try:
        text = extended(_text(path), lambda parent: _text(_parent(parent, path.parent)))
    except InvalidRuleSet as error:
        raise InvalidRuleSet(f"{path.stem}.toml: {error}", field=error.field) from error
    return parse_rules(text, name=path.stem, folder=path.parent)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRuleSet(f"{path}: cannot be read: {type(error).__name__}") from error


def _parent(name: str, folder: Path) -> Path:
    """Beside the file that extends it, or among the shipped."""
    beside = folder / f"{name}.toml"
    return beside if beside.is_file() else _find(name)


def _find(path_or_name: str | Path) -> Path:
    text = str(path_or_name)
    if text.endswith(".toml"):
        return Path(text)
    for folder in _FOLDERS:
        if (candidate := folder / f"{text}.toml").is_file():
            return candidate
    raise InvalidRuleSet(
        f"there is no rule set called {text!r}: give a name that is shipped or a path to a .toml file"
    )


def parse_rules(
    text: str,
    *,
    name: str,
    folder: Path | None = None,
    frequencies: Mapping[str, FrequencyTable] | None = None,
) -> RuleSet:
    """The rule set in TOML text. Frequency files are looked for in ``folder``, unless the tables are given
    because they are not in files yet. Raises ``InvalidRuleSet``.
    """
    try:
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InvalidRuleSet(f"not TOML: {error}") from error
        if frequencies is None:
            frequencies = _frequencies(_table(document, "frequencies", optional=True), folder)
        return _rule_set(document, text, name, frequencies)
    except InvalidRuleSet as error:
        raise InvalidRuleSet(f"{name}.toml: {error}", field=error.field) from error


def _rule_set(
    document: dict[str, Any], text: str, name: str, frequencies: Mapping[str, FrequencyTable]
) -> RuleSet:
    _only("the rule set", document, _TOP_KEYS)
    provenance = _table(document, "provenance", optional=True)
    if any(isinstance(value, dict) for value in provenance.values()):
        raise InvalidRuleSet("provenance: holds a table; it takes values and lists", field="provenance")
    relations = _each(document, "relations", "name", _relation)
    thresholds = _table(document, "thresholds")
    _only("thresholds", thresholds, {"review_weight", "link_weight"})
    return RuleSet(
        name=name,
        hash=content_hash(text, frequencies),
        content=text,
        prior_weight=_number(document, "prior_weight"),
        relations=relations,
        keys_max=int(_number(document, "keys_max")),
        thresholds=Thresholds(
            review_weight=_number(thresholds, "review_weight", "thresholds."),
            link_weight=_number(thresholds, "link_weight", "thresholds."),
        ),
        blocking_passes=_each(document, "blocking_passes", "name", _blocking_pass),
        comparisons=_each(document, "comparisons", "field", partial(_comparison, relations)),
        guards=_in_force(_each(document, "guards", "name", _guard), _flag(document, "trained")),
        differing=_differing(_table(document, "differing", optional=True)),
        frequencies=frequencies,
        provenance=provenance,
    )


def _differing(table: dict[str, Any]) -> dict[int, tuple[float, ...]]:
    found = {}
    for count, weights in table.items():
        if not count.isdecimal() or not isinstance(weights, list):
            reason = "must be a number of fields with a list of weights"
            raise InvalidRuleSet(f"differing.{count}: {reason}", field=f"differing.{count}")
        found[int(count)] = tuple(
            _number({"weight": weight}, "weight", f"differing.{count}.") for weight in weights
        )
    return found


def _blocking_pass(name: str, entry: dict[str, Any]) -> BlockingPass:
    where = f"blocking_passes.{name}"
    _only(where, entry, {"name", "key", "broad"})
    return BlockingPass(
        name=name, key=tuple(_words(entry, "key", f"{where}.")), broad=_flag(entry, "broad", f"{where}.")
    )


def _guard(name: str, entry: dict[str, Any]) -> Guard:
    key = f"guards.{name}"
    _only(key, entry, {"name", "effect", "reason", "all", "any", "unless", "until_trained"})
    clauses = {}
    for clause in ("all", "any", "unless"):
        fields = _table(entry, clause, f"{key}.", optional=True)
        clauses[clause] = {field: frozenset(_words(fields, field, f"{key}.{clause}.")) for field in fields}
    effect, reason = _word(entry, "effect", f"{key}."), _word(entry, "reason", f"{key}.")
    until_trained = _flag(entry, "until_trained", f"{key}.")
    return Guard(name=name, effect=effect, reason=reason, until_trained=until_trained, **clauses)  # type: ignore[arg-type]


def _in_force(guards: tuple[Guard, ...], trained: bool) -> tuple[Guard, ...]:
    return tuple(guard for guard in guards if not (trained and guard.until_trained))


def _relation(name: str, entry: dict[str, Any]) -> Relation:
    key = f"relations.{name}"
    _only(key, entry, {"name", "probability", "like"})
    like = _word(entry, "like", f"{key}.") if "like" in entry else None
    if name in ("m", "u"):
        raise InvalidRuleSet(f"{key}: m and u are taken", field=key)
    return Relation(name=name, probability=_number(entry, "probability", f"{key}."), like=like)


def _comparison(relations: tuple[Relation, ...], name: str, entry: dict[str, Any]) -> Comparison:
    key = f"comparisons.{name}"
    _only(key, entry, {"field", "frequency", "levels"})
    if name not in FIELD_LEVELS:
        raise InvalidRuleSet(f"{key}: no such field; there are {', '.join(FIELD_LEVELS)}", field=key)
    levels = _table(entry, "levels", f"{key}.")
    columns = {"m", "u", *(relation.name for relation in relations)}
    for level in levels:
        if level not in FIELD_LEVELS[name]:
            raise InvalidRuleSet(f"{key}.levels.{level}: no such level", field=f"{key}.levels")
        _only(f"{key}.levels.{level}", _table(levels, level, f"{key}.levels."), columns)
    m, u = _column(key, levels, "m"), _column(key, levels, "u")
    related: dict[str, dict[str, float]] = {}
    for relation in relations:
        stated = any(relation.name in cell for cell in levels.values())
        related[relation.name] = (
            _column(key, levels, relation.name) if stated else related.get(relation.like or "", u)
        )
    return Comparison(
        field=name,
        levels=tuple(
            Level(
                name=level,
                m_probability=m[level],
                u_probability=u[level],
                related_probabilities={relation: column[level] for relation, column in related.items()},
            )
            for level in FIELD_LEVELS[name]
            if level in levels
        ),
        frequency=_word(entry, "frequency", f"{key}.") if "frequency" in entry else None,
    )


def _column(key: str, levels: Mapping[str, Any], column: str) -> dict[str, float]:
    """One probability of every level; one level may leave it out and gets what the others leave of 1."""
    given = {
        level: _number(cell, column, f"{key}.levels.{level}.")
        for level, cell in levels.items()
        if column in cell
    }
    left_out = [level for level in levels if level not in given]
    if not left_out:
        return given
    where = f"{key}.levels.{left_out[0]}.{column}"
    if len(left_out) > 1:
        raise InvalidRuleSet(f"{where}: is missing (one level at most may leave it out)", field=where)
    rest = 1 - sum(given.values())
    if not 0 < rest < 1:
        message = f"{where}: the other levels leave {rest:.7f}, which is no probability"
        raise InvalidRuleSet(message, field=where)
    return {**given, left_out[0]: rest}


def _frequencies(tables: Mapping[str, Any], folder: Path | None) -> dict[str, FrequencyTable]:
    made = {}
    for name in tables:
        key = f"frequencies.{name}"
        entry = _table(tables, name, "frequencies.")
        _only(key, entry, {"file", "floor", "unseen"})
        file = _word(entry, "file", f"{key}.")
        # What extends a shipped rule set from elsewhere has its tables with the shipped ones.
        found = [place / file for place in (folder, *_FOLDERS) if place and (place / file).is_file()]
        if folder is None or not found:
            raise InvalidRuleSet(f"{key}.file: there is no {file}", field=f"{key}.file")
        floor, unseen = (_number(entry, bound, f"{key}.") for bound in ("floor", "unseen"))
        text = found[0].read_text(encoding="utf-8")
        made[name] = read_frequencies(name, text, floor=floor, unseen=unseen)
    return made


def _each(
    document: dict[str, Any], key: str, label: str, make: Callable[[str, dict[str, Any]], T]
) -> tuple[T, ...]:
    entries = document.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidRuleSet(f"{key}: must be a list of tables, [[{key}]]", field=key)
    return tuple(make(_word(entry, label, f"{key}."), entry) for entry in entries)


def _only(key: str, entry: Mapping[str, Any], allowed: Any) -> None:
    if unknown := sorted(set(entry) - set(allowed)):
        raise InvalidRuleSet(
            f"{key}: {unknown[0]!r} is unknown; there are {', '.join(sorted(allowed))}", field=key
        )


def _table(entry: Mapping[str, Any], key: str, where: str = "", *, optional: bool = False) -> dict[str, Any]:
    value = entry.get(key, {} if optional else None)
    if not isinstance(value, dict):
        raise InvalidRuleSet(f"{where}{key}: is missing or not a table", field=f"{where}{key}")
    return value


def _number(entry: Mapping[str, Any], key: str, where: str = "") -> float:
    value = entry.get(key)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or value != value
        or abs(value) == float("inf")
    ):
        raise InvalidRuleSet(f"{where}{key}: is missing or not a number", field=f"{where}{key}")
    return float(value)


def _flag(entry: Mapping[str, Any], key: str, where: str = "") -> bool:
    value = entry.get(key, False)
    if not isinstance(value, bool):
        raise InvalidRuleSet(f"{where}{key}: is neither true nor false", field=f"{where}{key}")
    return value


def _word(entry: Mapping[str, Any], key: str, where: str = "") -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidRuleSet(f"{where}{key}: is missing or not a text", field=f"{where}{key}")
    return value


def _words(entry: Mapping[str, Any], key: str, where: str) -> list[str]:
    value = entry.get(key)
    if not isinstance(value, list) or not all(isinstance(word, str) and word for word in value):
        raise InvalidRuleSet(f"{where}{key}: is missing or not a list of texts", field=f"{where}{key}")
    return value
