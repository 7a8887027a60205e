"""The closed vocabulary of rule sets: which fields can be compared at which levels, and what keys are made
of.

A rule set chooses from these words and gives them probabilities; it cannot bring code of its own.
"""

from __future__ import annotations

from typing import Final

#: Field → its agreement levels, best first. Each field has one comparator (``mpi.matching.comparison``),
#: which answers with a position in this tuple.
FIELD_LEVELS: Final[dict[str, tuple[str, ...]]] = {
    "family": ("exact", "part", "similar", "phonetic", "swapped", "different"),
    "given": (
        "exact",
        "nickname",
        "similar",
        "phonetic",
        "initial",
        "middle_used",
        "swapped",
        "middle_initial",
        "related",
        "alike",
        "different",
    ),
    "middle": ("exact", "initial", "similar", "different"),
    "suffix": ("same", "conflict"),
    "birth_date": (
        "exact",
        "january_first",
        "partial",
        "swapped",
        "typo",
        "two_parts",
        "same_year",
        "different",
        "generation_apart",
    ),
    "sex": ("same", "different"),
    "ssn": ("exact", "last4", "near", "adjacent", "different"),
    "national_id": ("exact", "near", "different"),
    "record_number": ("exact", "near", "adjacent"),
    "phone": ("exact", "near", "different"),
    "email": ("exact", "similar", "different"),
    "address": ("exact", "street", "similar", "zip", "city", "different"),
    "mother_maiden": ("exact", "similar", "different"),
    "birth_order": ("same", "different"),
    "placeholder_name": ("both", "one"),
}

#: Fields whose ``exact`` level may take its u from how common the value is.
FREQUENCY_FIELDS: Final = frozenset({"family", "given"})

#: What blocking keys are made of; see ``mpi.matching.blocking`` for what each yields.
KEY_PARTS: Final = frozenset(
    {
        "ssn",
        "ssn4",
        "identifier",
        "phone",
        "email",
        "email_user",
        "birth_date",
        "birth_year",
        "birth_year_month",
        "birth_month_day",
        "family",
        "family_phonetic",
        "family_prefix",
        "given",
        "given_phonetic",
        "given_root",
        "given_initial",
        "name",
        "names_sorted",
        "initials",
        "middle_initial",
        "sex",
        "zip",
        "city",
        "street",
        "street_number",
    }
)

#: What a guard does to a pair that weighs enough: send it to a person, or refuse it.
EFFECTS: Final = ("review", "no_link")

#: In a guard, stands for "one side or both do not have the field".
MISSING: Final = "missing"
