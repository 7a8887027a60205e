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
    """Value → share of people who have it; ``floor`` for values not listed and as the lower bound of all.

    The floor keeps a rare or mistyped value from counting as proof: nothing is rarer than one in ``1 /
    floor``.
    """

    name: str
    floor: float
    values: Mapping[str, float] = field(repr=False)
    hash: str

    def frequency(self, value: str) -> float:
        """The share of people with ``value``; of several words the first counts, at a tenth when others
        follow.
        """
        found = self.values.get(value)
        if found is None:
            first, _, rest = value.partition(" ")
            found = self.values.get(first, 0.0) / 10 if rest else 0.0
        return found if found > self.floor else self.floor


def frequency_table(name: str, values: Mapping[str, float], floor: float) -> FrequencyTable:
    """A table from a mapping, e.g. one learned from data. Raises ``InvalidRuleSet`` on a share outside
    0–1.
    """
    if not 0 < floor < 1:
        raise InvalidRuleSet(
            f"frequencies.{name}.floor: {floor} is not between 0 and 1", field=f"frequencies.{name}"
        )
    for line, share in enumerate(values.values(), start=1):
        if not 0 < share < 1:
            message = f"frequencies.{name}: entry {line}: {share} is not between 0 and 1"
            raise InvalidRuleSet(message, field=f"frequencies.{name}")
    digest = sha256(repr((floor, sorted(values.items()))).encode()).hexdigest()[:16]
    return FrequencyTable(name=name, floor=floor, values=dict(values), hash=digest)


def read_frequencies(name: str, text: str, floor: float) -> FrequencyTable:
    """A table from CSV text with the header ``value,frequency``. Raises ``InvalidRuleSet``, naming the
    line.
    """
    rows = csv.reader(io.StringIO(text))
    if [column.strip() for column in next(rows, [])] != ["value", "frequency"]:
        raise InvalidRuleSet(
            f"frequencies.{name}: the header is not 'value,frequency'", field=f"frequencies.{name}"
        )
    values: dict[str, float] = {}
    for line, row in enumerate(rows, start=2):
        try:
            value, share = row
            values[value.strip().upper()] = float(share)
        except ValueError:
            message = f"frequencies.{name}: line {line} is not a value and a number"
            raise InvalidRuleSet(message, field=f"frequencies.{name}") from None
    return frequency_table(name, values, floor)
