"""A population: households, people, what they are called, where they live and how they are reached."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpi.batch.synthetic.addresses import Addresses, settle
from mpi.batch.synthetic.contacts import Contacts, give_contacts
from mpi.batch.synthetic.demographics import Demographics
from mpi.batch.synthetic.draws import Bools, Draws, Ints
from mpi.batch.synthetic.family_names import FamilyNames, draw_lineage, name_families
from mpi.batch.synthetic.given_names import GivenNames, name_people
from mpi.batch.synthetic.households import ELDER, FIRST_CHILD, HEAD, form_households
from mpi.batch.synthetic.numbering import social_security_number
from mpi.batch.synthetic.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Everybody. Arrays have one entry per person unless they say otherwise."""

    #: Number of each person, unique in the whole output.
    number: Ints
    household: Ints
    #: Place in the household.
    place: Ints
    female: Bools
    #: Days since 1970-01-01.
    birth_day: Ints
    #: 1 and 2 for twins, who are neighbours here; 0 for all others.
    birth_order: Ints
    #: Who answers for a child; the person itself for adults.
    guardian: Ints
    given: GivenNames
    family: FamilyNames
    addresses: Addresses
    contacts: Contacts
    #: Nine digits, -1 without one.
    ssn: Ints

    def __len__(self) -> int:
        return len(self.household)


def populate(
    draws: Draws, households: int, first_number: int, seed: int, rates: Demographics, words: Vocabulary
) -> Population:
    """So many households of people, numbered from ``first_number``; ``seed`` scatters their SSNs."""
    formed = form_households(draws, households, rates, words)
    lineage = draw_lineage(draws, formed, words.words)
    hispanic = words.words.hispanic[lineage.family]
    given = name_people(draws, formed, hispanic, lineage.bears, rates, words.words)
    family = name_families(draws, formed, lineage, rates, words.words)
    addresses = settle(draws, formed, family.joined_day, rates, words)
    household, place = np.nonzero(formed.present)
    count = len(household)
    person = np.arange(count, dtype=np.int64)
    female = formed.female[household, place]
    twin = formed.twin[household, place]
    number = first_number + person
    # Twins are registered together, so their numbers are neighbours.
    ssn = social_security_number(number - twin, twin.astype(np.int64), seed)
    ssn[~draws.chance(count, rates.ssn_rate)] = -1
    birth_order = twin * 2
    birth_order[:-1] += twin[1:]
    child = (place >= FIRST_CHILD) & (place < ELDER)
    head = np.searchsorted(household, np.arange(households))
    mother = head + np.maximum(formed.mother, HEAD)
    return Population(
        number=number,
        household=household,
        place=place,
        female=female,
        birth_day=formed.birth_day[household, place],
        birth_order=birth_order,
        guardian=np.where(child, mother[household], person),
        given=given,
        family=family,
        addresses=addresses,
        contacts=give_contacts(draws, household, addresses, rates, words.places),
        ssn=ssn,
    )
