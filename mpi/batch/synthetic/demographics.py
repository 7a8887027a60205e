"""What the invented population is like: shares and rates, each where it is known with its source."""

from __future__ import annotations

from dataclasses import dataclass

#: Days since 1970-01-01: the first and the last day on which a record is written.
FIRST_DAY, LAST_DAY = 16_436, 20_269  # 2015-01-01, 2025-06-30
DAYS_A_YEAR = 365.25

#: Kinds of household.
SINGLE, COUPLE, FAMILY, LONE_PARENT, ROOMMATES, GROWN_CHILDREN, WITH_ELDER = range(7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demographics:
    """Rates of the population. Shares are 0–1."""

    #: States that people live in, by their postal codes; all when empty. An index serves a region, and people
    #: of one region are harder to tell apart than as many from the whole country.
    states: tuple[str, ...] = ()
    #: Share of households of each kind, in the order above (US census, rounded).
    household_shares: tuple[float, ...] = (0.27, 0.27, 0.22, 0.10, 0.06, 0.05, 0.03)
    #: Share of households with children that have 1, 2, 3, 4 of them.
    children_shares: tuple[float, ...] = (0.42, 0.37, 0.15, 0.06)
    #: That the next child is the twin of the one before (31 twins per 1,000 births, CDC).
    twin_rate: float = 0.033
    #: That twins get names with one initial.
    twin_initial_rate: float = 0.35
    #: That a father's first son bears his name.
    namesake_rate: float = 0.07
    #: That a wife takes her husband's name, joins both with a hyphen; the others keep theirs (Pew 2023).
    takes_name_rate: float = 0.76
    hyphenates_rate: float = 0.06
    #: That a woman without a husband in the household changed her name while records were written.
    single_name_change_rate: float = 0.15
    #: That her family name at birth becomes her middle name at marriage.
    maiden_as_middle_rate: float = 0.15
    #: That someone whose family name is Spanish bears the mother's as well.
    second_family_rate: float = 0.30
    middle_name_rate: float = 0.89
    #: That a household moved once, and twice, while records were written (about 9 % of people a year).
    moved_rates: tuple[float, float] = (0.33, 0.15)
    #: That a mover stays near: the same ZIP code or one of its neighbours.
    near_move_rate: float = 0.65
    #: Of those who move away, who come from anywhere in the country.
    anywhere_rate: float = 0.3
    #: That a member of a household lived elsewhere for a part of the time.
    lived_elsewhere_rate: float = 0.06
    ssn_rate: float = 0.96
    landline_rate: float = 0.45
    email_rate: float = 0.62
    new_phone_rate: float = 0.22
    #: That someone goes by the middle name, and that someone mostly goes by a nickname.
    goes_by_middle_rate: float = 0.035
    goes_by_nickname_rate: float = 0.10
