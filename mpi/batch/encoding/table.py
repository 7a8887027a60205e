"""A table of flat records encoded for bulk work, column by column."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mpi.batch.encoded import EncodedRecords, KeyValues
from mpi.batch.encoding.addresses import Addresses, count_reasons, read_addresses
from mpi.batch.encoding.contacts import read_emails, read_phones
from mpi.batch.encoding.hashing import hash_values, key_values
from mpi.batch.encoding.identifiers import Identifiers, read_identifiers
from mpi.batch.encoding.names import PARTS, Names, read_names
from mpi.batch.encoding.raw import RawColumn
from mpi.batch.encoding.sent import Sent, read_sent
from mpi.batch.encoding.singles import (
    Single,
    drop_unreadable_deaths,
    maiden_placeholders,
    read_birth_dates,
    read_birth_orders,
    read_maiden_names,
    read_sexes,
)
from mpi.batch.encoding.texts import Ranked, Read, arrow, hash_part, ranked, views
from mpi.batch.progress import Progress, silent
from mpi.matching.blocking import KEY_PARTS, EitherPart, IdentifierPart, JointPart, WordsPart
from mpi.matching.comparison import Column, Columns
from mpi.matching.comparison.columns import NAMES
from mpi.matching.comparison.distinct import Distinct, Part
from mpi.matching.comparison.features import is_local, is_national, is_ssn
from mpi.matching.rules import RuleSet

_STAGE: Final = "encode"
_STEPS: Final = 7

Dropped = Counter[tuple[str, str]]


def encode_table(
    table: pa.Table,
    rules: RuleSet,
    *,
    default_source: str = "file",
    progress: Progress = silent,
    processes: int = 1,
) -> EncodedRecords:
    """The records of a table of text columns called like the flat fields.

    Row for row the same as ``normalize(source_record(row))``, compared and blocked on one by one. A row that
    ``source_record`` would refuse is kept as a record without values, and named in ``faults`` (rows count
    from 1). With several ``processes`` distinct values are read in as many. Raises BadInput on a column that
    is no field, or not of text, or when there is no ``record_id``.
    """
    progress(_STAGE, 0, _STEPS)
    sent = read_sent(table, default_source)
    progress(_STAGE, 1, _STEPS)
    fields = _Fields.read(sent, progress, processes)
    names = dict.fromkeys((*(comparison.field for comparison in rules.comparisons), NAMES))
    parts = dict.fromkeys(part for one in rules.blocking_passes for part in one.key)
    columns = {name: fields.column(name) for name in names}
    keys = {part: fields.keys(part) for part in parts}
    progress(_STAGE, _STEPS, _STEPS)
    return EncodedRecords(
        source_of=sent.source_of,
        sources=sent.sources,
        record_ids=sent.record_ids,
        columns=Columns(record_count=len(sent.source_of), columns=columns),
        keys=keys,
        dropped=fields.dropped,
        rows=sent.rows,
        faults=sent.faults,
    )


@dataclass(frozen=True, slots=True)
class _Fields:
    """All fields, read."""

    names: Names
    identifiers: Identifiers
    addresses: Addresses
    phones: Ranked
    emails: Ranked
    birth_dates: Single
    sexes: Single
    maiden_names: Single
    birth_orders: Single
    #: A placeholder stands where the name should.
    placeholder_name: npt.NDArray[np.bool_]
    dropped: Dropped

    @classmethod
    def read(cls, sent: Sent, progress: Progress, processes: int) -> _Fields:
        columns = sent.columns
        dropped: Dropped = Counter()
        names = read_names({part: columns[part] for part in PARTS}, processes)
        progress(_STAGE, 2, _STEPS)
        identifiers = read_identifiers(columns["ssn"], columns["mrn"], sent.source_of, sent.sources)
        progress(_STAGE, 3, _STEPS)
        addresses = read_addresses(columns, processes)
        progress(_STAGE, 4, _STEPS)
        phones = _ranked("phone", columns["phone"], read_phones(columns["phone"].texts), dropped)
        emails = _ranked("email", columns["email"], read_emails(columns["email"].texts), dropped)
        progress(_STAGE, 5, _STEPS)
        drop_unreadable_deaths(columns["deceased"], dropped)
        for others in (names.dropped, identifiers.dropped, addresses.dropped):
            dropped.update(others)
        hollow = names.placeholder | maiden_placeholders(columns["mother_maiden"])
        fields = cls(
            names=names,
            identifiers=identifiers,
            addresses=addresses,
            phones=phones,
            emails=emails,
            birth_dates=read_birth_dates(columns["birth_date"], dropped),
            sexes=read_sexes(columns["sex"], dropped),
            maiden_names=read_maiden_names(columns["mother_maiden"], dropped),
            birth_orders=read_birth_orders(columns["birth_order"], dropped),
            placeholder_name=~names.named & (names.temporary | hollow),
            dropped=dropped,
        )
        progress(_STAGE, 6, _STEPS)
        return fields

    def column(self, field: str) -> Column:
        """What the kernel compares of a field: the same as ``FEATURES[field]`` of each record."""
        if field == NAMES:
            return Column.coded(self.names.of_records.codes, self.names.distinct())
        if field in PARTS:
            return self.names.column(field)
        if field in _IDENTIFIERS:
            wanted, whole = _IDENTIFIERS[field]
            return self.identifiers.column(wanted, whole=whole)
        if field == "address":
            return self.addresses.column()
        if field in ("phone", "email"):
            texts = self.phones if field == "phone" else self.emails
            return Column.coded(texts.codes, Distinct([Part(views(texts.distinct))]))
        return self._single(field)

    def _single(self, field: str) -> Column:
        if field == "placeholder_name":
            return Column.coded(self.placeholder_name.astype(np.int32), [False, True])
        if field == "birth_order":
            return _numbers(self._orders())
        singles = {"birth_date": self.birth_dates, "sex": self.sexes, "mother_maiden": self.maiden_names}
        codes, values = singles[field].codes, list(singles[field].values)
        if field == "sex" and "X" in values:
            codes, values = np.where(codes == values.index("X"), np.int32(-1), codes), values[:-1]
        return Column.coded(codes, values)

    def _orders(self) -> npt.NDArray[np.int64]:
        """The birth order of each record as sent, or else as its placeholder name says; 0 = not known."""
        orders = np.array([*self.birth_orders.values, 0], dtype=np.int64)
        sent = orders.take(self.birth_orders.codes, mode="wrap")
        return np.where(sent > 0, sent, np.where(self.names.temporary, self.names.birth_orders, 0))

    def keys(self, part: str) -> KeyValues:
        """The values of a key part in each record."""
        definition = KEY_PARTS[part]
        if isinstance(definition, IdentifierPart):
            return self.identifiers.keys(definition)
        if isinstance(definition, JointPart):
            return self.names.joint_keys(definition)
        if isinstance(definition, EitherPart):
            return self.names.either_keys(definition)
        if definition.reads in PARTS:
            return self.names.keys(definition)
        if definition.reads in ("street", "city", "zip"):
            return self.addresses.keys(definition)
        if definition.reads == "birth_date":
            assert isinstance(definition, WordsPart)
            single = self.birth_dates
            return key_values(single.codes, hash_values(single.values, definition.texts))
        if definition.reads == "sex":
            return key_values(self.sexes.codes, hash_part(definition, arrow(list(self.sexes.values))))
        texts = {"phone": self.phones, "email": self.emails}[definition.reads]
        return key_values(texts.codes, hash_part(definition, texts.distinct))


_IDENTIFIERS: Final = {
    "ssn": (is_ssn, False),
    "national_id": (is_national, True),
    "record_number": (is_local, True),
}


def _ranked(field: str, column: RawColumn, found: Read, dropped: Dropped) -> Ranked:
    count_reasons(field, column, found.reasons, found.reason_names, dropped)
    texts = ranked(found.texts)
    return Ranked(column.codes_from(texts.codes), texts.distinct)


def _numbers(values: npt.NDArray[np.int64]) -> Column:
    """Small whole numbers, 0 = none."""
    present = np.flatnonzero(np.bincount(values, minlength=1)[1:]) + 1
    codes = np.full(int(values.max(initial=0)) + 1, -1, dtype=np.int32)
    codes[present] = np.arange(len(present))
    return Column.coded(codes[values], present.tolist())
