"""A rule set's text with other numbers in it: what an analyst wrote stays, comments included."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: The columns of a level, in the order they are written in.
Cells = Mapping[str, float]

_HEADER: Final = re.compile(r"^\s*(\[\[?)\s*([\w.\"-]+)\s*\]\]?\s*(?:#.*)?$")
_STATED: Final = re.compile(r"^\s*trained\s*=", re.MULTILINE)
_ENTRY: Final = re.compile(r"^(\s*)([\w-]+)(\s*=\s*)(.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNumbers:
    """What changes in a rule set."""

    prior_weight: float
    link_weight: float
    #: Relation → probability.
    relations: Mapping[str, float]
    #: Field → level → its cells; the level that gets the rest has none.
    levels: Mapping[str, Mapping[str, Cells]]
    #: Frequency table → its file, floor and unseen.
    frequencies: Mapping[str, Mapping[str, Any]]
    #: Number of fields → the weight of 0, 1, 2, … of them differing.
    differing: Mapping[str, tuple[float, ...]]
    provenance: Mapping[str, Any]


def rewritten(content: str, numbers: NewNumbers) -> str:
    """The TOML text with the numbers in their places and a ``[provenance]`` table at its end.

    Lines are changed in place where they are written as in the shipped rule sets, a level to a line. Where
    the result does not say what it should, as the text is laid out otherwise, it is written anew, without its
    comments.
    """
    wanted = _changed(tomllib.loads(content), numbers)
    text = _in_place(content, numbers)
    try:
        faithful = tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        faithful = False
    return text if faithful else written(wanted)


def _changed(document: dict[str, Any], numbers: NewNumbers) -> dict[str, Any]:
    """The document as it should be."""
    document["prior_weight"] = numbers.prior_weight
    document["trained"] = True
    document["thresholds"]["link_weight"] = numbers.link_weight
    for relation in document.get("relations", []):
        relation["probability"] = numbers.relations[relation["name"]]
    for comparison in document["comparisons"]:
        if (levels := numbers.levels.get(comparison["field"])) is not None:
            comparison["levels"] = {level: dict(cells) for level, cells in levels.items()}
    for name, entry in document.get("frequencies", {}).items():
        entry.update(numbers.frequencies.get(name, {}))
    document.pop("differing", None)
    if numbers.differing:
        document["differing"] = _differing(numbers)
    document["provenance"] = dict(numbers.provenance)
    return document


def _differing(numbers: NewNumbers) -> dict[str, list[float]]:
    return {fields: list(weights) for fields, weights in numbers.differing.items()}


class _Place:
    """Where in the document a line stands."""

    def __init__(self) -> None:
        self.table = ""
        self.name = ""

    def enter(self, header: str) -> None:
        self.table = header
        if header in ("relations", "comparisons"):
            self.name = ""


def _in_place(content: str, numbers: NewNumbers) -> str:
    place, made = _Place(), []
    for line in content.splitlines():
        header = _HEADER.match(line)
        if header:
            place.enter(header[2])
        if place.table in ("differing", "provenance"):
            continue
        entry = _ENTRY.match(line)
        if header or not entry:
            made.append(line)
            continue
        new = _new_value(place, entry[2], entry[4], numbers)
        made.append(line if new is None else f"{entry[1]}{entry[2]}{entry[3]}{_beside(new, entry[4])}")
        if place.table == "" and entry[2] == "prior_weight" and not _STATED.search(content):
            made.append("trained = true")
    while made and not made[-1].strip():
        made.pop()
    for name, table in (("differing", _differing(numbers)), ("provenance", numbers.provenance)):
        if table:
            made += ["", *_lines(name, table)]
    return "\n".join(made) + "\n"


def _new_value(place: _Place, key: str, value: str, numbers: NewNumbers) -> Any:
    """What a line's value becomes; None: it stays."""
    match place.table, key:
        case "", "prior_weight":
            return numbers.prior_weight
        case "", "trained":
            return True
        case "thresholds", "link_weight":
            return numbers.link_weight
        case ("relations", "name") | ("comparisons", "field"):
            place.name = value.partition("#")[0].strip().strip("\"'")
        case "relations", "probability":
            return numbers.relations.get(place.name)
        case "comparisons.levels", _:
            return numbers.levels.get(place.name, {}).get(key)
        case table, _ if table.startswith("frequencies."):
            return numbers.frequencies.get(table.removeprefix("frequencies."), {}).get(key)
    return None


def _beside(new: Any, old: str) -> str:
    """The new value, and the comment of the old line, unless it stood beside a number and spoke of that."""
    value, comment = _split(old)
    if value == new:
        return old
    return _toml(new) + (comment if isinstance(new, Mapping) else "")


def _split(text: str) -> tuple[Any, str]:
    """A value and the comment behind it, with the blanks before it."""
    for end in (*(found.start() for found in re.finditer(r"\s*#", text)), len(text)):
        try:
            return tomllib.loads(f"value = {text[:end]}")["value"], text[end:]
        except tomllib.TOMLDecodeError:
            continue
    return None, ""


def written(document: Mapping[str, Any]) -> str:
    """A document of plain values, tables and lists of tables as TOML text."""
    lines = [f"{_key(key)} = {_toml(value)}" for key, value in document.items() if not _is_table(value)]
    for key, value in document.items():
        if isinstance(value, Mapping):
            lines += ["", *_lines(_key(key), value)]
        elif _is_table(value):
            for entry in value:
                lines += ["", *_lines(_key(key), entry, "[[{}]]")]
    return "\n".join(lines).lstrip("\n") + "\n"


def _lines(name: str, table: Mapping[str, Any], header: str = "[{}]") -> list[str]:
    """A table, and below it those of its values that are tables of tables."""
    below = {key: value for key, value in table.items() if _holds_tables(value)}
    own = [f"{_key(key)} = {_toml(value)}" for key, value in table.items() if key not in below]
    lines = [header.format(name), *own] if own or not below else []
    if below and not own and header != "[{}]":
        lines = [header.format(name)]
    for key, value in below.items():
        lines += _lines(f"{name}.{_key(key)}", value)
    return lines


def _is_table(value: Any) -> bool:
    listed = isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)
    return listed or isinstance(value, Mapping)


def _holds_tables(value: Any) -> bool:
    return isinstance(value, Mapping) and any(isinstance(one, Mapping) for one in value.values())


def _key(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key) else _toml(key)


def _toml(value: Any) -> str:
    """A value in one line.

    >>> _toml({"m": 0.5, "u": 1e-06}), _toml(["a", "b"]), _toml(True)
    ('{m = 0.5, u = 1e-06}', '["a", "b"]', 'true')
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'
        case Mapping():
            return "{" + ", ".join(f"{_key(key)} = {_toml(one)}" for key, one in value.items()) + "}"
        case _:
            return "[" + ", ".join(map(_toml, value)) + "]"
