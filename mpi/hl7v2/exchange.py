"""One message that is being answered: what was asked, by whom, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from mpi.hl7v2.faults import Fault
from mpi.hl7v2.message import Message, Segment
from mpi.index import Actor, Index, Profile
from mpi.patient import Domains


@dataclass(frozen=True, kw_only=True, repr=False)
class Asked:
    """A message, whose it is, and whom it is answered for."""

    index: Index
    message: Message
    profile: Profile
    actor: Actor

    @property
    def source(self) -> str:
        """The source system it is from."""
        return self.profile.source

    @property
    def domains(self) -> Domains:
        """The identifier domains as declared."""
        return self.index.registry.domains()

    @cached_property
    def event(self) -> str:
        """The trigger event, from MSH-9.2 or, of the oldest messages, from EVN-1."""
        return self.message.header.text(9, 2).upper() or self.message["EVN-1"].upper()

    def segment(self, name: str) -> Segment:
        """The first segment of this name. Raises Fault where it is missing."""
        found = self.message.first(name)
        if found is None:
            raise Fault("100", f"a {name} segment is missing", place=name)
        return found


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Done:
    """What became of a message that was done: whom it was about, and for a query the rest of the reply."""

    enterprise_ids: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    #: Segments after MSA; None: a plain acknowledgement.
    body: tuple[str, ...] | None = None
    #: MSH-9 of the reply to a query, ``RSP^K23^RSP_K23``.
    reply_type: tuple[str, ...] = ()
    #: What was wrong with a query: it is answered all the same, with its own segments.
    fault: Fault | None = None


@dataclass(slots=True)
class Doing:
    """Collects what a message touches while it is done."""

    enterprise_ids: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def done(self) -> Done:
        """All of it, each once."""
        return Done(
            enterprise_ids=tuple(dict.fromkeys(self.enterprise_ids)),
            warnings=tuple(dict.fromkeys(self.warnings)),
        )
