"""Plans for grouping records anew: exact, minimal, reasoned, and taken back without a trace."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.world import CountingMint
from mpi.identity import ledger
from mpi.identity.change import Cause, Event, EventType, IdentityStatus
from mpi.identity.clustering import Refusal, cluster
from mpi.identity.draft import Draft
from mpi.identity.invariants import violations
from mpi.identity.merging import merge, unmerge
from mpi.identity.neighbourhood import IdentityState, LinkState, Neighbourhood
from mpi.identity.relink_evidence import Ground, Pairs, reasons
from mpi.identity.relinking import Partition, Regrouping, plan, regroup
from mpi.identity.retention import kept_identities
from mpi.identity.rolling_back import Batch, roll_back
from mpi.identity.task_settling import settle_tasks

N = 9
labels = st.lists(st.integers(0, N - 1), min_size=N, max_size=N)
NO_TIME = settings(deadline=None)


def state_of(homes: list[int], retired: frozenset[int] = frozenset()) -> Neighbourhood:
    """Record 1 … of identities A, B, …, the first the oldest."""
    names = {label: f"ID{label:02}" for label in homes}
    links = {}
    for record, label in enumerate(homes, start=1):
        links[record] = LinkState(record_id=record, enterprise_id=names[label], retired=record in retired)
    lively = {links[r].enterprise_id for r in links if r not in retired}
    identities = {
        name: IdentityState(
            enterprise_id=name,
            issued_at=label,
            status=IdentityStatus.ACTIVE if name in lively else IdentityStatus.RETIRED,
        )
        for label, name in names.items()
    }
    events = [
        Event(
            type=EventType.RECORD_LINKED,
            enterprise_id=link.enterprise_id,
            record_id=record,
            data={"cause": Cause.MATCH.value},
        )
        for record, link in links.items()
    ]
    events += [
        Event(
            type=EventType.RECORD_RETIRED,
            enterprise_id=links[record].enterprise_id,
            record_id=record,
            data={"cause": Cause.RETIRED.value},
        )
        for record in sorted(retired)
    ]
    return Neighbourhood(
        identities=identities, complete=frozenset(identities), links=links, moves=tuple(events)
    )


def partition_of(state: Neighbourhood) -> Partition:
    alive = [i for i in state.identities.values() if i.status is IdentityStatus.ACTIVE]
    names = [i.enterprise_id for i in sorted(alive, key=lambda i: (i.issued_at, i.enterprise_id))]
    active = [link for link in state.links.values() if not link.retired]
    return Partition(
        record_ids=np.array([link.record_id for link in active], dtype=np.int64),
        home=np.array([names.index(link.enterprise_id) for link in active], dtype=np.int64),
        identities=names,
    )


def relinked(state: Neighbourhood, regroupings: tuple[Regrouping, ...], mint: CountingMint) -> Neighbourhood:
    draft = Draft(state, batch_id=7)
    for regrouping in regroupings:
        regroup(draft, regrouping, [None] * len(regrouping.steps), "relink", mint=mint)
    settle_tasks(draft)
    return ledger.apply(state, draft.finish(), issued_at=100)


def groups(homes: dict[int, object]) -> set[frozenset[int]]:
    return {frozenset(r for r, home in homes.items() if home == at) for at in homes.values()}


def homes_of(state: Neighbourhood) -> dict[int, str]:
    return {r: link.enterprise_id for r, link in state.links.items() if not link.retired}


@NO_TIME
@given(labels, labels, st.frozensets(st.integers(1, N), max_size=3))
def test_applying_a_plan_gives_the_proposed_groups_and_leaves_nothing_to_plan(
    before: list[int], proposed: list[int], retired: frozenset[int]
) -> None:
    state = state_of(before, retired)
    partition = partition_of(state)
    cluster_of = [proposed[record - 1] for record in partition.record_ids.tolist()]
    after = relinked(state, plan(partition, cluster_of), CountingMint())
    assert violations(after) == []
    wanted = {r: proposed[r - 1] for r in partition.record_ids.tolist()}
    assert groups(homes_of(after)) == groups(wanted)
    assert plan(partition_of(after), cluster_of) == ()
    for record in retired:
        assert after.links[record].retired
    for name, identity in state.identities.items():
        assert name in after.identities
        if identity.status is IdentityStatus.ACTIVE and after.identities[name].status == "merged":
            assert len({homes_of(after)[r] for r, home in homes_of(state).items() if home == name}) == 1


@NO_TIME
@given(labels, labels)
def test_as_few_records_as_possible_change_their_enterprise_id(
    before: list[int], proposed: list[int]
) -> None:
    state = state_of(before)
    after = homes_of(relinked(state, plan(partition_of(state), proposed), CountingMint()))
    stayed = sum(after[record] == home for record, home in homes_of(state).items())
    shared = {(i, c): 0 for i in set(before) for c in set(proposed)}
    for pair in zip(before, proposed, strict=True):
        shared[pair] += 1
    assert stayed == most_kept(sorted(set(before)), frozenset(set(proposed)), shared)


def most_kept(identities: list[int], free: frozenset[int], shared: dict[tuple[int, int], int]) -> int:
    """By trying everything."""
    if not identities:
        return 0
    first, rest = identities[0], identities[1:]
    options = [most_kept(rest, free, shared)]
    options += [shared[first, c] + most_kept(rest, free - {c}, shared) for c in free if shared[first, c]]
    return max(options)


def test_ties_go_to_the_older_identity_and_the_first_group() -> None:
    assert kept_identities({(0, 0): 1, (1, 0): 1}) == {0: 0}
    assert kept_identities({(0, 0): 2, (0, 1): 2}) == {0: 0}
    assert kept_identities({(0, 0): 3, (0, 1): 2, (1, 0): 2}) == {0: 1, 1: 0}


def test_an_identity_whose_records_go_to_several_names_them() -> None:
    state = state_of([0, 0, 1, 1, 2, 2, 0, 1])
    cluster_of = [0, 0, 1, 1, 0, 1, 0, 1]
    [regrouping] = plan(partition_of(state), cluster_of)
    assert regrouping.dissolved == (("ID02", (0, 1)),)
    after = relinked(state, (regrouping,), CountingMint())
    assert after.identities["ID02"].status is IdentityStatus.SPLIT
    assert after.identities["ID02"].successors == ("ID00", "ID01")


@NO_TIME
@given(labels, labels, st.frozensets(st.integers(1, N), max_size=2))
def test_a_relink_taken_back_leaves_everybody_where_they_were(
    before: list[int], proposed: list[int], retired: frozenset[int]
) -> None:
    state = state_of(before, retired)
    partition = partition_of(state)
    mint = CountingMint()
    regroupings = plan(partition, [proposed[r - 1] for r in partition.record_ids.tolist()])
    after = relinked(state, regroupings, mint)
    back = taken_back(state, after, mint)
    assert {r: link.enterprise_id for r, link in back.links.items()} == {
        r: link.enterprise_id for r, link in state.links.items()
    }
    for name, identity in state.identities.items():
        assert (back.identities[name].status, back.identities[name].surviving_id) == (
            identity.status,
            identity.surviving_id,
        )
    for name in back.identities.keys() - state.identities.keys():
        assert back.identities[name].status in (IdentityStatus.MERGED, IdentityStatus.SPLIT)
    assert violations(back) == []


def taken_back(before: Neighbourhood, after: Neighbourhood, mint: CountingMint) -> Neighbourhood:
    return ledger.apply(after, roll_back(after, batch_of(before, after), mint=mint, reason="no").change)


def batch_of(before: Neighbourhood, after: Neighbourhood) -> Batch:
    moved = {r for r, link in before.links.items() if after.links[r].enterprise_id != link.enterprise_id}
    return Batch(
        batch_id=7,
        before={r: (before.links[r].enterprise_id, before.links[r].decided_by) for r in moved},
        merge_ids=sorted(after.merges.keys() - before.merges.keys()),
        issued=sorted(after.identities.keys() - before.identities.keys()),
    )


def test_what_a_person_decided_since_stays() -> None:
    state, mint = state_of([0, 1, 2]), CountingMint()
    after = relinked(state, plan(partition_of(state), [0, 0, 2]), mint)
    joined = ledger.apply(after, merge(after, "ID00", "ID02", mint=mint, reason="one person"))
    result = roll_back(joined, batch_of(state, after), mint=mint, reason="no")
    assert (result.returned, result.left) == ((), (2,))
    assert ledger.apply(joined, result.change).links == joined.links


def test_an_older_merge_can_still_be_undone_after_a_relink_was_taken_back() -> None:
    state, mint = state_of([0, 1, 1]), CountingMint()
    merged = ledger.apply(state, merge(state, "ID00", "ID01", mint=mint, reason="one"))
    [merge_id] = merged.merges
    after = relinked(merged, plan(partition_of(merged), [0, 0, 2]), mint)
    assert homes_of(after)[3] not in ("ID00", "ID01")
    back = taken_back(merged, after, mint)
    assert homes_of(back) == homes_of(merged)
    parted = ledger.apply(back, unmerge(back, merge_id, mint=mint, reason="two"))
    assert homes_of(parted) == homes_of(state)


@NO_TIME
@given(
    labels,
    st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)), max_size=4),
    st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1), st.integers(1, 9)), max_size=14),
)
def test_what_people_stated_holds(
    before: list[int], different: list[tuple[int, int]], edges: list[tuple[int, int, int]]
) -> None:
    """Together whoever is in one identity by a person's word, apart whoever a person holds apart."""
    apart = [(a, b) for a, b in different if before[a] != before[b]]
    same = [(a, b) for a, b in different if before[a] == before[b] and a != b]
    edges = [edge for edge in edges if edge[0] != edge[1]]
    left, right, weight = (list(column) for column in zip(*edges, strict=True)) if edges else ([], [], [])
    clusters = cluster(N, left, right, weight, size_max=N, must_link=same, cannot_link=apart)
    state = state_of(before)
    after = homes_of(relinked(state, plan(partition_of(state), clusters.cluster_of), CountingMint()))
    assert all(after[a + 1] == after[b + 1] for a, b in same)
    assert all(after[a + 1] != after[b + 1] for a, b in apart)


def pairs_of(edges: list[tuple[int, int, float]], **more: object) -> Pairs:
    left, right, weight = (np.array(column) for column in zip(*edges, strict=True))
    guards: dict[int, tuple[str, ...]] = more.pop("guards", {})  # type: ignore[assignment]
    return Pairs(
        left=left,
        right=right,
        weight=weight.astype(float),
        probability=np.full(len(left), 0.9),
        decision=np.full(len(left), 2, dtype=np.int8),
        guards=lambda pair: guards.get(pair, ()),
        refused=more.pop("refused", {}),  # type: ignore[arg-type]
    )


def test_each_step_has_its_reason() -> None:
    partition = Partition(
        record_ids=np.array([11, 12, 13, 14]), home=np.array([0, 1, 2, 2]), identities=["A", "B", "C"]
    )
    regroupings = plan(partition, [0, 0, 2, 3])
    pairs = pairs_of([(0, 1, 12.0), (2, 3, 15.0)], guards={1: ("twins",)}, refused={1: Refusal.GUARD})
    [[joined], [parted]] = reasons(regroupings, partition, pairs, np.array([5, 3, 1, 9]))
    assert joined.ground is Ground.LINK and joined.evidence is not None
    assert (joined.evidence.record_ids, joined.evidence.weight, joined.later_record_id) == (
        (11, 12),
        12.0,
        11,
    )
    assert parted.ground is Ground.GUARD and parted.evidence is not None
    assert (parted.evidence.guards, parted.later_record_id) == (("twins",), 14)


def test_who_is_parted_without_any_evidence_is_told_so() -> None:
    partition = Partition(record_ids=np.array([1, 2]), home=np.array([0, 0]), identities=["A"])
    empty = pairs_of([(0, 0, 0.0)])
    [[parted]] = reasons(plan(partition, [0, 1]), partition, empty, np.array([5, 3]))
    assert (parted.ground, parted.evidence, parted.later_record_id) == (Ground.WEIGHT, None, 1)


def test_the_same_input_gives_the_same_plan_in_any_order() -> None:
    drawn = np.random.default_rng(3)
    home, clusters = drawn.integers(0, 40, 120), drawn.integers(0, 40, 120)
    ids = np.arange(1000, 1120)
    names = [f"ID{n:02}" for n in range(40)]
    first = plan(Partition(record_ids=ids, home=home, identities=names), clusters)
    for _ in range(3):
        order = drawn.permutation(120)
        shuffled = Partition(record_ids=ids[order], home=home[order], identities=names)
        assert plan(shuffled, clusters[order]) == first


def test_many_identities_are_planned_at_once() -> None:
    n = 200_000
    home = np.arange(n) // 2
    names = [f"ID{n:06}" for n in range(n // 2)]
    clusters = home.copy()
    clusters[5] = 99_999_999
    [split] = plan(Partition(record_ids=np.arange(n), home=home, identities=names), clusters)
    assert [step.kind for step in split.steps] == ["split"]
