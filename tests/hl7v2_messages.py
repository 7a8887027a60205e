"""HL7 v2 messages with dull defaults, and an index that takes them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from mpi.hl7v2 import Answer, Connection, answer
from mpi.hl7v2.charsets import decode
from mpi.hl7v2.message import Message, parse
from mpi.index import Actor, Index

#: Two hospitals and a registry of national identifiers, each with a domain of its own.
SOURCES = """
[index]
authority = {name = "HUB", oid = "2.16.840.1.113883.3.9999"}
[[source]]
name = "north"
msh = ["EPIC|NORTH"]
[[source]]
name = "south"
msh = ["CERNER|SOUTH"]
[[source]]
name = "delta"
msh = ["DELTA|"]
mode = "delta"
[[authority]]
name = "NORTH"
oid = "1.2.3.1"
type = "MR"
owner = "north"
[[authority]]
name = "SOUTH"
oid = "1.2.3.2"
type = "MR"
owner = "south"
[[authority]]
name = "DELTA"
owner = "delta"
[[authority]]
name = "NATIONAL"
oid = "1.2.3.9"
type = "NI"
person_unique = true
"""
ADMIN = Actor(name="tests", role="admin")
CLERK = Actor(name="tests", role="steward")
NORTH, SOUTH, DELTA = "EPIC|NORTH", "CERNER|SOUTH", "DELTA|WARD"

_numbers = count(1)

#: PID-5 on, of somebody with enough to be recognised by.
GRACE = (
    "Okonkwo^Grace^Ada||19740211|F|||48 Alder Street^^Boston^MA^02118^USA^H||(617)442-0198^PRN^PH|||||"
    "|219-45-8813"
)
#: Somebody else altogether.
TOMAS = (
    "Lindqvist^Tomas||19510930|M|||9 Quarry Road^^Portland^OR^97206^USA^H||(503)771-2299^PRN^PH|||||"
    "|402-66-1207"
)


def message(
    kind: str, *segments: str, sender: str = NORTH, control_id: str = "", version: str = "2.5"
) -> bytes:
    """A message of ``kind`` (``ADT^A04``) from ``sender``, each with a control ID of its own."""
    control_id = control_id or f"C{next(_numbers)}"
    head = f"MSH|^~\\&|{sender}|MPI|HUB|20260102030405||{kind}|{control_id}|P|{version}"
    return "".join(f"{line}\r" for line in (head, *segments)).encode()


def pid(identifiers: str, rest: str = GRACE) -> str:
    """A PID with these identifiers, and what follows from PID-5 on."""
    return f"PID|1||{identifiers}||{rest}"


def adt(identifiers: str, rest: str = GRACE, *, event: str = "A04", sender: str = NORTH) -> bytes:
    """A registration."""
    return message(f"ADT^{event}", "EVN||20260102", pid(identifiers, rest), sender=sender)


def merge(surviving: str, subsumed: str, *, sender: str = NORTH, event: str = "A40") -> bytes:
    """A merge of identifiers, without demographics."""
    lines = ("EVN||20260102", f"PID|||{surviving}||^^^^^^L", f"MRG|{subsumed}")
    return message(f"ADT^{event}^ADT_A39", *lines, sender=sender, version="2.3.1")


def pix(identifier: str, domains: str = "", *, sender: str = SOUTH) -> bytes:
    """A query for what an identifier is called elsewhere."""
    qpd = f"QPD|IHE PIX Query|Q{next(_numbers)}|{identifier}|{domains}"
    return message("QBP^Q23^QBP_Q21", qpd, "RCP|I", sender=sender)


def pdq(
    parameters: str, *, domains: str = "", rcp: str = "RCP|I", sender: str = SOUTH, more: str = ""
) -> bytes:
    """A query for people."""
    qpd = f"QPD|IHE PDQ Query|Q1|{parameters}|||||{domains}"
    return message("QBP^Q22^QBP_Q21", qpd, rcp, *([more] if more else []), sender=sender)


@dataclass
class Wire:
    """Sends messages to an index without a socket; what comes back is parsed."""

    index: Index

    def ask(self, raw: bytes, **connection: object) -> Answer:
        """The answer to a message."""
        return answer(self.index, raw, connection=Connection(peer="192.0.2.1", **connection))  # type: ignore[arg-type]

    def reply(self, raw: bytes) -> Message:
        """The reply to a message, parsed."""
        return reply_of(self.ask(raw))

    def accepted(self, raw: bytes) -> Answer:
        """The answer to a message that must be accepted."""
        answered = self.ask(raw)
        assert answered.acknowledgement == "AA", answered.reply.decode()
        return answered

    def refused(self, raw: bytes) -> tuple[str, str, str]:
        """Acknowledgement, error code and place of a message that must not be."""
        answered = self.ask(raw)
        assert answered.acknowledgement in ("AE", "AR"), answered.reply.decode()
        place = reply_of(answered).all("ERR")[0].raw(2)
        return answered.acknowledgement, answered.error_code or "", place

    def who(self, source: str, local_id: str) -> str:
        """The enterprise ID of a record."""
        return self.index.record(source, local_id, actor=CLERK).enterprise_id


def reply_of(answered: Answer) -> Message:
    """The reply, parsed."""
    return parse(decode(answered.reply).text)


def identifiers_in(reply: Message) -> list[list[str]]:
    """PID-3 of every PID, each as ``value^^^namespace``."""
    return [[f"{v.text(1)}^^^{v.text(4)}" for v in pid.repeats(3)] for pid in reply.all("PID")]
