"""Counts and times for Prometheus. Labels are route templates and enumerations, never anything a client sent.

With several workers each keeps its numbers in files of ``PROMETHEUS_MULTIPROC_DIR``, an empty folder that
whoever starts the workers names before this module is imported; a scrape of any worker answers for all.
"""

from __future__ import annotations

import os

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

CONTENT_TYPE = CONTENT_TYPE_LATEST

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_requests = Counter("mpi_requests_total", "Requests answered.", ("method", "route", "status"))
_seconds = Histogram(
    "mpi_request_seconds",
    "Time from the request's head to the end of its answer.",
    ("method", "route"),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 3, 10),
)
_in_flight = Gauge("mpi_requests_in_flight", "Requests being answered.", multiprocess_mode="livesum")
_registrations = Counter("mpi_registrations_total", "Records taken in, by what was decided.", ("decision",))
_rejections = Counter("mpi_rejections_total", "Lines of bulk calls that were not taken, by code.", ("code",))
_denials = Counter("mpi_denials_total", "Requests refused for their credentials or role.", ("status",))
_pool = Gauge(
    "mpi_database_pool", "Database connections of this process.", ("state",), multiprocess_mode="livesum"
)
_messages = Counter("mpi_hl7v2_messages_total", "HL7 v2 messages answered.", ("transport", "acknowledgement"))
_message_seconds = Histogram(
    "mpi_hl7v2_message_seconds",
    "Time from a whole message to its reply.",
    ("transport",),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 3, 10),
)
_connections = Gauge("mpi_mllp_connections", "MLLP connections open.", multiprocess_mode="livesum")


_notices = Counter("mpi_notices_total", "Notices to subscribers, by what became of them.", ("outcome",))


def notified(outcome: str) -> None:
    """Count a notice: ``delivered``, ``failed`` (it is tried again) or ``dead``."""
    _notices.labels(outcome).inc()


def message_answered(transport: str, acknowledgement: str, seconds: float) -> None:
    """Count an HL7 v2 message; ``transport`` is ``mllp`` or ``http``, the rest AA, AE, AR."""
    _messages.labels(transport, acknowledgement).inc()
    _message_seconds.labels(transport).observe(seconds)


def mllp_connections(count: int) -> None:
    """Note how many MLLP connections this process holds."""
    _connections.set(count)


def request_began() -> None:
    """Count a request in."""
    _in_flight.inc()


def request_ended(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request out; ``route`` is a template such as ``/api/v1/identities/{enterprise_id}``."""
    known = method if method in METHODS else "OTHER"
    _in_flight.dec()
    _requests.labels(known, route, str(status)).inc()
    _seconds.labels(known, route).observe(seconds)


def registered(decision: str) -> None:
    """Count a record taken in."""
    _registrations.labels(decision).inc()


def rejected(code: str) -> None:
    """Count a line of a bulk call that was not taken; ``code`` is one of the error tree's."""
    _rejections.labels(code).inc()


def denied(status: int) -> None:
    """Count a request refused for its credentials (401) or role (403)."""
    _denials.labels(str(status)).inc()


def pool_state(size: int, available: int, waiting: int) -> None:
    """Note how the database connections of this process stand."""
    for state, count in (("open", size), ("idle", available), ("waited_for", waiting)):
        _pool.labels(state).set(count)


def exposition() -> bytes:
    """All numbers in Prometheus' text format, of every worker where there are several."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest(REGISTRY)


def worker_ended(pid: int, folder: str) -> None:
    """Forget the gauges that a worker left in ``folder`` when it died; its counts stay."""
    mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]
