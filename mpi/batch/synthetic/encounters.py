"""Who is registered where and when: each encounter leaves one record in one source system."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpi.batch.synthetic.demographics import FIRST_DAY, LAST_DAY
from mpi.batch.synthetic.draws import Bools, Draws, Ints
from mpi.batch.synthetic.population import Population
from mpi.batch.synthetic.sources import Profile

#: Of people with two records in one source, those with a third.
THIRD_RECORD_RATE = 0.12
#: Of the born while a source recorded that has them, those born in its house.
BORN_HERE_RATE = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounters:
    """One entry per record to write."""

    #: Number of the record, unique in the whole output.
    number: Ints
    #: Place of the person in the population and of the source in the profile.
    person: Ints
    source: Ints
    day: Ints
    #: Registered at birth, without a name yet.
    unnamed: Bools

    def __len__(self) -> int:
        return len(self.number)

    def chosen(self, places: Ints | slice) -> Encounters:
        """Some of the encounters, in the order given."""
        return Encounters(
            number=self.number[places],
            person=self.person[places],
            source=self.source[places],
            day=self.day[places],
            unnamed=self.unnamed[places],
        )


def encounters(draws: Draws, people: Population, profile: Profile, first_number: int) -> Encounters:
    """Every encounter of a population, those of a person one after the other."""
    person, source, again = visits(draws, people, profile)
    count = len(person)
    birth_day = people.birth_day[person]
    from_day = np.maximum(birth_day, FIRST_DAY)
    day = from_day + draws.below(count, LAST_DAY - from_day + 1)
    births = np.array([s.unnamed_newborn_rate > 0 for s in profile.sources])
    at_birth = births[source] & (birth_day >= FIRST_DAY) & ~again & draws.chance(count, BORN_HERE_RATE)
    at_mother = people.female[people.guardian[person]]
    unnamed = at_birth & at_mother & draws.chance(count, profile.rate("unnamed_newborn_rate", source))
    return Encounters(
        number=first_number + np.arange(count, dtype=np.int64),
        person=person,
        source=source,
        day=np.where(at_birth, birth_day, day),
        unnamed=unnamed,
    )


def visits(draws: Draws, people: Population, profile: Profile) -> tuple[Ints, Ints, Bools]:
    """Person and source of every record, and whether that source had the person already."""
    shape = (len(people), len(profile.sources))
    counts = np.zeros(shape, dtype=np.int64)
    for place, source in enumerate(profile.sources):
        second = draws.chance(len(people), source.duplicate_rate)
        third = second & draws.chance(len(people), THIRD_RECORD_RATE)
        counts[:, place] = draws.chance(len(people), source.presence_rate) * (1 + second + third)
    pair = np.repeat(np.arange(counts.size), counts.ravel())
    person, source_place = np.divmod(pair, shape[1])
    again = np.zeros(len(pair), dtype=np.bool_)
    again[1:] = pair[1:] == pair[:-1]
    return person, source_place, again


def shuffled(draws: Draws, every: Encounters, count: int) -> Encounters:
    """The first ``count`` encounters in an order that tells nothing of who is who."""
    order = np.argsort(draws.uniform(len(every))[:count], kind="stable")
    return every.chosen(order)
