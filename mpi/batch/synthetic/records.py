"""Tables of synthetic records: one chunk at a time, each made from its own stream of chance."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from mpi.batch.synthetic.draws import Draws
from mpi.batch.synthetic.encounters import Encounters, encounters, shuffled
from mpi.batch.synthetic.numbering import RECORD_NUMBERS, scattered
from mpi.batch.synthetic.population import Population, populate
from mpi.batch.synthetic.registration import Registration
from mpi.batch.synthetic.sources import DEFAULT_PROFILE, Profile
from mpi.batch.synthetic.text import digits, joined, text_of
from mpi.batch.synthetic.vocabulary import vocabulary
from mpi.batch.synthetic.written_addresses import written_addresses
from mpi.batch.synthetic.written_names import written_names
from mpi.batch.synthetic.written_numbers import (
    birth_dates,
    emails,
    numbers_of_records,
    phones,
    sexes,
    social_security_numbers,
)
from mpi.errors import BadInput

COLUMNS = (
    "source", "record_id", "entity_id", "given", "middle", "family", "suffix", "birth_date", "sex", "ssn",
    "mrn", "phone", "email", "street", "city", "state", "zip",
)  # fmt: skip
SCHEMA = pa.schema([(name, pa.string()) for name in COLUMNS])
CHUNK = 50_000
#: Households are formed for so many records each, a little fewer than they have on average.
RECORDS_PER_HOUSEHOLD = 4.2
#: Of a chunk's person numbers, so many per record are set aside.
PEOPLE_PER_RECORD = 2
#: As many as leave numbers for the pairs of people (``pairs``), whose numbers begin behind.
RECORDS_MAX = 150_000_000
#: Streams of chance within a chunk, so that a change in one stage leaves the others as they were.
POPULATION_STREAM, ENCOUNTER_STREAM, RECORD_STREAM = range(3)


def generate(
    n: int, *, seed: int = 0, profile: Profile = DEFAULT_PROFILE, chunk: int = CHUNK
) -> Iterator[pa.Table]:
    """``n`` records in tables of ``chunk`` rows with the columns ``COLUMNS``; ``entity_id`` is the truth.

    The same seed gives the same records. A full chunk is the same whatever ``n`` is, and one that is not full
    holds a part of it; memory does not grow with ``n``. Raises BadInput where the numbers make no sense.
    """
    check_size(n, seed, chunk)
    check_states(profile)
    return (
        one_chunk(place, min(chunk, n - place * chunk), seed=seed, profile=profile, chunk=chunk)
        for place in range(-(-n // chunk))
    )


def check_size(n: int, seed: int, chunk: int) -> None:
    """Refuses what cannot be generated."""
    if n < 0 or seed < 0:
        raise BadInput("the number of records and the seed are whole numbers from 0 up", field="n")
    if chunk < 1:
        raise BadInput("a chunk holds at least one record", field="chunk")
    if n + chunk > RECORDS_MAX:
        raise BadInput(f"at most {RECORDS_MAX - chunk} records: numbers of people would run out", field="n")


def check_states(profile: Profile) -> None:
    """Refuses states that are none."""
    known = set(vocabulary().places.states.to_pylist())
    for state in profile.demographics.states:
        if state not in known:
            raise BadInput(f"{state!r} is not the postal code of a state", field="state")


def one_chunk(place: int, count: int, *, seed: int, profile: Profile, chunk: int) -> pa.Table:
    """The first ``count`` records of the chunk number ``place``."""
    people, every = populated(place, seed=seed, profile=profile, chunk=chunk)
    draws = Draws(seed, place, RECORD_STREAM)
    return write_records(draws, people, shuffled(draws, every, count), profile, seed)


def populated(place: int, *, seed: int, profile: Profile, chunk: int) -> tuple[Population, Encounters]:
    """The people of a chunk and their encounters: at least ``chunk`` of these."""
    households = int(chunk / RECORDS_PER_HOUSEHOLD) + 30
    while True:
        draws = Draws(seed, place, POPULATION_STREAM)
        first_person = place * chunk * PEOPLE_PER_RECORD
        people = populate(draws, households, first_person, seed, profile.demographics, vocabulary())
        every = encounters(Draws(seed, place, ENCOUNTER_STREAM), people, profile, place * chunk)
        if len(every) >= chunk:
            return people, every
        households += households // 4


def write_records(
    draws: Draws, people: Population, chosen: Encounters, profile: Profile, seed: int
) -> pa.Table:
    """The records of some encounters, as their sources write them."""
    desk = Registration(
        draws=draws,
        people=people,
        encounters=chosen,
        profile=profile,
        vocabulary=vocabulary(),
        hurried=draws.chance(len(chosen), profile.hurried_rate),
    )
    names = written_names(desk)
    address = written_addresses(desk)
    letters = pa.array([source.letter for source in profile.sources])
    written = digits(scattered(chosen.number, RECORD_NUMBERS, seed), 10)
    record_id, mrn = numbers_of_records(desk, letters, written)
    sources = pa.array([source.name for source in profile.sources])
    person = text_of(digits(people.number[chosen.person], 10))
    initial = pa.array(["P"]).take(chosen.source * 0)
    columns = [
        sources.take(chosen.source), record_id, joined("", initial, person),
        names.given, names.middle, names.family, names.suffix,
        birth_dates(desk), sexes(desk), social_security_numbers(desk), mrn,
        phones(desk), emails(desk),
        address.street, address.city, address.state, address.zip,
    ]  # fmt: skip
    return pa.Table.from_arrays(columns, schema=SCHEMA)
