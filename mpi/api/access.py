"""Who may call what: one table of routes and roles, and the check that every request passes.

Closed by default: an application with a route without a row does not start. Keys are all there is so far.
Tokens and single sign-on would be told apart in ``credentials`` and end in the same ``Actor``; row-level
security would take that actor into the transaction; a chained audit changes how ``Index.deny`` writes.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import time
from functools import lru_cache
from typing import Final

from starlette.requests import Request

from mpi.api import metrics
from mpi.api.threads import Threads
from mpi.errors import BadInput, Forbidden, Unauthenticated
from mpi.index import Actor, Index

READERS: Final = frozenset({"reader", "registrar", "reviewer", "steward"})
REGISTRARS: Final = READERS - {"reader"}
REVIEWERS: Final = REGISTRARS - {"registrar"}
STEWARDS: Final = REVIEWERS - {"reviewer"}
#: Configuration and numbers, no patients.
ANY_ROLE: Final = READERS | {"admin"}
#: Answered without credentials.
PUBLIC: Final[frozenset[str]] = frozenset()

#: Route name → the roles that may call it. An administrator sees no patient.
ACCESS: Final[dict[str, frozenset[str]]] = {
    "register_record": REGISTRARS,
    "put_record": REGISTRARS,
    "register_records": REGISTRARS,
    "read_record": READERS,
    "retire_record": REGISTRARS,
    "receive_hl7v2": REGISTRARS,
    "match_record": READERS,
    "compare_records": READERS,
    "why": READERS,
    "search_people": READERS,
    "read_identity": READERS,
    "read_history": READERS,
    "read_how": READERS,
    "read_crosswalk": READERS,
    "read_events": READERS,
    "list_tasks": REVIEWERS,
    "read_task": REVIEWERS,
    "claim_task": REVIEWERS,
    "release_task": REVIEWERS,
    "resolve_task": REVIEWERS,
    "undo_task": REVIEWERS,
    "assert_people": REVIEWERS,
    "list_assertions": REVIEWERS,
    "read_assertion": REVIEWERS,
    "withdraw_assertion": REVIEWERS,
    "merge_identities": STEWARDS,
    "undo_merge": STEWARDS,
    "unlink_record": STEWARDS,
    "list_sources": ANY_ROLE,
    "list_authorities": ANY_ROLE,
    "read_metrics": ANY_ROLE,
    "read_description": ANY_ROLE,
    "read_docs": ANY_ROLE,
    "read_live": PUBLIC,
    "read_ready": PUBLIC,
    # The review desk, by session instead of key.
    "show_queue": REVIEWERS,
    "show_task": REVIEWERS,
    "claim_from_desk": REVIEWERS,
    "ask_takeover": REVIEWERS,
    "take_over_from_desk": REVIEWERS,
    "show_notices": REVIEWERS,
    "put_away_notice": REVIEWERS,
    "show_assign": STEWARDS,
    "preview_assign": STEWARDS,
    "assign_from_desk": STEWARDS,
    "show_bulk": REVIEWERS,
    "stage_answer": REVIEWERS,
    "give_reason": REVIEWERS,
    "preview_bulk": REVIEWERS,
    "commit_bulk": REVIEWERS,
    "skip_from_desk": REVIEWERS,
    "preview_answer": REVIEWERS,
    "settle_from_desk": REVIEWERS,
    "undo_from_desk": REVIEWERS,
    "ask_escalation": REVIEWERS,
    "escalate_from_desk": REVIEWERS,
    "note_from_desk": REVIEWERS,
    "show_readings": REVIEWERS,
    "ask_reading": REVIEWERS,
    "answer_reading": REVIEWERS,
    "settle_reading": STEWARDS,
    "show_search": READERS,
    "search_from_desk": READERS,
    "show_identity": READERS,
    "show_merge": STEWARDS,
    "merge_from_desk": STEWARDS,
    "preview_split": STEWARDS,
    "split_from_desk": STEWARDS,
    "preview_unmerge": STEWARDS,
    "unmerge_from_desk": STEWARDS,
    "show_overview": REVIEWERS,
    "show_behind": REVIEWERS,
    "desk_front": PUBLIC,
    "desk_login": PUBLIC,
    "desk_log_in": PUBLIC,
    "desk_log_out": PUBLIC,
    "desk_static": PUBLIC,
    # FHIR.
    "fhir_metadata": PUBLIC,
    "fhir_smart_configuration": PUBLIC,
    "fhir_nothing_there": PUBLIC,
    "fhir_read": READERS,
    "fhir_history": READERS,
    "fhir_vread": READERS,
    "fhir_match": READERS,
    "fhir_idi_match": READERS,
    "fhir_organization": PUBLIC,
    "fhir_cross_reference": READERS,
    "fhir_search": READERS,
    "fhir_create": REGISTRARS,
    "fhir_put": REGISTRARS,
    "fhir_delete": REGISTRARS,
    "fhir_merge": STEWARDS,
    "fhir_take_message": REGISTRARS,
    "fhir_import": REGISTRARS,
    "fhir_import_status": REGISTRARS,
    "fhir_export": STEWARDS,
    "fhir_subscribe": REGISTRARS,
    "fhir_read_subscription": REGISTRARS,
    "fhir_search_subscriptions": REGISTRARS,
}

#: Who may go against what a person stated (``override``).
OVERRIDERS: Final = STEWARDS

#: A revoked key works for at most this long in a process that has just seen it.
CACHE_SECONDS: Final = 5.0
CACHED_KEYS_MAX: Final = 1_000
#: Failed log-ins audited per second and process; more are only counted, so that a flood fills no disk.
AUDITED_FAILURES_PER_SECOND_MAX: Final = 20

#: The role of everybody where MPI_AUTH=off.
LOCAL_ROLE: Final = "steward+admin"

_ACTOR_NAME = re.compile(r"[\w.@-]{1,64}", re.ASCII)
_KEY = re.compile(r"mpi_[A-Za-z0-9_-]{20,120}")


class Access:
    """Admits requests: authenticates the key, checks the role, has denials audited."""

    def __init__(self, index: Index, threads: Threads, *, auth_off: bool) -> None:
        self._index = index
        self._threads = threads
        self.auth_off = auth_off
        self._known: dict[bytes, tuple[float, Actor]] = {}
        self._failures: tuple[int, int] = (0, 0)

    async def admit(self, request: Request, action: str) -> Actor:
        """Who is asking. Raises Unauthenticated or Forbidden, having had it audited."""
        request_id = request.scope.get("request_id")
        roles = ACCESS[action]
        if roles is PUBLIC:
            return Actor(name="anyone", role="none", request_id=request_id)
        if self.auth_off:
            return local_actor(request)
        try:
            known = await self._authenticate(credentials(request))
        except Unauthenticated:
            await self.note_failure(request, action)
            raise
        actor = Actor(name=known.name, role=known.role, request_id=request_id, source=known.source)
        if actor.role not in roles:
            await self.refuse(actor, action)
        return actor

    async def note_failure(self, request: Request, action: str) -> None:
        """Count a failed log-in, and have it audited unless there is a flood of them."""
        metrics.denied(401)
        if self._may_audit_failure():
            request_id = request.scope.get("request_id")
            await self._deny(Actor(name="unknown", role="none", request_id=request_id), action)

    async def refuse(self, actor: Actor, action: str) -> None:
        """Refuse an actor whose role does not allow this. Raises Forbidden, having had it audited."""
        metrics.denied(403)
        await self._deny(actor, action)
        raise Forbidden(f"the role {actor.role} does not allow {action}")

    async def require_override(self, actor: Actor, action: str) -> None:
        """Let only leads go against what a person stated. Raises Forbidden."""
        if not self.auth_off and actor.role not in OVERRIDERS:
            await self.refuse(actor, f"{action}:override")

    async def _authenticate(self, key: str) -> Actor:
        digest = hashlib.sha256(key.encode()).digest()
        expires, actor = self._known.get(digest, (0.0, None))
        if actor is not None and time.monotonic() < expires:
            return actor
        self._known.pop(digest, None)
        actor = await self._threads.run(self._index.authenticate, key)
        if len(self._known) >= CACHED_KEYS_MAX:
            self._known.clear()
        self._known[digest] = (time.monotonic() + CACHE_SECONDS, actor)
        return actor

    async def _deny(self, actor: Actor, action: str) -> None:
        await self._threads.run(self._index.deny, actor, action)

    def _may_audit_failure(self) -> bool:
        second, count = self._failures
        now = int(time.monotonic())
        self._failures = (now, count + 1 if second == now else 1)
        return self._failures[1] <= AUDITED_FAILURES_PER_SECOND_MAX


def refuse_other_source(actor: Actor, source: object) -> None:
    """Refuse a client of one source system that writes for another. Raises Forbidden."""
    if actor.source is not None and source != actor.source:
        raise Forbidden("this client speaks for another source system")


def credentials(request: Request) -> str:
    """The API key of a request. Raises Unauthenticated when there is none, or none that could be one."""
    key = request.headers.get("x-api-key")
    if key is None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("send Authorization: Bearer mpi_… or X-API-Key")
    if not is_key(key.strip()):
        raise Unauthenticated("this is not an API key of this index")
    return key.strip()


def is_key(text: str) -> bool:
    """Whether it has the form of an API key."""
    return _KEY.fullmatch(text) is not None


def local_actor(request: Request) -> Actor:
    """Who is asking where MPI_AUTH=off. Raises Forbidden for what does not come from this machine."""
    headers = request.headers
    forwarded = "x-forwarded-for" in headers or "forwarded" in headers
    client = request.scope.get("client")
    origin = headers.get("origin")
    if (
        forwarded
        or client is None
        or not is_loopback(client[0])
        or not is_loopback(_host_name(headers.get("host", "")))
        or (origin is not None and not is_loopback(_host_name(origin.partition("://")[2])))
    ):
        raise Forbidden("MPI_AUTH=off serves this machine only, asked for under its loopback name")
    name = headers.get("x-actor", "local")
    if not _ACTOR_NAME.fullmatch(name):
        raise BadInput("X-Actor: letters, digits and . @ _ - only, 64 at most", field="X-Actor")
    return Actor(name=name, role=LOCAL_ROLE, request_id=request.scope.get("request_id"))


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("example.org")
    (True, True, False, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_name(host: str) -> str:
    """The name in a Host header, without its port and the brackets of an IPv6 address."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()
