"""Every page of the desk by name, method and path; who may ask for it stands in the API's table of access."""

from __future__ import annotations

from typing import Final, NamedTuple

from mpi.review import behind, bulk, clusters, deciding, holding, overview, people, queue, readings
from mpi.review.asked import Page

PREFIX: Final = "/review"


class DeskPage(NamedTuple):
    """A page: its name is also the audit's word for being refused it."""

    name: str
    method: str
    path: str
    answer: Page


PAGES: Final = (
    DeskPage("show_queue", "GET", "/", queue.show_queue),
    DeskPage("show_task", "GET", "/tasks/{task_id}", queue.show_task),
    DeskPage("claim_from_desk", "POST", "/tasks/{task_id}/claim", deciding.claim_task),
    DeskPage("ask_takeover", "GET", "/tasks/{task_id}/takeover", holding.ask_takeover),
    DeskPage("take_over_from_desk", "POST", "/tasks/{task_id}/takeover", holding.take_over_task),
    DeskPage("show_notices", "GET", "/notices", holding.show_notices),
    DeskPage("put_away_notice", "POST", "/notices/{notice_id}/seen", holding.put_away_notice),
    DeskPage("show_assign", "GET", "/assign", holding.show_assign),
    DeskPage("preview_assign", "POST", "/assign/preview", holding.preview_assign),
    DeskPage("assign_from_desk", "POST", "/assign", holding.assign_tasks),
    DeskPage("show_bulk", "GET", "/bulk", bulk.show_bulk),
    DeskPage("stage_answer", "POST", "/bulk/{task_id}/stage", bulk.stage_answer),
    DeskPage("give_reason", "POST", "/bulk/reasons", bulk.give_reason),
    DeskPage("preview_bulk", "GET", "/bulk/preview", bulk.preview_bulk),
    DeskPage("commit_bulk", "POST", "/bulk/commit", bulk.commit_bulk),
    DeskPage("skip_from_desk", "POST", "/tasks/{task_id}/skip", deciding.skip_task),
    DeskPage("preview_answer", "GET", "/tasks/{task_id}/preview", deciding.preview_answer),
    DeskPage("settle_from_desk", "POST", "/tasks/{task_id}/settle", deciding.settle_task),
    DeskPage("undo_from_desk", "POST", "/tasks/{task_id}/undo", deciding.undo_answer),
    DeskPage("ask_escalation", "GET", "/tasks/{task_id}/escalate", deciding.ask_escalation),
    DeskPage("escalate_from_desk", "POST", "/tasks/{task_id}/escalate", deciding.escalate_task),
    DeskPage("note_from_desk", "POST", "/tasks/{task_id}/notes", deciding.add_note),
    DeskPage("show_readings", "GET", "/readings", readings.show_readings),
    DeskPage("ask_reading", "GET", "/readings/{task_id}/answer", readings.ask_reading),
    DeskPage("answer_reading", "POST", "/readings/{task_id}/answer", readings.answer_reading),
    DeskPage("settle_reading", "POST", "/readings/{task_id}/settle", readings.settle_reading),
    DeskPage("show_search", "GET", "/search", people.show_search),
    DeskPage("search_from_desk", "POST", "/search", people.search_people),
    DeskPage("show_identity", "GET", "/identities/{enterprise_id}", people.show_identity),
    DeskPage("show_merge", "GET", "/identities/{enterprise_id}/merge", people.show_merge),
    DeskPage("merge_from_desk", "POST", "/identities/{enterprise_id}/merge", people.merge),
    DeskPage("preview_split", "GET", "/identities/{enterprise_id}/split", clusters.preview_split),
    DeskPage("split_from_desk", "POST", "/identities/{enterprise_id}/split", clusters.split),
    DeskPage("preview_unmerge", "GET", "/merges/{merge_id}/undo", people.preview_unmerge),
    DeskPage("unmerge_from_desk", "POST", "/merges/{merge_id}/undo", people.unmerge),
    DeskPage("show_overview", "GET", "/overview", overview.show_overview),
    DeskPage("show_behind", "GET", "/behind/{figure}", behind.show_behind),
)
