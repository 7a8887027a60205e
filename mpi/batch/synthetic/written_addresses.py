"""Addresses as sources write them: long or short, without the unit, out of date, misspelled, fillers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mpi.batch.synthetic.addresses import DIRECTIONS, UNITS_MAX
from mpi.batch.synthetic.draws import Bools, Ints
from mpi.batch.synthetic.mistakes import miskeyed, misspelled
from mpi.batch.synthetic.registration import Registration
from mpi.batch.synthetic.text import (
    Text,
    characters_of,
    digits,
    either,
    joined,
    replaced,
    taken,
    text_of,
    without,
)
from mpi.batch.synthetic.written_names import cased

ADDRESS_LAG_DAYS = 1_800
#: Shares of address mistakes: the street, the house number, the city, the ZIP code, the state left out.
ADDRESS_SHARES = (0.42, 0.2, 0.2, 0.12, 0.06)
STREET, NUMBER, CITY, ZIP, STATE = range(5)
STREET_PLACEHOLDERS = ("Unknown", "Homeless", "General Delivery", "123 Main St", "Unknown")
ZIP_PLACEHOLDERS = ("00000", "99999")
#: Units in short and in long form, four kinds of each; kind * UNITS_MAX + unit.
SHORT_UNITS = [
    pattern.format(n + 1, "ABCD"[n % 4])
    for pattern in (" Apt {0}", " Unit {0}", " #{0}", " Apt {0}{1}")
    for n in range(UNITS_MAX)
]
LONG_UNITS = [
    pattern.format(n + 1, "ABCD"[n % 4])
    for pattern in (", Apartment {0}", ", Unit {0}", ", Apt. {0}", ", Apt. {0}{1}")
    for n in range(UNITS_MAX)
]
UNITS = pa.array(SHORT_UNITS + LONG_UNITS)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAddress:
    """The address columns of some records."""

    street: Text
    city: Text
    state: Text
    zip: Text


def written_addresses(desk: Registration) -> WrittenAddress:
    """The address of each record's person on its day or, where the source lags behind, some time before."""
    draws, count = desk.draws, len(desk)
    lag = desk.happens("address_lag_rate") * (30 + draws.below(count, ADDRESS_LAG_DAYS))
    household = desk.people.household[desk.person]
    address = desk.people.addresses.at(desk.person, household, desk.encounters.day - lag)
    error = draws.kind(count, ADDRESS_SHARES)
    error[~desk.happens("address_error_rate")] = -1
    filler = desk.happens("address_placeholder_rate")
    missing = ~desk.has("address_rate")
    known, place = desk.vocabulary.places, desk.people.addresses.place[address]
    street = streets(desk, address, error)
    fillers = pa.array(STREET_PLACEHOLDERS).take(draws.below(int(filler.sum()), len(STREET_PLACEHOLDERS)))
    street = replaced(street, filler, fillers)
    city = misspelled(draws, taken(known.cities, place), error == CITY)
    return WrittenAddress(
        street=without(cased(desk, street), missing),
        city=without(cased(desk, city), missing),
        state=without(taken(known.states, place), missing | (error == STATE)),
        zip=without(zips(desk, address, error == ZIP, filler), missing),
    )


def streets(desk: Registration, address: Ints, error: Ints) -> Text:
    """House number, street and unit in one line, or a post box."""
    draws, count, where = desk.draws, len(desk), desk.people.addresses
    known = desk.vocabulary.streets
    long = desk.habit("long_streets") ^ draws.chance(count, 0.1)
    number = where.number[address]
    wrong = np.flatnonzero(error == NUMBER)
    number[wrong] = np.maximum(
        number[wrong] + np.array([-10, -2, -1, 1, 2, 10, 100])[draws.below(len(wrong), 7)], 1
    )
    number_text = pa.array(number).cast(pa.string())
    directions = pa.array([f"{word} " if word else "" for form in DIRECTIONS for word in form])
    direction = where.direction[address] * ~draws.chance(count, 0.12)
    direction_text = directions.take(direction + len(DIRECTIONS[0]) * ~long)
    kinds = len(known.kind_weights)
    kind_text = known.kinds.take(where.street_kind[address] + kinds * ~long)
    name = misspelled(draws, known.names.take(where.street[address]), error == STREET)
    line = joined(" ", number_text, joined("", direction_text, name), kind_text)
    line = joined("", line, units(desk, address, long))
    post_box = where.post_box[address] > 0
    return either(
        post_box, joined(" ", taken(pa.array(["PO Box"]), np.zeros(count, np.int64)), number_text), line
    )


def units(desk: Registration, address: Ints, long: Bools) -> Text:
    """Apartment, unit or none; one in five is left out and one in five written in another way."""
    draws, count, where = desk.draws, len(desk), desk.people.addresses
    kind = np.where(draws.chance(count, 0.2), draws.below(count, 3), where.unit_kind[address])
    unit = where.unit[address]
    number = (long * 4 + kind) * UNITS_MAX + unit
    return taken(UNITS, np.where((unit < 0) | draws.chance(count, 0.2), -1, number))


def zips(desk: Registration, address: Ints, wrong: Bools, filler: Bools) -> Text:
    """Five digits, or nine where the source looks them up."""
    draws, where, known = desk.draws, desk.people.addresses, desk.vocabulary.places
    written = np.zeros((len(desk), 10), dtype=np.uint8)
    five = characters_of(known.zips.take(where.place[address]))
    miskeyed(draws, five, wrong)
    written[:, :5] = five
    full = draws.chance(len(desk), desk.rate("zip_plus_four_rate"))
    written[full, 5] = ord("-")
    written[full, 6:] = digits(where.add_on[address][full], 4)
    unknown = filler & draws.chance(len(desk), 0.4)
    fillers = pa.array(ZIP_PLACEHOLDERS).take(draws.below(int(unknown.sum()), len(ZIP_PLACEHOLDERS)))
    return replaced(text_of(written), unknown, fillers)
