"""Every error raised on purpose.

MpiError
├── BadInput                     the caller can fix it (HTTP 4xx, exit code 2)
│   ├── InvalidRecord            a source record that breaks the contract: names the field, never the value
│   ├── InvalidRuleSet           a rule set that holds nonsense: names the file, the key and the reason
│   ├── InvalidEnterpriseId      its check character is wrong: it was mistyped
│   ├── UnknownSource            nobody declared this source system
│   ├── UnknownAuthority         nobody declared this assigning authority
│   ├── InvalidPatient           a FHIR Patient refused by a strict reading: carries the notes
│   ├── ForeignIdentifier        a source assigns identifiers in a domain that belongs to another
│   ├── TooBroad                 a search that more satisfy than one answer looks at: narrow it
│   ├── UnreadableFile           a file that cannot be read as what it says it is
│   └── CannotTrain              the records cannot support the model: the message says why
├── NotFound                     no such record, identity, task, merge, assertion
│   └── Erased                   there was one, and it was erased (HTTP 410)
├── Conflict                     the world moved on, or a person said otherwise (HTTP 409)
│   ├── StaleVersion             the caller decided on an older version than the stored one
│   ├── AlreadyUndone            that merge, resolution or assertion was undone before
│   ├── AssertedDifferent        a person stated that these are different people
│   ├── ClaimedByAnother         another reviewer holds the task
│   ├── ApprovalNeeded           this merge needs a second person
│   ├── SelfApproval             nobody approves what they proposed themselves
│   ├── SameIdentity             the two are one identity already
│   ├── Replaced                 the record gave way to another of its source: names its survivor
│   ├── IdempotencyMismatch      the key was used with another body (HTTP 422)
│   └── RequestInFlight          the same idempotency key is being processed: ask again
├── Denied                       who is asking may not (HTTP 401, 403)
│   ├── Unauthenticated
│   └── Forbidden
├── WorkerLost                   a process that shared the work ended before it (exit code 1)
└── Unavailable                  nobody's fault: try again later (HTTP 503, Retry-After)
    ├── DatabaseUnavailable
    └── EmbeddedDatabaseFailed   our own PostgreSQL would not start: the message says why

The message of an error names what is wrong and where, by key, field or line; never a patient's data.
"""

from __future__ import annotations


class MpiError(Exception):
    """Something the index refused or could not do."""

    #: The stable word a program can switch on; the tail of the problem document's ``type``.
    code = "error"

    def __init__(self, message: str | None = None, *, field: str | None = None) -> None:
        super().__init__(message or self.__doc__)
        #: The input field, key or parameter at fault, when there is one.
        self.field = field


class BadInput(MpiError):
    """The input cannot be accepted as it is."""

    code = "bad-input"


class InvalidRecord(BadInput):
    """The source record breaks the contract."""

    code = "invalid-record"


class InvalidRuleSet(BadInput):
    """The rule set holds nonsense."""

    code = "invalid-rule-set"


class InvalidEnterpriseId(BadInput):
    """The enterprise ID is mistyped: its check character does not fit."""

    code = "invalid-enterprise-id"


class UnknownSource(BadInput):
    """This source system has not been declared."""

    code = "unknown-source"


class UnknownAuthority(BadInput):
    """This assigning authority has not been declared."""

    code = "unknown-authority"


class InvalidPatient(BadInput):
    """The Patient is not valid."""

    code = "invalid-patient"

    def __init__(
        self, message: str | None = None, *, field: str | None = None, notes: tuple[object, ...] = ()
    ) -> None:
        super().__init__(message, field=field)
        #: ``mpi.patient.Note``: what was wrong, element by element.
        self.notes = notes


class ForeignIdentifier(BadInput):
    """A source may not assign identifiers in a domain that belongs to another source."""

    code = "foreign-identifier"


class TooBroad(BadInput):
    """More people satisfy this search than one answer looks at: narrow it."""

    code = "too-broad"


class UnreadableFile(BadInput):
    """The file cannot be read."""

    code = "unreadable-file"


class CannotTrain(BadInput):
    """These records cannot support a model."""

    code = "cannot-train"


class NotFound(MpiError):
    """There is no such thing."""

    code = "not-found"


class Erased(NotFound):
    """It was erased."""

    code = "erased"


class Conflict(MpiError):
    """The stored state does not allow it."""

    code = "conflict"


class StaleVersion(Conflict):
    """It changed since you read it: read it again and decide anew."""

    code = "stale-version"


class AlreadyUndone(Conflict):
    """It was undone before."""

    code = "already-undone"


class AssertedDifferent(Conflict):
    """A person stated that these are different people."""

    code = "asserted-different"


class ClaimedByAnother(Conflict):
    """Another reviewer holds this task."""

    code = "claimed-by-another"


class ApprovalNeeded(Conflict):
    """Merges need a second person here: propose it at the review desk, or answer its task."""

    code = "approval-needed"


class SelfApproval(Conflict):
    """You proposed this merge: somebody else has to approve it."""

    code = "self-approval"


class SameIdentity(Conflict):
    """These are one identity already."""

    code = "same-identity"


class Replaced(Conflict):
    """The record was replaced by another one of its source."""

    code = "replaced"

    def __init__(
        self, message: str | None = None, *, field: str | None = None, survivor: str | None = None
    ) -> None:
        super().__init__(message, field=field)
        #: The local ID of the record that it gave way to.
        self.survivor = survivor


class IdempotencyMismatch(Conflict):
    """This idempotency key was used with another body."""

    code = "idempotency-mismatch"


class RequestInFlight(Conflict):
    """A request with this idempotency key is being processed: ask again in a moment."""

    code = "request-in-flight"


class Denied(MpiError):
    """This is not allowed."""

    code = "denied"


class Unauthenticated(Denied):
    """Credentials are missing or not valid."""

    code = "unauthenticated"


class Forbidden(Denied):
    """The role of these credentials does not allow this."""

    code = "forbidden"


class WorkerLost(MpiError):
    """A worker process ended before its work: it was stopped, or memory ran out. Try fewer processes."""

    code = "worker-lost"


class Unavailable(MpiError):
    """The service cannot answer at the moment: try again later."""

    code = "unavailable"


class DatabaseUnavailable(Unavailable):
    """The database is lost or overloaded: try again later."""

    code = "database-unavailable"


class EmbeddedDatabaseFailed(Unavailable):
    """The embedded PostgreSQL would not start."""

    code = "embedded-database-failed"
