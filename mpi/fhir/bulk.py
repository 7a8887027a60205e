"""Patients in bulk: ``$import`` of NDJSON, and ``$export`` (Bulk Data Access), both 202 and then polled."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from mpi.fhir.bundles import instant
from mpi.fhir.exchange import Answer, Asked
from mpi.fhir.outcome import Issue, outcome, refused
from mpi.fhir.sending import sender
from mpi.index import Job
from mpi.patient import write_identity

NDJSON: Final = "application/fhir+ndjson"
_MANIFEST: Final = "application/json"
_POLL_SECONDS: Final = 2


def begin_import(asked: Asked) -> Answer:
    """``POST /$import``: Patients, one a line; 202 with where to ask how far it is."""
    job = asked.index.registry.jobs.begin_import([asked.raw], actor=asked.actor, source=sender(asked))
    return Answer(status=202, headers={"Content-Location": f"{asked.base}/$import-status/{job.job_id}"})


def import_status(asked: Asked) -> Answer:
    """``GET /$import-status/{id}``: 202 with ``X-Progress`` while it runs, then 200 with what came of it."""
    job = asked.index.registry.jobs.job(_job_id(asked), actor=asked.actor)
    if job.state == "running":
        progress = {"X-Progress": f"{job.lines_done} lines", "Retry-After": str(_POLL_SECONDS)}
        return Answer(status=202, headers=progress)
    if job.state == "interrupted":
        raise refused(500, "transient", "nobody works on this import any more: send it again, it goes on")
    return _manifest(_imported(asked, job))


def _imported(asked: Asked, job: Job) -> dict[str, Any]:
    rejected = job.counts.get("rejected", 0)
    errors = f"{asked.base}/$import-errors/{job.job_id}"
    return {
        "transactionTime": instant(job.started_at),
        "request": f"{asked.base}/$import",
        "state": job.state,
        "output": [{"type": "Patient", "count": job.lines_done - rejected, "outcomes": job.counts}],
        "error": [{"type": "OperationOutcome", "count": rejected, "url": errors}] if rejected else [],
    }


def import_errors(asked: Asked) -> Answer:
    """``GET /$import-errors/{id}``: an OperationOutcome for each line that was not taken."""
    found = asked.index.registry.jobs.errors(_job_id(asked), actor=asked.actor)
    lines = (
        outcome(
            [
                Issue(
                    severity="error",
                    code="invalid",
                    text=error.reason,
                    expression=error.field,
                    diagnostics=f"line {error.line}",
                )
            ]
        )
        for error in found
    )
    return _ndjson(lines)


def cancel_import(asked: Asked) -> Answer:
    """``DELETE /$import-status/{id}``: it stops after the lines it is at; what was taken in stays."""
    asked.index.registry.jobs.cancel(_job_id(asked), actor=asked.actor)
    return Answer(status=202)


def begin_export(asked: Asked) -> Answer:
    """``GET /$export``: every identity as a Patient; 202 with where its parts are told."""
    for name in ("_type", "_outputFormat"):
        for value in asked.values(name):
            if value not in ("Patient", NDJSON, "application/ndjson", "ndjson"):
                raise refused(400, "not-supported", f"{name} is not served with this value", expression=name)
    at = int(datetime.now(UTC).timestamp() * 1000)
    return Answer(status=202, headers={"Content-Location": f"{asked.base}/$export-status/{at}"})


def export_status(asked: Asked) -> Answer:
    """``GET /$export-status/{at}``: the parts. Each is written when it is asked for."""
    at = asked.path["at"]
    if not (at.isascii() and at.isdigit() and len(at) <= 14):
        raise refused(404, "not-found", "there is no such export")
    ends = asked.index.registry.jobs.export_parts()
    starts = ["", *ends[:-1]]
    return _manifest(
        {
            "transactionTime": instant(datetime.fromtimestamp(int(at) / 1000, UTC)),
            "request": f"{asked.base}/$export",
            "requiresAccessToken": True,
            "output": [
                {"type": "Patient", "url": f"{asked.base}/$export-part/{start}-{end}"}
                for start, end in zip(starts, ends, strict=True)
            ],
            "error": [],
        }
    )


def export_part(asked: Asked) -> Answer:
    """``GET /$export-part/{part}``: some two thousand Patients."""
    start, dash, end = asked.path["part"].partition("-")
    if not dash or not all(not text or (text.isascii() and text.isalnum()) for text in (start, end)):
        raise refused(404, "not-found", "there is no such part")
    registry = asked.index.registry
    domains = registry.domains()
    views = registry.jobs.export(start, end, actor=asked.actor)
    return _ndjson(write_identity(view, domains, base_url=asked.base) for view in views)


def _job_id(asked: Asked) -> int:
    text = asked.path["id"]
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise refused(404, "not-found", "there is no such import")
    return int(text)


def _manifest(document: dict[str, Any]) -> Answer:
    return Answer(raw=orjson.dumps(document), headers={"Content-Type": _MANIFEST})


def _ndjson(resources: Iterable[dict[str, Any]]) -> Answer:
    return Answer(
        raw=b"".join(orjson.dumps(resource) + b"\n" for resource in resources),
        headers={"Content-Type": NDJSON},
    )
