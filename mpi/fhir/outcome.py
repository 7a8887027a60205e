"""OperationOutcome: what was wrong, by place and kind, never with a patient's data in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from mpi import errors

Resource = dict[str, Any]
Severity = Literal["fatal", "error", "warning", "information"]

TEXT_LENGTH_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One ``OperationOutcome.issue``: ``code`` is of the value set issue-type, ``expression`` a FHIRPath."""

    severity: Severity
    code: str
    text: str
    expression: str | None = None
    diagnostics: str | None = None


class Refused(Exception):
    """A request that FHIR answers with this status and these issues."""

    def __init__(
        self, status: int, issues: tuple[Issue, ...], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__("; ".join(issue.text for issue in issues))
        self.status = status
        self.issues = issues
        self.headers = dict(headers or {})

    @property
    def code(self) -> str:
        """The word for it in the log."""
        return self.issues[0].code


def refused(
    status: int,
    code: str,
    text: str,
    *,
    expression: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Refused:
    """The refusal with one error."""
    return Refused(status, (Issue(severity="error", code=code, text=text, expression=expression),), headers)


def warning(code: str, text: str, expression: str | None = None) -> Issue:
    """Something that was passed over."""
    return Issue(severity="warning", code=code, text=text, expression=expression)


def information(code: str, text: str, expression: str | None = None) -> Issue:
    """Something worth knowing."""
    return Issue(severity="information", code=code, text=text, expression=expression)


def outcome(issues: Iterable[Issue]) -> Resource:
    """The resource."""
    return {"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in issues]}


def all_ok(text: str = "All OK") -> Resource:
    """The outcome of what went well."""
    return outcome([information("informational", text)])


def _issue(issue: Issue) -> dict[str, Any]:
    written: dict[str, Any] = {
        "severity": issue.severity,
        "code": issue.code,
        "details": {"text": _printable(issue.text)},
    }
    if issue.diagnostics:
        written["diagnostics"] = _printable(issue.diagnostics)
    if issue.expression:
        written["expression"] = [_printable(issue.expression)]
    return written


def _printable(text: str) -> str:
    kept = text if len(text) <= TEXT_LENGTH_MAX else text[: TEXT_LENGTH_MAX - 1] + "…"
    return kept if kept.isprintable() else "".join(c if c.isprintable() else "�" for c in kept)


#: The nearest class of an error of the index decides the code.
_CODES: Final[dict[type[errors.MpiError], str]] = {
    errors.MpiError: "exception",
    errors.BadInput: "invalid",
    errors.UnknownSource: "code-invalid",
    errors.UnknownAuthority: "code-invalid",
    errors.ForeignIdentifier: "forbidden",
    errors.NotFound: "not-found",
    errors.Erased: "deleted",
    errors.Conflict: "conflict",
    errors.IdempotencyMismatch: "conflict",
    errors.RequestInFlight: "transient",
    errors.AssertedDifferent: "business-rule",
    errors.SameIdentity: "business-rule",
    errors.Replaced: "business-rule",
    errors.Denied: "forbidden",
    errors.Unauthenticated: "login",
    errors.Unavailable: "transient",
}


def issues_of_notes(notes: Iterable[Any], severity: Severity | None = None) -> tuple[Issue, ...]:
    """What the reading of a Patient noted (``mpi.index.Note``); with ``severity`` none is more severe."""
    return tuple(
        Issue(severity=severity or note.severity, code=note.code, text=note.text, expression=note.expression)
        for note in notes
    )


def issue_of_error(error: errors.MpiError) -> Issue:
    """What an error of the index is in FHIR; it names the field, never the value."""
    code = next(_CODES[kind] for kind in type(error).__mro__ if kind in _CODES)
    return Issue(severity="error", code=code, text=str(error), expression=error.field)


#: Issue types of statuses that HTTP itself answers with.
_STATUS_CODES: Final = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    408: "timeout",
    410: "deleted",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "invalid",
    503: "transient",
    504: "timeout",
}


def issue_of_status(status: int, text: str, expression: str | None = None) -> Issue:
    """The issue of a status when nothing more is known than what happened."""
    severity: Severity = "error" if status < 500 or status in _STATUS_CODES else "fatal"
    code = _STATUS_CODES.get(status, "exception")
    return Issue(severity=severity, code=code, text=text, expression=expression)
