"""The graph of more than two records, the splits that suggest themselves, and parting records."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from mpi.errors import BadInput
from mpi.index import Cluster
from mpi.plots import Edge, Node, graph
from mpi.review.asked import BIGINT_MAX, Answer, Asked, go_on, page
from mpi.review.visible import plain

RECORDS_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A split in words: who leaves, on account of what, and the form that shows what it would do."""

    leaving: tuple[str, ...]
    weight: float
    between: tuple[str, str]
    guards: tuple[str, ...]
    merge_id: int | None
    record_ids: str


def drawing(cluster: Cluster) -> Markup:
    """The graph as SVG."""
    nodes = [
        Node(
            label=plain(f"{one.source} {one.local_id}"),
            detail=plain(
                " ".join(str(one.flat.get(name) or "") for name in ("birth_date", "given", "family"))
            ),
            group=one.side,
        )
        for one in cluster.records
    ]
    edges = [
        Edge(
            left=edge.left,
            right=edge.right,
            weight=edge.weight,
            kind="weakest"
            if edge.is_weakest
            else "tree"
            if edge.is_tree
            else "held"
            if edge.guards
            else "other",
            is_held=bool(edge.guards),
        )
        for edge in cluster.edges
    ]
    return Markup(graph(nodes, edges, title="What holds these records together"))


def proposals(cluster: Cluster) -> list[Proposal]:
    """The splits in words."""
    names = [f"{one.source}/{one.local_id}" for one in cluster.records]
    ids = [one.record_id for one in cluster.records]
    return [
        Proposal(
            leaving=tuple(names[place] for place in split.part),
            weight=split.weight,
            between=(names[split.edge[0]], names[split.edge[1]]),
            guards=split.guards,
            merge_id=split.merge_id,
            record_ids=",".join(str(ids[place]) for place in split.part),
        )
        for split in cluster.proposals
    ]


def preview_split(asked: Asked) -> Answer:
    """What parting records would do, and the form that commits it."""
    records = _records(asked.query.get("records", ""))
    preview = asked.index.desk.preview_split(asked.path["enterprise_id"], records, actor=asked.actor)
    return page(asked, "_split.html", preview=preview)


def split(asked: Asked) -> Answer:
    """Part the records, and show who they are from then on."""
    records = _records(asked.form.get("records", ""))
    reason = asked.form.get("reason", "")
    new_id = asked.index.desk.split(asked.path["enterprise_id"], records, reason, actor=asked.actor)
    return go_on(asked, f"/review/identities/{new_id}")


def _records(text: str) -> list[int]:
    numbers = text.split(",")
    if len(numbers) > RECORDS_MAX or not all(
        n.isascii() and n.isdecimal() and len(n) < 20 and int(n) <= BIGINT_MAX for n in numbers
    ):
        raise BadInput("records: numbers with commas", field="records")
    return [int(n) for n in numbers]
