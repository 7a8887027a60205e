"""Candidate pairs: the same as record by record, within any bound on memory; no large block passed over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from candidate_reference import crowd, encoded, naive_pairs
from mpi.batch.blocks import size_limit
from mpi.batch.candidates import Candidates, candidate_pairs
from mpi.batch.oversized import NEIGHBOURS
from mpi.batch.pair_keys import PairKeys
from mpi.matching.blocking import BROAD_MAX
from mpi.matching.record import NormalizedAddress, NormalizedRecord
from mpi.matching.rules import load_rules
from mpi.matching.rules.model import BlockingPass
from people import a_person

RULES = load_rules()


def pairs_of(candidates: Candidates) -> list[tuple[int, int]]:
    return [
        pair
        for left, right in candidates.chunks()
        for pair in zip(left.tolist(), right.tolist(), strict=True)
    ]


@pytest.mark.parametrize("keys_max", [3, 9, 40, 100])
def test_the_pairs_are_those_that_share_a_key(keys_max: int) -> None:
    rules = replace(RULES, keys_max=keys_max)
    people = crowd(300)
    candidates = candidate_pairs(encoded(people, rules), rules, block_max=300)
    found = pairs_of(candidates)
    assert found == sorted(naive_pairs(people, rules))
    assert candidates.pair_count == len(found)
    assert not candidates.capped
    assert sum(candidates.per_pass.values()) >= len(found)


def test_chunks_may_be_asked_for_again() -> None:
    candidates = candidate_pairs(encoded(crowd(100), RULES), RULES)
    assert pairs_of(candidates) == pairs_of(candidates)


@pytest.mark.parametrize("memory_bytes", [1, 30_000, 100_000])
def test_the_pairs_are_the_same_for_any_bound_on_memory(memory_bytes: int) -> None:
    records = encoded(crowd(200), RULES)
    unbounded = candidate_pairs(records, RULES, block_max=40)
    bounded = candidate_pairs(records, RULES, block_max=40, memory_bytes=memory_bytes)
    assert pairs_of(bounded) == pairs_of(unbounded)
    assert bounded.capped == unbounded.capped
    assert bounded.per_pass == unbounded.per_pass


def test_what_was_spilled_is_gone_with_the_candidates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    candidates = candidate_pairs(encoded(crowd(100), RULES), RULES, memory_bytes=1000)
    assert list(tmp_path.iterdir())
    del candidates
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("room", [None, 24, 10_000, 30_000])
def test_a_set_of_pairs_is_each_once_ascending(room: int | None) -> None:
    draw = np.random.default_rng(3)
    pairs = PairKeys(room)
    added = [draw.integers(0, 5_000, size) for size in (0, 1, 4_000, 3_000, 2)]
    for some in added:
        pairs.add(some)
    assert pairs.finished().tolist() == sorted(set(np.concatenate(added).tolist()))


def test_nobody_and_one_record_have_no_pairs() -> None:
    for count in (0, 1):
        candidates = candidate_pairs(encoded(crowd(count), RULES), RULES)
        assert (pairs_of(candidates), candidates.pair_count) == ([], 0)


def test_records_that_are_the_same_form_a_chain_however_many_they_are() -> None:
    people = [a_person(phone="6174420198")] * 1000
    candidates = candidate_pairs(encoded(people, RULES), RULES)
    found = set(pairs_of(candidates))
    assert {(n, n + 1) for n in range(999)} <= found
    assert len(found) <= 1000 * 2 * NEIGHBOURS
    assert {block.pass_name for block in candidates.capped} >= {"phone", "birth_date_family"}
    for block in candidates.capped:
        assert block.size == 1000
        assert (block.compared, block.compared + block.not_compared) == (len(found), 999 * 500)


def test_of_a_block_too_large_those_that_have_more_in_common_are_compared() -> None:
    """A shelter's telephone: of 600 people the two with one birth date are found, and those of one name."""
    people = [
        a_person(
            f"{a}{b}INA", f"{b}{a}OVIC", born=(1900 + n % 90, 1 + n % 11, 1 + n % 23), phone="6174420198"
        )
        for n, (a, b) in enumerate((chr(65 + n % 25), chr(65 + n // 25)) for n in range(600))
    ]
    people += [a_person("ZOE", "ZIMMER", born=(1899, 1, 2), phone="6174420198")] * 2
    candidates = candidate_pairs(encoded(people, RULES), RULES)
    (block,) = [block for block in candidates.capped if block.pass_name == "phone"]
    assert block.size == 602
    found = pairs_of(candidates)
    assert (600, 601) in found
    assert 0 < block.compared < block.not_compared
    assert len(set(found)) == len(found) < 602 * 601 // 4


def test_a_pass_that_would_bring_too_many_pairs_takes_its_smallest_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mpi.batch.candidates.PASS_PAIRS_MIN", 300)
    monkeypatch.setattr("mpi.batch.candidates.PASS_PAIRS_PER_RECORD", 0)
    people = crowd(300)
    candidates = candidate_pairs(encoded(people, RULES), RULES, block_max=40)
    assert candidates.limited
    capped = {block.pass_name for block in candidates.capped}
    for one in candidates.limited:
        assert 1 <= one.size_max < 40
        assert one.not_compared >= one.blocks > 0
        assert one.pass_name in capped or candidates.per_pass[one.pass_name] <= 300
    assert set(pairs_of(candidates)) < naive_pairs(people, RULES)


def test_the_size_up_to_which_blocks_have_so_many_pairs() -> None:
    counts = np.array([0, 0, 5, 2, 0, 1])  # five pairs, two blocks of three pairs, one of ten
    assert [size_limit(counts, most) for most in (0, 4, 5, 10, 11, 20, 21)] == [1, 1, 2, 2, 4, 4, 5]


def test_a_broad_pass_takes_the_keys_that_few_share() -> None:
    """Thirty records of one town are compared for the town alone, thirty-one are not; nor is that told as a
    block that was capped.
    """
    broad = BlockingPass(name="town", key=("city",), broad=True)
    rules = replace(RULES, blocking_passes=(broad,))
    homes = [NormalizedAddress("", "", "SPRINGFIELD", "IL", "")] * (BROAD_MAX + 1)
    for count, pairs in ((BROAD_MAX, BROAD_MAX * (BROAD_MAX - 1) // 2), (BROAD_MAX + 1, 0)):
        people = [NormalizedRecord(addresses=(home,)) for home in homes[:count]]
        candidates = candidate_pairs(encoded(people, rules), rules)
        assert (candidates.pair_count, candidates.capped, candidates.limited) == (pairs, (), ())
