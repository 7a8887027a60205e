"""Files of messages: one after the other, framed as MLLP, or as a batch (FHS, BHS, BTS, FTS; HL7 v2.8.2
§2.10.3).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from mpi.errors import BadInput, UnreadableFile
from mpi.hl7v2.connection import Connection
from mpi.hl7v2.framing import MESSAGE_BYTES_MAX
from mpi.hl7v2.receiving import receive
from mpi.index import Actor, Index, LineOutcome, LoadSummary

_READ_BYTES = 1 << 20
#: Where a message begins: an MSH at the beginning of a line, after a frame's start or a byte order mark.
_BEGIN = re.compile(rb"(?:\A|(?<=[\r\n\x0b\x1c\xbf]))MSH(?=[^A-Za-z0-9\r\n\s])")
#: What stands around messages and is none: frames, and the segments of a batch.
_AROUND = re.compile(rb"[\x0b\x1c\r\n\t \x1a]*(?:(?:FHS|BHS|BTS|FTS)[^\r\n]*[\x0b\x1c\r\n\t \x1a]*)*")
_AT_START = re.compile(rb"(?:\xef\xbb\xbf)?[\x0b\r\n\t ]*(?:MSH|FHS|BHS)[^A-Za-z0-9\r\n\s]")
#: Rejections named in a summary.
SAMPLE_MAX = 20

Progress = Callable[[int, Counter[str]], None]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FileMessage:
    """The ``number``th message of a file, from 1; ``raw`` is empty where ``fault`` says what is wrong."""

    number: int
    raw: bytes = b""
    fault: str | None = None


def holds_messages(path: Path) -> bool:
    """Whether a file begins as one of HL7 v2 messages does. Raises UnreadableFile."""
    try:
        with path.open("rb") as file:
            return _AT_START.match(file.read(200)) is not None
    except OSError as error:
        raise UnreadableFile(f"{path.name}: {error.strerror}") from error


def read_messages(path: Path) -> Iterator[FileMessage]:
    """Every message of a file, in order. Holds one message and a little more, however large the file is.

    A message of more than 1 MiB, and text before the first message, is a fault of its own and stops nothing.
    Raises UnreadableFile.
    """
    number = 0
    for part in _parts(path):
        began = _BEGIN.match(part)
        raw = _without_batch(part) if began else _AROUND.sub(b"", part.removeprefix(b"\xef\xbb\xbf"), count=1)
        if not raw:
            continue
        number += 1
        if began is None:
            yield FileMessage(number=number, fault="text before the first MSH segment")
        elif len(raw) > MESSAGE_BYTES_MAX:
            yield FileMessage(number=number, fault=f"longer than {MESSAGE_BYTES_MAX} bytes")
        else:
            yield FileMessage(number=number, raw=raw)


def _parts(path: Path) -> Iterator[bytes]:
    """What stands before the first message, and each message with what follows it."""
    try:
        with path.open("rb") as file:
            held = b""
            while received := file.read(_READ_BYTES):
                # A message that began keeps its head and a byte too many, however long it goes on.
                held = held if len(held) <= 2 * MESSAGE_BYTES_MAX else held[: MESSAGE_BYTES_MAX + 1]
                *whole, held = _cut(held + received)
                yield from whole
            yield held
    except OSError as error:
        raise UnreadableFile(f"{path.name}: {error.strerror}") from error


def _cut(content: bytes) -> list[bytes]:
    starts = [0, *(found.start() for found in _BEGIN.finditer(content) if found.start()), len(content)]
    return [content[start:end] for start, end in pairwise(starts)]


def _without_batch(part: bytes) -> bytes:
    """A message without the frame and the batch segments that follow it."""
    lines = re.split(rb"[\r\n]+", part.strip(b"\x0b\x1c\r\n\t \x1a"))
    while lines and lines[-1].strip(b"\x0b\x1c")[:3] in (b"BTS", b"FTS", b"BHS", b"FHS", b""):
        lines.pop()
    return b"\r".join(lines) + b"\r" if lines else b""


def load_messages(
    index: Index, path: Path, *, actor: Actor, source: str | None = None, progress: Progress | None = None
) -> LoadSummary:
    """Send every message of a file through the same door as those from a wire; each is kept with its outcome.

    ``source``: whose messages they are, whatever MSH-3 and MSH-4 say. A file loaded again is answered from
    what is kept: nothing changes. Raises UnreadableFile; BadInput for a file that holds no message.
    """
    connection = Connection(peer=path.name, actor=actor, source=source)
    counts: Counter[str] = Counter()
    rejected: list[LineOutcome] = []
    for message in read_messages(path):
        outcome, reason = "rejected", message.fault
        if reason is None:
            replied = receive(index, message.raw, connection=connection)
            reason = replied.error_text
            outcome = "repeated" if replied.repeated else "accepted"
        counts[outcome if reason is None else "rejected"] += 1
        if reason is not None and len(rejected) < SAMPLE_MAX:
            rejected.append(LineOutcome(line=message.number, outcome="rejected", reason=reason))
        if progress is not None:
            progress(message.number, counts)
    if not counts:
        raise BadInput(f"{path.name}: there is no HL7 v2 message in it")
    return LoadSummary(
        batch_id=None,
        file=path.name,
        lines=counts.total(),
        counts=dict(sorted(counts.items())),
        tasks=0,
        resumed_after=0,
        already_done=False,
        rejected=tuple(rejected),
    )
