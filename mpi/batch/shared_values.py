"""Values that too many people have to say anything of one: a switchboard, a default that no list knows.

A household shares a telephone, and what that is worth is in the rules. A number on the records of people with
dozens of different names and birth dates is nobody's: it is learned from the records at hand, counted and
told, and taken for missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

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
    """The values of one field that were taken for missing."""

    field: str
    values: int
    #: On how many records they were.
    records: int
    #: How many people have the commonest.
    people_max: int

    def __str__(self) -> str:
        return (
            f"{self.field}: {self.values:,} values on {self.records:,} records were not taken as evidence: "
            f"each is of more than {PEOPLE_MAX[self.field]} people, the commonest of {self.people_max:,}"
        )


def without_shared(records: EncodedRecords) -> tuple[EncodedRecords, tuple[SharedValues, ...]]:
    """The records without the values that more people have than may share one, and what was left out.

    People are told apart by given name and birth date; a record that lacks one of them is nobody's. The
    blocking keys stay: blocks of such values are narrowed like any other.
    """
    people = _people(records.columns)
    columns, found = dict(records.columns.columns), []
    dropped = dict(records.dropped)
    for field, people_max in PEOPLE_MAX.items():
        if people is None or field not in columns:
            continue
        codes, distinct = columns[field].codes()
        counts = _people_of_each(codes, len(distinct), people, people_max)
        shared = np.flatnonzero(counts > people_max)
        if field == "address":
            # Of a town or a ZIP area any number of people may be.
            shared = shared[[any(one.street for one in distinct[code]) for code in shared.tolist()]]
        if not len(shared):
            continue
        columns[field], touched = _without(codes, distinct, shared)
        dropped[field, SHARED_BY_MANY] = touched
        found.append(
            SharedValues(
                field=field, values=len(shared), records=touched, people_max=int(counts[shared].max())
            )
        )
    if not found:
        return records, ()
    kept = Columns(record_count=records.record_count, columns=columns)
    return replace(records, columns=kept, dropped=dropped), tuple(found)


def _people(columns: Columns) -> npt.NDArray[np.int64] | None:
    """A number for each given name with a birth date; −1 where one of them is missing, None where it is not
    compared.
    """
    if not {"given", "birth_date"} <= columns.columns.keys():
        return None
    given, _ = columns.columns["given"].codes()
    born, dates = columns.columns["birth_date"].codes()
    people = given.astype(np.int64) * max(len(dates), 1) + born
    people[(given < 0) | (born < 0)] = -1
    return people


def _people_of_each(
    codes: Codes, distinct_count: int, people: npt.NDArray[np.int64], people_max: int
) -> npt.NDArray[np.int64]:
    """How many people have each distinct value; 0 where too few records have it to matter."""
    known = (codes >= 0) & (people >= 0)
    often = np.bincount(codes[known], minlength=distinct_count) > people_max
    rows = np.flatnonzero(known)
    rows = rows[often[codes[rows]]]
    if not len(rows):
        return np.zeros(distinct_count, dtype=np.int64)
    order = rows[np.lexsort((people[rows], codes[rows]))]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (codes[order][1:] != codes[order][:-1]) | (people[order][1:] != people[order][:-1])
    return np.bincount(codes[order[first]], minlength=distinct_count)


def _without(codes: Codes, distinct: Sequence[Any], shared: npt.NDArray[np.intp]) -> tuple[Column, int]:
    """The column with these values missing, also where they stand beside others; and how many records had
    one.
    """
    gone = np.zeros(len(distinct) + 1, dtype=bool)
    gone[shared] = True
    several = np.flatnonzero(several_of(distinct)).tolist()
    nobodys = {element for code in shared.tolist() for element in distinct[code]}
    beside = {code: kept for code in several if (kept := _rest(distinct[code], nobodys)) != distinct[code]}
    touched = int(gone[codes].sum())
    if not beside:
        return Column.coded(np.where(gone[codes], np.int32(-1), codes), distinct), touched
    touched += int(np.isin(codes, [code for code in beside if not gone[code]]).sum())
    values = [None if gone[code] else beside.get(code, value) or None for code, value in enumerate(distinct)]
    ranked = sorted({value for value in values if value is not None})
    rank = {value: place for place, value in enumerate(ranked)}
    new = np.array([-1 if value is None else rank[value] for value in values] + [-1], dtype=np.int32)
    return Column.coded(new[codes], ranked), touched


def _rest(value: tuple[Any, ...], nobodys: set[Any]) -> tuple[Any, ...]:
    return tuple(element for element in value if element not in nobodys)
