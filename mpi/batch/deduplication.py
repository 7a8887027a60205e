"""Batch deduplication: records in, clusters out, no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from mpi.batch.candidates import Candidates, LimitedPass, Positions, candidate_pairs
from mpi.batch.clustering import NO_PAIRS, Labels, Pairs, cluster_links, components, held_apart
from mpi.batch.encoded import EncodedRecords, Faults
from mpi.batch.named_pairs import with_named
from mpi.batch.outcome import cluster_numbers, cluster_table, pair_table, settled
from mpi.batch.oversized import CappedBlock
from mpi.batch.progress import Progress, silent
from mpi.batch.rivals import shared_weights
from mpi.batch.scored import Scoring
from mpi.batch.scoring import score_candidates
from mpi.batch.shared_values import without_shared
from mpi.errors import CannotTrain
from mpi.identity.clustering import Clusters, Compared, Refusal
from mpi.matching.decision import LINK
from mpi.matching.rules import RuleSet

#: Records of one cluster: nobody is registered so often, a placeholder that looks like a person is.
CLUSTER_SIZE_MAX: Final = 100
#: Faults of a file that are told one by one; the others are counted.
FAULTS_TOLD: Final = 20
#: Pairs looked at together where there may be hundreds of millions.
_SOME_PAIRS: Final = 1 << 22
#: Of the memory allowed, what pairs waiting to be compared may take; the records themselves need the rest.
_SHARE_OF_PAIRS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduplication:
    """All that is known when a file has been deduplicated; the report, the files and evaluation read it."""

    records: EncodedRecords
    candidates: Candidates
    scoring: Scoring
    clusters: Clusters
    rules: RuleSet
    #: What the reader of the report must know: bad lines, capped blocks, columns that are empty.
    warnings: tuple[str, ...]

    @property
    def refused(self) -> npt.NDArray[np.int64]:
        """Positions in ``scoring.pairs`` of the links that clustering refused, with ``clusters.reasons``."""
        return self.clusters.refused

    @property
    def decisions(self) -> npt.NDArray[np.int8]:
        """What was decided about each of ``scoring.pairs`` in the end: a link that clustering refused is a
        review.
        """
        return settled(self.scoring.pairs, self.clusters)

    @property
    def cluster_count(self) -> int:
        return int(cluster_numbers(self.clusters).max(initial=0))

    def clusters_frame(self) -> pd.DataFrame:
        """``source, record_id, cluster_id`` of every record, as ``outcome.cluster_table`` has them."""
        return cluster_table(self.records, self.clusters).to_pandas()

    def pairs_frame(self) -> pd.DataFrame:
        """The pairs from the review weight up, as ``outcome.pair_table`` has them."""
        return pair_table(self.records, self.scoring.pairs, self.clusters, self.rules).to_pandas()


def deduplicate(
    source: EncodedRecords | pa.Table | pd.DataFrame,
    rules: RuleSet,
    *,
    train: bool = False,
    size_max: int = CLUSTER_SIZE_MAX,
    processes: int = 1,
    memory_bytes: int | None = None,
    must_link: Pairs = NO_PAIRS,
    cannot_link: Pairs = NO_PAIRS,
    also: Pairs = NO_PAIRS,
    warnings: Sequence[str] = (),
    progress: Progress = silent,
) -> Deduplication:
    """Which records are one person's.

    Args:
        source: flat columns as text (``mpi.batch.read_table``), or records encoded already.
        train: first fit the rule set's probabilities to these records; where they do not support that, the
            rules stay as they are and a warning says why.
        size_max: records of one cluster.
        processes: processes that score pairs. The outcome is the same for any number.
        memory_bytes: about what may be used; pairs beyond it wait in a temporary folder.
        must_link, cannot_link: what people stated, positions of records int64 [pairs, 2].
        also: pairs of positions that are compared whatever keys they share.
        warnings: what reading the records found, for the report.

    Raises BadInput for columns that are not those of flat records, WorkerLost for a process that was stopped.
    """
    records, read = _encoded(source, rules, progress)
    records, shared = without_shared(records)
    pair_bytes = None if memory_bytes is None else memory_bytes // _SHARE_OF_PAIRS
    candidates = candidate_pairs(records, rules, memory_bytes=pair_bytes, progress=progress)
    candidates = with_named(candidates, also)
    rules, remarks = _trained(records, candidates, rules, progress) if train else (rules, ())
    scoring = score_candidates(records, candidates, rules, processes=processes, progress=progress)
    clusters = clustered(records.record_count, scoring, rules, size_max, must_link, cannot_link)
    return Deduplication(
        records=records,
        candidates=candidates,
        scoring=scoring,
        clusters=clusters,
        rules=rules,
        warnings=(
            *warnings,
            *read,
            *fault_warnings(records.faults, "row", 1),
            *map(str, shared),
            *remarks,
            *capped_warnings(candidates.capped),
            *limited_warnings(candidates.limited),
            *refusal_warnings(clusters, size_max),
        ),
    )


def _encoded(
    source: EncodedRecords | pa.Table | pd.DataFrame, rules: RuleSet, progress: Progress
) -> tuple[EncodedRecords, tuple[str, ...]]:
    """The records, and what reading a frame found."""
    if isinstance(source, EncodedRecords):
        return source, ()
    from mpi.batch.encoding import encode_table
    from mpi.batch.tables import as_table

    read = as_table(source)
    return encode_table(read.table, rules, progress=progress), read.warnings


def _trained(
    records: EncodedRecords, candidates: Candidates, rules: RuleSet, progress: Progress
) -> tuple[RuleSet, tuple[str, ...]]:
    """The rules fitted to the records, or as they were and why."""
    from mpi.batch.training import train

    try:
        return train(records, rules, candidates=candidates, progress=progress).rules, ()
    except CannotTrain as error:
        return rules, (f"not trained, the rules were used as they are: {error}",)


def clustered(
    n: int,
    scoring: Scoring,
    rules: RuleSet,
    size_max: int = CLUSTER_SIZE_MAX,
    must_link: Pairs = NO_PAIRS,
    cannot_link: Pairs = NO_PAIRS,
) -> Clusters:
    """Clusters of the links; ``refused`` are positions in ``scoring.pairs``."""
    pairs = scoring.pairs
    links = np.flatnonzero(pairs.decision == LINK)
    apart = held_apart(pairs, rules)
    clusters = join_links(
        n,
        (pairs.left[links], pairs.right[links], pairs.weight[links]),
        rules,
        vetoed=np.stack([pairs.left[apart], pairs.right[apart]], axis=1).astype(np.int64),
        compared=_compared(n, scoring, links, must_link),
        size_max=size_max,
        must_link=must_link,
        cannot_link=cannot_link,
    )
    return replace(clusters, refused=links[clusters.refused])


def _compared(n: int, scoring: Scoring, links: npt.NDArray[np.signedinteger], must_link: Pairs) -> Compared:
    """The pairs that may speak about a cluster: those within one component of the links.

    The others are nearly all the pairs, and at ten million records more than memory has room for twice.
    """
    pairs, light = scoring.pairs, scoring.light
    label = components(
        n,
        np.concatenate([pairs.left[links], must_link[:, 0]]),
        np.concatenate([pairs.right[links], must_link[:, 1]]),
    )
    heavy, lighter = (_within(label, pairs.left, pairs.right), _within(label, light.left, light.right))
    return Compared(
        np.concatenate([pairs.left[heavy], light.left[lighter]]),
        np.concatenate([pairs.right[heavy], light.right[lighter]]),
        np.concatenate([pairs.weight[heavy], light.weight[lighter]], dtype=np.float64),
    )


def _within(label: Labels, left: Positions, right: Positions) -> npt.NDArray[np.intp]:
    """Places of the pairs of one component, found some at a time."""
    slices = (slice(start, start + _SOME_PAIRS) for start in range(0, len(left), _SOME_PAIRS))
    found = [np.flatnonzero(label[left[some]] == label[right[some]]) + some.start for some in slices]
    return np.concatenate([np.empty(0, np.intp), *found])


def join_links(
    n: int,
    links: tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.float64]],
    rules: RuleSet,
    *,
    vetoed: Pairs,
    compared: Compared,
    size_max: int,
    must_link: Pairs = NO_PAIRS,
    cannot_link: Pairs = NO_PAIRS,
) -> Clusters:
    """Clusters of the links (left, right, weight); ``refused`` are positions among them."""
    left, right, weight = links
    sure = shared_weights(left, right, weight, compared) >= rules.thresholds.link_weight
    clusters = cluster_links(
        n,
        left[sure],
        right[sure],
        weight[sure],
        size_max=size_max,
        must_link=must_link,
        cannot_link=cannot_link,
        vetoed=vetoed,
        compared=compared,
        evidence_min=rules.thresholds.link_weight,
    )
    unsure = np.flatnonzero(~sure)
    refused = np.concatenate([np.flatnonzero(sure)[clusters.refused], unsure])
    every = (*clusters.reasons, *[Refusal.RIVAL] * len(unsure))
    # Without the refused links whose records came together after all, when more spoke for it.
    apart = clusters.cluster_of[left[refused]] != clusters.cluster_of[right[refused]]
    reasons = tuple(reason for reason, kept in zip(every, apart.tolist(), strict=True) if kept)
    return replace(clusters, refused=refused[apart], reasons=reasons)


def fault_warnings(faults: Faults, place: str, first: int = 0) -> list[str]:
    """What is told of faults: the first ones, each with its line or row, and how many there are.

    ``place`` is what the numbers count, ``first`` what is added to them.
    """
    told = [
        f"{place} {fault.line + first}: {f'{fault.field}: ' if fault.field else ''}{fault.reason}"
        for fault in faults.first[:FAULTS_TOLD]
    ]
    rest = faults.count - len(told)
    return [*told, f"and {rest:,} more {place}s like these"] if rest else told


def capped_warnings(capped: Sequence[CappedBlock]) -> list[str]:
    """What is told of blocks that were not compared all with all."""
    if not capped:
        return []
    largest = max(capped, key=lambda block: block.size)
    lost = sum(block.not_compared for block in capped)
    reason = (
        f"{len(capped):,} blocks were too large to compare all with all, the largest of "
        f"{largest.size:,} records in pass {largest.pass_name}; {lost:,} of their pairs were left out"
    )
    return [reason]


def limited_warnings(limited: Sequence[LimitedPass]) -> list[str]:
    """What is told of passes that would have brought more pairs than one pass may."""
    return [
        f"pass {one.pass_name} took blocks of up to {one.size_max} records; {one.blocks:,} larger ones with "
        f"{one.not_compared:,} pairs were left to the other passes"
        for one in limited
    ]


def refusal_warnings(clusters: Clusters, size_max: int) -> list[str]:
    """What is told of links that would have made too large a cluster."""
    count = clusters.reasons.count(Refusal.SIZE)
    reason = f"{count:,} links were refused because a cluster would have more than {size_max} records"
    return [reason] if count else []
