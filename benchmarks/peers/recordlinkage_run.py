"""recordlinkage on a prepared file: block, compare, ECM, clusters. Runs in the peers' environment.

    python recordlinkage_run.py PREPARED.parquet RESULT.json CLUSTERS.parquet [--blocks narrow|single]

Exact blocks, Jaro-Winkler of at least 0.85 or equality as binary features, and the ECM classifier as its
documentation shows it; what it calls links are joined into connected components. It takes a missing value for
a disagreement, so only columns that nearly all records have become features: with all of them it finds half
as much.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import recordlinkage
from columns import filled, single_columns
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from stages import Stages

BLOCKS = (["ssn"], ["family", "birth_date"], ["given", "birth_date"], ["given", "family", "zip"])
SIMILAR = ("given", "family", "street")
EXACT = ("birth_date", "sex", "ssn", "phone", "email", "zip")
#: The share of records that must have a column for it to be compared.
FILLED_MIN = 0.9


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prepared", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("clusters", type=Path)
    parser.add_argument("--blocks", choices=("narrow", "single"), default="narrow")
    options = parser.parse_args()
    stages = Stages()
    table = pq.read_table(options.prepared)
    frame = table.to_pandas().set_index("unique_id")
    stages.end("read")
    blocks = BLOCKS if options.blocks == "narrow" else [[name] for name in single_columns(table)]
    pairs = candidate_pairs(frame, blocks)
    stages.end("block")
    features = compared(pairs, frame, filled(table, FILLED_MIN))
    stages.end("compare")
    classifier = recordlinkage.ECMClassifier(init="jaro", binarize=None)
    links = classifier.fit_predict(features.loc[:, features.nunique() > 1])
    stages.end("em")
    write_clusters(frame, links, options.clusters)
    stages.end("cluster")
    result = {"engine": "recordlinkage", "candidates": len(pairs), **stages.as_json()}
    options.result.write_text(json.dumps(result))


def candidate_pairs(frame: pd.DataFrame, blocks: Iterable[list[str]]) -> pd.MultiIndex:
    """Pairs that agree on all columns of one block; records that lack one are in none of its blocks."""
    union: pd.MultiIndex | None = None
    for block in blocks:
        present = frame.dropna(subset=block)
        if len(present) < 2:
            continue
        indexer = recordlinkage.Index()
        indexer.block(block)
        found = indexer.index(present)
        union = found if union is None else union.union(found)
    assert union is not None
    return union


def compared(pairs: pd.MultiIndex, frame: pd.DataFrame, there: set[str]) -> pd.DataFrame:
    compare = recordlinkage.Compare()
    for field in filter(there.__contains__, SIMILAR):
        compare.string(field, field, method="jarowinkler", threshold=0.85, label=field)
    for field in filter(there.__contains__, EXACT):
        compare.exact(field, field, label=field)
    return compare.compute(pairs, frame)


def write_clusters(frame: pd.DataFrame, links: pd.MultiIndex, path: Path) -> None:
    left = frame.index.get_indexer(links.get_level_values(0))
    right = frame.index.get_indexer(links.get_level_values(1))
    graph = coo_matrix((np.ones(len(links), bool), (left, right)), shape=(len(frame),) * 2)
    labels = connected_components(graph, directed=False)[1]
    pd.DataFrame({"cluster_id": labels, "unique_id": frame.index}).to_parquet(path, index=False)


if __name__ == "__main__":
    main()
