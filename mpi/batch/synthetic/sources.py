"""The source systems and their habits: what each records, how it writes that, how often it errs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from mpi.batch.synthetic.demographics import Demographics
from mpi.batch.synthetic.draws import Floats, Ints

#: How a source writes dates: ``1962-03-05``, ``03/05/1962``, ``19620305``, ``3/5/1962``.
DATE_FORMS = ("iso", "us", "compact", "short")
#: ``(617) 555-0123``, ``617-555-0123``, ``6175550123``, ``+1 617 555 0123``.
PHONE_FORMS = ("parentheses", "dashes", "digits", "international")
#: ``F``/``M``, ``Female``/``Male``.
SEX_FORMS = ("letter", "word")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One source system. Every rate is per record and between 0 and 1."""

    name: str
    #: First letter of its record identifiers.
    letter: str
    # Who is known here, and how often twice: of people with a record, those with a second one of their own.
    presence_rate: float
    duplicate_rate: float
    # Its ways of writing.
    date_form: str = "iso"
    phone_form: str = "parentheses"
    sex_form: str = "letter"
    ssn_dashes: bool = True
    upper_case: bool = False
    #: Long street words and ``Apt``; short ones otherwise.
    long_streets: bool = False
    zip_plus_four_rate: float = 0.0
    name_length_max: int = 60
    accents_rate: float = 0.0
    has_mrn: bool = False
    #: Writes a suffix behind the family name rather than in a field of its own.
    suffix_in_family: bool = False
    # What it has.
    middle_full_rate: float = 0.0
    middle_initial_rate: float = 0.0
    suffix_rate: float = 0.0
    ssn_rate: float = 0.0
    ssn_last_four_rate: float = 0.0
    phone_rate: float = 0.0
    email_rate: float = 0.0
    address_rate: float = 0.0
    sex_rate: float = 0.99
    # What is out of date.
    name_lag_rate: float = 0.0
    address_lag_rate: float = 0.0
    # Newborns registered before they have a name, of those born while it recorded.
    unnamed_newborn_rate: float = 0.0
    # Mistakes.
    given_typo_rate: float = 0.0
    family_typo_rate: float = 0.0
    nickname_rate: float = 0.0
    given_initial_rate: float = 0.0
    middle_as_given_rate: float = 0.0
    middle_in_given_rate: float = 0.0
    names_swapped_rate: float = 0.0
    #: That only one of two family names, or another way of joining them, is written.
    double_name_change_rate: float = 0.5
    birth_date_missing_rate: float = 0.004
    birth_date_error_rate: float = 0.0
    sex_error_rate: float = 0.004
    ssn_error_rate: float = 0.0
    #: The number of the one who brought or insures the patient.
    ssn_of_relative_rate: float = 0.0
    phone_error_rate: float = 0.0
    address_error_rate: float = 0.0
    email_error_rate: float = 0.02
    # Fillers.
    name_placeholder_rate: float = 0.002
    birth_date_placeholder_rate: float = 0.003
    ssn_placeholder_rate: float = 0.0
    phone_placeholder_rate: float = 0.0
    address_placeholder_rate: float = 0.004


NORTH_EHR = Source(
    name="north-ehr",
    letter="N",
    presence_rate=0.52,
    duplicate_rate=0.044,
    has_mrn=True,
    middle_full_rate=0.42,
    middle_initial_rate=0.34,
    suffix_rate=0.75,
    ssn_rate=0.65,
    ssn_last_four_rate=0.025,
    phone_rate=0.90,
    email_rate=0.38,
    address_rate=0.95,
    name_lag_rate=0.10,
    address_lag_rate=0.18,
    unnamed_newborn_rate=0.35,
    given_typo_rate=0.066,
    family_typo_rate=0.021,
    nickname_rate=0.04,
    given_initial_rate=0.003,
    middle_as_given_rate=0.006,
    middle_in_given_rate=0.008,
    names_swapped_rate=0.005,
    birth_date_error_rate=0.032,
    ssn_error_rate=0.035,
    ssn_of_relative_rate=0.015,
    phone_error_rate=0.022,
    address_error_rate=0.045,
    ssn_placeholder_rate=0.016,
    phone_placeholder_rate=0.012,
)
SOUTH_EHR = replace(
    NORTH_EHR,
    name="south-ehr",
    letter="S",
    presence_rate=0.44,
    duplicate_rate=0.050,
    date_form="us",
    phone_form="dashes",
    ssn_dashes=False,
    long_streets=True,
    zip_plus_four_rate=0.3,
    accents_rate=0.4,
    suffix_in_family=True,
    middle_full_rate=0.20,
    middle_initial_rate=0.50,
    suffix_rate=0.60,
    ssn_rate=0.54,
    unnamed_newborn_rate=0.40,
    nickname_rate=0.05,
    given_typo_rate=0.070,
    birth_date_error_rate=0.036,
)
LABORATORY = Source(
    name="lab",
    letter="L",
    presence_rate=0.48,
    duplicate_rate=0.050,
    date_form="compact",
    phone_form="digits",
    ssn_dashes=False,
    upper_case=True,
    name_length_max=11,
    suffix_in_family=True,
    middle_initial_rate=0.30,
    suffix_rate=0.15,
    ssn_rate=0.06,
    phone_rate=0.28,
    address_rate=0.22,
    sex_rate=0.97,
    name_lag_rate=0.15,
    address_lag_rate=0.15,
    given_typo_rate=0.062,
    family_typo_rate=0.032,
    nickname_rate=0.06,
    given_initial_rate=0.015,
    middle_as_given_rate=0.006,
    middle_in_given_rate=0.012,
    names_swapped_rate=0.008,
    birth_date_error_rate=0.030,
    ssn_error_rate=0.035,
    phone_error_rate=0.03,
    address_error_rate=0.06,
    phone_placeholder_rate=0.02,
)
BILLING = Source(
    name="billing",
    letter="B",
    presence_rate=0.50,
    duplicate_rate=0.042,
    date_form="short",
    phone_form="international",
    sex_form="word",
    middle_full_rate=0.10,
    middle_initial_rate=0.42,
    suffix_rate=0.35,
    ssn_rate=0.82,
    ssn_last_four_rate=0.04,
    phone_rate=0.93,
    email_rate=0.30,
    address_rate=0.99,
    sex_rate=0.95,
    name_lag_rate=0.55,
    address_lag_rate=0.25,
    given_typo_rate=0.050,
    family_typo_rate=0.021,
    nickname_rate=0.14,
    given_initial_rate=0.006,
    middle_as_given_rate=0.010,
    middle_in_given_rate=0.015,
    names_swapped_rate=0.012,
    birth_date_error_rate=0.028,
    ssn_error_rate=0.025,
    ssn_of_relative_rate=0.025,
    phone_error_rate=0.02,
    address_error_rate=0.04,
    ssn_placeholder_rate=0.016,
    phone_placeholder_rate=0.015,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is generated: a population and the sources that record it."""

    demographics: Demographics = field(default_factory=Demographics)
    sources: tuple[Source, ...] = (NORTH_EHR, SOUTH_EHR, LABORATORY, BILLING)
    #: Share of records that were taken in a hurry, and how much more often those go wrong.
    hurried_rate: float = 0.08
    hurried_factor: float = 3.0

    def rate(self, name: str, source: Ints) -> Floats:
        """The rate ``name`` of the source of each record."""
        return np.array([float(getattr(s, name)) for s in self.sources])[source]

    def chosen(self, name: str, source: Ints, options: tuple[str, ...]) -> Ints:
        """The place in ``options`` of each record's source's way ``name``."""
        return np.array([options.index(getattr(s, name)) for s in self.sources])[source]


def uniform(profile: Profile) -> Profile:
    """The same sources and mistakes, but all written one way: ISO dates, plain digits, capitals."""
    same = {
        "date_form": "iso",
        "phone_form": "digits",
        "sex_form": "letter",
        "ssn_dashes": False,
        "upper_case": True,
        "long_streets": False,
        "zip_plus_four_rate": 0.0,
        "accents_rate": 0.0,
        "suffix_in_family": False,
    }
    sources = tuple(replace(source, **same) for source in profile.sources)  # type: ignore[arg-type]
    return replace(profile, sources=sources)


DEFAULT_PROFILE = Profile()
#: Named profiles of ``mpi generate --profile``.
PROFILES = {"default": DEFAULT_PROFILE, "uniform": uniform(DEFAULT_PROFILE)}
