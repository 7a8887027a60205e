"""The desk where records are taken: who is there, at which source, on which day, and how much goes wrong."""

from __future__ import annotations

from dataclasses import dataclass

from mpi.batch.synthetic.draws import Bools, Draws, Floats, Ints
from mpi.batch.synthetic.encounters import Encounters
from mpi.batch.synthetic.population import Population
from mpi.batch.synthetic.sources import Profile
from mpi.batch.synthetic.vocabulary import Vocabulary

#: What a record that is taken in a hurry keeps of the fields that it might have had.
HURRIED_COMPLETENESS = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Everything that writing some records needs. Arrays have one entry per record."""

    draws: Draws
    people: Population
    encounters: Encounters
    profile: Profile
    vocabulary: Vocabulary
    hurried: Bools

    def __len__(self) -> int:
        return len(self.encounters)

    @property
    def person(self) -> Ints:
        """The person whom each record is about."""
        return self.encounters.person

    def age_days(self) -> Ints:
        """Age on the day of the record."""
        age: Ints = self.encounters.day - self.people.birth_day[self.person]
        return age

    def rate(self, name: str) -> Floats:
        """A rate of the sources, as each has it."""
        return self.profile.rate(name, self.encounters.source)

    def happens(self, rate_name: str, factor: float | Floats = 1.0) -> Bools:
        """Where a mistake happens; more often in records taken in a hurry."""
        hurry = 1 + self.hurried * (self.profile.hurried_factor - 1)
        return self.draws.chance(len(self), self.rate(rate_name) * hurry * factor)

    def has(self, rate_name: str) -> Bools:
        """Where a field is filled; less often in records taken in a hurry."""
        return self.draws.chance(
            len(self), self.rate(rate_name) * (1 - self.hurried * (1 - HURRIED_COMPLETENESS))
        )

    def habit(self, name: str) -> Bools:
        """Where the source has a habit that is on or off."""
        on: Bools = self.rate(name) > 0
        return on
