"""How common names are among the people of a file, learned from it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mpi.matching.comparison import Columns
from mpi.matching.rules import FrequencyTable, RuleSet
from mpi.matching.rules.frequencies import frequency_table

#: A name with fewer bearers is not listed: too few to measure, and it could tell who is in the file.
BEARERS_MIN: Final = 5
#: The rule set's own table counts as much as so many records where the file's names are spread as it says,
#: and as few as the lower number where they are not: the table is of another country then.
TABLE_RECORDS_MAX: Final = 5_000
TABLE_RECORDS_MIN: Final = 100

Codes = npt.NDArray[np.int32]


def learned_frequencies(columns: Columns, rules: RuleSet) -> dict[str, FrequencyTable]:
    """The tables that the rule set's comparisons use, blended with the file's own counts.

    A share becomes (c + K q) / (n + K): c of n records have the name, q is its share in the rule set's table
    and K is how many records the table is worth, see ``_table_records``. A name counts when ``BEARERS_MIN``
    bearers are told apart by their birth dates. What is not listed counts as that limit would, blended in the
    same way: here such a name is known to be rare. Names of the rule set's table stay listed, for the
    comparators read from it what is a name at all.
    """
    made = {}
    dates = columns.columns["birth_date"].codes()[0] if "birth_date" in columns.columns else None
    for comparison in rules.comparisons:
        if comparison.frequency is None:
            continue
        codes, distinct = columns.columns[comparison.field].codes()
        there = codes >= 0
        total = int(there.sum())
        counts = np.bincount(codes[there], minlength=len(distinct))
        bearers = counts if dates is None else _bearers(codes, dates, len(distinct))
        table = rules.frequencies[comparison.frequency]
        found: dict[str, int] = {}
        seen: dict[str, int] = {}
        for code in np.flatnonzero(bearers >= BEARERS_MIN).tolist():
            for name in distinct[code]:
                found[name] = found.get(name, 0) + int(counts[code])
                seen[name] = seen.get(name, 0) + int(bearers[code])
        worth = _table_records(table, seen, int(bearers.sum()))
        made[comparison.frequency] = _blended(table, found, total, worth)
    return made


def _bearers(codes: Codes, dates: Codes, size: int) -> npt.NDArray[np.int64]:
    """Per value how many birth dates the records with it have; records of one person mostly share theirs."""
    there = (codes >= 0) & (dates >= 0)
    pairs = np.sort((codes[there].astype(np.int64) << 32) | dates[there])
    first = np.diff(pairs, prepend=-1) > 0
    return np.bincount(pairs[first] >> 32, minlength=size)


def _table_records(table: FrequencyTable, bearers: dict[str, int], total: int) -> float:
    """How many records the table is worth, by how far the file's own names are from what it says.

    If the shares of the file's people are drawn around the table's as by a Dirichlet distribution of strength
    K, (c − n q)² / (n q (1 − q)) is (n + K) / (1 + K) on average, for a name of which c people are expected
    to be n q. Of ``bearers`` and of listed names of which the table expects as many.
    """
    names = {name for name, share in table.values.items() if share * total >= BEARERS_MIN} | set(bearers)
    if not names:
        return TABLE_RECORDS_MAX
    share = np.array([table.values.get(name, table.unseen) for name in names])
    seen = np.array([bearers.get(name, 0) for name in names])
    spread = float(((seen - total * share) ** 2 / (total * share * (1 - share))).mean())
    worth = (total - spread) / max(spread - 1, 1e-9)
    return float(np.clip(worth, TABLE_RECORDS_MIN, TABLE_RECORDS_MAX))


def _blended(table: FrequencyTable, counts: dict[str, int], total: int, worth: float) -> FrequencyTable:
    weight = worth / (total + worth)
    values = {name: share * weight for name, share in table.values.items()}
    for name, count in counts.items():
        prior = table.values.get(name, table.unseen)
        values[name] = prior * weight + count / (total + worth)
    unseen = max(table.floor, table.unseen * weight + BEARERS_MIN / (total + worth))
    rounded = {name: float(f"{share:.6g}") for name, share in sorted(values.items()) if share < 1}
    return frequency_table(
        table.name, rounded, floor=table.floor, unseen=float(f"{min(unseen, table.unseen):.6g}")
    )
