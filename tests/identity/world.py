"""A little index held as values: every decision of the core is applied to it and checked from all sides."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mpi.errors import MpiError
from mpi.identity import ledger
from mpi.identity.assignment import CandidateIdentity
from mpi.identity.change import LINK_EVENTS, Cause, Change, IdentityStatus, Verdict
from mpi.identity.enterprise_id import mint_enterprise_id
from mpi.identity.invariants import violations
from mpi.identity.neighbourhood import Neighbourhood, around


@dataclass
class CountingMint:
    """Numbers in a row, and enterprise IDs that look random and are not."""

    numbers: int = 0
    ids: int = 0

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def enterprise_id(self) -> str:
        self.ids += 1
        return mint_enterprise_id(self.ids * 0x9E3779B97F4A7C15 % 2**64)


class World:
    """State, mint, and an account of its own of which records each merge still carries."""

    def __init__(self) -> None:
        self.state = Neighbourhood()
        self.mint = CountingMint()
        self.records = 0
        #: Merge → the records it moved that no person moved since; kept from causes alone, merges in order.
        self.carried: dict[int, set[int]] = {}

    # What there is.

    def active(self) -> list[str]:
        return sorted(i for i, s in self.state.identities.items() if s.status is IdentityStatus.ACTIVE)

    def live_merges(self) -> list[int]:
        return [m for m, state in self.state.merges.items() if not state.undone]

    def tasks(self, state: str) -> list[int]:
        return [
            t for t, task in self.state.tasks.items() if (task.state == "resolved") == (state == "resolved")
        ]

    def homes(self) -> dict[int, str]:
        return {record: link.enterprise_id for record, link in self.state.links.items()}

    def in_force(self, verdict: Verdict) -> set[tuple[int, int]]:
        return {p for a in self.state.assertions.values() if a.verdict is verdict for p in a.pairs}

    def picture(self) -> tuple[object, ...]:
        """What a person sees: who is with whom, what is stated, what is asked."""
        stated = {v: self.in_force(v) for v in Verdict}
        asked = {t: self.state.tasks[t].task for t in self.tasks("open")}
        status = {i: (s.status, s.surviving_id) for i, s in self.state.identities.items()}
        return self.homes(), stated, asked, status

    def candidate(
        self, enterprise_id: str, decision: str, record_id: int, same_source: bool
    ) -> CandidateIdentity:
        member = self.state.members(enterprise_id)[0]
        apart = self.in_force(Verdict.DIFFERENT)
        return CandidateIdentity(
            enterprise_id=enterprise_id,
            decision=decision,  # type: ignore[arg-type]
            weight={"link": 15.0, "review": 4.0, "no_link": -9.0}[decision],
            probability={"link": 0.984375, "review": 0.5, "no_link": 0.0}[decision],
            record_id=member,
            same_source=same_source,
            asserted_different=any(
                (min(pair), max(pair)) in apart
                for pair in ((record_id, other) for other in self.state.members(enterprise_id))
            ),
        )

    def issued_at(self) -> datetime:
        """A second later for every identity."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=len(self.state.identities))

    # What is done to it.

    def slice(self, **scope: Collection[Any]) -> Neighbourhood:
        """What storage loads for a decision about these identities, merges or tasks."""
        return around(self.state, **scope)

    def decide(
        self, decision: Callable[[Neighbourhood, CountingMint], Change], **scope: Collection[Any]
    ) -> Change:
        """Decide on the slice that storage loads, and on everything there is: it has to come to the same."""
        outcomes: list[Change | MpiError] = []
        for state in (self.state, self.slice(**scope)):
            mint = copy.copy(self.mint)
            try:
                outcomes.append(decision(state, mint))
            except MpiError as error:
                outcomes.append(error)
        whole, sliced = outcomes
        if isinstance(whole, MpiError) or isinstance(sliced, MpiError):
            assert (type(whole), str(whole)) == (type(sliced), str(sliced))
            assert isinstance(whole, MpiError)
            raise whole
        assert whole == sliced
        self.mint = mint
        return sliced

    def commit(self, change: Change, *, by: str) -> None:
        """Apply a change and look for anything wrong with it or with what it leaves behind."""
        moved = {link.record_id for link in change.links}
        told = [
            event.record_id
            for event in change.events
            if event.type in LINK_EVENTS
            and event.record_id is not None
            and event.data["cause"] not in (Cause.RETIRED, Cause.RETURNED)
        ]
        assert sorted(told) == sorted(moved), "I9: each change of a link is one event"
        if by == "machine":
            assert not change.withdrawn_assertion_ids, "I10"
            assert not change.withdrawn_pairs, "I10"
            assert not change.undone_merge_ids, "I10"
        issued = set(self.state.identities)
        self.state = ledger.apply(self.state, change, issued_at=self.issued_at())
        assert issued <= set(self.state.identities), "I5: an enterprise ID is never lost"
        assert violations(self.state) == []
        self._carry(change)

    def _carry(self, change: Change) -> None:
        for event in change.events:
            if event.type not in LINK_EVENTS or event.record_id is None:
                continue
            cause, record = event.data["cause"], event.record_id
            if cause == Cause.MERGE:
                self.carried.setdefault(event.merge_id, set()).add(record)  # type: ignore[arg-type]
            elif cause == Cause.UNMERGE:
                later = list(self.carried)[list(self.carried).index(event.merge_id) + 1 :]  # type: ignore[arg-type]
                for merge_id in later:
                    self.carried[merge_id].discard(record)
            elif cause in (Cause.UNLINK, Cause.ASSERTION, Cause.UNDO):
                for carried in self.carried.values():
                    carried.discard(record)
