"""What kind of mistake a pair is, as seen from its agreement levels."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.matching.rules import RuleSet
from mpi.matching.rules.vocabulary import FIELD_LEVELS, MISSING

Levels = npt.NDArray[np.int8]
Booleans = npt.NDArray[np.bool_]

#: Kind → what it means; a pair is of the first one that fits it.
KINDS: Final[dict[str, str]] = {
    "newborn": "a placeholder stands where the given name should",
    "twins": "same birth date and family name, another given name, or numbers issued together",
    "generation": "one name, but Jr and Sr, or born fifteen years apart or more",
    "household": "one home, telephone or e-mail; another given name and birth date",
    "junk": "a name or the birth date is missing, or was a placeholder and dropped",
    "swapped_names": "given, middle and family name stand in different places",
    "changed_surname": "the family name differs or is a part of the other; given name and birth date agree",
    "other_given_name": "the given name differs; family name and birth date agree",
    "date_error": "the names agree and something else does; the birth date does not",
    "namesake": "the names agree, the birth date does not, and nothing else is shared",
    "spelling": "a name is written in another way; the birth date agrees",
    "number_conflict": "names and birth date agree, a personal number differs",
    "moved": "names and birth date agree; the address differs, and no number or contact agrees",
    "few_fields": "names and birth date agree, and there is little or nothing else to compare",
    "agreeing": "names, birth date and something else agree",
    "unlike": "both a name and the birth date differ",
}

_FAMILY_ALIKE: Final = ("exact", "part", "similar", "phonetic")
_GIVEN_ALIKE: Final = ("exact", "nickname", "similar", "phonetic", "initial", "middle_used")
_GIVEN_OTHER: Final = ("related", "alike", "different")
_SAME_DAY: Final = ("exact", "january_first")
#: What one person has, or those who live with them.
_CONTACTS: Final = {"address": ("exact", "street", "similar"), "phone": ("exact",), "email": ("exact",)}
#: What one person alone has.
_NUMBERS: Final = {
    "ssn": ("exact", "last4", "near"),
    "national_id": ("exact", "near"),
    "record_number": ("exact",),
}


class _Seen:
    """The levels of many pairs, asked by name; a field that the rule set does not compare is missing."""

    def __init__(self, levels: Levels, rules: RuleSet) -> None:
        self._rows = {comparison.field: levels[row] for row, comparison in enumerate(rules.comparisons)}
        self._missing = np.full(levels.shape[1], -1, dtype=np.int8)

    def at(self, field: str, *names: str) -> Booleans:
        """Whether the field is at one of these levels."""
        wanted = np.zeros(len(FIELD_LEVELS[field]) + 1, dtype=bool)
        wanted[[-1 if name == MISSING else FIELD_LEVELS[field].index(name) for name in names]] = True
        found: Booleans = wanted[self._rows.get(field, self._missing)]
        return found

    def any(self, fields: dict[str, tuple[str, ...]]) -> Booleans:
        """Whether at least one of the fields is at one of its levels."""
        found: Booleans = np.logical_or.reduce([self.at(field, *names) for field, names in fields.items()])
        return found


def kind_of(levels: Levels, rules: RuleSet) -> npt.NDArray[np.int8]:
    """Each pair's kind as a position in ``KINDS``; ``levels`` int8 [comparisons, pairs], −1 = missing."""
    seen = _Seen(levels, rules)
    family, given = seen.at("family", *_FAMILY_ALIKE), seen.at("given", *_GIVEN_ALIKE)
    names, same_day = family & given, seen.at("birth_date", *_SAME_DAY)
    other_given = seen.at("given", *_GIVEN_OTHER)
    numbers, contacts = seen.any(_NUMBERS), seen.any(_CONTACTS)
    issued_together = seen.at("ssn", "adjacent") | seen.at("record_number", "adjacent")
    born_apart = seen.at("birth_order", "different")
    missing = seen.at("family", MISSING) | seen.at("given", MISSING) | seen.at("birth_date", MISSING)
    spelt_alike = seen.at("family", "exact") & seen.at("given", "exact")
    conflict = seen.at("ssn", "different") | seen.at("national_id", "different")
    apart = seen.at("address", "city", "different")
    tests = {
        "newborn": seen.at("placeholder_name", "both", "one"),
        "twins": same_day & family & (other_given | issued_together | born_apart),
        "generation": seen.at("suffix", "conflict") | (names & seen.at("birth_date", "generation_apart")),
        "household": contacts & ~given & ~same_day & ~seen.at("given", "swapped", MISSING),
        "junk": missing,
        "swapped_names": seen.at("family", "swapped") | seen.at("given", "swapped", "middle_used"),
        "changed_surname": given & same_day & (~family | seen.at("family", "part")),
        "other_given_name": other_given & same_day & family,
        "date_error": names & ~same_day & (numbers | contacts),
        "namesake": names & ~same_day,
        "spelling": names & ~spelt_alike,
        "number_conflict": names & conflict & ~numbers,
        "moved": names & apart & ~numbers & ~contacts,
        "few_fields": names & ~numbers & ~contacts,
        "agreeing": names,
    }
    order = list(KINDS)
    kinds = np.full(levels.shape[1], order.index("unlike"), dtype=np.int8)
    for kind in reversed(tests):
        kinds[tests[kind]] = order.index(kind)
    return kinds
