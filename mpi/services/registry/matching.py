"""Whom a record resembles, as FHIR answers it: identities whole, without the parts of the weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mpi.identity.assignment import CandidateIdentity
from mpi.matching.decision import DECISIONS, grade
from mpi.matching.record import SourceRecord
from mpi.patient import IdentityView
from mpi.services.answers import Actor
from mpi.services.arrivals import Compared, arrive
from mpi.services.assigning import Assigning
from mpi.services.context import Context
from mpi.services.registry.views import shown_identities
from mpi.storage.candidates import look
from mpi.storage.changes import audit_json
from mpi.storage.database import connection

#: What a record can be asked by, for the audit.
_ASKED = ("names", "birth_date", "sex", "ssn", "mrn", "identifiers", "addresses", "phones", "emails")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resembling:
    """One identity that a record resembles."""

    view: IdentityView
    weight: float
    probability: float
    grade: Literal["certain", "probable", "possible", "certainly-not"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resemblances:
    """Everybody at or above review, best first."""

    people: tuple[Resembling, ...]
    #: Blocking passes whose key was too common to look up.
    suppressed_keys: tuple[str, ...] = ()
    #: Whether anything in the record could be looked up at all.
    comparable: bool = True


def match(context: Context, record: SourceRecord, *, actor: Actor, limit: int) -> Resemblances:
    """The identities that a record resembles, scored as a registration would; only audit is written."""
    domains = context.authorities.domains()
    arrival = arrive(record, 0, 0, context.rules, domains)
    # Each statement is a transaction by itself: nobody is shown what the audit could not note.
    with connection(context.pool) as conn:
        seen = look(conn, [arrival.asked()])
        compared = Compared([arrival], [0], seen, context.rules)
        found = Assigning(context.mint, conn, compared).candidates(0, 0)
        best = sorted(found, key=_rank)[:limit]
        ids = [candidate.enterprise_id for candidate in best]
        asked = [name for name in _ASKED if getattr(record, name)]
        if ids:
            audit = audit_json(context.signed(actor, "match", outcome="ok"), ids, asked, len(ids))
            views = shown_identities(context, conn, ids, audit, domains)
        else:
            views = []
            context.audit_read(conn, actor, "match", [], query_fields=asked)
    return Resemblances(
        people=tuple(_resembling(c, view) for c, view in zip(best, views, strict=True)),
        suppressed_keys=arrival.suppressed_passes(seen.suppressed.get(0, [])),
        comparable=bool(arrival.keys),
    )


def _rank(candidate: CandidateIdentity) -> tuple[bool, float, str]:
    return (candidate.decision != "link", -candidate.weight, candidate.enterprise_id)


def _resembling(candidate: CandidateIdentity, view: IdentityView) -> Resembling:
    return Resembling(
        view=view,
        weight=round(candidate.weight, 4),
        probability=round(candidate.probability, 6),
        grade=grade(DECISIONS.index(candidate.decision), candidate.weight),
    )
