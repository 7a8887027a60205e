"""What grouping all records anew would change, and why, as a plan and as it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mpi.batch.progress import Progress
from mpi.identity.enterprise_id import display
from mpi.identity.questions import PlacePair, Questions, questions, unasked
from mpi.identity.relink_evidence import Reason, reasons
from mpi.identity.relinking import Ints, Regrouping, Step, plan
from mpi.matching.rules import RuleSet
from mpi.services.grouping import Grouping, group
from mpi.storage.relinking import WholeIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class RelinkStep:
    """Records that leave one identity for another, and why. Records are named ``source/local_id``."""

    #: ``merge``, ``move`` or ``split``.
    kind: str
    records: tuple[str, ...]
    from_id: str
    #: None: an identity that is issued when the plan is applied.
    to_id: str | None
    #: ``link``; of a split ``guard``, ``size``, ``asserted_different`` or ``weight`` (too little for a link).
    ground: str
    #: The two records that speak most for it, the total match weight of the pair (log2), and its guards.
    pair: tuple[str, ...]
    weight: float | None
    probability: float | None
    guards: tuple[str, ...]
    #: The record whose content arrived last of those that this rests on.
    later_record: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RelinkAnswer:
    """What a relink would do, or did. ``batch_id`` None: it is only planned, or there was nothing to do."""

    batch_id: int | None
    rule_set: dict[str, str]
    records: int
    identities: int
    #: Steps of each kind, and identities that were shared out among others and are no more.
    merges: int
    splits: int
    moves: int
    dissolved: int
    #: Records whose enterprise ID changes.
    records_moved: int
    new_tasks: int
    closed_tasks: int
    #: Questions that are not asked, because one of the identities has too many open already.
    questions_left_out: int
    #: Groups of identities that are left as they are, because something happened to them meanwhile.
    changed_meanwhile: int = 0
    steps: tuple[RelinkStep, ...] = field(default=())

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.merges or self.splits or self.moves or self.new_tasks or self.closed_tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What has to happen, by record and identity."""

    grouping: Grouping
    regroupings: tuple[Regrouping, ...]
    #: Per regrouping the reason of each of its steps.
    reasons: list[list[Reason]]
    #: int64 [n]: the place of each record's identity afterwards. Those that are to be issued come after
    #: ``grouping.partition.identities``, in the order of the parts that get them.
    identity_of: Ints
    questions: Questions
    #: Places in ``questions`` of those to be asked, and how many are left out.
    asked: list[int]
    left_out: int
    #: Open tasks whose question nothing supports any more.
    unsupported: list[int]
    #: Open tasks whose two records come to be of one identity.
    answered: list[int]


def make_plan(whole: WholeIndex, rules: RuleSet, progress: Progress) -> Plan:
    """Group the records of the index anew and compare the outcome with who is where."""
    grouping = group(whole, rules, progress)
    progress("planning", 0, 0)
    regroupings = plan(grouping.partition, grouping.cluster_of)
    identity_of = _identities_afterwards(grouping, regroupings)
    found = questions(identity_of, grouping.pairs)
    apart = _by_identity(grouping, identity_of, whole.different)
    about = [(task, _about(grouping, identity_of, task.record_ids)) for task in whole.tasks]
    waiting = [(task, pair) for task, pair in about if task.state != "resolved" and pair]
    settled = {pair for task, pair in about if task.left_open and pair} | apart
    supported = set(found.keys()) - apart
    unsupported = {
        task.task_id
        for task, pair in waiting
        if task.state == "open"
        and pair[0] != pair[1]
        and pair not in supported
        and all(grouping.is_compared(record) for record in task.record_ids)
    }
    asked, left_out = unasked(
        found, settled, [pair for task, pair in waiting if task.task_id not in unsupported]
    )
    return Plan(
        grouping=grouping,
        regroupings=regroupings,
        reasons=reasons(regroupings, grouping.partition, grouping.pairs, grouping.arrived),
        identity_of=identity_of,
        questions=found,
        asked=asked,
        left_out=left_out,
        unsupported=sorted(unsupported),
        answered=[task.task_id for task, pair in waiting if pair[0] == pair[1]],
    )


def _identities_afterwards(grouping: Grouping, regroupings: Sequence[Regrouping]) -> Ints:
    known = {enterprise_id: n for n, enterprise_id in enumerate(grouping.partition.identities)}
    following = len(known)
    identity_of = grouping.partition.home.copy()
    for regrouping in regroupings:
        for part in regrouping.parts:
            where = following if part.enterprise_id is None else known[part.enterprise_id]
            following += part.enterprise_id is None
            identity_of[[grouping.place[record] for record in part.record_ids]] = where
    return identity_of


def _about(grouping: Grouping, identity_of: Ints, record_ids: Sequence[int]) -> PlacePair | None:
    """The identities that the first and the last of the records are of; None when one is not active."""
    ends = [grouping.place.get(record) for record in (record_ids[0], record_ids[-1])] if record_ids else []
    places = sorted(int(identity_of[end]) for end in ends if end is not None)
    return (places[0], places[1]) if len(places) == 2 else None


def _by_identity(grouping: Grouping, identity_of: Ints, pairs: Sequence[tuple[int, int]]) -> set[PlacePair]:
    places = np.array(grouping.placed(pairs), dtype=np.int64).reshape(-1, 2)
    return {(min(a, b), max(a, b)) for a, b in identity_of[places].tolist()}


def told(made: Plan, rules: RuleSet, sample: int) -> RelinkAnswer:
    """The plan as it is answered, with the reasons of ``sample`` steps, kinds by turns."""
    steps = [
        (step, reason, regrouping)
        for regrouping, found in zip(made.regroupings, made.reasons, strict=True)
        for step, reason in zip(regrouping.steps, found, strict=True)
    ]
    kinds = {kind: [s for s in steps if s[0].kind == kind] for kind in ("merge", "move", "split")}
    by_turns = [found[n] for n in range(sample) for found in kinds.values() if n < len(found)]
    return RelinkAnswer(
        batch_id=None,
        rule_set={"name": rules.name, "hash": rules.hash},
        records=made.grouping.records.record_count,
        identities=len(made.grouping.partition.identities),
        merges=len(kinds["merge"]),
        splits=len(kinds["split"]),
        moves=len(kinds["move"]),
        dissolved=sum(len(regrouping.dissolved) for regrouping in made.regroupings),
        records_moved=sum(regrouping.moved_count for regrouping in made.regroupings),
        new_tasks=len(made.asked),
        closed_tasks=len(made.unsupported) + len(made.answered),
        questions_left_out=made.left_out,
        steps=tuple(_step(made.grouping, *each) for each in by_turns[:sample]),
    )


def _step(grouping: Grouping, step: Step, reason: Reason, regrouping: Regrouping) -> RelinkStep:
    def named(record_id: int) -> str:
        row = grouping.row(record_id)
        return f"{row.source}/{row.local_id}"

    evidence, to_id = reason.evidence, regrouping.parts[step.to_part].enterprise_id
    return RelinkStep(
        kind=step.kind,
        records=tuple(named(record) for record in step.record_ids),
        from_id=display(step.from_id),
        to_id=None if to_id is None else display(to_id),
        ground=reason.ground.value,
        pair=tuple(named(record) for record in evidence.record_ids) if evidence else (),
        weight=round(evidence.weight, 3) if evidence else None,
        probability=round(evidence.probability, 6) if evidence else None,
        guards=evidence.guards if evidence else (),
        later_record=named(reason.later_record_id),
    )
