from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpi.errors import InvalidRuleSet
from mpi.identity.survivorship import GROUPS, MemberRecord, SurvivorshipRules, best_record, survivorship_rules

RULES = SurvivorshipRules()
START = datetime(2026, 1, 1, tzinfo=UTC)


def a_member(source="north", trust=50, day=0, **flat):
    return MemberRecord(source=source, trust=trust, received_at=START + timedelta(days=day), flat=flat)


def test_one_record_is_the_best_record():
    flat = {"given": "Ada", "family": "Lovelace", "phone": "617-555-0134", "names": [{"family": "Byron"}]}
    assert best_record([a_member(**flat)], RULES) == flat


def test_nobody_makes_an_empty_record():
    assert best_record([], RULES) == {}


def test_source_and_local_id_belong_to_records_not_to_people():
    member = MemberRecord(
        source="north",
        trust=1,
        received_at=START,
        flat={"source": "north", "local_id": "7", "family": "Lovelace"},
    )
    assert best_record([member], RULES) == {"family": "Lovelace"}


def test_the_name_of_the_trusted_source_is_shown():
    members = [
        a_member(trust=10, given="Ad", family="Lovelase"),
        a_member(trust=90, given="Ada", family="Lovelace"),
    ]
    assert best_record(members, RULES) == {"given": "Ada", "family": "Lovelace"}


def test_people_move_so_the_latest_address_counts_whole():
    old = a_member(trust=90, street="1 Elm St", city="Boston", state="MA", zip="02108")
    new = a_member(trust=10, day=5, street="9 Oak Ave", city="Salem")
    assert best_record([old, new], RULES) == {"street": "9 Oak Ave", "city": "Salem"}


def test_a_city_alone_does_not_replace_a_street():
    full = {"street": "61 Alder Street", "city": "Boston", "state": "MA", "zip": "02118"}
    members = [a_member(trust=10, **full), a_member(trust=90, day=5, city="Boston")]
    assert best_record(members, RULES) == full
    assert best_record([a_member(day=1, **full), a_member(day=2, zip="94110")], RULES) == full


def test_fewer_parts_of_the_same_address_confirm_it():
    old = {"street": "61 Alder Street", "city": "Boston", "state": "MA", "zip": "02118"}
    moved = {"street": "9 Oak Ave", "city": "Salem"}
    members = [
        a_member(**old),
        a_member(day=1, **moved),
        a_member(day=2, street="61 Alder St", city="BOSTON"),
    ]
    assert best_record(members, RULES) == old
    assert best_record(members[:2], RULES) == moved


def test_a_city_is_better_than_nothing_and_the_latest_city_counts():
    members = [a_member(city="Boston"), a_member(day=1, city="Salem", state="MA")]
    assert best_record(members, RULES) == {"city": "Salem", "state": "MA"}


def test_birth_dates_do_not_change_so_the_majority_counts_however_it_is_written():
    members = [
        a_member(trust=90, birth_date="1981-02-03"),
        a_member(trust=10, birth_date="1980-02-03"),
        a_member(trust=10, day=1, birth_date="02/03/1980"),
    ]
    assert best_record(members, RULES)["birth_date"] == "02/03/1980"


def test_a_whole_birth_date_is_better_than_a_year():
    members = [a_member(trust=90, birth_date="1980"), a_member(trust=10, birth_date="1980-02-03")]
    assert best_record(members, RULES)["birth_date"] == "1980-02-03"


def test_a_placeholder_never_beats_a_value():
    members = [
        a_member(
            trust=90, day=9, given="BABY BOY", family="Lovelace", ssn="999-99-9999", phone="555-555-5555"
        ),
        a_member(trust=10, given="Ralph", family="Lovelace", ssn="219-11-4433", phone="617-555-0134"),
    ]
    best = best_record(members, RULES)
    assert (best["given"], best["ssn"], best["phone"]) == ("Ralph", "219-11-4433", "617-555-0134")


def test_what_was_not_chosen_of_phones_and_emails_is_listed():
    members = [
        a_member(phone="617-555-0134", email="ada@example.org"),
        a_member(day=1, phone="617-555-0199", phones=["617-555-0134"]),
    ]
    best = best_record(members, RULES)
    assert (best["phone"], best["phones"]) == ("617-555-0199", ["617-555-0134"])
    assert "emails" not in best


def test_identifiers_of_all_members_are_listed_once():
    passport = {"authority": "US", "type": "PPN", "value": "1"}
    licence = {"authority": "MA", "type": "DL", "value": "2"}
    members = [
        a_member(family="L", identifiers=[passport]),
        a_member(family="L", identifiers=[passport, licence]),
    ]
    assert best_record(members, RULES)["identifiers"] == [passport, licence]


def test_false_is_a_value():
    assert best_record([a_member(family="L", deceased=False)], RULES)["deceased"] is False


def test_an_order_can_be_configured_for_a_group():
    rules = survivorship_rules({"name": ["recency"]})
    members = [a_member(trust=90, family="Byron"), a_member(trust=10, day=1, family="Lovelace")]
    assert best_record(members, rules)["family"] == "Lovelace"
    assert best_record(members, RULES)["family"] == "Byron"


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({"nose": ["trust"]}, "survivorship.nose"),
        ({"name": ["beauty"]}, "survivorship.name"),
        ({"name": []}, "survivorship.name"),
        ({"name": "trust"}, "survivorship.name"),
        ({"name": ["trust", "trust"]}, "survivorship.name"),
    ],
)
def test_nonsense_is_refused_by_key(table, key):
    with pytest.raises(InvalidRuleSet, match=key) as refused:
        survivorship_rules(table)
    assert refused.value.field == key


values = {
    "given": st.sampled_from(["Ada", "ADA", "Augusta", "Baby Girl"]),
    "family": st.sampled_from(["Lovelace", "Byron"]),
    "birth_date": st.sampled_from(["1815-12-10", "1815", "12/10/1815"]),
    "street": st.sampled_from(["1 Elm St", "9 Oak Ave"]),
    "city": st.sampled_from(["Boston", "Salem"]),
    "phone": st.sampled_from(["617-555-0134", "555-555-5555"]),
}
members = st.lists(
    st.builds(
        lambda source, trust, day, flat: a_member(source, trust, day, sex="F", **flat),
        st.sampled_from(["north", "south"]),
        st.sampled_from([10, 50]),
        st.integers(0, 2),
        st.fixed_dictionaries({}, optional=values),
    ),
    min_size=1,
    max_size=4,
)


@given(members)
def test_the_order_of_the_members_does_not_matter(members):
    outcomes = [best_record(order, RULES) for order in permutations(members)]
    assert all(outcome == outcomes[0] for outcome in outcomes)


@given(members)
def test_every_group_is_one_members_own(members):
    best = best_record(members, RULES)
    for names in GROUPS.values():
        shown = {name: best[name] for name in names if name in best}
        assert not shown or shown in [{n: m.flat[n] for n in names if n in m.flat} for m in members]
