"""A test of the test: the state machine has to find each of these mistakes, made on purpose in the real core.

Each fault replaces a function of the core by a broken variant of it. The machine runs with a fixed seed and a
bounded number of examples, so that what it finds here it finds in every run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from identity.machine import IdentityMachine
from mpi.errors import MpiError
from mpi.identity import asserting, assignment, merging, neighbourhood, resolving
from mpi.identity.change import (
    Cause,
    Change,
    Event,
    EventType,
    IdentityChange,
    IdentityStatus,
    LinkChange,
    Verdict,
)
from mpi.identity.draft import Draft

EXAMPLES_MAX = 400

Patch = Callable[[pytest.MonkeyPatch], None]
FAULTS: dict[str, Patch] = {}


def fault(patch: Patch) -> Patch:
    FAULTS[patch.__name__] = patch
    return patch


@fault
def an_update_creates_an_identity(patch: pytest.MonkeyPatch) -> None:
    def reassess(record_id: int, enterprise_id: str, candidates: Any, *, number: Any, **rest: Any) -> Change:
        new_id = f"NEW{number():07}"
        event = Event(
            type=EventType.ENTERPRISE_ID_ASSIGNED,
            enterprise_id=new_id,
            other_enterprise_id=enterprise_id,
            record_id=record_id,
            data={"cause": Cause.MATCH.value},
        )
        return Change(
            identities=(IdentityChange(enterprise_id=new_id, status=IdentityStatus.ACTIVE, issued=True),),
            links=(LinkChange(record_id=record_id, from_id=enterprise_id, to_id=new_id),),
            events=(event,),
        )

    patch.setattr(assignment, "reassess", reassess)


@fault
def the_best_of_several_links_wins(patch: pytest.MonkeyPatch) -> None:
    real = assignment._counted

    def counted(candidates: Any) -> Any:
        best, *others = real(candidates) or [None]
        demoted = [replace(c, decision="review") for c in others]
        return [best, *demoted] if best else []

    patch.setattr(assignment, "_counted", counted)


@fault
def a_question_is_asked_twice(patch: pytest.MonkeyPatch) -> None:
    real = assignment._queue
    patch.setattr(assignment, "_queue", lambda questions, number, settled: real(questions, number, set()))


@fault
def redirects_are_not_compressed(patch: pytest.MonkeyPatch) -> None:
    def root(draft: Draft, enterprise_id: str) -> str:
        merge = draft.live_merges.get(enterprise_id)
        return merge.surviving if merge else enterprise_id

    patch.setattr(Draft, "root", root)


@fault
def a_subsumed_identity_does_not_redirect(patch: pytest.MonkeyPatch) -> None:
    real = Draft.status

    def status(draft: Draft, enterprise_id: str) -> IdentityStatus:
        told = real(draft, enterprise_id)
        return IdentityStatus.RETIRED if told is IdentityStatus.MERGED else told

    patch.setattr(Draft, "status", status)


@fault
def an_emptied_identity_stays_active(patch: pytest.MonkeyPatch) -> None:
    real = Draft.status

    def status(draft: Draft, enterprise_id: str) -> IdentityStatus:
        told = real(draft, enterprise_id)
        return IdentityStatus.ACTIVE if told is IdentityStatus.RETIRED else told

    patch.setattr(Draft, "status", status)


@fault
def a_statement_of_different_is_ignored(patch: pytest.MonkeyPatch) -> None:
    for module in (merging, resolving):
        patch.setattr(module, "release_different", lambda *given, **named: None)
    patch.setattr(Draft, "_refuse_different_within_identity", lambda draft: None)


@fault
def an_override_withdraws_whole_assertions(patch: pytest.MonkeyPatch) -> None:
    real = Draft.withdraw
    patch.setattr(Draft, "withdraw", lambda draft, a, pairs: real(draft, a, set(draft.in_force[a])))


@fault
def only_direct_statements_of_same_count(patch: pytest.MonkeyPatch) -> None:
    def chains(draft: Draft, records: Any) -> Any:
        reached: dict[int, Any] = dict.fromkeys(records)
        for assertion, pair in draft.pairs(Verdict.SAME):
            for one, other in (pair, pair[::-1]):
                if one in records and other not in reached:
                    reached[other] = (assertion, pair)
        return reached

    patch.setattr(asserting, "_chains", chains)


@fault
def a_persons_merge_states_nothing(patch: pytest.MonkeyPatch) -> None:
    real = merging.join

    def join(*given: Any, **named: Any) -> None:
        real(*given, **{**named, "stated": ()})

    patch.setattr(merging, "join", join)


@fault
def unmerge_takes_back_what_people_moved(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(merging, "_travelled", lambda state, record_id, merge_id: True)


@fault
def unmerge_forgets_who_travelled_on(patch: pytest.MonkeyPatch) -> None:
    def travelled(state: Any, record_id: int, merge_id: int) -> bool:
        moves = [move for move in state.moves if move.record_id == record_id]
        return bool(moves) and moves[-1].merge_id == merge_id

    patch.setattr(merging, "_travelled", travelled)


@fault
def unmerge_lets_the_machine_redo_it(patch: pytest.MonkeyPatch) -> None:
    real = merging.unmerge

    def unmerge(*given: Any, **named: Any) -> Change:
        return real(*given, **{**named, "assert_different": False})

    patch.setattr(merging, "unmerge", unmerge)


@fault
def unmerge_leaves_its_statement_of_same(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Draft, "_drop_same_across_identities", lambda draft: None)


@fault
def unlink_states_nothing(patch: pytest.MonkeyPatch) -> None:
    real = merging.part_records

    def part_records(draft: Draft, record_ids: Any, **named: Any) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(merging, "state_assertion", lambda *given, **rest: 0)
            real(draft, record_ids, **named)

    patch.setattr(merging, "part_records", part_records)


@fault
def a_move_is_not_in_the_ledger(patch: pytest.MonkeyPatch) -> None:
    real = Draft.move

    def move(draft: Draft, record_id: int, to_id: str, cause: Cause, *given: Any, **named: Any) -> None:
        real(draft, record_id, to_id, cause, *given, **named)
        if cause is Cause.UNMERGE:
            draft.events.pop()

    patch.setattr(Draft, "move", move)


@fault
def tasks_do_not_follow_a_merge(patch: pytest.MonkeyPatch) -> None:
    for module in (merging, resolving, asserting):
        patch.setattr(module, "settle_tasks", lambda draft: None)


@fault
def the_younger_identity_survives(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resolving, "older", lambda a, b: neighbourhood.older(a, b)[::-1])


@fault
def an_answer_taken_back_leaves_the_task_closed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resolving, "reopen", lambda draft, state: False)


@fault
def an_answer_taken_back_is_held_against_them(patch: pytest.MonkeyPatch) -> None:
    real = resolving.part_merge

    def part_merge(draft: Draft, merge_id: int) -> None:
        real(draft, merge_id)
        merge = draft.state.merges[merge_id].merge
        pairs = merging.ordered_pairs(merge.moved_record_ids, merge.kept_record_ids)
        if pairs:
            mint = type("Mint", (), {"number": staticmethod(lambda: 10_000 + merge_id)})()
            merging.state_assertion(draft, Verdict.DIFFERENT, pairs, mint=mint, reason="")

    patch.setattr(resolving, "part_merge", part_merge)


@fault
def storage_loads_too_little(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(neighbourhood, "_named", lambda merges, assertions, tasks: set())


def run(examples: int) -> None:
    run_state_machine_as_test(
        IdentityMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("name", FAULTS)
def test_the_state_machine_finds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS[name](monkeypatch)
    with pytest.raises((AssertionError, KeyError, ValueError, MpiError)):
        run(EXAMPLES_MAX)


def test_without_a_fault_it_finds_nothing() -> None:
    run(100)
