"""Everything that can happen to identities, in any order, checked after every step."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from identity.world import World
from mpi.errors import AlreadyUndone, AssertedDifferent, Conflict
from mpi.identity import asserting, assignment, merging, resolving
from mpi.identity.change import DecidedBy, IdentityStatus, Resolution, TaskKind, Verdict
from mpi.identity.neighbourhood import older

decisions = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["link", "review", "review", "no_link"]), st.booleans()),
    max_size=4,
)


class IdentityMachine(RuleBasedStateMachine):
    """Rules draw targets from what is there; conflicts are foreseen, never just tolerated."""

    def __init__(self) -> None:
        super().__init__()
        self.world = self.new_world()

    def new_world(self) -> World:
        return World()

    @property
    def state(self):
        return self.world.state

    # What machines do.

    @rule(drawn=decisions)
    def register(self, drawn):
        world = self.world
        world.records += 1
        record = world.records
        candidates = self._candidates(record, drawn)
        assigned = assignment.assign(
            record,
            candidates,
            new_enterprise_id=world.mint.enterprise_id,
            number=world.mint.number,
            open_pairs=self.state.pairs_asked(),
            pairs_apart=self.state.pairs_apart(),
        )
        world.commit(assigned.change, by="machine")
        assert world.homes()[record] == assigned.enterprise_id
        linking = [c for c in candidates if c.decision == "link"]
        assert (assigned.decision == "linked") == (len(linking) == 1) == bool(self._together(record))

    @precondition(lambda self: self.state.links)
    @rule(data=st.data(), drawn=decisions, supported=st.booleans())
    def update_and_send_again(self, data, drawn, supported):
        record = self._draw_record(data, retired=False)
        if record is None:
            return
        before = self.world.homes(), set(self.state.identities)
        self._reassess(record, drawn, supported)
        tasks = set(self.state.tasks)
        self._reassess(record, drawn, supported)
        assert set(self.state.tasks) == tasks, "I11: what was asked is not asked again"
        assert (self.world.homes(), set(self.state.identities)) == before, "I11: an update moves nobody"

    @precondition(lambda self: self.state.links)
    @rule(data=st.data())
    def retire(self, data):
        record = self._draw_record(data, retired=False)
        if record is None:
            return
        home = self.world.homes()[record]
        change = self.world.decide(lambda s, mint: merging.retire(s, record), enterprise_ids=[home])
        self.world.commit(change, by="machine")
        assert self.world.homes()[record] == home

    @precondition(lambda self: any(link.retired for link in self.state.links.values()))
    @rule(data=st.data())
    def send_retired_again(self, data):
        record = self._draw_record(data, retired=True)
        home = self.world.homes()[record]
        change = self.world.decide(lambda s, mint: merging.reinstate(s, record), enterprise_ids=[home])
        self.world.commit(change, by="machine")
        assert self.state.identities[home].status is IdentityStatus.ACTIVE

    # What people do.

    @precondition(lambda self: len(self.world.active()) > 1)
    @rule(data=st.data(), override=st.booleans(), by=st.sampled_from(["person", "person", "machine"]))
    def merge(self, data, override, by):
        surviving, subsumed = data.draw(st.permutations(self.world.active()))[:2]
        self._merge(surviving, subsumed, override, DecidedBy(by))

    @precondition(lambda self: len(self.world.active()) > 1)
    @rule(data=st.data())
    def merge_and_unmerge_at_once(self, data):
        surviving, subsumed = data.draw(st.permutations(self.world.active()))[:2]
        before = self.world.picture()
        if not self._merge(surviving, subsumed, False, DecidedBy.PERSON):
            return
        self._unmerge(self.world.live_merges()[-1])
        after = self.world.picture()
        assert (before[0], before[3]) == (after[0], after[3]), "I18: the exact partition and the exact IDs"
        assert before[1][Verdict.SAME] == after[1][Verdict.SAME]

    @precondition(lambda self: self.world.live_merges())
    @rule(data=st.data())
    def unmerge(self, data):
        self._unmerge(data.draw(st.sampled_from(self.world.live_merges())))

    @precondition(lambda self: self.state.merges)
    @rule(data=st.data())
    def unmerge_twice(self, data):
        merge_id = data.draw(st.sampled_from(sorted(self.state.merges)))
        if self.state.merges[merge_id].undone:
            self._refused(
                AlreadyUndone,
                lambda s, mint: merging.unmerge(s, merge_id, mint=mint, reason="again"),
                merge_ids=[merge_id],
            )

    @precondition(lambda self: self.state.links)
    @rule(data=st.data())
    def unlink(self, data):
        record = self._draw_record(data, retired=False)
        if record is None:
            return
        home = self.world.homes()[record]
        others = [r for r in self.state.members(home) if r != record]

        def decision(s, mint):
            return merging.unlink(s, record, mint=mint, reason="not theirs")

        if not others:
            self._refused(Conflict, decision, enterprise_ids=[home])
            return
        same = self.world.in_force(Verdict.SAME)
        self.world.commit(self.world.decide(decision, enterprise_ids=[home]), by="person")
        assert self.state.members(self.world.homes()[record]) == (record,)
        self._same_still_holds(same)
        assert set(merging.ordered_pairs([record], others)) <= self.world.in_force(Verdict.DIFFERENT)

    @precondition(lambda self: len(self.state.links) > 1)
    @rule(data=st.data(), override=st.booleans())
    def assert_same(self, data, override):
        self._assert_same(*data.draw(st.permutations(sorted(self.state.links)))[:2], override)

    @precondition(lambda self: len(self.state.links) > 2)
    @rule(data=st.data())
    def assert_a_chain(self, data):
        a, b, c = data.draw(st.permutations(sorted(self.state.links)))[:3]
        if self._assert_same(a, b, False) and self._assert_same(b, c, False):
            self._assert_different(a, c, False)

    def _assert_same(self, a, b, override):
        homes = self.world.homes()
        sides = {homes[a], homes[b]}

        def decision(s, mint):
            return asserting.assert_same(s, [a], [b], mint=mint, reason="known", override=override)

        if any(self.state.identities[side].status is not IdentityStatus.ACTIVE for side in sides):
            if len(sides) == 2:
                self._refused(Conflict, decision, enterprise_ids=sides)
            return False
        if tuple(sorted(sides)) in self.state.pairs_apart() and not override:
            self._refused(AssertedDifferent, decision, enterprise_ids=sides)
            return False
        self.world.commit(self.world.decide(decision, enterprise_ids=sides), by="person")
        assert self.world.homes()[a] == self.world.homes()[b]
        assert (min(a, b), max(a, b)) in self.world.in_force(Verdict.SAME)
        return True

    @precondition(lambda self: len(self.state.links) > 1)
    @rule(data=st.data(), override=st.booleans())
    def assert_different(self, data, override):
        self._assert_different(*data.draw(st.permutations(sorted(self.state.links)))[:2], override)

    def _assert_different(self, a, b, override):
        homes = self.world.homes()

        def decision(s, mint):
            return asserting.assert_different(s, [a], [b], mint=mint, reason="known", override=override)

        scope = {"enterprise_ids": {homes[a], homes[b]}}
        if b in self._bound(a) and not override:
            self._refused(Conflict, decision, **scope)
            return
        bound_before = {r: self._bound(r) for r in homes}
        self.world.commit(self.world.decide(decision, **scope), by="person")
        after = self.world.homes()
        assert after[a] != after[b]
        assert (min(a, b), max(a, b)) in self.world.in_force(Verdict.DIFFERENT)
        if not override:
            assert {r: self._bound(r) for r in homes} == bound_before, "nothing else that was stated is lost"

    @precondition(lambda self: any(a.pairs for a in self.state.assertions.values()))
    @rule(data=st.data())
    def withdraw(self, data):
        assertion = data.draw(st.sampled_from([a for a, s in self.state.assertions.items() if s.pairs]))
        homes = self.world.homes()
        ends = {homes[record] for pair in self.state.assertions[assertion].pairs for record in pair}
        change = self.world.decide(lambda s, mint: asserting.withdraw(s, assertion), enterprise_ids=ends)
        self.world.commit(change, by="person")
        assert self.world.homes() == homes

    @precondition(lambda self: self.world.tasks("open"))
    @rule(data=st.data(), resolution=st.sampled_from(Resolution))
    def resolve(self, data, resolution):
        self._resolve(data.draw(st.sampled_from(self.world.tasks("open"))), resolution)

    @precondition(lambda self: self.world.tasks("open"))
    @rule(data=st.data(), resolution=st.sampled_from(Resolution))
    def resolve_and_undo_at_once(self, data, resolution):
        task_id = data.draw(st.sampled_from(self.world.tasks("open")))
        unlinks = self._is_doubt(task_id) and resolution is Resolution.DIFFERENT_PEOPLE
        before = self.world.picture()
        self._resolve(task_id, resolution)
        self._undo(task_id)
        after = self.world.picture()
        assert before[:3] == after[:3], "an answer taken back leaves nothing behind"
        assert unlinks or before[3] == after[3]

    @precondition(lambda self: self.world.tasks("resolved"))
    @rule(data=st.data())
    def undo_resolution(self, data):
        task_id = data.draw(st.sampled_from(self.world.tasks("resolved")))
        task = self.state.tasks[task_id]
        answered = [m for m in self.state.merges.values() if m.merge.task_id == task_id]
        closed_by = task.closed_by_merge_id
        if task.resolution is None or (
            closed_by is not None and closed_by not in [m.merge.merge_id for m in answered]
        ):
            expected: Any = Conflict
        elif task.resolution is Resolution.SAME_PERSON and answered and all(m.undone for m in answered):
            expected = AlreadyUndone
        else:
            try:
                self._undo(task_id)
            except AssertedDifferent:
                assert self._is_doubt(task_id), "only taking an unlink back can meet a person's different"
            return
        self._refused(
            expected,
            lambda s, mint: resolving.undo_resolution(s, task_id, mint=mint, reason="mistaken"),
            task_ids=[task_id],
        )

    # How.

    def _candidates(self, record, drawn):
        active = [i for i in self.world.active() if i != self.world.homes().get(record)]
        chosen = {active[n % len(active)]: (d, same) for n, d, same in drawn} if active else {}
        return [self.world.candidate(i, d, record, same) for i, (d, same) in sorted(chosen.items())]

    def _draw_record(self, data, *, retired):
        there = sorted(r for r, link in self.state.links.items() if link.retired is retired)
        return data.draw(st.sampled_from(there)) if there else None

    def _together(self, record):
        home = self.world.homes()[record]
        return [r for r in self.state.members(home) if r != record]

    def _is_doubt(self, task_id):
        return self.state.tasks[task_id].task.kind is TaskKind.LINK_IN_DOUBT

    def _reassess(self, record, drawn, supported):
        home = self.world.homes()[record]
        change = assignment.reassess(
            record,
            home,
            self._candidates(record, drawn),
            supported=supported or not self._together(record),
            number=self.world.mint.number,
            open_pairs=self.state.pairs_asked(),
            pairs_apart=self.state.pairs_apart(),
            in_doubt=record in self.state.doubted(),
        )
        self.world.commit(change, by="machine")

    def _merge(self, surviving, subsumed, override, decided_by):
        held_apart = tuple(sorted((surviving, subsumed))) in self.state.pairs_apart()
        moved, kept = self.state.members(subsumed), self.state.members(surviving)
        across = set(merging.ordered_pairs(moved, kept))
        different = self.world.in_force(Verdict.DIFFERENT)

        def decision(s, mint):
            return merging.merge(
                s, surviving, subsumed, mint=mint, reason="one", decided_by=decided_by, override=override
            )

        scope = {"enterprise_ids": [surviving, subsumed]}
        if held_apart and not (override and decided_by is DecidedBy.PERSON):
            self._refused(AssertedDifferent, decision, **scope)
            return False
        self.world.commit(self.world.decide(decision, **scope), by=decided_by.value)
        assert self.state.members(surviving) == tuple(sorted(moved + kept))
        assert self.state.identities[subsumed].surviving_id == surviving
        assert self.world.in_force(Verdict.DIFFERENT) == different - across, (
            "only what stands against it goes"
        )
        assert across <= self.world.in_force(Verdict.SAME) or decided_by is DecidedBy.MACHINE
        return True

    def _unmerge(self, merge_id):
        world, merge = self.world, self.state.merges[merge_id].merge
        before, returned = world.homes(), set(world.carried[merge_id])
        same = world.in_force(Verdict.SAME)
        change = world.decide(
            lambda s, mint: merging.unmerge(s, merge_id, mint=mint, reason="two"), merge_ids=[merge_id]
        )
        world.commit(change, by="person")
        after = world.homes()
        for record, home in after.items():
            assert home == (merge.subsumed if record in returned else before[record]), "I18"
        for left, right in merging.ordered_pairs(returned, merge.kept_record_ids):
            assert (left, right) in world.in_force(Verdict.DIFFERENT), "I18: the machine must not redo it"
        self._same_still_holds(same)
        lively = any(not self.state.links[record].retired for record in returned)
        expected = IdentityStatus.ACTIVE if lively else IdentityStatus.RETIRED
        assert self.state.identities[merge.subsumed].status is expected

    def _same_still_holds(self, before):
        homes = self.world.homes()
        kept = {(a, b) for a, b in before if homes[a] == homes[b]}
        assert self.world.in_force(Verdict.SAME) == kept, "only what was parted is no longer stated"

    def _resolve(self, task_id, resolution):
        task = self.state.tasks[task_id].task
        change = self.world.decide(
            lambda s, mint: resolving.resolve_task(s, task_id, resolution, mint=mint, reason="seen"),
            task_ids=[task_id],
        )
        self.world.commit(change, by="person")
        assert (self.state.tasks[task_id].state, self.state.tasks[task_id].resolution) == (
            "resolved",
            resolution,
        )
        if task.identity_b and resolution is Resolution.SAME_PERSON:
            first, second = older(
                self.state.identities[task.identity_a], self.state.identities[task.identity_b]
            )
            assert second.surviving_id == first.enterprise_id
        if task.identity_b and resolution is Resolution.DIFFERENT_PEOPLE:
            assert (task.identity_a, task.identity_b) in self.state.pairs_apart()

    def _undo(self, task_id):
        change = self.world.decide(
            lambda s, mint: resolving.undo_resolution(s, task_id, mint=mint, reason="mistaken"),
            task_ids=[task_id],
        )
        self.world.commit(change, by="person")

    def _bound(self, record):
        same, reached, todo = self.world.in_force(Verdict.SAME), {record}, [record]
        while todo:
            at = todo.pop()
            for pair in same:
                if at in pair and not set(pair) <= reached:
                    todo += set(pair) - reached
                    reached |= set(pair)
        return frozenset(reached)

    def _refused(self, error, decision, **scope):
        try:
            self.world.decide(decision, **scope)
        except error:
            return
        raise AssertionError(f"{error.__name__} was to be raised")
