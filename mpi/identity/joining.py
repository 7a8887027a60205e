"""Where many new records belong, given clusters of them and of the records that are there.

A cluster with one identity at most is settled: its new records join that identity, or get one together. A
cluster that reaches several identities is not: "a record that links with several is linked with none" (see
``assignment``) is decided record by record, so its records are left to that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpi.identity.change import (
    Cause,
    Change,
    Event,
    EventType,
    Evidence,
    IdentityChange,
    IdentityStatus,
    LinkChange,
)
from mpi.identity.relink_evidence import Pairs
from mpi.identity.relinking import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Where each record belongs: int64 [n], a place in ``names``; −1 for what is left to be decided one by
    one.
    """

    identity_of: Ints
    #: Enterprise IDs: those that were there, then those that were issued.
    names: list[str]
    change: Change


def unsettled(cluster_of: Ints, home: Ints) -> npt.NDArray[np.bool_]:
    """Which records are in a cluster that reaches several identities. ``home`` [n]: −1 for a new record."""
    n = len(cluster_of)
    lowest, highest = np.full(n, n, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    old = np.flatnonzero(home >= 0)
    np.minimum.at(lowest, cluster_of[old], home[old])
    np.maximum.at(highest, cluster_of[old], home[old])
    several: npt.NDArray[np.bool_] = (highest > lowest)[cluster_of]
    return several


def join_new(
    record_ids: Ints,
    home: Ints,
    names: Sequence[str],
    cluster_of: Ints,
    pairs: Pairs,
    *,
    new_enterprise_id: Callable[[], str],
) -> Joined:
    """Assign the new records, those with the lower positions first.

    Args:
        home: int64 [n]: place in ``names`` of the records that are there, −1 for the new ones.
        cluster_of: int64 [n]: the least position of each record's cluster.
        pairs: the scored pairs, for the evidence that is told.
    """
    left_out = unsettled(cluster_of, home)
    identity_of, known = np.where(left_out, -1, home), list(names)
    at_home = np.full(len(home), -1, dtype=np.int64)
    old = np.flatnonzero(home >= 0)
    at_home[cluster_of[old]] = home[old]
    evidence = _evidence(record_ids, cluster_of, pairs)
    changes: list[tuple[IdentityChange | None, LinkChange, Event]] = []
    for position in np.flatnonzero((home < 0) & ~left_out).tolist():
        cluster, record = int(cluster_of[position]), int(record_ids[position])
        place = int(at_home[cluster])
        if place >= 0:
            identity_of[position] = place
            changes.append((None, *_link(record, known[place], evidence.get(position))))
        else:
            identity_of[position] = at_home[cluster] = len(known)
            known.append(new_enterprise_id())
            changes.append(_issue(record, known[-1]))
    return Joined(
        identity_of=identity_of,
        names=known,
        change=Change(
            identities=tuple(issued for issued, _, _ in changes if issued is not None),
            links=tuple(link for _, link, _ in changes),
            events=tuple(event for _, _, event in changes),
        ),
    )


def _evidence(record_ids: Ints, cluster_of: Ints, pairs: Pairs) -> dict[int, Evidence]:
    """Per record the heaviest pair with another of its cluster."""
    together = np.flatnonzero(cluster_of[pairs.left] == cluster_of[pairs.right])
    ends = np.concatenate([pairs.left[together], pairs.right[together]])
    chosen = np.concatenate([together, together])
    order = np.lexsort((chosen, -pairs.weight[chosen], ends))
    ends, chosen = ends[order], chosen[order]
    first = np.ones(len(ends), dtype=bool)
    first[1:] = ends[1:] != ends[:-1]
    return {
        position: Evidence(
            record_ids=(int(record_ids[pairs.left[pair]]), int(record_ids[pairs.right[pair]])),
            weight=float(pairs.weight[pair]),
            probability=float(pairs.probability[pair]),
        )
        for position, pair in zip(ends[first].tolist(), chosen[first].tolist(), strict=True)
    }


def _link(record_id: int, enterprise_id: str, evidence: Evidence | None) -> tuple[LinkChange, Event]:
    other = evidence.other(record_id) if evidence else None
    link = LinkChange(
        record_id=record_id,
        from_id=None,
        to_id=enterprise_id,
        weight=evidence.weight if evidence else None,
        probability=evidence.probability if evidence else None,
        with_record_id=other,
    )
    weight = round(evidence.weight, 3) if evidence else None
    event = Event(
        type=EventType.RECORD_LINKED,
        enterprise_id=enterprise_id,
        record_id=record_id,
        data={"cause": Cause.MATCH.value, "with_record_id": other, "weight": weight},
    )
    return link, event


def _issue(record_id: int, enterprise_id: str) -> tuple[IdentityChange, LinkChange, Event]:
    return (
        IdentityChange(enterprise_id=enterprise_id, status=IdentityStatus.ACTIVE, issued=True),
        LinkChange(record_id=record_id, from_id=None, to_id=enterprise_id),
        Event(
            type=EventType.ENTERPRISE_ID_ASSIGNED,
            enterprise_id=enterprise_id,
            record_id=record_id,
            data={"cause": Cause.MATCH.value},
        ),
    )
