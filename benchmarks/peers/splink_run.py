"""Splink on a prepared file: train, predict, cluster. Runs in the peers' environment, without this project.

    python splink_run.py PREPARED.parquet RESULT.json CLUSTERS.parquet [--blocks narrow|wide|single]

The model is put together from Splink's comparison library and trained as its tutorial does it: the prior from
deterministic rules, u from random pairs, m by expectation maximisation under two blocking rules. The last
takes most of the time, which depends on how many pairs it may see (``--em-pairs-max``, an option of Splink 5;
0 for all of them, as the tutorial has it); what it finds hardly depends on it. With wide blocks only
``predict`` is of interest; the clusters are written all the same. Single columns are the blocks of the
documentation's examples of a few thousand records.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from columns import filled, single_columns
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from stages import Stages

#: Pairs sampled for u and, unless told otherwise, for m; the documentation calls 1e7 often adequate for u.
PAIRS_MAX = 1e7
CLUSTER_THRESHOLD = 0.95

NARROW = (
    block_on("ssn"),
    block_on("family", "birth_date"),
    block_on("given", "birth_date"),
    block_on("given", "family", "zip"),
)
WIDE = (*NARROW, block_on("family", "zip"), block_on("street", "zip"), block_on("phone"))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prepared", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("clusters", type=Path)
    parser.add_argument("--blocks", choices=("narrow", "wide", "single"), default="narrow")
    parser.add_argument("--em-pairs-max", type=float, default=PAIRS_MAX)
    options = parser.parse_args()
    logging.getLogger("splink").setLevel(logging.ERROR)
    stages = Stages()
    table = pq.read_table(options.prepared)
    api = DuckDBAPI()
    linker = Linker(api.register(table, dataset_display_name="records"), settings(options.blocks, table))
    stages.end("read")
    train(linker, table, options.em_pairs_max or None, stages)
    blocked = linker.inference.compute_blocked_pairs_for_predict()
    candidates = count(api, blocked.physical_name)
    stages.end("block")
    predicted = linker.inference.predict(threshold_match_probability=CLUSTER_THRESHOLD)
    stages.end("predict")
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=CLUSTER_THRESHOLD
    )
    written = clusters.as_pyarrow_table().select(["cluster_id", "unique_id"])
    pq.write_table(written, options.clusters)
    stages.end("cluster")
    chosen = {"blocks": options.blocks, "em_pairs_max": options.em_pairs_max}
    result = {"engine": "splink", **chosen, "candidates": candidates, **stages.as_json()}
    options.result.write_text(json.dumps(result))


def settings(blocks: str, table: pa.Table) -> SettingsCreator:
    """A comparison each for names, birth date, sex, numbers and e-mail, and one for the whole address."""
    address = cl.CustomComparison(
        output_column_name="address",
        comparison_levels=[
            cll.Or(cll.NullLevel("street"), cll.NullLevel("zip")),
            cll.And(cll.ExactMatchLevel("street"), cll.ExactMatchLevel("zip")),
            cll.And(cll.JaroWinklerLevel("street", 0.9), cll.ExactMatchLevel("zip")),
            cll.ExactMatchLevel("zip"),
            cll.ElseLevel(),
        ],
    )
    comparisons = {
        "given": cl.NameComparison("given"),
        "family": cl.NameComparison("family"),
        "birth_date": cl.DateOfBirthComparison("birth_date", input_is_string=True),
        "sex": cl.ExactMatch("sex"),
        "ssn": cl.LevenshteinAtThresholds("ssn", [1, 2]),
        "phone": cl.LevenshteinAtThresholds("phone", [1, 2]),
        "email": cl.EmailComparison("email"),
        "street": address,
    }
    there = filled(table)
    rules = {"narrow": NARROW, "wide": WIDE, "single": [block_on(name) for name in single_columns(table)]}
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="unique_id",
        comparisons=[one for name, one in comparisons.items() if name in there],
        blocking_rules_to_generate_predictions=list(rules[blocks]),
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )


def train(linker: Linker, table: pa.Table, em_pairs_max: float | None, stages: Stages) -> None:
    there = filled(table)
    deterministic = [
        block_on(*names)
        for names in (("ssn",), ("given", "family", "birth_date"), ("family", "birth_date", "phone"))
        if there.issuperset(names)
    ]
    linker.training.estimate_probability_two_random_records_match(deterministic, recall=0.7)
    stages.end("prior")
    linker.training.estimate_u_using_random_sampling(max_pairs=PAIRS_MAX)
    stages.end("u")
    for rule in (block_on("given", "family"), block_on("birth_date")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule, max_pairs=em_pairs_max)
    stages.end("em")


def count(api: DuckDBAPI, table: str) -> int:
    return int(api.duckdb_con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


if __name__ == "__main__":
    main()
