"""Replies: MSH, MSA and ERR for every version, in original and enhanced mode (HL7 v2.8.2 §2.9, §2.15)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from mpi.hl7v2.charsets import UTF_8, encode
from mpi.hl7v2.faults import WORDS, Fault
from mpi.hl7v2.message import Segment
from mpi.hl7v2.writing import Field, Repeat, write_message, write_segment

#: From this version on ERR has fields of its own for place, code and severity.
ERR_FIELDS_SINCE = (2, 5)
#: MSA-2 of the reply to what has no control ID, or is no message.
NO_CONTROL_ID = "0"
_COMMIT = {"AA": "CA", "AE": "CE", "AR": "CR"}


class Replies(NamedTuple):
    """What goes back: the reply, and in enhanced mode perhaps a second message; ``b""`` where none is
    wanted.
    """

    reply: bytes
    application: bytes = b""


def replies(
    header: Segment,
    outcome: str,
    *,
    faults: Iterable[Fault] = (),
    body: tuple[str, ...] | None = None,
    reply_type: tuple[str, ...] = (),
    codec: str = "utf-8",
    mode: str = "always-one",
) -> Replies:
    """The replies to a message with this MSH. ``outcome`` is AA, AE or AR.

    A query's answer (``body``) is always sent: it is what was asked for. ``mode`` is the source's ``ack``.
    """
    found = tuple(faults)
    header = header.restated()
    kind = reply_type or acknowledgement_type(header)
    application = _written(header, outcome, kind, found, body, codec)
    accept, wanted = header.text(15).upper(), header.text(16).upper()
    if mode != "enhanced" or not (accept or wanted):
        return Replies(application)
    commit = b""
    if _is_wanted(accept, outcome):
        commit = _written(header, _COMMIT[outcome], acknowledgement_type(header), found, None, codec)
    if body is None and not _is_wanted(wanted, outcome):
        application = b""
    return Replies(commit, application) if commit else Replies(application)


def _is_wanted(condition: str, outcome: str) -> bool:
    """HL7 table 0155: always, never, on error or rejection only, on success only."""
    return {"AL": True, "ER": outcome != "AA", "SU": outcome == "AA"}.get(condition, False)


def acknowledgement_type(header: Segment) -> tuple[str, ...]:
    """MSH-9 of an acknowledgement: ``ACK^A01^ACK``."""
    event = header.text(9, 2)
    return ("ACK", event, "ACK") if event else ("ACK",)


def _written(
    header: Segment,
    outcome: str,
    kind: tuple[str, ...],
    faults: tuple[Fault, ...],
    body: tuple[str, ...] | None,
    codec: str,
) -> bytes:
    version = header.text(12)
    told = "; ".join(dict.fromkeys(fault.text for fault in faults))
    after = [write_segment("MSA", {1: outcome, 2: header.text(10) or NO_CONTROL_ID, 3: told})]
    after += [error_segment(fault, version) for fault in faults]
    after += body or ()
    charset = header.raw(18)
    text = write_message([_header(header, kind, charset), *after])
    if (encoded := encode(text, codec)) is not None:
        return encoded
    # The sender's charset cannot hold what is answered: better another charset than question marks.
    return write_message([_header(header, kind, UTF_8), *after]).encode("utf-8", "replace")


def _header(header: Segment, kind: tuple[str, ...], charset: str) -> str:
    """MSH of the reply: the addresses change places, version, processing ID and charset are echoed."""
    sent: dict[int, str] = {
        3: header.raw(5), 4: header.raw(6), 5: header.raw(3), 6: header.raw(4),
        7: now(), 9: "^".join(kind), 10: new_control_id(), 11: header.raw(11) or "P",
        12: header.raw(12) or "2.5", 18: charset,
    }  # fmt: skip
    fields = [sent.get(number, "") for number in range(3, 19)]
    while not fields[-1]:
        fields.pop()
    return "MSH|^~\\&|" + "|".join(fields)


def now() -> str:
    """The moment as a DTM."""
    return datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000")


def new_control_id() -> str:
    """An MSH-10 that nobody used before; 20 characters, as many as v2.3 allows."""
    return secrets.token_hex(10)


def error_segment(fault: Fault, version: str) -> str:
    """ERR as this version has it: one composite until v2.4, fields of their own since v2.5."""
    words = WORDS.get(fault.code, fault.text)
    places = [tuple(place.split("^")) for place in fault.place.split("~")] if fault.place else []
    if version_of(version) < ERR_FIELDS_SINCE:
        old: list[Repeat] = [
            (*(*place[:3], "", "", "")[:3], (fault.code, words)) for place in places or [("", "", "")]
        ]
        return write_segment("ERR", {1: old})
    located: list[Repeat] = [*places]
    fields: dict[int, Field] = {2: located, 3: [(fault.code, words, "HL70357")], 4: "E", 8: fault.text}
    return write_segment("ERR", fields)


def version_of(text: str) -> tuple[int, int]:
    """Major and minor version of MSH-12, ``(2, 5)`` where it is no version."""
    found = re.match(r"\s*(\d)\.(\d{1,2})", text)
    return (int(found[1]), int(found[2])) if found else ERR_FIELDS_SINCE
