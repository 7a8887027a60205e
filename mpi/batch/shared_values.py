"""Values that too many people have to say anything of one: a switchboard, a default that no list knows.

A household shares a telephone, and what that is worth is in the rules. A number on the records of people with
dozens of different names and birth dates is nobody's: it is learned from the records at hand, counted and
told, and taken for missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mpi.batch.encoded import EncodedRecords
from mpi.matching.blocking import SHARED_BY_MANY
from mpi.matching.comparison import Columns
from mpi.matching.comparison.columns import Column
from mpi.matching.comparison.distinct import several_of

#: Field → of so many people one value may be. A street address is that of a tower block or a prison too.
PEOPLE_MAX: Final = {
    "ssn": 20,
    "national_id": 20,
    "record_number": 20,
    "phone": 20,
    "email": 20,
    "address": 100,
}

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedValues:
    """The values of one field that are taken for missing."""

    field: str
    values: frozenset[Any]
    #: On how many records they are.
    records: int
    #: How many people have the commonest.
    people_max: int

    def __str__(self) -> str:
        more = f"more than {PEOPLE_MAX[self.field]} people, the commonest of {self.people_max:,}"
        told = f"{len(self.values):,} values on {self.records:,} records were not taken as evidence"
        return f"{self.field}: {told}: each is of {more}"


class Bearers(NamedTuple):
    """Who has a value of a field: record by record, for those that have one."""

    #: The records that have one, ascending.
    rows: npt.NDArray[np.intp]
    #: Positions of their values among ``distinct``, int32.
    codes: Codes
    #: Numbers of people, int64, −1 where nobody is told apart.
    people: npt.NDArray[np.int64]
    distinct: Sequence[Any]


def without_shared(records: EncodedRecords) -> tuple[EncodedRecords, tuple[SharedValues, ...]]:
    """The records without the values that more people have than may share one, and what was left out.

    People are told apart by given name and birth date; a record that lacks one of them is nobody's. The
    blocking keys stay: blocks of such values are narrowed like any other.
    """
    found = tuple(
        shared for field in PEOPLE_MAX if (shared := _shared(field, bearers(records, field))) is not None
    )
    return without(records, found), found


def without(records: EncodedRecords, found: Sequence[SharedValues]) -> EncodedRecords:
    """The records with these values missing, also where they stand beside others."""
    if not found:
        return records
    columns, dropped = dict(records.columns.columns), dict(records.dropped)
    for one in found:
        columns[one.field] = _without(columns[one.field], one.values)
        dropped[one.field, SHARED_BY_MANY] = one.records
    kept = Columns(record_count=records.record_count, columns=columns)
    return replace(records, columns=kept, dropped=dropped)


def bearers(records: EncodedRecords, field: str) -> Bearers | None:
    """Who has which value; None where the field, given names or birth dates are not compared. Of an address
    only those with a street count: in a town any number of people may be.
    """
    columns = records.columns.columns
    if not {field, "given", "birth_date"} <= columns.keys():
        return None
    codes, distinct = columns[field].codes()
    (given, _), (born, dates) = columns["given"].codes(), columns["birth_date"].codes()
    has = np.flatnonzero(codes >= 0)
    people = given[has].astype(np.int64) * max(len(dates), 1) + born[has]
    people[(given[has] < 0) | (born[has] < 0)] = -1
    return Bearers(has, codes[has], people, distinct)


def has_place(field: str, value: Any) -> bool:
    """Whether a value says where one home is, not only in which town."""
    return field != "address" or any(one.street for one in value)


def _shared(field: str, found: Bearers | None) -> SharedValues | None:
    if found is None:
        return None
    counts = _people_of_each(found, PEOPLE_MAX[field])
    often = np.flatnonzero(counts > PEOPLE_MAX[field])
    often = often[[has_place(field, found.distinct[code]) for code in often.tolist()]]
    if not len(often):
        return None
    return SharedValues(
        field=field,
        values=frozenset(element for code in often.tolist() for element in found.distinct[code]),
        records=int(np.isin(found.codes, often).sum()),
        people_max=int(counts[often].max()),
    )


def _people_of_each(found: Bearers, people_max: int) -> npt.NDArray[np.int64]:
    """How many people have each distinct value; 0 where too few records have it to matter."""
    codes, people = found.codes[found.people >= 0], found.people[found.people >= 0]
    rows = np.flatnonzero((np.bincount(codes, minlength=len(found.distinct)) > people_max)[codes])
    codes, people = codes[rows], people[rows]
    order = np.lexsort((people, codes))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (np.diff(codes[order]) != 0) | (np.diff(people[order]) != 0)
    return np.bincount(codes[order[first]], minlength=len(found.distinct))


def _without(column: Column, nobodys: frozenset[Any]) -> Column:
    codes, distinct = column.codes()
    several = np.flatnonzero(several_of(distinct)).tolist()
    alone = {(element,) for element in nobodys}
    gone = np.zeros(len(distinct) + 1, dtype=bool)
    gone[[code for code, value in enumerate(distinct) if value in alone]] = True
    beside = {code: kept for code in several if (kept := _rest(distinct[code], nobodys)) != distinct[code]}
    if not beside:
        return Column.coded(np.where(gone[codes], np.int32(-1), codes), distinct)
    values = [None if gone[code] else beside.get(code, value) or None for code, value in enumerate(distinct)]
    ranked = sorted({value for value in values if value is not None})
    rank = {value: place for place, value in enumerate(ranked)}
    new = np.array([-1 if value is None else rank[value] for value in values] + [-1], dtype=np.int32)
    return Column.coded(new[codes], ranked)


def _rest(value: tuple[Any, ...], nobodys: frozenset[Any]) -> tuple[Any, ...]:
    return tuple(element for element in value if element not in nobodys)
