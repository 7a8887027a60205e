"""The request bodies of the API, and the examples its description shows.

The flat record is described here and checked by the index, which checks it the same at every door.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mpi.index import AssertionAnswer, EventAnswer, TaskAnswer

#: The largest number PostgreSQL's bigint holds.
BIGINT_MAX = 2**63 - 1

#: What the ledger keeps where a DELETE came without a reason.
NO_REASON = "no reason given"

Reason = Annotated[
    str, Field(min_length=1, max_length=1_000, description="Why: kept in the ledger and the audit.")
]
EnterpriseId = Annotated[str, Field(min_length=1, max_length=64, examples=["7K3M-9QRT-2X"])]


class Body(BaseModel):
    """A request body: unknown keys and other types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class NameEntry(Body):
    """One more name; ``use``: usual, official, temp, nickname, old, maiden."""

    given: str | None = None
    middle: str | None = None
    family: str | None = None
    prefix: str | None = None
    suffix: str | None = None
    use: str | None = None


class IdentifierEntry(Body):
    """A value and who issued it; ``type`` is HL7 table 0203 (MR, SS, DL, PPN, …)."""

    authority: str
    type: str | None = None
    value: str


class AddressEntry(Body):
    """One more address; ``use``: home, work, temp, old."""

    street: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    use: str | None = None


class FlatRecord(Body):
    """A patient as a source system sends it; what is absent is null or left out.

    Impossible and partial values (``1937-13-31``, ``1984``, ``????-05-01``) are kept as sent and compared at
    the precision they have.
    """

    source: str | None = Field(None, max_length=256, description="The source system. Required to register.")
    local_id: str | None = Field(None, max_length=256, description="Its own ID. Required to register.")
    record_id: str | None = Field(None, max_length=256, description="Another name of local_id.")
    given: str | None = None
    middle: str | None = None
    family: str | None = None
    suffix: str | None = None
    birth_date: str | None = Field(None, description="As far as it is known: 1980-02-03, 1980-02, 1980.")
    sex: str | None = None
    ssn: str | None = None
    mrn: str | None = None
    phone: str | None = None
    email: str | None = None
    street: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    names: list[NameEntry] | None = None
    identifiers: list[IdentifierEntry] | None = None
    addresses: list[AddressEntry] | None = None
    phones: list[str] | None = None
    emails: list[str] | None = None
    mother_maiden: str | None = None
    multiple_birth: bool | None = None
    birth_order: int | None = Field(None, ge=0, le=99)
    deceased: bool | str | None = Field(None, description="True, false, or the date of death.")


class SearchOrder(FlatRecord):
    """Free text in ``q``, or flat fields."""

    q: str | None = Field(None, max_length=200)
    limit: int = Field(20, ge=1, le=100)


class CompareOrder(Body):
    """Two flat records or references: an enterprise ID, or ``source/local_id`` with each part URL-encoded."""

    a: str | dict[str, Any]
    b: str | dict[str, Any]


class MergeOrder(Body):
    """Two enterprise IDs of one person; ``surviving`` stays, ``subsumed`` redirects to it for ever."""

    surviving: EnterpriseId
    subsumed: EnterpriseId
    reason: Reason | None = Field(None, description="Required unless preview.")
    preview: bool = False
    override: bool = Field(
        False, description="Against a person's statement that they are different; for leads."
    )


class UndoOrder(Body):
    """Why something is taken back."""

    reason: Reason


class RetireOrder(Body):
    """Why a record leaves the candidates, or an assertion is withdrawn; a DELETE may come without a body."""

    reason: Reason = NO_REASON


class UnlinkOrder(Body):
    """A record that is somebody else than the identity it is linked to."""

    source: Annotated[str, Field(min_length=1, max_length=256)]
    local_id: Annotated[str, Field(min_length=1, max_length=256)]
    reason: Reason


class AssertionOrder(Body):
    """What a person states about two records or identities; references as in ``compare``."""

    a: Annotated[str, Field(min_length=1, max_length=2_000)]
    b: Annotated[str, Field(min_length=1, max_length=2_000)]
    verdict: Literal["same", "different"]
    reason: Reason
    override: bool = False


class ResolutionOrder(Body):
    """The reviewer's answer to a task; ``version`` as read, here or in ``If-Match``."""

    resolution: Literal["same_person", "different_people", "overlay", "cannot_tell"]
    reason: Reason
    version: Annotated[int, Field(ge=1, le=BIGINT_MAX)] | None = None


class TaskPage(BaseModel):
    """A page of the review queue; ``next`` is None at its end."""

    items: list[TaskAnswer]
    next: str | int | None


class AssertionPage(BaseModel):
    """A page of statements; ``next`` is None at its end."""

    items: list[AssertionAnswer]
    next: str | int | None


class EventPage(BaseModel):
    """A page of events; ``next`` is the last ``seq`` seen, to go on from."""

    items: list[EventAnswer]
    next: str | int | None


class Problem(BaseModel):
    """What went wrong, RFC 9457: names the field, repeats nothing that was sent."""

    type: str = Field(examples=["urn:mpi:problem:invalid-record"])
    title: str
    status: int
    detail: str
    code: str = Field(examples=["invalid-record"])
    field: str | None = None
    request_id: str | None = None


RECORD = {
    "source": "north-ehr",
    "local_id": "A-1001",
    "given": "Crunchy",
    "family": "Armchair",
    "birth_date": "1980-02-03",
    "sex": "F",
    "phone": "217-555-0143",
    "street": "12 Oak Street",
    "city": "Springfield",
    "state": "IL",
    "zip": "62701",
    "identifiers": [{"authority": "NORTH", "type": "MR", "value": "A-1001"}],
}
RECEIPT = {
    "enterprise_id": "7K3M-9QRT-2X",
    "decision": "linked",
    "record": {"source": "north-ehr", "local_id": "A-1001", "version": 1},
    "match": {
        "weight": 21.4,
        "probability": 0.9999996,
        "with": "7K3M-9QRT-2X",
    },
    "tasks": [],
    "suppressed_keys": [],
    "dropped": [],
    "created": True,
    "declared": [],
}
EXPLANATION = {
    "weight": 21.4,
    "probability": 0.9999996,
    "decision": "link",
    "grade": "certain",
    "fields": [
        {
            "field": "birth_date",
            "values": ["1980-02-03", "1980-02-03"],
            "level": "exact",
            "m_probability": 0.95,
            "u_probability": 0.0001,
            "frequency": None,
            "weight": 13.2,
        }
    ],
    "guards": [],
    "shared_keys": ["birth_date+family"],
    "rule_set": {"name": "default", "hash": "3f9a…"},
}
