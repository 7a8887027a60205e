"""HumanName to PersonName: parts where there are parts, the text taken apart where there is only text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mpi.matching.record import PersonName
from mpi.patient.notes import Notes

#: FHIR name-use.
USES = ("usual", "official", "temp", "nickname", "anonymous", "old", "maiden")
#: Names a person goes by come before those they went by.
_RANK = {"official": 0, "usual": 0, None: 0, "temp": 1, "nickname": 1, "anonymous": 1, "old": 2, "maiden": 2}


def read_names(resource: Mapping[str, Any], notes: Notes) -> tuple[PersonName, ...]:
    """Every name, those in use first; each with its ``use``, so that old and maiden names are known as
    such.
    """
    found: list[tuple[int, PersonName]] = []
    for path, entry in notes.objects(resource, "name", "Patient"):
        name = read_name(entry, path, notes)
        if name is not None:
            found.append((_RANK.get(name.use, 0) + 3 * has_ended(entry), name))
    found.sort(key=lambda ranked: ranked[0])
    return tuple(dict.fromkeys(name for _, name in found))


def read_name(entry: Mapping[str, Any], path: str, notes: Notes) -> PersonName | None:
    """One HumanName; None, with a note, where it says nothing."""
    given = notes.texts(entry, "given", path)
    family = notes.text(entry, "family", path) if not isinstance(entry.get("family"), list) else None
    if isinstance(entry.get("family"), list):
        # DSTU2 had family as a list.
        family = " ".join(notes.texts(entry, "family", path)) or None
    use = notes.text(entry, "use", path)
    if use is not None and use not in USES:
        notes.add("error", "code-invalid", f"{path}.use", "is no name use of FHIR")
        use = None
    if not given and family is None:
        text = notes.text(entry, "text", path)
        if text is None:
            if "extension" not in entry:
                notes.add("warning", "required", path, "has neither family nor given nor text")
            return None
        given, family = split_text(text)
    return PersonName(
        given=given[0] if given else None,
        middle=" ".join(given[1:]) or None,
        family=family,
        prefix=" ".join(notes.texts(entry, "prefix", path)) or None,
        suffix=" ".join(notes.texts(entry, "suffix", path)) or None,
        use=use,
    )


def split_text(text: str) -> tuple[list[str], str | None]:
    """Given names and family name of a name in one piece; one word alone is a family name.

    >>> split_text("Okonkwo, Grace Ada"), split_text("Grace Okonkwo"), split_text("Suharto")
    ((['Grace', 'Ada'], 'Okonkwo'), (['Grace'], 'Okonkwo'), ([], 'Suharto'))
    """
    family, comma, rest = text.partition(",")
    if comma and family.strip():
        return rest.split(), family.strip()
    words = text.replace(",", " ").split()
    return words[:-1], words[-1] if words else None


def has_ended(entry: Mapping[str, Any]) -> bool:
    """Whether its period has an end: it is what the person had before. Ends lie in the past where people
    write them."""
    period = entry.get("period")
    return isinstance(period, Mapping) and isinstance(period.get("end"), str)
