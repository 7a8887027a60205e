"""Patients in bulk: a file of them taken in while the caller asks how far it is, and all of them handed
out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import BoundedSemaphore, Thread
from typing import Literal

import structlog

from mpi.errors import BadInput, Conflict, MpiError, NotFound, Unavailable
from mpi.patient import IdentityView
from mpi.services import loading
from mpi.services.answers import Actor
from mpi.services.context import Context
from mpi.services.registry.views import identity_views
from mpi.storage import registry as stored
from mpi.storage.database import LOCK_BATCH, connection
from mpi.storage.queries import query

#: Bytes of one import.
IMPORT_SIZE_MAX = 4 * 1024**3
#: Imports that one process works on at a time.
RUNNING_MAX = 2
_PAGE = 500
#: Identities of one part of an export.
PART_SIZE = 2_000

log = structlog.get_logger(__name__)
_places = BoundedSemaphore(RUNNING_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A file that is being taken in, or was. ``interrupted``: nobody works on it; sent again, it goes on."""

    job_id: int
    state: Literal["running", "done", "cancelled", "interrupted"]
    lines_done: int
    #: Outcome → how many lines: new, linked, review, quarantined, updated, unchanged, rejected.
    counts: dict[str, int]
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """A line that was not taken: what is wrong with which element."""

    line: int
    field: str | None
    reason: str


def begin_import(context: Context, chunks: Iterable[bytes], *, source: str | None, actor: Actor) -> Job:
    """Take in NDJSON of Patients in the background; the same bytes go on where they
    stopped.

    Raises BadInput when it is empty or larger than 4 GiB, UnknownSource, Unavailable when the process is busy
    with others.
    """
    if source is not None:
        context.sources.named(source)
    if not _places.acquire(blocking=False):
        raise Unavailable(f"{RUNNING_MAX} imports are running: try again when one is done")
    path = None
    try:
        path = _spooled(chunks)
        batch = loading.begin(context, path, source)
        told = job(context, batch.batch_id)
        Thread(target=_work, args=(context, path, source, actor, batch.batch_id), daemon=True).start()
    except BaseException:
        _places.release()
        if path is not None:
            path.unlink(missing_ok=True)
        raise
    return told


def _spooled(chunks: Iterable[bytes]) -> Path:
    size = 0
    with tempfile.NamedTemporaryFile(prefix="mpi-import-", suffix=".ndjson", delete=False) as file:
        path = Path(file.name)
        try:
            for chunk in chunks:
                size += len(chunk)
                if size > IMPORT_SIZE_MAX:
                    raise BadInput(f"an import has at most {IMPORT_SIZE_MAX} bytes", field="body")
                file.write(chunk)
            if size == 0:
                raise BadInput("there is nothing to import", field="body")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    return path


def _work(context: Context, path: Path, source: str | None, actor: Actor, job_id: int) -> None:
    """The whole import, in a thread of its own; who asks for the job learns what became of it."""
    try:
        # The lock ends with its connection: if this process dies, the job shows as interrupted.
        with connection(context.pool) as conn:
            lock = {"lock": LOCK_BATCH, "lock_key": _lock_key(job_id)}
            held = conn.execute(query("hold_batch"), lock).fetchone()
            if held is not None and held[0]:
                try:
                    loading.load(context, path, actor=actor, source=source, patients_only=True)
                finally:
                    conn.execute(query("release_batch"), lock)
    except Conflict:
        log.info("import cancelled", job_id=job_id)
    except MpiError as error:
        log.warning("import interrupted", job_id=job_id, code=error.code)
    finally:
        path.unlink(missing_ok=True)
        _places.release()


def job(context: Context, job_id: int) -> Job:
    """How far an import is. Raises NotFound."""
    with context.transaction() as conn:
        parameters = {"batch_id": job_id, "lock": LOCK_BATCH, "lock_key": _lock_key(job_id)}
        row = conn.execute(query("batch_by_id"), parameters).fetchone()
    if row is None or row[0] != "load":
        raise NotFound("there is no such import", field="job_id")
    _, state, lines_done, counts, started_at, finished_at, worked_on = row
    told: Literal["running", "done", "cancelled", "interrupted"]
    if state == "running":
        told = "running" if worked_on else "interrupted"
    else:
        told = "done" if state == "done" else "cancelled"
    return Job(
        job_id=job_id,
        state=told,
        lines_done=lines_done,
        counts={name: n for name, n in counts.items() if name != "tasks"},
        started_at=started_at,
        finished_at=finished_at,
    )


def cancel(context: Context, job_id: int, *, actor: Actor) -> Job:
    """Stop an import after the lines it is at; what was taken in stays.

    Raises NotFound, Conflict when it is over.
    """
    job(context, job_id)
    with context.transaction() as conn:
        parameters = {"batch_id": job_id, "reason": "cancelled"}
        if conn.execute(query("cancel_batch"), parameters).fetchone() is None:
            raise Conflict("the import is over", field="job_id")
        context.audit_read(conn, actor, "cancel import", [])
    return job(context, job_id)


def errors(context: Context, job_id: int) -> Iterator[JobError]:
    """The lines that were not taken, in order. Raises NotFound."""
    job(context, job_id)
    after = 0
    while True:
        with context.transaction() as conn:
            parameters = {"batch_id": job_id, "after": after, "limit": _PAGE}
            rows = conn.execute(query("rejected_lines_after"), parameters).fetchall()
        for line, field, reason in rows:
            yield JobError(line=line, field=field, reason=reason or "")
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]


def export_parts(context: Context) -> list[str]:
    """The last enterprise ID of each part of an export, in order; the last part has no end and is ``""``."""
    with context.transaction() as conn:
        ends = [row[0] for row in conn.execute(query("export_parts"), {"size": PART_SIZE})]
    return [*ends, ""]


def export_part(context: Context, after: str, until: str, *, actor: Actor) -> Iterator[IdentityView]:
    """The identities after one enterprise ID (stored form) and up to another, each as it is when it is
    read.
    """
    domains = context.authorities.domains()
    while True:
        with context.transaction() as conn:
            ids = stored.walk_by_terms(conn, None, after, _PAGE)
            wanted = [id for id in ids if not until or id <= until]
            views = identity_views(context, conn, wanted, domains)
            context.audit_read(conn, actor, "export", wanted)
        yield from views
        if len(ids) < _PAGE or len(wanted) < len(ids):
            return
        after = ids[-1]


def _lock_key(job_id: int) -> int:
    return job_id & 0x7FFFFFFF


class Jobs:
    """``index.registry.jobs``: Patients in bulk."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def begin_import(self, chunks: Iterable[bytes], *, actor: Actor, source: str | None = None) -> Job:
        """Take in NDJSON of Patients in the background. Raises BadInput, UnknownSource, Unavailable."""
        return begin_import(self._context, chunks, source=source, actor=actor)

    def job(self, job_id: int, *, actor: Actor) -> Job:
        """How far an import is. Raises NotFound."""
        return job(self._context, job_id)

    def cancel(self, job_id: int, *, actor: Actor) -> Job:
        """Stop an import; what was taken in stays. Raises NotFound, Conflict when it is over."""
        return cancel(self._context, job_id, actor=actor)

    def errors(self, job_id: int, *, actor: Actor) -> Iterator[JobError]:
        """The lines that an import did not take. Raises NotFound."""
        return errors(self._context, job_id)

    def export_parts(self) -> list[str]:
        """The last enterprise ID of each part of an export, in order; ``""`` is the end."""
        return export_parts(self._context)

    def export(self, after: str = "", until: str = "", *, actor: Actor) -> Iterator[IdentityView]:
        """Every identity with an active record after one enterprise ID and up to another, in their order."""
        return export_part(self._context, after, until, actor=actor)
