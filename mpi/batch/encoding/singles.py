"""Fields of which a record has one value, and few are distinct: each distinct text is read once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mpi.batch.encoded import Codes
from mpi.batch.encoding.raw import RawColumn
from mpi.batch.encoding.texts import listed
from mpi.matching.flat import flat_birth_order, flat_deceased
from mpi.matching.normalization import read_birth_order, read_deceased
from mpi.matching.normalization.codes import read_sex
from mpi.matching.normalization.dates import read_date
from mpi.matching.normalization.names import read_family

Dropped = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Single:
    """Record ``i`` has ``values[codes[i]]``, −1 = none; ``values`` ascend."""

    codes: Codes
    values: Sequence[Any]


def _read(
    column: RawColumn, field: str, read: Callable[[str], tuple[Any, Sequence[str]]], dropped: Dropped
) -> Single:
    """``read`` gives the value of a text (None or empty = none) and why something was not taken."""
    readings = [read(text) for text in listed(column.texts)]
    values = sorted({value for value, _ in readings if value})
    position = {value: place for place, value in enumerate(values)}
    codes = np.array([position[value] if value else -1 for value, _ in readings], dtype=np.int32)
    counts = column.counts().tolist()
    for (_, reasons), count in zip(readings, counts, strict=True):
        for reason in dict.fromkeys(reasons):
            if reason and count:
                dropped[field, reason] += count
    return Single(column.codes_from(codes), values)


def read_birth_dates(column: RawColumn, dropped: Dropped) -> Single:
    """Values are ``PartialDate``."""
    return _read(column, "birth_date", read_date.__wrapped__, dropped)


def read_sexes(column: RawColumn, dropped: Dropped) -> Single:
    """Values are F, M and X."""

    def read(text: str) -> tuple[str, Sequence[str]]:
        sex, reason = read_sex(text)
        return sex, (reason,)

    return _read(column, "sex", read, dropped)


def read_maiden_names(column: RawColumn, dropped: Dropped) -> Single:
    """Values are family names."""

    def read(text: str) -> tuple[str, Sequence[str]]:
        family, reason = read_family(text)
        return family, (reason,)

    return _read(column, "mother_maiden", read, dropped)


def read_birth_orders(column: RawColumn, dropped: Dropped) -> Single:
    """Values are whole numbers from 1."""

    def read(text: str) -> tuple[int, Sequence[str]]:
        order, reason = read_birth_order(flat_birth_order(text))
        return order, (reason,)

    return _read(column, "birth_order", read, dropped)


def drop_unreadable_deaths(column: RawColumn, dropped: Dropped) -> None:
    """Nothing compares ``deceased``; what cannot be read is reported all the same."""

    def read(text: str) -> tuple[bool | None, Sequence[str]]:
        dead, reason = read_deceased(flat_deceased(text))
        return dead, (reason,)

    _read(column, "deceased", read, dropped)


def maiden_placeholders(column: RawColumn) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Rows whose maiden name is a placeholder."""
    hollow = [read_family(text)[1] == "placeholder-name" for text in listed(column.texts)]
    return column.at(np.array([*hollow, False], dtype=bool))
