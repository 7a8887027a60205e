"""Training on generated people: what it gives, what it refuses, and that it does no harm."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pytest

from mpi.batch.candidates import candidate_pairs
from mpi.batch.encoded import EncodedRecords
from mpi.batch.encoding import encode_records
from mpi.batch.evaluation import PairwiseQuality, pairwise
from mpi.batch.scoring import score_candidates
from mpi.batch.synthetic import generate
from mpi.batch.training import Decisions, Trained, train
from mpi.batch.training.thresholds import LINK_WEIGHT_MIN, WRONG_EXPECTED_MAX
from mpi.errors import CannotTrain
from mpi.identity.clustering import cluster
from mpi.matching.decision import LINK
from mpi.matching.flat import FLAT_FIELDS, source_record
from mpi.matching.normalization import normalize
from mpi.matching.rules import RuleSet, load_rules

RECORDS = 6_000


@lru_cache
def people(n: int = RECORDS) -> pd.DataFrame:
    return pa.concat_tables(generate(n, seed=5)).to_pandas()


def encoded(frame: pd.DataFrame) -> tuple[EncodedRecords, npt.NDArray[np.int64]]:
    """The records of a frame, and who each is."""
    frame = frame.astype(object).where(frame.notna(), None)
    taken = [name for name in FLAT_FIELDS if name in frame and name not in ("source", "local_id")]
    normalized = []
    for row in frame.to_dict("records"):
        flat: dict[str, Any] = {str(name): row[name] for name in taken if row[name]}
        sent = {**flat, "source": row["source"], "local_id": row["record_id"]}
        normalized.append(normalize(source_record(sent)))
    rules = load_rules()
    records = encode_records(frame["record_id"].tolist(), frame["source"].tolist(), normalized, rules)
    return records, pd.factorize(frame["entity_id"])[0][records.rows]


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules()


@pytest.fixture(scope="module")
def sample() -> tuple[EncodedRecords, npt.NDArray[np.int64]]:
    return encoded(people())


@pytest.fixture(scope="module")
def trained(sample: tuple[EncodedRecords, npt.NDArray[np.int64]], rules: RuleSet) -> Trained:
    return train(sample[0], rules)


def linked(records: EncodedRecords, rules: RuleSet, truth: npt.NDArray[np.int64]) -> PairwiseQuality:
    pairs = score_candidates(records, candidate_pairs(records, rules), rules).pairs
    links = pairs.decision == LINK
    found = cluster(
        records.record_count, pairs.left[links], pairs.right[links], pairs.weight[links], size_max=100
    )
    return pairwise(found.cluster_of.tolist(), truth.tolist())


def test_training_finds_more_and_links_hardly_anybody_wrongly(
    sample: tuple[EncodedRecords, npt.NDArray[np.int64]], rules: RuleSet, trained: Trained
) -> None:
    records, truth = sample
    before, after = linked(records, rules, truth), linked(records, trained.rules, truth)
    assert after.f1 >= before.f1
    assert after.precision >= 0.99


def test_what_was_found_is_near_the_truth(
    sample: tuple[EncodedRecords, npt.NDArray[np.int64]], rules: RuleSet, trained: Trained
) -> None:
    records, truth = sample
    left, right = next(candidate_pairs(records, rules).chunks())
    same = int((truth[left] == truth[right]).sum())
    assert trained.report.expected_matches == pytest.approx(same, rel=0.03)
    all_pairs = len(truth) * (len(truth) - 1) / 2
    assert trained.rules.prior_weight == pytest.approx(np.log2(same / all_pairs), abs=0.1)


def test_the_same_records_give_the_same_bytes_in_any_order(trained: Trained, rules: RuleSet) -> None:
    shuffled, _ = encoded(people().sample(frac=1, random_state=3))
    again = train(shuffled, rules)
    assert again.toml == trained.toml
    assert again.frequencies == trained.frequencies


def test_what_is_written_is_read_as_what_was_made(trained: Trained, tmp_path: Path) -> None:
    trained.write(tmp_path / "trained.toml")
    read = load_rules(tmp_path / "trained.toml")
    assert read.hash == trained.rules.hash
    assert read.comparisons == trained.rules.comparisons
    assert read.relations == trained.rules.relations
    assert read.provenance == trained.provenance
    assert {path.name for path in tmp_path.iterdir()} == {
        "trained.toml", "trained_family.csv", "trained_given.csv"
    }  # fmt: skip


def test_passes_guards_and_comments_stay(trained: Trained, rules: RuleSet) -> None:
    assert trained.rules.guards == tuple(guard for guard in rules.guards if not guard.until_trained)
    assert trained.rules.blocking_passes == rules.blocking_passes
    assert trained.rules.thresholds.review_weight == rules.thresholds.review_weight
    before, after = (
        {line.partition("#")[2] for line in text.splitlines() if "#" in line}
        for text in (rules.content, trained.toml)
    )
    gone = before - after
    assert after <= before and len(gone) <= 3
    assert any("one in a million" in comment for comment in gone), "it spoke of a number that changed"


def test_the_link_weight_is_what_the_model_expects_few_wrong_links_at(trained: Trained) -> None:
    assert trained.rules.thresholds.link_weight == trained.report.link_weight >= LINK_WEIGHT_MIN
    assert 0 <= trained.report.wrong_links_expected <= WRONG_EXPECTED_MAX


def test_provenance_says_what_it_was_learned_from(trained: Trained, rules: RuleSet) -> None:
    said = trained.provenance
    assert (said["parent"], said["parent_hash"]) == (rules.name, rules.hash)
    assert said["records"] == RECORDS
    assert said["converged"] is True
    assert {"candidate_pairs", "iterations", "log_likelihood", "fields_absent", "created_by"} <= set(said)
    assert not any(isinstance(value, str) and "20" in value[:2] for value in said.values()), "a date"


def test_a_trained_rule_set_is_trained_again(
    sample: tuple[EncodedRecords, npt.NDArray[np.int64]], trained: Trained
) -> None:
    again = train(sample[0], trained.rules, name="again")
    assert again.provenance["parent"] == "trained"
    assert again.toml.count("[provenance]") == 1
    assert again.rules.prior_weight == pytest.approx(trained.rules.prior_weight, abs=0.05)


def test_absent_and_constant_fields_have_no_weight_and_are_named(rules: RuleSet) -> None:
    frame = people().assign(phone=None, sex="F")
    trained = train(encoded(frame)[0], rules)
    assert "phone" in trained.report.fields_absent
    assert trained.report.fields_constant == ("sex",)
    assert "sex" in trained.toml.partition("fields_constant = ")[2].partition("\n")[0]
    for comparison in trained.rules.comparisons:
        if comparison.field in ("phone", "sex"):
            for level in comparison.levels:
                assert level.m_probability == level.u_probability
                assert set(level.related_probabilities.values()) == {level.u_probability}


def test_fields_that_are_there_for_guards_stay_without_weight(trained: Trained, rules: RuleSet) -> None:
    def placeholder(one: RuleSet) -> Any:
        return next(each for each in one.comparisons if each.field == "placeholder_name")

    assert placeholder(trained.rules) == placeholder(rules)


def test_rare_names_are_not_written_down(
    sample: tuple[EncodedRecords, npt.NDArray[np.int64]], trained: Trained, rules: RuleSet
) -> None:
    listed = set(trained.rules.frequencies["family"].values) - set(rules.frequencies["family"].values)
    counts = people().assign(name=people().family.str.upper()).groupby("name").birth_date.nunique()
    for name in listed:
        assert counts[[other for other in counts.index if other.replace("'", "") == name]].sum() >= 5


def test_common_names_count_as_common_as_they_are(trained: Trained) -> None:
    shares = people().family.str.upper().value_counts() / people().family.notna().sum()
    name = str(shares.index[0])
    assert trained.rules.frequencies["family"].frequency(name) == pytest.approx(shares.iloc[0], rel=0.5)


def test_too_few_records_are_refused(rules: RuleSet) -> None:
    with pytest.raises(CannotTrain, match="60 records are too few"):
        train(encoded(people().head(60))[0], rules)


def test_records_without_duplicates_are_refused(rules: RuleSet) -> None:
    alone = people().drop_duplicates("entity_id")
    with pytest.raises(CannotTrain, match=r"look like one person's|may be no duplicates|cannot tell"):
        train(encoded(alone)[0], rules)


def test_records_with_one_field_are_refused(rules: RuleSet) -> None:
    bare = people()[["source", "record_id", "entity_id", "sex"]].dropna()
    with pytest.raises(CannotTrain, match="fewer than 2 fields"):
        train(encoded(bare)[0], rules)


def test_records_that_share_no_key_are_refused(rules: RuleSet) -> None:
    n = 150
    frame = pd.DataFrame({
        "source": "north", "record_id": [f"r{i}" for i in range(n)], "entity_id": range(n),
        "email": [f"u{i}@example.org" for i in range(n)],
        "birth_date": [f"19{i % 90 + 10}-0{i % 9 + 1}-1{i % 7}" for i in range(n)],
    })  # fmt: skip
    with pytest.raises(CannotTrain, match="no two records share a blocking key"):
        train(encoded(frame)[0], rules)


def test_a_precision_needs_decisions(
    sample: tuple[EncodedRecords, npt.NDArray[np.int64]], rules: RuleSet
) -> None:
    with pytest.raises(CannotTrain, match="without reviewers' decisions"):
        train(sample[0], rules, precision=0.99)


def test_decisions_set_the_link_weight_for_a_precision(
    sample: tuple[EncodedRecords, npt.NDArray[np.int64]], rules: RuleSet
) -> None:
    records, truth = sample
    left, right = next(candidate_pairs(records, rules).chunks())
    chosen = np.random.default_rng(1).permutation(len(left))[: 4 * len(left) // 5]
    decisions = Decisions(
        left=left[chosen].astype(np.int64),
        right=right[chosen].astype(np.int64),
        same=truth[left[chosen]] == truth[right[chosen]],
    )
    trained = train(records, rules, decisions=decisions, precision=0.99)
    shown = trained.report.precision
    assert shown is not None and shown.lower >= 0.99
    assert trained.rules.thresholds.link_weight == shown.link_weight
    assert trained.rules.thresholds.review_weight <= shown.link_weight
    assert trained.report.decided_pairs == len(chosen)
    pairs = score_candidates(records, candidate_pairs(records, trained.rules), trained.rules).pairs
    links = pairs.decision == LINK
    right = truth[pairs.left[links]] == truth[pairs.right[links]]
    assert shown.lower <= right.mean() <= shown.upper
    few = replace(decisions, left=decisions.left[:50], right=decisions.right[:50], same=decisions.same[:50])
    with pytest.raises(CannotTrain, match="368 are needed"):
        train(records, rules, decisions=few, precision=0.99)
