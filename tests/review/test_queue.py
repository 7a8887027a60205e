"""The queue's list: saved views with true counts, both orders, and deep pages as cheap as the first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api_client import settings_of
from desk_calls import ADMIN, doubtful_pairs, twins
from mpi.errors import BadInput, NotFound
from mpi.index import Actor, Index

ADA = Actor(name="ada", role="reviewer")
BEN = Actor(name="ben", role="reviewer")


@pytest.fixture
def index(database_url: str, tmp_path: Path) -> Iterator[Index]:
    with Index.open(settings_of(database_url, tmp_path)) as index:
        yield index


def _paged(index: Index, view: str, order: str, limit: int) -> list[int]:
    found, cursor = [], None
    while True:
        page = index.desk.queue(view, order, actor=ADA, cursor=cursor, limit=limit)
        found += [row.task_id for row in page.rows]
        cursor = page.next
        if cursor is None:
            return found


def test_every_view_holds_what_it_counts(index: Index) -> None:
    doubtful_pairs(index, 12)
    twins(index)
    waiting = [task.id for task in index.tasks(actor=ADMIN, limit=100).items]
    index.claim(waiting[0], actor=ADA)
    index.claim(waiting[1], actor=BEN)
    index.desk.escalate(waiting[2], "same phone", actor=ADA)
    counts = index.desk.counts(actor=ADA)
    assert counts["all"] == len(waiting)
    assert (counts["mine"], counts["escalated"]) == (1, 1)
    for view, count in counts.items():
        for order in ("harm", "age"):
            found = _paged(index, view, order, 3)
            assert len(found) == len(set(found)) == count, (view, order)
    assert _paged(index, "all", "harm", 5) == waiting
    assert _paged(index, "mine", "harm", 5) == [waiting[0]]


def test_the_next_question_is_one_that_nobody_else_holds(index: Index) -> None:
    doubtful_pairs(index, 6)
    waiting = [task.id for task in index.tasks(actor=ADMIN, limit=100).items]
    index.claim(waiting[1], actor=BEN)
    assert index.desk.following("all", "harm", waiting[0], actor=ADA) == waiting[2]
    assert index.desk.following("all", "harm", waiting[0], actor=BEN) == waiting[1]
    assert index.desk.following("all", "harm", waiting[-1], actor=ADA) is None
    first = index.tasks(actor=ADMIN, limit=1).items[0]
    index.release(waiting[1], actor=BEN)
    index.resolve(first.id, "cannot_tell", "unclear", first.version, actor=ADA)
    assert index.desk.following("all", "harm", first.id, actor=ADA) == waiting[1], "from an answered one too"
    cursor = index.desk.cursor_before("harm", waiting[3])
    page = index.desk.queue("all", "harm", actor=ADA, cursor=cursor)
    assert page.rows[0].task_id == waiting[3]


def test_escalating_gives_the_task_back_and_needs_a_word(index: Index) -> None:
    doubtful_pairs(index, 1)
    [task] = index.tasks(actor=ADMIN).items
    index.claim(task.id, actor=ADA)
    with pytest.raises(BadInput):
        index.desk.escalate(task.id, "  ", actor=ADA)
    index.desk.escalate(task.id, "ask the lab", actor=ADA)
    case = index.desk.case(task.id, actor=BEN)
    assert (case.task.state, case.escalated_by) == ("open", "ada")
    assert [note["note"] for note in case.notes] == ["Escalated: ask the lab"]
    with pytest.raises(NotFound):
        index.desk.add_note(1, "nothing there", actor=ADA)


def test_a_preview_says_what_the_answer_then_does_and_writes_nothing(index: Index, database_url: str) -> None:
    doubtful_pairs(index, 1)
    [task] = index.tasks(actor=ADMIN).items
    before = index.history(task.identities[0], actor=ADMIN)
    preview = index.desk.preview(task.id, "same_person", actor=ADA)
    assert index.history(task.identities[0], actor=ADMIN) == before
    assert index.task(task.id, actor=ADMIN).version == preview.version
    index.resolve(task.id, "same_person", "one passport", preview.version, actor=ADA)
    merged = index.identity(str(preview.subsumed), actor=ADMIN)
    assert merged.enterprise_id == preview.surviving
    assert merged.best_record == preview.best_record
    with psycopg.connect(database_url) as conn:
        [merge_id] = conn.execute("SELECT merge_id FROM merge").fetchone() or [0]
    undo = index.desk.preview_unmerge(merge_id, actor=ADA)
    done = index.unmerge(merge_id, "two people", actor=ADA)
    assert undo.restored == done.restored
    assert (undo.returned, undo.left) == (done.records_returned, done.records_left)


def test_fifty_thousand_questions_are_paged_without_slowing_down(index: Index, database_url: str) -> None:
    doubtful_pairs(index, 1)
    with psycopg.connect(database_url) as conn:
        conn.execute(
            "INSERT INTO task (task_id, kind, priority, identity_a, identity_b, record_ids, created_at)"
            " SELECT 10000000 + n, CASE WHEN n % 7 = 0 THEN 'potential_duplicate'"
            " ELSE 'potential_overlap' END,"
            " n % 91, 'A' || n, 'B' || n, t.record_ids, now() - make_interval(mins => n)"
            " FROM generate_series(1, 50000) AS n, (SELECT record_ids FROM task LIMIT 1) AS t"
        )
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("ANALYZE task")
    assert index.desk.counts(actor=ADA)["all"] == 50_001
    for order, deep in (("harm", "3.10040000"), ("age", index.desk.cursor_before("age", 10_000_100))):
        top, bottom = (_fastest_ms(index, order, cursor) for cursor in (None, deep))
        assert bottom < 2 * top + 20, (order, top, bottom)


def _fastest_ms(index: Index, order: str, cursor: str | None) -> float:
    """The fastest of a few pages: what it costs when nobody else needs the machine."""
    times = []
    for _ in range(7):
        began = time.perf_counter()
        page = index.desk.queue("all", order, actor=ADA, cursor=cursor)
        times.append(1000 * (time.perf_counter() - began))
        assert len(page.rows) == 25
    return min(times)
