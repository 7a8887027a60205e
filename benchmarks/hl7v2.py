"""How fast HL7 v2 messages are read: CPU microseconds a message, one process, one thread.

    python -m benchmarks hl7v2 [--corpus FOLDER] [--repeat 30] [--json FILE]

Of a folder of messages (``*.hl7``; the samples beside the checkout when they are at hand, else one of our
own): decoding and dividing into segments and fields, every component as text, and PID as the Patient that
is kept. The median of the passes; a fixed loop beside the figures says how much of the processor there was.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from benchmarks.processes import machine_speed
from mpi.hl7v2.charsets import decode
from mpi.hl7v2.message import Message, parse
from mpi.hl7v2.patients import read_patient_segments
from mpi.hl7v2.patients.reading import segments_of
from mpi.patient import Domain, Domains

CORPUS = Path(__file__).parents[2] / "shared" / "data" / "interop" / "hl7v2"
OWN = [
    (
        "MSH|^~\\&|EPIC|NORTH|MPI|HUB|20260102030405||ADT^A04^ADT_A01|1|P|2.5\rEVN||20260102030405\r"
        "PID|1||4711^^^NORTH&1.2.3.4&ISO^MR||Okonkwo^Grace^Ada^^^^L~Bello^Grace^^^^^M||19740211|F||"
        "2054-5^Black^CDCREC|48 Alder Street^Apt 5^Boston^MA^02118^USA^H||(617)442-0198^PRN^PH"
        "~^NET^Internet^grace@example.org|||M|||219-45-8813\r"
        "NK1|1|Okonkwo^Ife|MTH|||(617)442-0199\rPV1|1|O\r"
    )
]
_Thing = TypeVar("_Thing")

DOMAINS = Domains(
    declared=(Domain(name="NORTH", namespace="NORTH", oid="1.2.3.4", type="MR", owner="north"),),
    declares_on_sight=True,
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--repeat", type=int, default=30, help="passes over all messages")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    options = parser.parse_args()
    paths = sorted(options.corpus.glob("*.hl7"))
    messages = [path.read_bytes() for path in paths] or [text.encode() for text in OWN]
    figures = measured(messages, options.repeat)
    for name, figure in figures.items():
        print(f"{name:44} {figure:>12,.1f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def measured(messages: list[bytes], repeat: int) -> dict[str, float]:
    """The figures, by what they are."""
    parsed = [_read(raw) for raw in messages]
    return {
        "messages": len(messages),
        "bytes a message": statistics.mean(map(len, messages)),
        "us a message: read, segments and fields": _microseconds(messages, _read, repeat),
        "us a message: and every component's text": _microseconds(messages, _to_the_end, repeat),
        "us a message: PID, PD1, NK1 as a Patient": _microseconds(parsed, _as_patient, repeat),
        "machine speed": machine_speed(),
    }


def _microseconds(things: list[_Thing], work: Callable[[_Thing], object], repeat: int) -> float:
    passes = []
    for _ in range(repeat):
        began = time.process_time()
        for thing in things:
            work(thing)
        passes.append((time.process_time() - began) / len(things) * 1e6)
    return statistics.median(passes)


def _read(raw: bytes) -> Message:
    return parse(decode(raw).text)


def _to_the_end(raw: bytes) -> int:
    """Every repeat's components as meant texts, of each its first subcomponent."""
    return sum(
        len(value.texts())
        for segment in _read(raw).segments
        for field in range(1, len(segment.fields))
        for value in segment.repeats(field)
    )


def _as_patient(message: Message) -> object:
    pid = message.first("PID")
    if pid is None:
        return None
    pd1, next_of_kin = segments_of(message, pid)
    return read_patient_segments(pid, DOMAINS, pd1=pd1, next_of_kin=next_of_kin)


if __name__ == "__main__":
    main()
