"""Telephone numbers with their area's code, and what e-mail addresses are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpi.batch.synthetic.addresses import HOMES, NEVER, Addresses
from mpi.batch.synthetic.demographics import FIRST_DAY, LAST_DAY, Demographics
from mpi.batch.synthetic.draws import Draws, Ints
from mpi.batch.synthetic.vocabulary import Places

#: Exchanges that subscribers have: not 555, not the service codes N11.
EXCHANGES = np.array([e for e in range(200, 1000) if e != 555 and e % 100 != 11], dtype=np.int64)
LINES = 10_000
#: Mail providers under the top-level domain that is reserved for examples, so that no address is anybody's.
PROVIDERS = ("webmail.example", "mail.example", "post.example", "inbox.example", "web.example")
#: ``given.family``, ``gfamily``, ``given.family1``, ``givenfamily1``, ``given_1``.
EMAIL_PATTERNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """How people are reached, one entry per person; -1 = not at all."""

    #: Ten digits: row 0 until ``new_phone_day``, row 1 from then on.
    mobile: Ints
    new_phone_day: Ints
    landline: Ints
    #: The pattern of the e-mail address, its number and its provider.
    email_pattern: Ints
    email_number: Ints
    email_provider: Ints


def give_contacts(
    draws: Draws, household: Ints, addresses: Addresses, rates: Demographics, known: Places
) -> Contacts:
    """Numbers for everybody; who is too young for a telephone is reached through a parent."""
    count, households = len(household), len(addresses.move_days)
    home = addresses.place[: households * HOMES : HOMES]
    landline = phone_numbers(draws, home, known)
    landline[~draws.chance(households, rates.landline_rate)] = -1
    first, second = (phone_numbers(draws, home[household], known) for _ in range(2))
    changed = draws.chance(count, rates.new_phone_rate)
    day = FIRST_DAY + draws.below(count, LAST_DAY - FIRST_DAY)
    pattern = draws.below(count, EMAIL_PATTERNS)
    pattern[~draws.chance(count, rates.email_rate)] = -1
    return Contacts(
        mobile=np.stack([first, second]),
        new_phone_day=np.where(changed, day, NEVER),
        landline=landline[household],
        email_pattern=pattern,
        email_number=draws.below(count, 100),
        email_provider=draws.below(count, len(PROVIDERS)),
    )


def phone_numbers(draws: Draws, place: Ints, known: Places) -> Ints:
    """Ten digits with an area code of each place; -1 where the place has none."""
    area = known.area_codes.pick(draws, place)
    exchange = EXCHANGES[draws.below(len(place), len(EXCHANGES))]
    number = (area * 1_000 + exchange) * LINES + draws.below(len(place), LINES)
    return np.where(area > 0, number, -1)
