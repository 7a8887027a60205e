"""Messages that others wrote, where they are at hand: each is parsed, answered in time, and kept whole."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hl7v2_messages import Wire, reply_of
from mpi.hl7v2.charsets import decode
from mpi.hl7v2.datatypes.extensions import sent
from mpi.hl7v2.delimiters import DELETE
from mpi.hl7v2.message import Message, Segment, Value, parse
from mpi.hl7v2.patients import read_patient_segments, write_pid
from mpi.hl7v2.patients.reading import segments_of
from mpi.index import Index
from mpi.patient import Domain, Domains

CORPUS = Path(__file__).parents[3] / "shared" / "data" / "interop" / "hl7v2"
SAMPLES = sorted(CORPUS.glob("*.hl7"))

pytestmark = pytest.mark.skipif(not SAMPLES, reason="the samples are not at hand")

ANSWER_SECONDS_MAX = 1.0
#: The fields that have to survive, and where the first component's text is enough to compare.
FIELDS = (2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 14, 16, 18, 19, 20, 21, 22, 23, 24, 29, 30)


def _message(path: Path) -> Message:
    return parse(decode(path.read_bytes()).text)


def test_every_sample_is_read() -> None:
    for path in SAMPLES:
        message = _message(path)
        assert message.delimiters == ("|", "^", "~", "\\", "&"), path.name
        assert len(message.segments) > 1, path.name


def test_every_sample_is_answered_in_time(index: Index) -> None:
    wire = Wire(index)
    outcomes: dict[str, int] = {}
    for path in SAMPLES:
        began = time.process_time()
        answered = wire.ask(path.read_bytes())
        assert time.process_time() - began < ANSWER_SECONDS_MAX, path.name
        reply = reply_of(answered)
        assert reply["MSA-1"] in ("AA", "AE", "AR"), path.name
        assert answered.error_code != "207", path.name
        outcomes[reply["MSA-1"]] = outcomes.get(reply["MSA-1"], 0) + 1
    assert outcomes["AA"] > len(SAMPLES) / 2


def _domains(pid: Segment) -> Domains:
    """The authorities of a PID, declared as they are sent."""
    declared = {}
    for field in (2, 3, 4, 18, 21):
        for value in pid.repeats(field):
            name, oid = sent(value.text(4, 1)), sent(value.text(4, 2))
            is_oid = value.text(4, 3) == "ISO"
            if (name or oid) and (oid or name) not in declared:
                declared[oid or name] = Domain(name=name or oid, namespace=name, oid=oid if is_oid else None)
    return Domains(declared=tuple(declared.values()))


def _texts(segment: Segment, field: int) -> set[str]:
    """Every text of a field that names something: its components without codes of ours and without type."""
    found = set()
    for value in segment.repeats(field):
        if value.text() == DELETE:
            continue
        for component in value.components[: 6 if field in (5, 9) else 5]:
            for part in component.split(value.delimiters.subcomponent):
                if text := sent(Value(part, value.delimiters).text()):
                    found.add(text)
    return found


def test_what_a_pid_says_survives_as_a_patient() -> None:
    count = 0
    for path in SAMPLES:
        message = _message(path)
        for pid in message.all("PID"):
            domains = _domains(pid)
            pd1, next_of_kin = segments_of(message, pid)
            patient = read_patient_segments(pid, domains, pd1=pd1, next_of_kin=next_of_kin)
            back = parse("MSH|^~\\&|\r" + write_pid(patient, domains)).segments[1]
            for field in FIELDS:
                lost = _texts(pid, field) - _texts(back, field)
                assert lost <= _MEANINGLESS, (path.name, field)
            count += 1
    assert count > 100


#: Parts of samples that are no values: a universal ID of a type that is not ISO, say.
_MEANINGLESS: set[str] = set()
