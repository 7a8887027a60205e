"""The synthetic population: the same for a seed, true to its tables, and wrong as often as it says."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mpi.batch.synthetic import (
    COLUMNS,
    DEFAULT_PROFILE,
    PROFILES,
    Demographics,
    Profile,
    generate,
    generation_pairs,
    twin_pairs,
)
from mpi.batch.synthetic.draws import Draws
from mpi.batch.synthetic.mistakes import by_ear, misspelled
from mpi.batch.synthetic.numbering import scattered, social_security_number
from mpi.batch.synthetic.population import Population, populate
from mpi.batch.synthetic.text import characters_of, text_of
from mpi.batch.synthetic.vocabulary import vocabulary
from mpi.errors import BadInput

SAMPLE = 60_000


def frame(n: int, **options: Any) -> pd.DataFrame:
    """Generated records as one frame."""
    return pa.concat_tables(generate(n, **options)).to_pandas()


@pytest.fixture(scope="module")
def uniform() -> pd.DataFrame:
    """Records all written one way, so that values can be compared as they are."""
    return frame(SAMPLE, seed=7, profile=PROFILES["uniform"])


@pytest.fixture(scope="module")
def duplicates(uniform: pd.DataFrame) -> pd.DataFrame:
    """Pairs of records that one hospital has of one person."""
    hospital = uniform[uniform.source.str.endswith("ehr")]
    pairs = hospital.merge(hospital, on=["source", "entity_id"])
    return pairs[pairs.record_id_x < pairs.record_id_y]


@pytest.fixture(scope="module")
def people() -> Population:
    """A population of 6,000 households."""
    return populate(Draws(3, 0), 6_000, 0, 3, Demographics(), vocabulary())


def test_the_same_seed_gives_the_same_records_and_another_seed_others() -> None:
    assert frame(3_000, seed=4).equals(frame(3_000, seed=4))
    assert not frame(3_000, seed=4).equals(frame(3_000, seed=5))


def test_full_chunks_do_not_depend_on_how_many_follow() -> None:
    short, long = frame(2_000, seed=1, chunk=1_000), frame(5_500, seed=1, chunk=1_000)
    assert short.equals(long.head(2_000))


def test_a_part_of_a_chunk_holds_some_of_its_records_unchanged_in_number_and_person() -> None:
    part, full = frame(400, seed=1, chunk=1_000), frame(1_000, seed=1, chunk=1_000)
    truth = dict(zip(full.record_id, full.entity_id, strict=True))
    assert all(truth[record] == person for record, person in zip(part.record_id, part.entity_id, strict=True))


def test_the_draws_are_the_raw_words_of_the_generator() -> None:
    raw = np.random.PCG64(np.random.SeedSequence([5, 6])).random_raw(1_000) >> np.uint64(11)
    assert np.array_equal(Draws(5, 6).uniform(1_000), raw * 2.0**-53)


def test_every_record_has_the_flat_columns_a_number_of_its_own_and_a_person() -> None:
    records = frame(3_000, seed=2, chunk=1_000)
    assert tuple(records.columns) == COLUMNS
    assert records.record_id.is_unique
    assert records[["source", "record_id", "entity_id", "given", "family"]].notna().all().all()
    assert set(records.source) == {"north-ehr", "south-ehr", "lab", "billing"}
    issued = records[records.mrn.notna()]
    assert set(issued.source) == {"north-ehr", "south-ehr"}
    assert not issued.duplicated(["source", "mrn"]).any()


def test_people_of_different_chunks_are_different(uniform: pd.DataFrame) -> None:
    first, second = uniform.head(50_000), uniform.tail(SAMPLE - 50_000)
    assert not set(first.entity_id) & set(second.entity_id)


def test_memory_does_not_grow_with_the_number_of_records() -> None:
    def peak_bytes(n: int) -> int:
        tracemalloc.start()
        before = pa.total_allocated_bytes()
        most = max(pa.total_allocated_bytes() - before for _ in generate(n, seed=1, chunk=2_000))
        traced = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most + traced

    peak_bytes(2_000)
    assert peak_bytes(30_000) < 1.5 * peak_bytes(6_000)


def test_impossible_sizes_and_states_are_refused() -> None:
    for options in ({"n": -1}, {"n": 10**9}, {"n": 10, "chunk": 0}, {"n": 10, "seed": -1}):
        with pytest.raises(BadInput):
            generate(**options)  # type: ignore[arg-type]
    elsewhere = Profile(demographics=replace(Demographics(), states=("Atlantis",)))
    with pytest.raises(BadInput, match="state"):
        generate(10, profile=elsewhere)
    with pytest.raises(BadInput):
        twin_pairs(10**9)


def test_numbers_are_scattered_without_repeating() -> None:
    scattered_numbers = scattered(np.arange(200_000), 200_000, 9)
    assert np.array_equal(np.sort(scattered_numbers), np.arange(200_000))
    assert abs(np.corrcoef(scattered_numbers, np.arange(200_000))[0, 1]) < 0.02


def test_social_security_numbers_are_ones_that_could_be_issued() -> None:
    pair = np.arange(100_000)
    ssn = social_security_number(pair, np.zeros(100_000, dtype=np.int64), 9)
    area, group, serial = ssn // 10**6, ssn // 10**4 % 100, ssn % 10**4
    assert ((area > 0) & (area < 900) & (area != 666) & (group > 0) & (serial > 0)).all()
    assert len(np.unique(ssn)) == 100_000
    assert np.array_equal(social_security_number(pair, np.ones(100_000, dtype=np.int64), 9), ssn + 1)


def test_twins_share_birth_day_family_and_household_but_not_the_given_name(people: Population) -> None:
    first = np.flatnonzero(people.birth_order == 1)
    second = first + 1
    assert len(first) > 30
    assert (people.birth_order[second] == 2).all()
    assert np.array_equal(people.household[first], people.household[second])
    assert np.array_equal(people.birth_day[first], people.birth_day[second])
    assert np.array_equal(people.family.family[:, first], people.family.family[:, second])
    assert (people.given.given[first] != people.given.given[second]).all()


def test_twins_are_as_frequent_as_among_births(people: Population) -> None:
    children = (people.place >= 2) & (people.place < 6)
    assert (people.birth_order[children] > 0).mean() == pytest.approx(0.031, abs=0.015)


def test_parents_are_grown_up_when_their_children_are_born(people: Population) -> None:
    children = np.flatnonzero((people.place >= 2) & (people.place < 6))
    age_years = (people.birth_day[children] - people.birth_day[people.guardian[children]]) / 365.25
    assert age_years.min() > 15
    assert age_years.max() < 62


def test_names_are_as_frequent_as_in_the_tables(people: Population) -> None:
    words = vocabulary().words
    names = words.text.take(people.family.family[0]).to_pylist()
    shares = Counter(names)
    weights = np.diff(words.family_weights, prepend=0) / words.family_weights[-1]
    assert words.text[words.family_start].as_py() == "Smith"
    assert shares["Smith"] / len(names) == pytest.approx(weights[0], rel=0.4)
    assert len(shares) > 4_000
    born_1950s = (people.birth_day > -7_300) & (people.birth_day < -3_652) & ~people.female
    given = Counter(words.text.take(people.given.given[born_1950s]).to_pylist())
    assert {"James", "Michael", "Robert", "John"} <= {name for name, _ in given.most_common(10)}


def test_places_are_as_frequent_as_people_live_there(uniform: pd.DataFrame) -> None:
    shares = uniform.state.value_counts(normalize=True)
    assert shares["CA"] == pytest.approx(0.119, abs=0.02)
    assert shares["WY"] == pytest.approx(0.0017, abs=0.0015)
    first = uniform[uniform.state.eq("CT") & uniform.zip.notna()]
    assert first.zip.str.startswith("06").mean() > 0.95


def test_a_region_can_be_chosen() -> None:
    region = Profile(demographics=replace(Demographics(), states=("VT",)))
    records = frame(3_000, seed=1, profile=region)
    assert records.state.value_counts(normalize=True)["VT"] > 0.85


def test_mistakes_between_duplicates_are_as_frequent_as_in_registries(duplicates: pd.DataFrame) -> None:
    """PMC4832129, 398,939 duplicates: the middle name differs in 58.3 %, the SSN in 53.5 % of pairs."""

    def differing(field: str) -> float:
        return float((duplicates[f"{field}_x"].fillna("") != duplicates[f"{field}_y"].fillna("")).mean())

    assert differing("middle") == pytest.approx(0.583, abs=0.05)
    assert differing("ssn") == pytest.approx(0.535, abs=0.05)
    assert differing("given") == pytest.approx(0.26, abs=0.05)
    assert differing("family") == pytest.approx(0.13, abs=0.05)
    assert differing("birth_date") == pytest.approx(0.08, abs=0.03)


def test_each_hospital_has_the_usual_share_of_duplicates(uniform: pd.DataFrame) -> None:
    for source in ("north-ehr", "south-ehr"):
        records = uniform[uniform.source == source]
        assert 0.07 < records.entity_id.duplicated(keep=False).mean() < 0.12


def test_fillers_stand_where_nothing_is_known(uniform: pd.DataFrame) -> None:
    assert uniform.birth_date.str.startswith(("1900-01-01", "1901-01-01")).mean() > 0.001
    assert uniform.ssn.isin(["999999999", "000000000"]).any()
    assert uniform.phone.isin(["5555555555"]).any()
    assert uniform.family.isin(["UNKNOWN", "DOE"]).any()
    assert uniform.given.str.match(r"BABY (BOY|GIRL)").any()
    assert uniform.given.str.match(r"(BOY|GIRL)[A-Z]{3}").any()


def test_people_marry_move_and_are_born_between_their_records(uniform: pd.DataFrame) -> None:
    several = uniform[uniform.entity_id.duplicated(keep=False)]
    zips = several.dropna(subset=["zip"]).groupby("entity_id").zip.nunique()
    assert 0.1 < (zips > 1).mean() < 0.5
    families = several.groupby("entity_id").family.nunique()
    assert 0.1 < (families > 1).mean() < 0.4


def test_sources_keep_their_habits() -> None:
    records = frame(8_000, seed=3)
    north, south, lab, billing = (
        records[records.source == source] for source in ("north-ehr", "south-ehr", "lab", "billing")
    )
    assert north.birth_date.dropna().str.match(r"\d{4}-\d\d-\d\d$").all()
    assert south.birth_date.dropna().str.match(r"\d\d/\d\d/\d{4}$").all()
    assert lab.birth_date.dropna().str.match(r"\d{8}$").all()
    assert billing.birth_date.dropna().str.match(r"\d{1,2}/\d{1,2}/\d{4}$").all()
    assert (lab.family == lab.family.str.upper()).all()
    assert set(billing.sex.dropna()) == {"Female", "Male", "Unknown"}
    assert lab.street.isna().mean() > 0.6
    assert billing.ssn.notna().mean() > 0.7


def test_twin_pairs_are_different_people_of_one_birth_date_and_home() -> None:
    clean = replace(PROFILES["uniform"], hurried_factor=0.0, hurried_rate=1.0)
    left, right = (side.to_pandas() for side in twin_pairs(2_000, seed=1, profile=clean))
    assert len(left) == len(right) == 2_000
    assert (left.entity_id != right.entity_id).all()
    assert left.birth_date.eq(right.birth_date).mean() > 0.99
    known = left.zip.notna() & right.zip.notna()
    assert left.zip[known].eq(right.zip[known]).mean() > 0.95
    assert left.given.ne(right.given).mean() > 0.98
    assert not set(left.record_id) & set(right.record_id)


def test_generation_pairs_are_fathers_and_sons_of_one_name() -> None:
    left, right = (side.to_pandas() for side in generation_pairs(2_000, seed=1, profile=PROFILES["uniform"]))
    assert (left.entity_id != right.entity_id).all()
    assert left.given.eq(right.given).mean() > 0.6
    assert left.birth_date.ne(right.birth_date).mean() > 0.98
    suffixes = Counter(right.suffix.dropna())
    assert suffixes["JR"] > 500


def test_pairs_are_reproducible_and_strangers_to_the_population() -> None:
    left, right = twin_pairs(50, seed=2)
    again, _ = twin_pairs(50, seed=2)
    assert left.equals(again)
    population = set(frame(2_000, seed=2).entity_id)
    assert not population & set(left["entity_id"].to_pylist() + right["entity_id"].to_pylist())


def test_a_slip_changes_one_value_a_little() -> None:
    names = pa.array(["Anderson", "Kowalski", "Martinez", "O'Brien"] * 500)
    wrong = np.arange(len(names)) % 2 == 0
    out = misspelled(Draws(1), names, wrong).to_pylist()
    for before, after, is_wrong in zip(names.to_pylist(), out, wrong, strict=True):
        assert after is not None
        if not is_wrong:
            assert after == before
        assert abs(len(after) - len(str(before))) <= 2
    changed = [before != after for before, after in zip(names.to_pylist(), out, strict=True)]
    assert sum(changed) > 0.9 * wrong.sum()


def test_short_and_accented_values_are_not_cut_apart() -> None:
    names = pa.array(["Li", "García", "Ng", None] * 50)
    assert misspelled(Draws(2), names, np.ones(200, dtype=np.bool_)).to_pylist() == names.to_pylist()


def test_text_survives_being_bytes() -> None:
    text = pa.array(["Muñoz", "", "O'Neill", "X"])
    assert text_of(characters_of(text)).to_pylist() == text.to_pylist()
    assert by_ear("Stephen", 0) == "Stefen"


def test_the_default_profile_has_two_hospitals_a_laboratory_and_billing() -> None:
    assert [source.has_mrn for source in DEFAULT_PROFILE.sources] == [True, True, False, False]
