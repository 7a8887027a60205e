"""What people state about who is who: *same* or *different*, over every later machine decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote, unquote

from mpi.errors import AlreadyUndone, BadInput, MpiError, NotFound
from mpi.identity import asserting
from mpi.identity.change import Change, Verdict
from mpi.identity.enterprise_id import display, parse_enterprise_id
from mpi.identity.neighbourhood import Neighbourhood
from mpi.services.answers import Actor, AssertionAnswer, Page
from mpi.services.approvals import refuse_alone
from mpi.services.context import Context
from mpi.services.settling import until_settled
from mpi.services.stewardship import hold_neighbourhood, needed_reason
from mpi.storage import identities as stored
from mpi.storage.changes import apply_change
from mpi.storage.database import Connection
from mpi.storage.queries import query


class AssertionRow(NamedTuple):
    """A statement as stored, with the two columns of its pairs."""

    assertion_id: int
    verdict: str
    reason: str
    actor: str
    asserted_at: datetime
    withdrawn_at: datetime | None
    merge_id: int | None
    lefts: list[int]
    rights: list[int]

    def record_ids(self) -> list[int]:
        """Every record it is about."""
        return sorted({*self.lefts, *self.rights})


class _Side(NamedTuple):
    enterprise_id: str
    #: None: all records of the identity.
    record_id: int | None

    def records(self, state: Neighbourhood) -> list[int]:
        return [self.record_id] if self.record_id is not None else list(state.members(self.enterprise_id))


def _side(conn: Connection, reference: str, field: str) -> _Side:
    try:
        if "/" in reference:
            source, _, local_id = reference.partition("/")
            row = stored.stored_record(conn, unquote(source), unquote(local_id))
            return _Side(row.enterprise_id, row.record_id)
        return _Side(stored.surviving_row(conn, parse_enterprise_id(reference)).enterprise_id, None)
    except MpiError as error:
        error.field = field
        raise


def assert_people(
    context: Context, a: str, b: str, verdict: str, reason: str, *, actor: Actor, override: bool = False
) -> AssertionAnswer:
    """State that two records or identities (``source/local_id`` or an enterprise ID) are one person, or are
    not.

    *Same* joins at once, *different* parts or holds apart. Raises Conflict against an older statement,
    ApprovalNeeded where merges need a second person.
    """
    reason = needed_reason(reason)
    if verdict not in tuple(Verdict):
        raise BadInput("verdict must be same or different", field="verdict")
    decide: Callable[..., Change] = (
        asserting.assert_same if verdict == Verdict.SAME else asserting.assert_different
    )

    def attempt(conn: Connection) -> AssertionAnswer:
        left, right = _side(conn, a, "a"), _side(conn, b, "b")
        state = hold_neighbourhood(conn, [left.enterprise_id, right.enterprise_id])
        change = decide(
            state,
            left.records(state),
            right.records(state),
            mint=context.mint,
            reason=reason,
            override=override,
        )
        if change.merges:
            refuse_alone(context, actor)
        apply_change(conn, change, context.signed(actor, f"assert {verdict}", reason=reason))
        made = next(assertion for assertion in change.assertions if assertion.verdict == verdict)
        row = _assertion_row(conn, made.assertion_id)
        return replace(_with_refs(conn, [row])[0], a=a, b=b)

    return until_settled(context, attempt)


def withdraw_assertion(context: Context, assertion_id: int, reason: str, *, actor: Actor) -> AssertionAnswer:
    """It no longer holds; links stay as they are. Raises NotFound, AlreadyUndone."""
    reason = needed_reason(reason)

    def attempt(conn: Connection) -> AssertionAnswer:
        row = _assertion_row(conn, assertion_id)
        if row.withdrawn_at is not None:
            raise AlreadyUndone(f"assertion {assertion_id} was withdrawn before")
        state = hold_neighbourhood(conn, set(_homes(conn, row.record_ids()).values()))
        change = asserting.withdraw(state, assertion_id)
        apply_change(conn, change, context.signed(actor, "withdraw assertion", reason=reason))
        return _with_refs(conn, [_assertion_row(conn, assertion_id)])[0]

    return until_settled(context, attempt)


def assertion(context: Context, assertion_id: int, *, actor: Actor) -> AssertionAnswer:
    """One statement. Raises NotFound."""
    with context.transaction() as conn:
        [answer] = _with_refs(conn, [_assertion_row(conn, assertion_id)])
        context.audit_read(
            conn, actor, "read assertion", [id.replace("-", "") for id in answer.enterprise_ids]
        )
    return answer


def assertions(context: Context, *, actor: Actor, limit: int = 50, cursor: int | None = None) -> Page:
    """What people stated, newest first; ``next`` is the cursor of the following page."""
    before = cursor if cursor is not None else 1 << 62
    parameters = {"before": before, "limit": limit}
    with context.transaction() as conn:
        rows = [AssertionRow(*row) for row in conn.execute(query("assertion_rows"), parameters).fetchall()]
        items = _with_refs(conn, rows)
        context.audit_read(conn, actor, "list assertions", [])
    return Page(items=tuple(items), next=items[-1].id if len(items) == limit else None)


def _assertion_row(conn: Connection, assertion_id: int) -> AssertionRow:
    row = conn.execute(query("assertion_row"), {"assertion_id": assertion_id}).fetchone()
    if row is None:
        raise NotFound(f"no assertion {assertion_id}", field="assertion_id")
    return AssertionRow(*row)


def _homes(conn: Connection, record_ids: Iterable[int]) -> dict[int, str]:
    rows = conn.execute(query("identities_of_records"), {"record_ids": list(record_ids)}).fetchall()
    return dict(rows)


def _with_refs(conn: Connection, rows: Sequence[AssertionRow]) -> list[AssertionAnswer]:
    """Statements as answered; each side is named by its first record."""
    record_ids = sorted({record for row in rows for record in row.record_ids()})
    refs, homes = stored.record_refs(conn, record_ids), _homes(conn, record_ids)

    def called(record_id: int) -> str:
        ref = refs[record_id]
        return f"{quote(ref.source, safe='')}/{quote(ref.local_id, safe='')}"

    return [
        AssertionAnswer(
            id=row.assertion_id,
            verdict=row.verdict,
            a=called(row.lefts[0]),
            b=called(row.rights[0]),
            reason=row.reason,
            actor=row.actor,
            asserted_at=row.asserted_at,
            withdrawn_at=row.withdrawn_at,
            merge_id=row.merge_id,
            enterprise_ids=tuple(dict.fromkeys(display(homes[record]) for record in row.record_ids())),
        )
        for row in rows
    ]
