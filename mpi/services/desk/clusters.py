"""What holds the records of a person together, where they would come apart, and parting them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mpi.errors import BadInput
from mpi.identity import merging, splitting
from mpi.identity.enterprise_id import display, parse_enterprise_id
from mpi.identity.splitting import Place
from mpi.matching.decision import score_pairs
from mpi.matching.record import NormalizedRecord
from mpi.matching.stored import from_stored
from mpi.services.answers import Actor, FlatRecord, RecordRef
from mpi.services.context import Context
from mpi.services.lookup import best_of
from mpi.services.settling import until_settled
from mpi.services.stewardship import hold_neighbourhood, needed_reason
from mpi.storage import identities as stored
from mpi.storage.changes import apply_change
from mpi.storage.database import Connection
from mpi.storage.identities import MemberRow
from mpi.storage.neighbourhood import load_neighbourhood
from mpi.storage.queries import query

#: Records that are drawn; a person with more says so.
RECORDS_MAX: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRecord:
    """A record of the graph; ``side`` 0 or 1 where a question is about two identities."""

    record_id: int
    source: str
    local_id: str
    flat: FlatRecord
    side: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterEdge:
    """Two records by position with their match weight (log2) under the rules in force.

    ``is_tree``: one of the pairs that hold all together; ``is_weakest``: the lightest of these.
    """

    left: int
    right: int
    weight: float
    is_tree: bool
    is_weakest: bool
    guards: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitProposal:
    """Records (positions) that could leave; ``guards`` speak for it where it is not the weakest link.

    ``merge_id``: the merge that brought exactly these; undoing it gives them their old enterprise ID back.
    """

    part: tuple[int, ...]
    edge: Place
    weight: float
    guards: tuple[str, ...]
    merge_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Records in the order in which they are drawn, and the pairs between them that are worth drawing."""

    records: tuple[ClusterRecord, ...]
    edges: tuple[ClusterEdge, ...]
    proposals: tuple[SplitProposal, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPreview:
    """What parting records would do: who leaves, who stays, and what both would read."""

    enterprise_id: str
    leaving: tuple[RecordRef, ...]
    staying: tuple[RecordRef, ...]
    systems: tuple[str, ...]
    best_leaving: FlatRecord
    best_staying: FlatRecord
    closed_task_ids: tuple[int, ...]
    record_ids: tuple[int, ...]


def cluster_of(context: Context, enterprise_id: str, *, actor: Actor) -> Cluster | None:
    """The graph of an identity's active records; None for fewer than three. Raises NotFound."""
    with context.transaction() as conn:
        identity = stored.surviving_row(conn, parse_enterprise_id(enterprise_id)).enterprise_id
        parameters = {"enterprise_ids": [identity], "record_ids": [], "members_max": RECORDS_MAX + 1}
        rows = conn.execute(query("case_records"), parameters).fetchall()
        merges = conn.execute(query("live_merges_into"), {"enterprise_id": identity}).fetchall()
        context.audit_read(conn, actor, "read cluster", [identity])
    members = [(MemberRow(*row[:12]), from_stored(row[13]), 0) for row in rows]
    moved = {frozenset(record_ids): merge_id for merge_id, record_ids in merges}
    return drawn(context, members, moved)


def drawn(
    context: Context,
    members: Sequence[tuple[MemberRow, NormalizedRecord, int]],
    moved: Mapping[frozenset[int], int],
) -> Cluster | None:
    """The graph of these records (each with its side); None for fewer than three active ones."""
    active = [one for one in members if not one[0].retired]
    if len(active) < 3:
        return None
    kept = active[:RECORDS_MAX]
    places = [(i, j) for i in range(len(kept)) for j in range(i + 1, len(kept))]
    records = [normalized for _, normalized, _ in kept]
    scores = score_pairs(records, [i for i, _ in places], [j for _, j in places], context.rules)
    weights = dict(zip(places, scores.weight.tolist(), strict=True))
    guards = {
        place: tuple(hit.guard for hit in hits)
        for place, hits in zip(places, scores.guards, strict=True)
        if hits
    }
    tree = splitting.spanning_tree(len(kept), weights)
    order = sorted(splitting.tree_order(len(kept), tree), key=lambda place: kept[place][2])
    return _cluster(context, kept, order, weights, guards, tree, moved, is_cut=len(active) > len(kept))


def _cluster(
    context: Context,
    kept: Sequence[tuple[MemberRow, NormalizedRecord, int]],
    order: Sequence[int],
    weights: Mapping[Place, float],
    guards: Mapping[Place, tuple[str, ...]],
    tree: Sequence[Place],
    moved: Mapping[frozenset[int], int],
    *,
    is_cut: bool,
) -> Cluster:
    position = {place: n for n, place in enumerate(order)}
    weakest = min(tree, key=lambda edge: (weights[edge], edge))
    shown = [
        place
        for place in weights
        if place in tree or place in guards or weights[place] >= context.rules.thresholds.review_weight
    ]
    ids = [member.record_id for member, _, _ in kept]
    found = splitting.proposals(len(kept), weights, guards)
    return Cluster(
        records=tuple(
            ClusterRecord(
                record_id=kept[place][0].record_id,
                source=kept[place][0].source,
                local_id=kept[place][0].local_id,
                flat=kept[place][0].content,
                side=kept[place][2],
            )
            for place in order
        ),
        edges=tuple(
            ClusterEdge(
                left=position[left],
                right=position[right],
                weight=weights[left, right],
                is_tree=(left, right) in tree,
                is_weakest=(left, right) == weakest,
                guards=guards.get((left, right), ()),
            )
            for left, right in shown
        ),
        proposals=tuple(
            SplitProposal(
                part=tuple(position[place] for place in split.part),
                edge=(position[split.edge[0]], position[split.edge[1]]),
                weight=split.weight,
                guards=guards.get(split.apart, ()) if split.apart else (),
                merge_id=moved.get(frozenset(ids[place] for place in split.part)),
            )
            for split in found
        ),
        is_cut=is_cut,
    )


def preview_split(
    context: Context, enterprise_id: str, record_ids: Sequence[int], *, actor: Actor
) -> SplitPreview:
    """What parting these records from their identity would do. Raises NotFound, Conflict, BadInput."""
    wanted = parse_enterprise_id(enterprise_id)
    with context.transaction() as conn:
        identity = stored.surviving_row(conn, wanted).enterprise_id
        state = load_neighbourhood(conn, [identity])
        _refuse_strangers(conn, identity, record_ids)
        change = merging.split(state, record_ids, mint=context.mint, reason="preview")
        members = stored.members(conn, identity)
        context.audit_read(conn, actor, "preview split", [identity])
    leaving = [m for m in members if m.record_id in record_ids]
    staying = [m for m in members if m.record_id not in record_ids]
    return SplitPreview(
        enterprise_id=display(identity),
        leaving=_refs(leaving),
        staying=_refs(staying),
        systems=tuple(sorted({m.source for m in members if not m.retired})),
        best_leaving=best_of(context, leaving),
        best_staying=best_of(context, staying),
        closed_task_ids=tuple(t.task_id for t in change.task_changes if t.state == "resolved"),
        record_ids=tuple(record_ids),
    )


def split(
    context: Context, enterprise_id: str, record_ids: Sequence[int], reason: str, *, actor: Actor
) -> str:
    """Give these records an identity of their own, stated to be different from those they leave; its ID.

    Raises NotFound, Conflict, BadInput.
    """
    reason = needed_reason(reason)
    wanted = parse_enterprise_id(enterprise_id)

    def attempt(conn: Connection) -> str:
        identity = stored.surviving_row(conn, wanted).enterprise_id
        state = hold_neighbourhood(conn, [identity])
        _refuse_strangers(conn, identity, record_ids)
        change = merging.split(state, record_ids, mint=context.mint, reason=reason)
        apply_change(conn, change, context.signed(actor, "split", reason=reason))
        return display(change.links[0].to_id)

    return until_settled(context, attempt)


def _refuse_strangers(conn: Connection, identity: str, record_ids: Sequence[int]) -> None:
    """Records that are not, or no longer, of this identity. Raises BadInput."""
    known = {member.record_id for member in stored.members(conn, identity)}
    if not record_ids or not known.issuperset(record_ids):
        raise BadInput("these records are not all of this person: load the page again", field="records")


def _refs(members: Sequence[MemberRow]) -> tuple[RecordRef, ...]:
    return tuple(RecordRef(source=m.source, local_id=m.local_id, version=m.version) for m in members)
