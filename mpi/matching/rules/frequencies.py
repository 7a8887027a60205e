"""How common a value is: the u probability of agreeing on exactly that value by coincidence."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from mpi.errors import InvalidRuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyTable:
    """Value → share of people who have it.

    ``floor`` is the lower bound of all: however rare a value is, agreeing on it is no proof. ``unseen``
    stands for values that are not listed: these are not known to be rare, they may be common where the list
    does not come from.
    """

    name: str
    floor: float
    unseen: float
    values: Mapping[str, float] = field(repr=False)
    hash: str

    def frequency(self, value: str) -> float:
        """The share of people with ``value``; of several words the first counts, at a tenth."""
        found = self.values.get(value)
        if found is None:
            first, _, rest = value.partition(" ")
            found = self.values.get(first, self.unseen) / 10 if rest else self.unseen
        return found if found > self.floor else self.floor


def frequency_table(name: str, values: Mapping[str, float], *, floor: float, unseen: float) -> FrequencyTable:
    """A table from a mapping, e.g. one learned from data.

    Raises ``InvalidRuleSet`` on a share that is not between 0 and 1.
    """
    key = f"frequencies.{name}"
    for what, share in (("floor", floor), ("unseen", unseen)):
        if not 0 < share < 1:
            raise InvalidRuleSet(f"{key}.{what}: {share} is not between 0 and 1", field=f"{key}.{what}")
    for entry, share in enumerate(values.values(), start=1):
        if not 0 < share < 1:
            raise InvalidRuleSet(f"{key}: entry {entry}: {share} is not between 0 and 1", field=key)
    digest = sha256(repr((floor, unseen, sorted(values.items()))).encode()).hexdigest()[:16]
    return FrequencyTable(name=name, floor=floor, unseen=unseen, values=dict(values), hash=digest)


def read_frequencies(name: str, text: str, *, floor: float, unseen: float) -> FrequencyTable:
    """A table from CSV text with the header ``value,frequency``. Raises ``InvalidRuleSet``, naming the
    line.
    """
    key = f"frequencies.{name}"
    rows = csv.reader(io.StringIO(text))
    if [column.strip() for column in next(rows, [])] != ["value", "frequency"]:
        raise InvalidRuleSet(f"{key}: the header is not 'value,frequency'", field=key)
    values: dict[str, float] = {}
    for line, row in enumerate(rows, start=2):
        try:
            value, share = row
            values[value.strip().upper()] = float(share)
        except ValueError:
            raise InvalidRuleSet(f"{key}: line {line} is not a value and a number", field=key) from None
    return frequency_table(name, values, floor=floor, unseen=unseen)
