"""People who share much, and their candidates found the plain way to hold the fast way against."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations

from mpi.batch.encoded import EncodedRecords
from mpi.batch.encoding import encode_records
from mpi.matching.blocking import BROAD_MAX, BlockingKey, blocking_keys
from mpi.matching.record import NormalizedAddress, NormalizedRecord
from mpi.matching.rules import RuleSet
from people import a_name, a_person


def encoded(records: Sequence[NormalizedRecord], rules: RuleSet) -> EncodedRecords:
    """Records of one source, in the order given."""
    ids = [f"{n:06}" for n in range(len(records))]
    return encode_records(ids, ["file"] * len(records), records, rules)


def naive_pairs(records: Sequence[NormalizedRecord], rules: RuleSet) -> set[tuple[int, int]]:
    """Every pair of records that share a blocking key; one of a broad pass counts while few have it."""
    blocks: dict[BlockingKey, list[int]] = {}
    for position, record in enumerate(records):
        for key in blocking_keys(record, rules):
            blocks.setdefault(key, []).append(position)
    return {
        pair
        for key, members in blocks.items()
        if not key.broad or len(members) <= BROAD_MAX
        for pair in combinations(members, 2)
    }


def crowd(count: int, seed: int = 1) -> list[NormalizedRecord]:
    """People who share much: few names, dates, homes and numbers, several of each."""
    draw = random.Random(seed)
    given = ["JANE", "MARGARET", "BOB", "ROBERT", "ANA MARIA", "PEGGY", ""]
    family = ["PRUITT", "PRUETT", "GARCIA LOPEZ", "LOPEZ", "VAN DER BERG", ""]
    streets = ["12 ELM ST", "9 OAK AVE", "BROADWAY"]
    people = []
    for _ in range(count):
        aliases = tuple(
            a_name(draw.choice(given), draw.choice(family[:-1])) for _ in range(draw.choice([0, 0, 1, 3]))
        )
        homes = tuple(
            NormalizedAddress(draw.choice(streets), "", "SPRINGFIELD", "IL", f"6270{draw.randrange(3)}")
            for _ in range(draw.randrange(3))
        )
        person = a_person(
            draw.choice(given),
            draw.choice(family),
            born=draw.choice([(1980, draw.randrange(13), draw.randrange(4)), None]),
            ssn=draw.choice([None, f"2194588{draw.randrange(40):02}"]),
            mrn=draw.choice([None, f"A{draw.randrange(60)}"]),
            phone=draw.choice([None, f"61744201{draw.randrange(30):02}"]),
            aliases=aliases,
        )
        people.append(
            NormalizedRecord(
                names=person.names,
                birth_date=person.birth_date,
                identifiers=person.identifiers,
                phones=person.phones,
                addresses=homes,
            )
        )
    return people
