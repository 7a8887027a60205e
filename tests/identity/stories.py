"""A world of single records A=1, B=2, C=3 … to tell stories about identities in."""

from __future__ import annotations

from identity.world import World
from mpi.identity import assignment, merging
from mpi.identity.change import Change, DecidedBy, TaskKind


class Story(World):
    """``ids[n]`` is the enterprise ID that record n was registered with; every step is checked."""

    def __init__(self, records: int) -> None:
        super().__init__()
        self.ids: dict[int, str] = {}
        for _ in range(records):
            self.register()

    def register(self, **decisions: str) -> int:
        """A new record; ``decisions`` by record, such as ``r1="review"``."""
        self.records += 1
        record = self.records
        candidates = [
            self.candidate(self.homes()[int(name[1:])], word, record, False)
            for name, word in decisions.items()
        ]
        made = assignment.assign(
            record, candidates, new_enterprise_id=self.mint.enterprise_id, number=self.mint.number
        )
        self.commit(made.change, by="machine")
        self.ids[record] = made.enterprise_id
        return record

    def doubt(self, record: int) -> int:
        """The link of ``record`` is no longer supported; the task."""
        change = assignment.reassess(
            record, self.homes()[record], [], supported=False, number=self.mint.number
        )
        self.commit(change, by="machine")
        assert change.tasks[0].kind is TaskKind.LINK_IN_DOUBT
        return change.tasks[0].task_id

    def merge(self, surviving: int, subsumed: int, **options: object) -> int:
        """Merge the identities issued for two records; the merge."""
        ids = [self.ids[surviving], self.ids[subsumed]]
        change = self.decide(
            lambda s, mint: merging.merge(s, *ids, mint=mint, reason="one", **options),  # type: ignore[arg-type]
            enterprise_ids=ids,
        )
        self.commit(change, by=str(options.get("decided_by", DecidedBy.PERSON).value))  # type: ignore[attr-defined]
        return change.merges[0].merge_id

    def unmerge(self, merge_id: int) -> Change:
        return self.step(
            lambda s, mint: merging.unmerge(s, merge_id, mint=mint, reason="two"), merge_ids=[merge_id]
        )

    def unlink(self, record: int) -> str:
        home = self.homes()[record]
        self.step(
            lambda s, mint: merging.unlink(s, record, mint=mint, reason="not hers"), enterprise_ids=[home]
        )
        return self.homes()[record]

    def retire(self, record: int) -> None:
        self.step(lambda s, mint: merging.retire(s, record), enterprise_ids=[self.homes()[record]])

    def step(self, decision, **scope) -> Change:
        change = self.decide(decision, **scope)
        self.commit(change, by="person")
        return change

    def groups(self) -> list[list[int]]:
        """Who is with whom, by record."""
        together: dict[str, list[int]] = {}
        for record, home in sorted(self.homes().items()):
            together.setdefault(home, []).append(record)
        return sorted(together.values())

    def status(self, record: int) -> str:
        """Of the identity issued for a record."""
        return self.state.identities[self.ids[record]].status.value

    def survivor(self, record: int) -> str | None:
        return self.state.identities[self.ids[record]].surviving_id
