"""Updates that say only what changed: an empty field keeps what is stored, ``""`` deletes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mpi.hl7v2.datatypes.extensions import Element
from mpi.hl7v2.delimiters import DELETE
from mpi.hl7v2.message import Message, Segment, parse
from mpi.hl7v2.patients.fields import ELEMENTS
from mpi.hl7v2.patients.reading import read_patient_segments, segments_of
from mpi.hl7v2.patients.writing import write_next_of_kin, write_pd1, write_pid
from mpi.patient import Domains

_MSH = "MSH|^~\\&|"


def apply_delta(
    message: Message, pid: Segment, stored: Mapping[str, Any], domains: Domains, *, default_domain: str = ""
) -> Element:
    """The stored Patient with what ``pid`` and its PD1 and NK1 say laid over it, field by field.

    What a PID cannot say (photos, links, extensions of others) stays.
    """
    pd1, next_of_kin = segments_of(message, pid)
    lines = (_MSH, write_pid(stored, domains), write_pd1(stored), *write_next_of_kin(stored))
    before = parse("\r".join(lines))
    before_pid = before.first("PID")
    assert before_pid is not None
    now = read_patient_segments(
        _overlaid(pid, before_pid),
        domains,
        pd1=_overlaid(pd1, before.first("PD1")) if pd1 is not None else before.first("PD1"),
        next_of_kin=next_of_kin or before.all("NK1"),
        default_domain=default_domain,
    )
    rest = {key: value for key, value in stored.items() if key not in ELEMENTS and key != "extension"}
    said = read_patient_segments(before_pid, domains, default_domain=default_domain)
    written = {one["url"] for one in said.get("extension", ())}
    kept = [
        one
        for one in stored.get("extension") or ()
        if not isinstance(one, dict) or one.get("url") not in written
    ]
    if kept or "extension" in now:
        now["extension"] = [*kept, *now.get("extension", ())]
    return {**rest, **now}


def _overlaid(sent: Segment, stored: Segment | None) -> Segment:
    """The segment sent, with what is stored where it says nothing."""
    if stored is None:
        return sent
    sent = sent.restated()
    fields = [sent.raw(number).strip() for number in range(max(len(sent.fields), len(stored.fields)))]
    laid = ("" if field == DELETE else field or stored.raw(number) for number, field in enumerate(fields))
    return Segment(tuple(laid), stored.delimiters)
