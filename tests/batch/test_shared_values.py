"""Values that too many people have are learned from the records, told, and taken for missing."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from mpi.batch import deduplicate, encode_table
from mpi.batch.encoding import encode_records
from mpi.batch.shared_values import PEOPLE_MAX, without_shared
from mpi.batch.tables import as_table
from mpi.matching.rules import load_rules
from people import a_person

SWITCHBOARD = "312-867-0199"


def people(count: int, **more: str) -> pd.DataFrame:
    """So many people with nothing in common but what is given."""
    names = [f"{a}{b}" for a in ("Bar", "Cor", "Del", "Fen", "Gal", "Hol", "Jun") for b in "abcdefghijklm"]
    return pd.DataFrame(
        {
            "record_id": [f"r{row}" for row in range(count)],
            "given": names[:count],
            "family": [name[::-1].title() for name in names[:count]],
            "birth_date": [f"19{50 + row % 40}-{1 + row % 12:02}-{1 + row % 28:02}" for row in range(count)],
            **more,
        }
    )


def test_a_switchboard_is_nobodys_telephone() -> None:
    rules = load_rules()
    records = encode_table(as_table(people(PEOPLE_MAX["phone"] + 1, phone=SWITCHBOARD)).table, rules)
    kept, (shared,) = without_shared(records)
    assert (kept.columns.columns["phone"].codes()[0] < 0).all()
    assert (shared.field, len(shared.values), shared.people_max) == ("phone", 1, PEOPLE_MAX["phone"] + 1)
    assert kept.dropped["phone", "shared-by-many"] == PEOPLE_MAX["phone"] + 1


def test_as_many_people_as_may_share_one_keep_it() -> None:
    records = encode_table(as_table(people(PEOPLE_MAX["phone"], phone=SWITCHBOARD)).table, load_rules())
    kept, shared = without_shared(records)
    assert kept is records and shared == ()


def test_one_person_registered_often_keeps_the_number() -> None:
    frame = people(1, phone=SWITCHBOARD).loc[[0] * 60].assign(record_id=[f"r{row}" for row in range(60)])
    records = encode_table(as_table(frame).table, load_rules())
    assert without_shared(records)[1] == ()


def test_any_number_of_people_live_in_a_town_but_not_in_one_house() -> None:
    rules, count = load_rules(), PEOPLE_MAX["address"] + 1
    crowd = pd.concat(
        [people(60, city="Troy"), people(60, city="Troy").assign(given="Zz" + people(60).given)]
    )
    crowd = crowd.head(count).assign(record_id=[f"r{row}" for row in range(count)])
    assert without_shared(encode_table(as_table(crowd).table, rules))[1] == ()
    (shared,) = without_shared(encode_table(as_table(crowd.assign(street="9 Elm St")).table, rules))[1]
    assert (shared.field, shared.people_max) == ("address", count)


def test_a_number_beside_it_stays() -> None:
    rules = load_rules()
    both = ("13128670199", "13125550142")
    crowd = [
        a_person(f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[row]}NA", born=(1950 + row, 3, 17), phone=both[0])
        for row in range(PEOPLE_MAX["phone"] + 5)
    ]
    own = replace(a_person("OWEN", "NASH"), phones=both)
    records = [own, *crowd]
    ids = [f"{row:03}" for row in range(len(records))]
    kept, _ = without_shared(encode_records(ids, ["a"] * len(ids), records, rules))
    assert kept.columns.columns["phone"].values[0] == ("13125550142",)
    assert set(kept.columns.columns["phone"].values[1:]) == {None}


def test_the_report_of_a_deduplication_says_so() -> None:
    found = deduplicate(people(80, phone=SWITCHBOARD), load_rules())
    assert [warning for warning in found.warnings if warning.startswith("phone: 1 values on 80 records")]
    assert not len(found.scoring.pairs.left)
