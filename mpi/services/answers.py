"""What the index answers:

the shapes that every face translates, their field names those of the API's JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from typing_extensions import TypedDict

#: A flat record as JSON: the columns of ``FLAT_FIELDS`` and the lists, absent ones left out.
FlatRecord = dict[str, Any]


#: Of a message. Accepted: AA. Refused: what was sent, or is declared, has to change. Failed: it may go well
#: later.
Outcome = Literal["accepted", "refused", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who is asking: an API client, a person, or the command line."""

    name: str
    role: str
    request_id: str | None = None
    #: The source system it speaks for, and no other; None: not bound to one.
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRef:
    source: str
    local_id: str
    version: int


#: The best evidence of a link or a review: log2 weight, 0–1 probability, and the enterprise ID it points to.
MatchedWith = TypedDict("MatchedWith", {"weight": float, "probability": float, "with": str})


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a record that came in."""

    enterprise_id: str
    decision: Literal["new", "linked", "review", "quarantined"]
    record: RecordRef
    match: MatchedWith | None = None
    tasks: tuple[int, ...] = ()
    #: Blocking passes whose key was too common to look up.
    suppressed_keys: tuple[str, ...] = ()
    #: Values that were not used as evidence: ``{"field", "reason"}``.
    dropped: tuple[dict[str, str], ...] = ()
    #: False when an identical record had been stored before, or an existing one was updated.
    created: bool = True
    #: Sources and assigning authorities declared on first sight.
    declared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A record of a bulk call that was not taken: the error's code and message, and the field at fault."""

    code: str
    detail: str
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    enterprise_id: str
    weight: float
    probability: float
    decision: Literal["link", "review", "no_link"]
    grade: Literal["certain", "probable", "possible", "certainly-not"]
    fields: tuple[dict[str, Any], ...]
    guards: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    candidates: tuple[Candidate, ...]
    suppressed_keys: tuple[str, ...] = ()
    dropped: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    source: str
    local_id: str
    version: int
    status: Literal["active", "retired"]
    enterprise_id: str
    received_at: datetime
    demographics: FlatRecord
    versions: tuple[dict[str, Any], ...] = ()
    pending_update: FlatRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityAnswer:
    enterprise_id: str
    requested_id: str
    status: str
    surviving_id: str | None
    successors: tuple[str, ...]
    best_record: FlatRecord
    records: tuple[dict[str, Any], ...]
    crosswalk: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeAnswer:
    """``merge_id`` is None for a preview."""

    merge_id: int | None
    surviving: str
    subsumed: str
    records_moved: tuple[RecordRef, ...]
    systems_to_notify: tuple[str, ...]
    best_record: FlatRecord
    preview: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergeAnswer:
    merge_id: int
    surviving: str
    restored: str
    restored_status: str
    records_returned: tuple[RecordRef, ...]
    #: Records that a person moved since, left where they are.
    records_left: tuple[RecordRef, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkAnswer:
    source: str
    local_id: str
    enterprise_id: str
    previous_enterprise_id: str
    assertion_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionAnswer:
    id: int
    verdict: str
    a: str
    b: str
    reason: str
    actor: str
    asserted_at: datetime
    withdrawn_at: datetime | None = None
    merge_id: int | None = None
    enterprise_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAnswer:
    id: int
    kind: str
    state: str
    version: int
    priority: int
    created_at: datetime
    identities: tuple[str, ...]
    records: tuple[RecordRef, ...]
    weight: float | None
    probability: float | None
    guards: tuple[str, ...]
    claimed_by: str | None = None
    claim_expires_at: datetime | None = None
    resolution: dict[str, Any] | None = None
    #: A quarantined update: the record before and after.
    before: FlatRecord | None = None
    after: FlatRecord | None = None
    #: A merge that waits for a second person: ``{reason, proposed_by, proposed_at}``.
    proposal: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventAnswer:
    seq: int
    type: str
    at: datetime
    enterprise_ids: tuple[str, ...]
    record: RecordRef | None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a list; ``next`` is the cursor of the following page, None at the end (events:

    the last seq).
    """

    items: tuple[Any, ...]
    next: str | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantResult:
    invariant: str
    title: str
    violations: int
    sample: tuple[str, ...]
