"""Records on their way in:

normalized, blocked, and compared with what is already there and with each other.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from mpi.matching.blocking import BROAD_MAX, BlockingKey, blocking_keys, without_values
from mpi.matching.comparison import encode
from mpi.matching.comparison.features import numbers_held_alone
from mpi.matching.decision import PairScores, field_parts, score_columns
from mpi.matching.flat import flat_record
from mpi.matching.guards import GuardHit
from mpi.matching.normalization import normalize
from mpi.matching.normalization.searching import search_text
from mpi.matching.record import NormalizedRecord, SourceRecord
from mpi.matching.rules import RuleSet
from mpi.matching.stored import from_stored, to_stored
from mpi.patient.carried import comparable
from mpi.patient.domains import Domains
from mpi.patient.terms import as_tsvector, terms_of
from mpi.storage.candidates import BLOCK_MAX, Asked, Look
from mpi.storage.records import NewRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One record on its way in, ready to be looked up."""

    source_record: SourceRecord
    source_id: int
    normalized: NormalizedRecord
    keys: tuple[BlockingKey, ...]
    #: The demographics as sent, as JSON; equal bytes mean nothing changed.
    content: bytes
    #: The FHIR Patient it was read from, as JSON.
    original: bytes | None
    #: A number for the record if it turns out to be new.
    record_id: int
    declared: tuple[str, ...] = ()

    @property
    def content_hash(self) -> bytes:
        """16 bytes that change when the content does."""
        written = hashlib.blake2b(self.content, digest_size=16)
        if self.original is not None:
            written.update(self.original)
        return written.digest()

    def asked(self) -> Asked:
        """What to look for."""
        keys, used_max = [key.key for key in self.keys], [_used_max(key) for key in self.keys]
        return Asked(self.source_id, self.source_record.local_id, keys, used_max)

    def suppressed_passes(self, numbers: Sequence[int]) -> tuple[str, ...]:
        """What an answer tells of suppressed keys: their passes, but for broad ones, made for rare values."""
        keys = (self.keys[number] for number in numbers)
        return tuple(sorted({key.pass_name for key in keys if not key.broad}))

    def evidence(self, suppressed: Sequence[int], rules: RuleSet) -> NormalizedRecord:
        """What is compared: without values that too many share, told by the numbers of suppressed keys."""
        if not suppressed:
            return self.normalized
        return without_values(self.normalized, {self.keys[number].key for number in suppressed}, rules)


def dropped_from(record: NormalizedRecord) -> tuple[dict[str, str], ...]:
    """The values that were not used as evidence, as an answer tells them."""
    return tuple({"field": d.field, "reason": d.reason} for d in record.dropped)


def arrive(
    record: SourceRecord,
    source_id: int,
    record_id: int,
    rules: RuleSet,
    domains: Domains,
    declared: tuple[str, ...] = (),
) -> Arrival:
    """Normalize ``record``, its identifiers called as ``domains`` call them, and make its blocking keys."""
    normalized = normalize(comparable(record, domains))
    return Arrival(
        source_record=record,
        source_id=source_id,
        normalized=normalized,
        keys=blocking_keys(normalized, rules),
        content=orjson.dumps(flat_record(record)),
        original=None if record.original is None else orjson.dumps(record.original),
        record_id=record_id,
        declared=declared,
    )


def stored_form(arrival: Arrival, record_id: int | None = None) -> NewRecord:
    """The record as it is stored: as a new one, or as the next version of ``record_id``."""
    return NewRecord(
        record_id=arrival.record_id if record_id is None else record_id,
        source_id=arrival.source_id,
        local_id=arrival.source_record.local_id,
        content=arrival.content,
        content_hash=arrival.content_hash,
        normalized=to_stored(arrival.normalized),
        search_text=search_text(arrival.source_record, arrival.normalized),
        keys=[key.key for key in arrival.keys],
        original=arrival.original,
        terms=as_tsvector(terms_of(arrival.source_record)),
    )


class Member(NamedTuple):
    """A record that is, or is about to be, a member of an identity; ``index`` is its place among the compared
    records.
    """

    place: int
    record_id: int
    source_id: int


class Comparison(NamedTuple):
    """One arrival against one member."""

    weight: float
    probability: float
    decision: int
    #: (guard, effect) of each guard that fired.
    guards: tuple[tuple[str, str], ...]


class Explained(NamedTuple):
    """The parts of a comparison's weight, as ``explain`` tells them, and the guards that fired."""

    fields: list[dict[str, Any]]
    guards: tuple[GuardHit, ...]


class Compared:
    """Every arrival of a chunk against its neighbours and against the earlier arrivals that share a key.

    Pairs known beforehand are scored in one columnar call; a pair that comes up later (an arrival joined an
    identity
    whose members share no key with the next one) is scored when asked for.
    """

    def __init__(self, arrivals: Sequence[Arrival], fresh: Sequence[int], look: Look, rules: RuleSet) -> None:
        self._rules = rules
        self._records = [
            arrival.evidence(look.suppressed.get(position, ()), rules)
            for position, arrival in enumerate(arrivals)
        ]
        #: Position → enterprise IDs near it in the database.
        self.near: dict[int, list[str]] = defaultdict(list)
        #: Enterprise ID → its members in the database.
        self.members: dict[str, list[Member]] = defaultdict(list)
        left, right = [], []
        for neighbour in look.neighbours:
            index = len(self._records)
            self._records.append(from_stored(neighbour.normalized))
            if neighbour.enterprise_id not in self.members:
                for position in neighbour.positions:
                    self.near[position].append(neighbour.enterprise_id)
            self.members[neighbour.enterprise_id].append(
                Member(index, neighbour.record_id, neighbour.source_id)
            )
            left += neighbour.positions
            right += [index] * len(neighbour.positions)
        #: Position → earlier positions that share a blocking key.
        self.partners = _partners(arrivals, fresh)
        for position, earlier in self.partners.items():
            left += [position] * len(earlier)
            right += earlier
            self._add_members_of(position, earlier, left, right)
        self._columns = encode(self._records, rules)
        self._scored: dict[tuple[int, int], Comparison] = {}
        #: Every scoring so far with its pairs, for ``field_parts``.
        self._scorings: list[tuple[list[int], list[int], PairScores]] = []
        self._score(left, right)

    def _add_members_of(self, position: int, earlier: list[int], left: list[int], right: list[int]) -> None:
        """An earlier arrival may join an identity near it: then its members count for this one too."""
        near = {id for partner in earlier for id in self.near.get(partner, ())}
        for enterprise_id in near.difference(self.near.get(position, ())):
            members = self.members[enterprise_id]
            left += [position] * len(members)
            right += [member.place for member in members]

    def compare(self, position: int, members: Sequence[Member]) -> list[Comparison]:
        """The arrival at ``position`` against each of ``members``."""
        unknown = [m.place for m in members if (position, m.place) not in self._scored]
        if unknown:
            self._score([position] * len(unknown), unknown)
        return [self._scored[position, m.place] for m in members]

    def shares_identifier(self, position: int, members: Sequence[Member]) -> bool:
        """Whether the arrival and one of ``members`` carry a number that one person alone has."""
        own = numbers_held_alone(self._records[position])
        return bool(own) and any(own & numbers_held_alone(self._records[m.place]) for m in members)

    def member(self, enterprise_id: str, record_id: int) -> Member:
        """The member of an identity that is this record."""
        return next(m for m in self.members[enterprise_id] if m.record_id == record_id)

    def explained(self, position: int, members: Sequence[Member]) -> list[Explained]:
        """Why the arrival at ``position`` resembles each of ``members``, all of them compared before."""
        sought = {(position, member.place) for member in members}
        why: dict[int, Explained] = {}
        for left, right, scores in self._scorings:
            wanted = [n for n, pair in enumerate(zip(left, right, strict=True)) if pair in sought]
            if not wanted:
                continue
            parts = field_parts(self._columns, left, right, scores, wanted, self._rules)
            for n, fields in zip(wanted, parts, strict=True):
                why[right[n]] = Explained(fields, scores.guards[n])
        return [why[member.place] for member in members]

    def _score(self, left: list[int], right: list[int]) -> None:
        if not left:
            return
        scores = score_columns(self._columns, left, right, self._rules)
        self._scorings.append((left, right, scores))
        weights, probabilities = scores.weight.tolist(), scores.probability.tolist()
        decisions = scores.decision.tolist()
        for n, pair in enumerate(zip(left, right, strict=True)):
            guards = tuple((hit.guard, hit.effect) for hit in scores.guards[n])
            self._scored[pair] = Comparison(weights[n], probabilities[n], decisions[n], guards)


def _used_max(key: BlockingKey) -> int:
    """Records that may have the key; one that more have finds nobody."""
    return BROAD_MAX if key.broad else BLOCK_MAX


def _partners(arrivals: Sequence[Arrival], fresh: Sequence[int]) -> dict[int, list[int]]:
    """Position → earlier positions sharing a key; a key shared by too many within the chunk says nothing."""
    if len(fresh) < 2:
        return {}
    blocks: dict[BlockingKey, list[int]] = defaultdict(list)
    for position in fresh:
        for key in arrivals[position].keys:
            blocks[key].append(position)
    partners: dict[int, set[int]] = defaultdict(set)
    for key, positions in blocks.items():
        if len(positions) <= _used_max(key):
            for place, position in enumerate(positions):
                partners[position].update(positions[:place])
    return {position: sorted(earlier - {position}) for position, earlier in partners.items() if earlier}
