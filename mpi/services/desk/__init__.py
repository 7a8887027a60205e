"""What the review desk asks of the index beyond what other faces do: queue, cases, sessions and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mpi.services.answers import Actor, TaskAnswer
from mpi.services.context import Context
from mpi.services.desk import (
    behind,
    cases,
    clusters,
    figures,
    holding,
    joining,
    notes,
    previews,
    queue,
    readings,
    reckoning,
    sessions,
    staging,
    timeline,
)
from mpi.services.desk.behind import Behind
from mpi.services.desk.cases import Case, PairView, Side
from mpi.services.desk.clusters import Cluster, SplitPreview
from mpi.services.desk.figures import Overview
from mpi.services.desk.holding import Deal, Notice
from mpi.services.desk.joining import Joining
from mpi.services.desk.previews import ResolutionPreview, UnmergePreview
from mpi.services.desk.queue import HARM_HIGH, ORDERS, VIEWS, Queue, QueueRow
from mpi.services.desk.readings import Agreement, Reading
from mpi.services.desk.staging import Committed, Staged, StagedPreview
from mpi.services.desk.timeline import Timeline

__all__ = [
    "HARM_HIGH",
    "ORDERS",
    "VIEWS",
    "Agreement",
    "Behind",
    "Case",
    "Cluster",
    "Committed",
    "Deal",
    "Desk",
    "Joining",
    "Notice",
    "Overview",
    "PairView",
    "Queue",
    "QueueRow",
    "Reading",
    "ResolutionPreview",
    "Side",
    "SplitPreview",
    "Staged",
    "StagedPreview",
    "Timeline",
    "UnmergePreview",
]


@dataclass(frozen=True, slots=True)
class Desk:
    """The use cases of the review desk, each in one transaction, with the errors of ``mpi.errors``."""

    context: Context

    def queue(
        self,
        view: str,
        order: str,
        *,
        actor: Actor,
        cursor: str | None = None,
        limit: int = 25,
        is_counted: bool = True,
    ) -> Queue:
        """A page of the open questions of a view, with how many every view holds."""
        return queue.page(
            self.context, view, order, actor=actor, cursor=cursor, limit=limit, is_counted=is_counted
        )

    def counts(self, *, actor: Actor) -> dict[str, int]:
        """How many questions each view holds at this moment."""
        return queue.counts(self.context, actor=actor)

    def take_over(self, task_id: int, holder: str, *, actor: Actor) -> TaskAnswer:
        """Hold a question that ``holder`` was seen to hold; they are told. Raises Conflict, NotFound."""
        return holding.take_over(self.context, task_id, holder, actor=actor)

    def notices(self, *, actor: Actor) -> list[Notice]:
        """What this reviewer has been told and not put away, newest first."""
        return holding.notices(self.context, actor=actor)

    def put_away(self, notice_id: int, *, actor: Actor) -> None:
        """A notice was read; harmless when said twice."""
        holding.put_away(self.context, notice_id, actor=actor)

    def reviewers(self) -> dict[str, int]:
        """Who may be dealt questions, with how many open ones are assigned to each."""
        return holding.reviewers(self.context)

    def preview_deal(
        self, view: str, names: Sequence[str], each_max: int, *, again: bool, actor: Actor
    ) -> Deal:
        """What dealing the open questions of a view would give to whom. Raises BadInput."""
        return holding.preview_deal(self.context, view, names, each_max, again=again, actor=actor)

    def assign(
        self, view: str, names: Sequence[str], each_max: int, *, again: bool, actor: Actor
    ) -> dict[str, int]:
        """Deal the open questions of a view to reviewers, evenly; how many each got. Raises BadInput."""
        return holding.assign(self.context, view, names, each_max, again=again, actor=actor)

    def stage(
        self, task_id: int, version: int, resolution: str, reason: str, note: str, *, actor: Actor
    ) -> None:
        """Mark an answer, to be committed with others. Raises NotFound, BadInput."""
        staging.stage(self.context, task_id, version, resolution, reason, note, actor=actor)

    def unstage(self, task_id: int, *, actor: Actor) -> None:
        """Take a mark away; harmless when there was none."""
        staging.unstage(self.context, task_id, actor=actor)

    def staged(self, *, actor: Actor) -> list[Staged]:
        """What this reviewer has marked: what the next commit takes."""
        return staging.staged(self.context, actor=actor)

    def staged_count(self, *, actor: Actor) -> int:
        """How many answers this reviewer has marked."""
        return staging.staged_count(self.context, actor=actor)

    def preview_staged(self, *, actor: Actor) -> list[StagedPreview]:
        """What each marked answer would do by itself, on things as they stand."""
        return staging.preview_staged(self.context, actor=actor)

    def commit_staged(self, seen: Mapping[int, str], *, actor: Actor) -> list[Committed]:
        """Answer what was marked and seen (task ID → resolution); what fails keeps its mark, with why."""
        return staging.commit_staged(self.context, seen, actor=actor)

    def following(self, view: str, order: str, task_id: int, *, actor: Actor) -> int | None:
        """The next question after this one that nobody else holds; None at the end of the view."""
        return queue.following(self.context, view, order, task_id, actor=actor)

    def cursor_before(self, order: str, task_id: int) -> str:
        """The cursor of a page that begins with this task. Raises NotFound."""
        return queue.cursor_before(self.context, order, task_id)

    def case(self, task_id: int, *, actor: Actor) -> Case:
        """One question with everything that helps to answer it. Raises NotFound."""
        return cases.case(self.context, task_id, actor=actor)

    def preview(self, task_id: int, resolution: str, *, actor: Actor) -> ResolutionPreview:
        """What an answer would do; nothing is written but audit. Raises Conflict, BadInput, NotFound."""
        return previews.preview(self.context, task_id, resolution, actor=actor)

    def preview_unmerge(self, merge_id: int, *, actor: Actor) -> UnmergePreview:
        """What undoing a merge would do. Raises AlreadyUndone, NotFound."""
        return previews.preview_unmerge(self.context, merge_id, actor=actor)

    def cluster(self, enterprise_id: str, *, actor: Actor) -> Cluster | None:
        """What holds an identity of three records and more together, and where it would come apart."""
        return clusters.cluster_of(self.context, enterprise_id, actor=actor)

    def preview_split(self, enterprise_id: str, record_ids: Sequence[int], *, actor: Actor) -> SplitPreview:
        """What parting records from their identity would do. Raises NotFound, Conflict, BadInput."""
        return clusters.preview_split(self.context, enterprise_id, record_ids, actor=actor)

    def split(self, enterprise_id: str, record_ids: Sequence[int], reason: str, *, actor: Actor) -> str:
        """Give records an identity of their own; its enterprise ID. Raises NotFound, Conflict, BadInput."""
        return clusters.split(self.context, enterprise_id, record_ids, reason, actor=actor)

    def preview_joining(self, first: str, second: str, *, actor: Actor) -> Joining:
        """Two identities beside each other, and what merging them would do. Raises NotFound, Conflict."""
        return joining.preview_joining(self.context, first, second, actor=actor)

    def join(self, surviving: str, subsumed: str, reason: str, *, actor: Actor) -> str | None:
        """Merge two identities; the survivor, or None where a second person is to approve it."""
        return joining.join(self.context, surviving, subsumed, reason, actor=actor)

    def unread(self, *, actor: Actor) -> tuple[int | None, int]:
        """The next answer that this person may read a second time, and how many there are."""
        return readings.waiting(self.context, actor=actor)

    def blind_case(self, task_id: int, *, actor: Actor) -> Case:
        """The pair of an answered question without its answer. Raises NotFound, Conflict."""
        return readings.blind_case(self.context, task_id, actor=actor)

    def read_again(self, task_id: int, resolution: str, reason: str, *, actor: Actor) -> bool:
        """Keep a second answer; whether it is the first one's. Raises NotFound, BadInput, Conflict."""
        return readings.read(self.context, task_id, resolution, reason, actor=actor)

    def disputed(self, *, actor: Actor) -> list[Reading]:
        """Second answers that differ from the first and wait for a lead."""
        return readings.disputed(self.context, actor=actor)

    def settle_reading(self, task_id: int, outcome: str, *, actor: Actor) -> None:
        """Let the first answer stand, or ask its question again. Raises NotFound, BadInput, Conflict."""
        readings.settle(self.context, task_id, outcome, actor=actor)

    def agreement(self, *, actor: Actor) -> Agreement:
        """How far reviewers agree: Cohen's kappa with its interval."""
        return readings.agreement(self.context, actor=actor)

    def escalate(self, task_id: int, note: str, *, actor: Actor) -> None:
        """Pass a question on to a lead. Raises ClaimedByAnother, Conflict, NotFound, BadInput."""
        notes.escalate(self.context, task_id, note, actor=actor)

    def add_note(self, task_id: int, note: str, *, actor: Actor) -> None:
        """Write something down beside a question. Raises NotFound, BadInput."""
        notes.add_note(self.context, task_id, note, actor=actor)

    def last_answered(self, *, actor: Actor) -> dict[str, Any] | None:
        """What this reviewer answered last: ``{task_id, resolution, resolved_at}``."""
        return figures.last_answered(self.context, actor=actor)

    def merges(self, enterprise_id: str, *, actor: Actor) -> dict[str, Any]:
        """The merges of an identity, newest first, and the questions that wait about it."""
        return figures.merges(self.context, enterprise_id, actor=actor)

    def timeline(self, enterprise_id: str, *, actor: Actor) -> Timeline:
        """Everything that happened to a person, with who, why and by which rules. Raises NotFound."""
        return timeline.timeline(self.context, enterprise_id, actor=actor)

    def overview(self, *, actor: Actor) -> Overview:
        """What waits and what was answered, counted now, and what is reckoned now and then."""
        return figures.overview(self.context, actor=actor)

    def records_behind(self, figure: str, asked: Mapping[str, str], after: str, *, actor: Actor) -> Behind:
        """A page of the records that a figure counts. Raises BadInput."""
        return behind.records_behind(self.context, figure, asked, after, actor=actor)

    def tasks_behind(self, figure: str, asked: Mapping[str, str], after: str, *, actor: Actor) -> Behind:
        """A page of the tasks that a figure counts. Raises BadInput."""
        return behind.tasks_behind(self.context, figure, asked, after, actor=actor)

    def refresh(self) -> list[str]:
        """Reckon what is due of what takes long; asked once a minute by the server."""
        return reckoning.refresh(self.context)

    def login_link(self, name: str | None, *, actor: Actor) -> str:
        """The token of a link that opens the desk once, for a client. Raises NotFound."""
        return sessions.login_link(self.context, name, actor=actor)

    def open_link(self, token: str) -> str:
        """The secret of the session that a link opens. Raises Unauthenticated when it was used or is old."""
        return sessions.open_link(self.context, token)

    def open_with_key(self, key: str) -> str:
        """The secret of a session for whose key this is. Raises Unauthenticated."""
        return sessions.open_with_key(self.context, key)

    def session(self, secret: str) -> Actor:
        """Who sits there. Raises Unauthenticated when the session ended."""
        return sessions.session(self.context, secret)

    def close_session(self, secret: str) -> None:
        """Log out; harmless when said twice."""
        sessions.close_session(self.context, secret)
