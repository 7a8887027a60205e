"""The accuracy benchmark judges rightly: what it hides, how it counts a pair, and what it calls missed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks import accuracy_pairs, accuracy_records, accuracy_report
from benchmarks.accuracy_sets import blinded, record_sets
from mpi.batch import read_table
from mpi.matching.rules import RuleSet, load_rules

PERSON = {"given": "Adaline", "family": "Brightwater", "birth_date": "1961-03-09", "sex": "F"}
HOME = {"street": "12 Larch Rd", "city": "Norwich", "state": "CT", "zip": "06360", "phone": "860-555-0147"}
OTHER = {"given": "Marcus", "family": "Oyelaran", "birth_date": "1987-11-23", "sex": "M"}


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules("default")


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic feeds of the checkout, blinded."""
    (one,) = [one for one in record_sets(large=False) if one.name == "synthetic_feeds"]
    folder = tmp_path_factory.mktemp("feeds")
    return blinded(one.read(folder), folder / "feeds.parquet")


def pairs(*rows: tuple[dict[str, str], dict[str, str], dict[str, str]]) -> pd.DataFrame:
    """A pair set of (left, right, what is said about the pair)."""
    return pd.DataFrame(
        [
            {
                "case_id": f"case-{number}",
                "case": "made up",
                **said,
                **{f"left_{name}": value for name, value in left.items()},
                **{f"right_{name}": value for name, value in right.items()},
            }
            for number, (left, right, said) in enumerate(rows)
        ]
    ).astype(object)


def said(label: str, truth: str, decidable: str = "clear") -> dict[str, str]:
    return {"label": label, "truth": truth, "decidable": decidable}


def test_blinding_hides_ids_and_order_and_keeps_the_truth_apart(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "record_id": [f"rec-{person}-dup-{copy}" for person in range(40) for copy in range(2)],
            "entity_id": [f"P{person}" for person in range(40) for _ in range(2)],
            "family": [f"NAME{person}" for person in range(40) for _ in range(2)],
        },
        dtype="string",
    )
    read = read_table(blinded(frame, tmp_path / "blind.parquet"))
    ids = read.table["record_id"].to_pylist()
    assert "entity_id" not in read.table.column_names and read.truth is not None
    assert not any("rec" in one for one in ids) and len({*ids}) == 80
    families = read.table["family"].to_pylist()
    assert families != frame["family"].tolist()
    assert [f"NAME{one.removeprefix('P')}" for one in read.truth.to_pylist()] == families


def test_record_sets_are_measured_trained_and_as_shipped(feeds: Path, tmp_path: Path, rules: RuleSet) -> None:
    found = accuracy_records.measure(feeds, tmp_path, rules, peers=False)
    assert found.keys() == {"train", "default"}
    assert found["default"]["rule_set"]["hash"] == rules.hash
    assert found["train"]["not_trained"] is None
    assert found["train"]["rule_set"]["hash"] != rules.hash
    for one in found.values():
        # The feeds are 6,000 records with duplicates in them: most are found, hardly any wrongly.
        assert one["records"] == 6_000 and one["true_pairs"] > 1_000
        assert one["precision"] > 0.99 and one["recall"] > 0.7
        assert 0.9 < one["blocking_recall"] <= 1
    assert found["train"]["f1"] > found["default"]["f1"]


def test_training_that_is_refused_is_told(tmp_path: Path, rules: RuleSet) -> None:
    frame = pd.DataFrame([{**PERSON, **HOME, "entity_id": "P1"}] * 2, dtype="string")
    found = accuracy_records.measure(blinded(frame, tmp_path / "two.parquet"), tmp_path, rules, peers=False)
    assert found["train"]["not_trained"] and found["train"]["rule_set"]["hash"] == rules.hash
    assert found["train"]["f1"] == found["default"]["f1"]
    set_found = {"engines": found, "reach": None, "ours": False}
    assert "train*" in accuracy_report.record_lines("two", set_found)
    assert "not trained" in accuracy_report.report(
        {"records": {"two": set_found}, "pairs": {}, "skipped": {}}
    )


def test_a_pair_counts_by_truth_and_by_whether_it_may_be_asked(rules: RuleSet) -> None:
    person = {**PERSON, **HOME}
    found = accuracy_pairs.measure(
        pairs(
            (person, person, said("match", "same")),
            (person, OTHER, said("non_match", "different")),
            (person, OTHER, said("match", "same")),
            (person, person, said("non_match", "different")),
        ),
        rules,
    )
    assert [one["verdict"] for one in found["cases"]] == ["right", "right", "missed", "WRONG LINK"]
    assert found["judged_by"] == "truth"
    assert found["wrong_links"] == 1 and found["right_or_queued"] == found["right"] == 0.5
    assert found["same_not_compared"] == 1  # the two share no blocking key
    assert [one["case_id"] for one in found["exceptions"]] == ["case-2", "case-3"]
    assert PERSON["family"] not in str(found)


def test_asking_is_right_only_where_the_set_allows_it(rules: RuleSet) -> None:
    unnamed = {**PERSON, **HOME, "given": "Baby Girl"}
    asked = [(unnamed, {**PERSON, **HOME}, said("match", "same", decidable))
             for decidable in ("clear", "needs_review")]  # fmt: skip
    found = accuracy_pairs.measure(pairs(*asked), rules)
    assert found["confusion"]["match"] == {"no_link": 0, "review": 2, "link": 0}
    assert [one["verdict"] for one in found["cases"]] == ["queued", "rightly queued"]
    assert (found["right"], found["right_or_queued"]) == (0, 0.5)


def test_labels_decide_where_the_truth_is_not_known(rules: RuleSet) -> None:
    person = {**PERSON, **HOME}
    frame = pairs(
        (person, person, {"label": "possible", "truth": ""}),
        (person, OTHER, {"label": "non_match", "truth": ""}),
    )
    frame["truth"] = None
    found = accuracy_pairs.measure(frame, rules)
    assert found["judged_by"] == "label" and not found["cases"]
    # Linking what should be asked about is no link of two people, and not right either.
    assert (found["wrong_links"], found["right_or_queued"], found["agreement_with_label"]) == (0, 0.5, 0.5)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"f1": 0.9849}, ["f1"]),
        ({"precision": 0.99}, ["precision"]),
        ({"blocking_recall": 0.98}, ["blocking_recall"]),
        ({"candidates_per_record": 31.0}, ["candidates_per_record"]),
        ({"tasks_per_1000": 16.0, "tasks_duplicate_share": 0.2}, ["tasks_per_1000", "tasks_duplicate_share"]),
        ({"calibration_error": 0.03}, ["calibration_error"]),
    ],
)
def test_what_is_missed_is_named(changed: dict[str, float], expected: list[str]) -> None:
    reached: dict[str, Any] = {
        "f1": 0.99,
        "precision": 0.999,
        "bcubed_f1": 0.99,
        "blocking_recall": 0.995,
        "candidates_per_record": 9.0,
        "tasks_per_1000": 10.0,
        "tasks_duplicate_share": 0.5,
        "calibration_error": 0.01,
    }
    found = {
        "engines": {"train": {**reached, **changed}},
        "reach": {"f1": 0.985, "peer_f1": 0.95, "precision": 0.998, "bcubed_f1": None},
        "ours": True,
    }
    assert accuracy_report.missed(found) == expected
