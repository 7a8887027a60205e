"""The index, and what its methods take and answer: all that a face imports."""

from mpi.batch.feeds import read_map
from mpi.index.index import Index
from mpi.matching.flat import FLAT_FIELDS
from mpi.services.answers import (
    Actor,
    AssertionAnswer,
    Candidate,
    Candidates,
    EventAnswer,
    IdentityAnswer,
    InvariantResult,
    MatchedWith,
    MergeAnswer,
    Outcome,
    Page,
    Receipt,
    RecordRef,
    Rejection,
    StoredRecord,
    TaskAnswer,
    UnlinkAnswer,
    UnmergeAnswer,
)
from mpi.services.desk import Agreement, Case, Cluster, Desk, PairView, Queue, Reading, Side
from mpi.services.hl7_notices import News, Sent, Subscriber, Subscribers
from mpi.services.loading import LineOutcome, LoadSummary
from mpi.services.messages import (
    Arrived,
    Kept,
    MessageAnswer,
    MessageContent,
    MessageFilter,
    Messages,
    Settled,
)
from mpi.services.quality import Standing
from mpi.services.registry import (
    Criterion,
    CrossReference,
    Field,
    Found,
    How,
    RecordKey,
    Registered,
    Registry,
    Replacement,
)
from mpi.services.relink_planning import RelinkAnswer, RelinkStep
from mpi.services.relinking import RollbackAnswer
from mpi.services.replay import Replay
from mpi.services.senders import Profile, Senders

__all__ = [
    "FLAT_FIELDS",
    "Actor",
    "Agreement",
    "Arrived",
    "AssertionAnswer",
    "Candidate",
    "Candidates",
    "Case",
    "Cluster",
    "Criterion",
    "CrossReference",
    "Desk",
    "EventAnswer",
    "Field",
    "Found",
    "How",
    "IdentityAnswer",
    "Index",
    "InvariantResult",
    "Kept",
    "LineOutcome",
    "LoadSummary",
    "MatchedWith",
    "MergeAnswer",
    "MessageAnswer",
    "MessageContent",
    "MessageFilter",
    "Messages",
    "News",
    "Outcome",
    "Page",
    "PairView",
    "Profile",
    "Queue",
    "Reading",
    "Receipt",
    "RecordKey",
    "RecordRef",
    "Registered",
    "Registry",
    "Rejection",
    "RelinkAnswer",
    "RelinkStep",
    "Replacement",
    "Replay",
    "RollbackAnswer",
    "Senders",
    "Sent",
    "Settled",
    "Side",
    "Standing",
    "StoredRecord",
    "Subscriber",
    "Subscribers",
    "TaskAnswer",
    "UnlinkAnswer",
    "UnmergeAnswer",
    "read_map",
]
