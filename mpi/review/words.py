"""The words of the desk: what kinds, answers, fields and reasons are called in front of people."""

from __future__ import annotations

from typing import Final, NamedTuple

from mpi.index import HARM_HIGH

#: Who answers questions; shown the ways to them.
REVIEWER_ROLES: Final = frozenset({"reviewer", "steward", "steward+admin"})

KINDS: Final = {
    "potential_duplicate": "Duplicate",
    "potential_overlap": "Overlap",
    "potential_overlay": "Overlay",
    "link_in_doubt": "Link in doubt",
}
KIND_MEANINGS: Final = {
    "potential_duplicate": "One person, perhaps, with two records in one source system.",
    "potential_overlap": "One person, perhaps, with records in two source systems.",
    "potential_overlay": "An update that would turn a record into somebody else is held back.",
    "link_in_doubt": "A record whose present demographics no longer support its link.",
}
VIEW_NAMES: Final = {
    "all": "All open",
    "potential_duplicate": "Duplicates",
    "potential_overlap": "Overlaps",
    "potential_overlay": "Overlays",
    "quarantined": "Quarantined",
    "link_in_doubt": "Links in doubt",
    "harm": "High harm",
    "overdue": "Overdue",
    "mine": "Mine",
    "escalated": "Escalated",
    "approval": "To approve",
}
VIEW_MEANINGS: Final = {
    "all": "Everything that is not answered",
    "potential_duplicate": KIND_MEANINGS["potential_duplicate"],
    "potential_overlap": KIND_MEANINGS["potential_overlap"],
    "potential_overlay": "Two people, perhaps, in one record or identity: held updates and links in doubt",
    "quarantined": KIND_MEANINGS["potential_overlay"],
    "link_in_doubt": KIND_MEANINGS["link_in_doubt"],
    "harm": f"Expected harm of {HARM_HIGH} or more",
    "overdue": "Waiting for longer than it should",
    "mine": "What you hold, and what was assigned to you",
    "escalated": "What somebody passed on to a lead",
    "approval": "Merges that wait for a second person",
}
ORDER_NAMES: Final = {"harm": "By harm", "age": "By age"}

RESOLUTIONS: Final = {
    "same_person": "Same person",
    "different_people": "Different people",
    "cannot_tell": "Cannot tell",
    "overlay": "Overlay: two people in one record",
}
#: The key of each answer, as on its button.
KEYS: Final = {"same_person": "M", "different_people": "N", "cannot_tell": "U", "overlay": "O"}


class Reason(NamedTuple):
    """A reason to choose from; its code stands first in what is stored."""

    code: str
    label: str


#: Why two who look alike are different people.
DIFFERENT_REASONS: Final = (
    Reason("twins-or-siblings", "Twins or siblings"),
    Reason("parent-and-child", "Parent and child (Jr/Sr)"),
    Reason("same-household", "Others of one household"),
    Reason("namesakes", "Namesakes, no relation"),
    Reason("wrong-identifier", "An identifier was entered for the wrong person"),
    Reason("other", "Other: see the note"),
)
#: Of what second readers may answer.
READINGS: Final = {"same_person": "M", "different_people": "N", "cannot_tell": "U"}
#: What allows a merge that a guard holds back.
OVERRIDE_REASONS: Final = (
    Reason("documents-checked", "Identity documents checked"),
    Reason("person-confirmed", "The person confirmed it"),
    Reason("source-confirmed", "The source system's staff confirmed it"),
    Reason("registration-error", "A typing error at registration"),
    Reason("chart-reviewed", "The charts describe one person"),
    Reason("other", "Other: see the note"),
)

FIELD_NAMES: Final = {
    "family": "Family name",
    "given": "Given name",
    "middle": "Middle name",
    "suffix": "Suffix",
    "birth_date": "Birth date",
    "sex": "Sex",
    "ssn": "SSN",
    "record_number": "Record number",
    "national_id": "Other identifiers",
    "phone": "Phone",
    "email": "E-mail",
    "address": "Address",
    "mother_maiden": "Mother’s maiden name",
    "birth_order": "Birth order",
    "placeholder_name": "Placeholder name",
    "deceased": "Deceased",
    "prior": "Before any evidence",
    "household": "Household allowance",
    "differing": "Number of differing fields",
}
#: The columns of a flat record on a person's page, where the name alone would not do.
FLAT_NAMES: Final = {
    **FIELD_NAMES,
    "mrn": "Record number",
    "zip": "ZIP",
    "mother_maiden": "Mother’s maiden name",
}
#: What a value of a field is called where its rarity is told.
FREQUENCY_NAMES: Final = {
    "family": "surname",
    "given": "given name",
    "middle": "middle name",
    "birth_date": "birth date",
    "address": "city",
}
#: What the parts that are no fields mean.
PART_MEANINGS: Final = {
    "prior": "How rarely two compared records are one person",
    "household": "What people of one home share anyway",
    "differing": "Whether one person’s records here differ in as many fields",
}
GUARD_NAMES: Final = {
    "twins": "Twins?",
    "twins_alike": "Twins?",
    "twins_apart": "Twins?",
    "birth_order": "Born at different places",
    "numbers_adjacent": "Numbers next to each other",
    "generation_suffix": "Jr / Sr",
    "placeholder_name": "Unnamed newborn or unknown",
    "given_missing": "Given name missing",
    "given_conflict": "Given names conflict",
    "sex_and_given": "Sex and given name conflict",
    "core_conflict": "Name and birth date conflict",
    "core_missing": "Name missing, birth date differs",
    "shared_identifier": "Same number, unlike people",
    "ssn_conflict": "SSN conflict",
    "ssn_conflict_at_home": "SSN conflict at home",
    "generation_apart": "A generation apart",
}
#: Contradictions that are told where no guard tells them already: field, its levels, the badge, the reason.
CONFLICTS: Final = (
    ("ssn", ("different",), GUARD_NAMES["ssn_conflict"], "Both have a valid SSN, and these differ"),
    ("national_id", ("different",), "Identifier conflict", "One authority gave them different numbers"),
    ("record_number", ("different",), "Record number conflict", "One source gave them different numbers"),
    ("suffix", ("conflict",), GUARD_NAMES["generation_suffix"], "The generation suffixes differ"),
    ("birth_order", ("different",), GUARD_NAMES["birth_order"], "Two children of one birth"),
    ("placeholder_name", ("both", "one"), GUARD_NAMES["placeholder_name"], "A name is a placeholder"),
    ("deceased", ("different",), "One is dead", "One is recorded as deceased, the other as alive"),
)
#: The same for the sex, which is not weighed where the given name tells it already.
SEX_CONFLICT: Final = ("Sex conflict", "One is recorded as female, the other as male")
#: From so many years between two birth dates on, they are told.
YEARS_APART_MIN: Final = 12


def words(name: str) -> str:
    """A code as words.

    >>> words("birth_date_unsupported")
    'birth date unsupported'
    """
    return name.replace("_", " ").replace("-", " ")
