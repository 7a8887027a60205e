"""Where people live and when: households that move, people who join or leave, shared houses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpi.batch.synthetic.demographics import (
    DAYS_A_YEAR,
    FIRST_DAY,
    GROWN_CHILDREN,
    LAST_DAY,
    SINGLE,
    Demographics,
)
from mpi.batch.synthetic.draws import Draws, Ints, cumulative
from mpi.batch.synthetic.family_names import ALWAYS
from mpi.batch.synthetic.households import ELDER, FIRST_CHILD, Households
from mpi.batch.synthetic.vocabulary import Places, Vocabulary

#: Each household has so many addresses one after the other; then come those of people who live elsewhere.
HOMES = 3
NEVER = LAST_DAY + 1
NEAR_PLACES = 5
NURSING_HOMES = 8
NURSING_HOME_YEARS = 80
#: Directions before a street's name, the first is none.
DIRECTIONS = (("", "North", "South", "East", "West"), ("", "N", "S", "E", "W"))
DIRECTION_WEIGHTS = (76, 6, 6, 6, 6)
#: Ways to write a unit: ``Apt 4``, ``Unit 4``, ``# 4``, ``Apt 4B``.
UNIT_KINDS = 4
UNITS_MAX = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """One entry per address, first the homes of the households and then the people's own."""

    #: Place of the ZIP code in the vocabulary.
    place: Ints
    number: Ints
    #: The street's name and kind by number.
    street: Ints
    street_kind: Ints
    direction: Ints
    #: -1 without a unit.
    unit: Ints
    unit_kind: Ints
    post_box: Ints
    #: ZIP+4 add-on.
    add_on: Ints
    #: Per household, the days of its two moves (a day after the last where there was none).
    move_days: Ints
    #: Per person, from when until when the person's own address holds.
    own_from: Ints
    own_until: Ints

    def at(self, person: Ints, household: Ints, day: Ints) -> Ints:
        """The number of the address that each person has on a day."""
        home = household * HOMES + (day[:, None] >= self.move_days[household]).sum(axis=1)
        own = (day >= self.own_from[person]) & (day < self.own_until[person])
        return np.where(own, len(self.move_days) * HOMES + person, home)


def settle(
    draws: Draws, households: Households, joined_day: Ints, rates: Demographics, words: Vocabulary
) -> Addresses:
    """Homes for every household and every person; ``joined_day`` per person, when a wife moved in."""
    household, _ = np.nonzero(households.present)
    count, people = len(households.kind), len(household)
    total = count * HOMES + people
    place = places(draws, households, rates, words.places)
    unit = np.where(draws.chance(total, 0.26), draws.below(total, UNITS_MAX), -1)
    columns = {
        "place": place,
        "number": house_numbers(draws, total),
        "street": draws.weighted(total, words.streets.name_weights),
        "street_kind": draws.weighted(total, words.streets.kind_weights),
        "direction": draws.weighted(total, cumulative(DIRECTION_WEIGHTS)),
        "unit": unit,
        "unit_kind": draws.below(total, UNIT_KINDS),
        "post_box": draws.chance(total, 0.025).astype(np.int64),
        "add_on": 1000 + draws.below(total, 9000),
    }
    share_houses(draws, columns, count)
    own_from, own_until = own_times(draws, households, joined_day, rates)
    nursing_homes(draws, columns, households, own_from, own_until)
    return Addresses(
        **columns, move_days=move_days(draws, count, rates), own_from=own_from, own_until=own_until
    )


def places(draws: Draws, households: Households, rates: Demographics, known: Places) -> Ints:
    """ZIP codes of all addresses; a move mostly stays near the first home."""
    household, _ = np.nonzero(households.present)
    weights = catchment(known, rates.states)
    first = draws.weighted(len(households.kind), weights)
    anchor = np.concatenate([np.repeat(first, HOMES), first[household]])
    steps = draws.below(len(anchor), 2 * NEAR_PLACES + 1) - NEAR_PLACES
    near = np.clip(anchor + steps, 0, len(known.weights) - 1)
    anywhere = draws.chance(len(anchor), rates.anywhere_rate)
    far = np.where(anywhere, draws.weighted(len(anchor), known.weights), draws.weighted(len(anchor), weights))
    place = np.where(draws.chance(len(anchor), rates.near_move_rate), near, far)
    place[: len(first) * HOMES : HOMES] = first
    return place


def catchment(known: Places, states: tuple[str, ...]) -> Ints:
    """Running total of the people of each place in ``states``, of all places when there are none."""
    if not states:
        return known.weights
    inside = np.isin(known.states.to_numpy(zero_copy_only=False), states)
    return cumulative(np.diff(known.weights, prepend=0) * inside)


def house_numbers(draws: Draws, count: int) -> Ints:
    """House numbers of one to five digits; short ones are more common."""
    digits = draws.kind(count, (0.04, 0.13, 0.38, 0.38))
    limit = np.array([30_000, 10, 100, 1_000, 10_000])[digits + 1]
    return 1 + draws.below(count, limit - 1)


def share_houses(draws: Draws, columns: dict[str, Ints], households: int) -> None:
    """Lets some households live in the house of the household before, in another unit."""
    chosen = 1 + np.flatnonzero(draws.chance(households - 1, 0.08))
    for name in ("place", "number", "street", "street_kind", "direction", "post_box"):
        columns[name][chosen * HOMES] = columns[name][(chosen - 1) * HOMES]
    columns["unit"][chosen * HOMES] = draws.below(len(chosen), UNITS_MAX)


def move_days(draws: Draws, households: int, rates: Demographics) -> Ints:
    """Two days per household, in order."""
    moves = draws.kind(households, rates.moved_rates) + 1
    days = FIRST_DAY + draws.below(households * 2, LAST_DAY - FIRST_DAY).reshape(-1, 2)
    days.sort(axis=1)
    days[moves < 1, 0] = NEVER
    days[moves < 2, 1] = NEVER
    return days


def own_times(
    draws: Draws, households: Households, joined_day: Ints, rates: Demographics
) -> tuple[Ints, Ints]:
    """When people have an address of their own: before marriage, after leaving home, or for a while."""
    household, place = np.nonzero(households.present)
    count = len(household)
    day = FIRST_DAY + draws.below(count, LAST_DAY - FIRST_DAY)
    child = (place >= FIRST_CHILD) & (place < ELDER)
    before = ~child & draws.chance(count, rates.lived_elsewhere_rate)
    left_home = child & (households.kind[household] == GROWN_CHILDREN) & draws.chance(count, 0.4)
    moved_in = (joined_day > FIRST_DAY) & (joined_day <= LAST_DAY) & draws.chance(count, 0.8)
    own_from = np.where(before | moved_in, ALWAYS, np.where(left_home, day, NEVER))
    own_until = np.where(moved_in, joined_day, np.where(before, day, NEVER))
    return own_from, own_until


def nursing_homes(
    draws: Draws, columns: dict[str, Ints], households: Households, own_from: Ints, own_until: Ints
) -> None:
    """Moves some of the very old who live alone into a few houses that many people share."""
    household, place = np.nonzero(households.present)
    age_years = (LAST_DAY - households.birth_day[household, place]) / DAYS_A_YEAR
    very_old = (households.kind[household] == SINGLE) & (age_years > NURSING_HOME_YEARS)
    chosen = np.flatnonzero(very_old & draws.chance(len(household), 0.15))
    house = draws.below(len(chosen), min(NURSING_HOMES, len(households.kind))) * HOMES
    own = len(households.kind) * HOMES + chosen
    for name in ("place", "number", "street", "street_kind", "direction", "post_box", "add_on"):
        columns[name][own] = columns[name][house]
    columns["unit"][own] = np.where(draws.chance(len(chosen), 0.5), -1, draws.below(len(chosen), UNITS_MAX))
    own_from[chosen] = FIRST_DAY + draws.below(len(chosen), LAST_DAY - FIRST_DAY)
    own_until[chosen] = NEVER
