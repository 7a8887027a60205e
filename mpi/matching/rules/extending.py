"""Rule sets that say only what is different: the text of one, written into the text of the one it extends.

What comes out is the text of a whole rule set. It is what decisions store word for word and what training
writes its numbers into, so neither has to know that it was once two files.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from typing import Any, Final

from mpi.errors import InvalidRuleSet

#: By what the entries of each list are told apart.
_LABELS: Final = {"relations": "name", "blocking_passes": "name", "comparisons": "field", "guards": "name"}
_HEADER = re.compile(r"^\[\[?([\w.]+)\]\]?", re.MULTILINE)
_TOP_VALUE = re.compile(r"^(\w+)\s*=.*$", re.MULTILINE)
#: Said by the extending text about itself.
_ABOUT_ITSELF: Final = frozenset({"extends", "without"})

#: A part of a rule set: ``guards.twins``, ``thresholds``, and "" for the values before the first table.
_Blocks = dict[str, str]


def extended(text: str, parent_text: Callable[[str], str], via: tuple[str, ...] = ()) -> str:
    """The text itself where it extends nothing; else its parent's with its own parts in the places of theirs.

    ``extends = "default"`` names the parent, whose text ``parent_text`` gives. Values before the first table
    replace those of the same name; a table or an entry of a list replaces the one of that name whole, a new
    one is added to its list, and ``without = ["guards.twins"]`` leaves parts out. ``via``: who extends this
    one. Raises InvalidRuleSet, also where what is to be left out is not there and where a rule set extends
    itself.
    """
    document = _parsed(text)
    if "extends" not in document:
        return text
    parent, without = document["extends"], document.get("without", [])
    if not isinstance(parent, str) or not isinstance(without, list):
        raise InvalidRuleSet("extends: must be the name of a rule set, without: a list", field="extends")
    if parent in via:
        raise InvalidRuleSet(f"extends: {parent} extends itself", field="extends")
    blocks = _blocks(extended(parent_text(parent), parent_text, (*via, parent)))
    for key in without:
        if key not in blocks or not key:
            raise InvalidRuleSet(f"without: {parent} has no {key!r} to leave out", field="without")
        del blocks[key]
    own = _blocks(text)
    blocks[""] = _top(blocks[""], own.pop("", ""))
    for key, block in own.items():
        blocks = _placed(blocks, key, block)
    return "\n".join(block.rstrip("\n") + "\n" for block in blocks.values())


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRuleSet(f"not TOML: {error}") from error


def _blocks(text: str) -> _Blocks:
    """The parts in their order; tables within an entry belong to it, and comments to what follows them."""
    starts = [
        match
        for match in _HEADER.finditer(text)
        if "." not in match[1] or match[1].split(".")[0] not in _LABELS
    ]
    places = [*(_with_comments(text, match.start()) for match in starts), len(text)]
    blocks = {"": text[: places[0]]}
    for match, place, end in zip(starts, places, places[1:], strict=False):
        block = text[place:end]
        label = _LABELS.get(match[1])
        key = match[1] if label is None else f"{match[1]}.{_parsed(block)[match[1]][0].get(label, '')}"
        blocks[key] = block
    return blocks


def _with_comments(text: str, start: int) -> int:
    """Where the comment lines right above a header begin."""
    while start and (line := text[text.rfind("\n", 0, start - 1) + 1 : start]).startswith("#"):
        start -= len(line)
    return start


def _top(parent: str, own: str) -> str:
    """The parent's values, those replaced that the other names."""
    values = {match[1]: match[0] for match in _TOP_VALUE.finditer(own) if match[1] not in _ABOUT_ITSELF}
    replaced = _TOP_VALUE.sub(lambda match: values.pop(match[1], match[0]), parent)
    return replaced.rstrip("\n") + "".join(f"\n{line}" for line in values.values()) + "\n"


def _placed(blocks: _Blocks, key: str, block: str) -> _Blocks:
    """In the place of the part of that name, or after the last of its kind."""
    if key in blocks:
        return {**blocks, key: block}
    kind, _, _ = key.partition(".")
    kin = [place for place, known in enumerate(blocks) if known.partition(".")[0] == kind]
    items = list(blocks.items())
    items.insert(kin[-1] + 1 if kin else len(items), (key, block))
    return dict(items)
