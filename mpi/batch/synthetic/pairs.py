"""Pairs of different people who are easily taken for one: twins, and fathers and sons of one name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa

from mpi.batch.synthetic.demographics import FIRST_DAY, LAST_DAY
from mpi.batch.synthetic.draws import Draws, Ints
from mpi.batch.synthetic.encounters import Encounters
from mpi.batch.synthetic.households import ELDER, FIRST_CHILD
from mpi.batch.synthetic.population import Population, populate
from mpi.batch.synthetic.records import SCHEMA, check_size, write_records
from mpi.batch.synthetic.sources import DEFAULT_PROFILE, Profile
from mpi.batch.synthetic.vocabulary import vocabulary
from mpi.errors import BadInput

#: Only couples with children, so that most households have a pair.
FAMILIES_ONLY = (0.0, 0.0, 1.0)
HOUSEHOLDS, PEOPLE_MAX = 10_000, 60_000
PAIRS_MAX = 1_000_000
TWIN_STREAM, GENERATION_STREAM = 100, 200
#: Person and record numbers that ``generate`` never reaches, so that pairs can be added to its records.
TWIN_NUMBERS, GENERATION_NUMBERS = 320_000_000, 380_000_000

#: Finds pairs in a population: the places of the first and of the second of each.
Find = Callable[[Population], tuple[Ints, Ints]]


def twin_pairs(n: int, *, seed: int = 0, profile: Profile = DEFAULT_PROFILE) -> tuple[pa.Table, pa.Table]:
    """``n`` pairs of twins: two tables of ``n`` rows, the same row of both being two different people.

    Twins share birth date, family name and household. The two records are of one day, each of a source drawn
    by itself, with its habits and mistakes. The columns are those of ``generate``.
    """
    rates = replace(
        profile.demographics, household_shares=FAMILIES_ONLY, children_shares=(0.0, 1.0), twin_rate=1.0
    )
    return pairs(n, seed, (TWIN_STREAM, TWIN_NUMBERS), replace(profile, demographics=rates), twins)


def generation_pairs(
    n: int, *, seed: int = 0, profile: Profile = DEFAULT_PROFILE
) -> tuple[pa.Table, pa.Table]:
    """``n`` pairs of a father and the son who has his name, at one address; tables as in ``twin_pairs``."""
    rates = replace(
        profile.demographics,
        household_shares=FAMILIES_ONLY,
        children_shares=(1.0,),
        twin_rate=0.0,
        namesake_rate=1.0,
    )
    numbering = (GENERATION_STREAM, GENERATION_NUMBERS)
    return pairs(n, seed, numbering, replace(profile, demographics=rates), generations)


def twins(people: Population) -> tuple[Ints, Ints]:
    """The earlier and the later of all twins."""
    first = np.flatnonzero(people.birth_order == 1)
    return first, first + 1


def generations(people: Population) -> tuple[Ints, Ints]:
    """Fathers and the sons who bear their given and family name."""
    child = (people.place >= FIRST_CHILD) & (people.place < ELDER)
    son = np.flatnonzero(child & ~people.female)
    head = np.searchsorted(people.household, people.household[son])
    father = np.where(people.female[head], head + 1, head)
    given, family = people.given.given, people.family.family[1]
    same = ~people.female[father] & (given[father] == given[son]) & (family[father] == family[son])
    return father[same], son[same]


def pairs(
    n: int, seed: int, numbering: tuple[int, int], profile: Profile, find: Find
) -> tuple[pa.Table, pa.Table]:
    """``n`` pairs that ``find`` finds in population after population; ``numbering``: stream, first number."""
    stream, first = numbering
    check_size(n, seed, 1)
    if n > PAIRS_MAX:
        raise BadInput(f"at most {PAIRS_MAX} pairs", field="n")
    left, right, found, block = [SCHEMA.empty_table()], [SCHEMA.empty_table()], 0, 0
    while found < n:
        first_number = first + block * PEOPLE_MAX
        draws = Draws(seed, stream, block)
        people = populate(draws, HOUSEHOLDS, first_number, seed, profile.demographics, vocabulary())
        one, other = find(people)
        count = min(len(one), n - found)
        chosen = one_visit_each(draws, people, one[:count], other[:count], profile, first_number)
        table = write_records(draws, people, chosen, profile, seed)
        left.append(table.slice(0, count))
        right.append(table.slice(count))
        found, block = found + count, block + 1
    return pa.concat_tables(left).combine_chunks(), pa.concat_tables(right).combine_chunks()


def one_visit_each(
    draws: Draws, people: Population, one: Ints, other: Ints, profile: Profile, first_number: int
) -> Encounters:
    """An encounter for both people of every pair, on one day: all of ``one``, then all of ``other``."""
    count = len(one)
    from_day = np.maximum(np.maximum(people.birth_day[one], people.birth_day[other]), FIRST_DAY)
    day = from_day + draws.below(count, LAST_DAY - from_day + 1)
    return Encounters(
        number=first_number + np.arange(2 * count, dtype=np.int64),
        person=np.concatenate([one, other]),
        source=draws.below(2 * count, len(profile.sources)),
        day=np.concatenate([day, day]),
        unnamed=np.zeros(2 * count, dtype=np.bool_),
    )
