"""Why a message was not done: the HL7 codes of it, and where."""

from __future__ import annotations

from typing import Literal

from mpi.errors import BadInput

#: HL7 table 0357 with the words we answer.
SEQUENCE, REQUIRED, DATA_TYPE, TABLE_VALUE = "100", "101", "102", "103"
TYPE, EVENT, PROCESSING_ID, VERSION = "200", "201", "202", "203"
UNKNOWN_KEY, DUPLICATE_KEY, LOCKED, INTERNAL = "204", "205", "206", "207"
WORDS = {
    SEQUENCE: "Segment sequence error",
    REQUIRED: "Required field missing",
    DATA_TYPE: "Data type error",
    TABLE_VALUE: "Table value not found",
    TYPE: "Unsupported message type",
    EVENT: "Unsupported event code",
    PROCESSING_ID: "Unsupported processing ID",
    VERSION: "Unsupported version ID",
    UNKNOWN_KEY: "Unknown Key Identifier",
    DUPLICATE_KEY: "Duplicate key identifier",
    LOCKED: "Application record locked",
    INTERNAL: "Application internal error",
}


class Fault(BadInput):
    """A message that is not done. ``place`` is an ERL, ``PID^1^3``; several are joined by ``~``.

    ``text`` names fields and keys, never what a patient's segment holds.
    """

    acknowledgement: Literal["AE", "AR"] = "AE"

    def __init__(self, code: str, text: str, *, place: str = "") -> None:
        super().__init__(text, field=place or None)
        self.code = code
        self.text = text
        self.place = place


class Refused(Fault):
    """It cannot be done as sent, whatever it says: type, version, authority, permission."""

    acknowledgement = "AR"


class Unparsable(Refused):
    """It is no HL7 v2 message."""

    def __init__(self, text: str, *, place: str = "") -> None:
        super().__init__(SEQUENCE, text, place=place)
