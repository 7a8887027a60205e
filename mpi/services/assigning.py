"""Groups the comparisons of one arrival by identity, and lets the core assign it."""

from __future__ import annotations

from mpi.identity.assignment import Assignment, CandidateIdentity, assign
from mpi.identity.enterprise_id import display
from mpi.identity.harm import SHARED_IDENTIFIER
from mpi.matching.decision import DECISIONS, LINK, NO_LINK, REVIEW
from mpi.services.answers import MatchedWith
from mpi.services.arrivals import Arrival, Compared, Comparison, Member
from mpi.storage.database import Connection
from mpi.storage.numbers import Mint
from mpi.storage.queries import query


class Assigning:
    """Assigns the arrivals of a chunk one after the other: each sees the identities of those before it."""

    def __init__(self, mint: Mint, conn: Connection, compared: Compared) -> None:
        self._mint = mint
        self._conn = conn
        self._compared = compared
        self._stored = list(compared.members)
        self._settled: frozenset[tuple[str, str]] | None = None
        #: Position of an arrival → the identity it was given in this chunk.
        self._given: dict[int, str] = {}
        #: Pairs of identities that an arrival of this chunk asked about.
        self._asked: set[tuple[str, str]] = set()

    def assign(self, position: int, arrival: Arrival) -> Assignment:
        """One arrival's identity, with the change that gives it."""
        candidates = self.candidates(position, arrival.source_id)
        meets_stored = len(candidates) > 1 and any(c.decision == "link" for c in candidates)
        assignment = assign(
            arrival.record_id,
            candidates,
            new_enterprise_id=self._mint.enterprise_id,
            number=self._mint.number,
            open_pairs=self._asked,
            pairs_apart=self._settled_pairs() if meets_stored else frozenset(),
        )
        self._asked.update((t.identity_a, t.identity_b) for t in assignment.change.tasks if t.identity_b)
        self._given[position] = assignment.enterprise_id
        self._compared.members[assignment.enterprise_id].append(
            Member(position, arrival.record_id, arrival.source_id)
        )
        return assignment

    def candidates(self, position: int, source_id: int) -> list[CandidateIdentity]:
        """The identities at or above review for this arrival."""
        near = dict.fromkeys(self._compared.near.get(position, ()))
        near.update(
            dict.fromkeys(
                self._given[n] for n in self._compared.partners.get(position, ()) if n in self._given
            )
        )
        found = [self._candidate(position, enterprise_id, source_id) for enterprise_id in near]
        return [candidate for candidate in found if candidate.decision != "no_link"]

    def _candidate(self, position: int, enterprise_id: str, source_id: int) -> CandidateIdentity:
        members = self._compared.members[enterprise_id]
        comparisons = self._compared.compare(position, members)
        decision, guards = decision_among(comparisons)
        if decision == NO_LINK and self._compared.shares_identifier(position, members):
            decision, guards = REVIEW, (*guards, SHARED_IDENTIFIER)
        best = max(range(len(members)), key=lambda n: (comparisons[n].weight, -members[n].record_id))
        return CandidateIdentity(
            enterprise_id=enterprise_id,
            weight=comparisons[best].weight,
            probability=comparisons[best].probability,
            decision=DECISIONS[decision],
            record_id=members[best].record_id,
            guards=guards,
            same_source=any(member.source_id == source_id for member in members),
        )

    def _settled_pairs(self) -> frozenset[tuple[str, str]]:
        """Pairs of stored identities that need no task: one is open, or a person said they are different.

        Read once for all identities that this chunk came near.
        """
        if self._settled is None:
            parameters = {"enterprise_ids": self._stored}
            rows = self._conn.execute(query("settled_or_asked"), parameters).fetchall()
            self._settled = frozenset((a, b) for a, b in rows)
        return self._settled


def matched_with(best: CandidateIdentity | None) -> MatchedWith | None:
    """The best evidence, as an answer tells it."""
    if best is None:
        return None
    return {
        "weight": round(best.weight, 4),
        "probability": round(best.probability, 6),
        "with": display(best.enterprise_id),
    }


def decision_among(comparisons: list[Comparison]) -> tuple[int, tuple[str, ...]]:
    """The best member decides; a guard that fires on any other member turns a link into a review."""
    guards = tuple(dict.fromkeys(guard for c in comparisons for guard, _ in c.guards))
    decision = max(comparisons, key=lambda c: c.weight).decision
    return (REVIEW if decision == LINK and guards else decision), guards
