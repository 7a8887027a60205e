"""What Spark's workers run: tables of records in, keys, pairs and scores out. Nothing here knows Spark.

Every function takes the rule set pickled, because it travels with each task; a worker unpickles it once. A
record is known by its position among all records in canonical order; within a table its place is another, and
both ascend alike.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mpi.batch.blocks import Blocks, packed
from mpi.batch.candidates import Candidates, pass_keys
from mpi.batch.clustering import held_apart
from mpi.batch.encoded import EncodedRecords
from mpi.batch.encoding import encode_table
from mpi.batch.outcome import pair_table
from mpi.batch.oversized import Oversized
from mpi.batch.scored import PatternCounts, Scoring
from mpi.batch.scoring import score_candidates
from mpi.batch.shared_values import PEOPLE_MAX, SharedValues, bearers, has_place, without
from mpi.batch.training.counting import candidate_patterns, packed_counts
from mpi.identity.clustering import Clusters
from mpi.matching.record import NormalizedAddress, NormalizedIdentifier
from mpi.matching.rules import RuleSet

#: Records encoded at a time.
ROWS_AT_A_TIME: Final = 100_000
POSITION: Final = "position"
#: What a row of a scored bucket is about.
PAIR, LIGHT, PATTERN, BIN = "pair", "light", "pattern", "bin"
#: Stands for a pass in rows that count refused records instead, as their key.
REFUSED: Final = -1


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema(columns)


KEYS_SCHEMA: Final = _schema(**{"pass": pa.int16()}, key=pa.int64(), position=pa.int64())
PAIRS_SCHEMA: Final = _schema(pair=pa.int64())
BLOCK_PAIRS_SCHEMA: Final = _schema(**{"pass": pa.int16()}, key=pa.int64(), pair=pa.int64())
#: ``pattern``: as ``training.counting.packed_counts`` makes it.
PATTERNS_SCHEMA: Final = _schema(pattern=pa.int64(), count=pa.int64())

#: ``field``: its place in ``PEOPLE_MAX``; ``value`` as JSON; ``person``: null where nobody is told apart.
BORNE_SCHEMA: Final = _schema(field=pa.int16(), value=pa.string(), person=pa.int64())
#: An odd number: different names and dates give different people.
_MIXED: Final = np.int64(0x2545F4914F6CDD1D)

Positions = npt.NDArray[np.int64]
Batches = Iterable[pa.RecordBatch]


def given(rules: RuleSet, shared: Iterable[SharedValues] = ()) -> bytes:
    """What a task is given: the rules, and the values that are nobody's."""
    return pickle.dumps((rules, tuple(shared)))


@lru_cache(maxsize=2)
def _unpickled(pickled: bytes) -> tuple[RuleSet, tuple[SharedValues, ...]]:
    found: tuple[RuleSet, tuple[SharedValues, ...]] = pickle.loads(pickled)
    return found


def rules_of(pickled: bytes) -> RuleSet:
    """The rule set; one object per worker, by which the tables made of it are found again."""
    return _unpickled(pickled)[0]


def encoded(table: pa.Table, pickled: bytes) -> tuple[EncodedRecords, Positions]:
    """The records of a table with a ``position`` column, and the position of each, ascending."""
    rules, shared = _unpickled(pickled)
    records = encode_table(table.drop_columns([POSITION]), rules)
    positions: Positions = table[POSITION].to_numpy()[records.rows]
    return without(records, shared), positions


def borne(pickled: bytes) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """Records → the values that may be on too many of them, each with a number of the person who has it."""

    def values(batches: Batches) -> Iterator[pa.RecordBatch]:
        for table in _gathered(batches):
            records, _ = encoded(table, pickled)
            columns = records.columns.columns
            if not {"given", "birth_date"} <= columns.keys():
                return
            (given, distinct_names), (born, distinct_dates) = (
                columns[name].codes() for name in ("given", "birth_date")
            )
            names, dates = _numbered(distinct_names), _numbered(distinct_dates)
            for number, field in enumerate(PEOPLE_MAX):
                if (found := bearers(records, field)) is None:
                    continue
                texts = [_text(field, value) for value in found.distinct]
                told = np.array([text is not None for text in texts], dtype=bool)[found.codes]
                codes, rows = found.codes[told], found.rows[told]
                person = names[given[rows]] * _MIXED + dates[born[rows]]
                yield _batch(
                    BORNE_SCHEMA,
                    np.full(len(rows), number),
                    [texts[code] for code in codes.tolist()],
                    pa.array(person, mask=found.people[told] < 0),
                )

    return values


#: What the elements of a field's values are, where they are not texts.
_ELEMENTS: Final[dict[str, Callable[..., Any]]] = {
    "address": NormalizedAddress,
    "national_id": NormalizedIdentifier,
    "record_number": NormalizedIdentifier,
}


def element_of(field: str, text: str) -> Any:
    """The element that a value of ``borne`` says."""
    (element,) = json.loads(text)
    return _ELEMENTS[field](*element) if field in _ELEMENTS else element


def _text(field: str, value: tuple[Any, ...]) -> str | None:
    """The value as JSON; None for one that any number of people may have, and for several at once."""
    return json.dumps(value) if len(value) == 1 and has_place(field, value) else None


def _numbered(distinct: Sequence[Any]) -> npt.NDArray[np.int64]:
    """A number for each value, the same wherever it is met; 0 for none, at the end."""
    digests = [blake2b(json.dumps(value).encode(), digest_size=8).digest() for value in distinct]
    return np.frombuffer(b"".join([*digests, bytes(8)]), dtype=np.int64)


def keyed(pickled: bytes) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """Records → their blocking keys, each once per record and pass; and how many were refused."""

    def keys(batches: Batches) -> Iterator[pa.RecordBatch]:
        rules = rules_of(pickled)
        for table in _gathered(batches):
            records, positions = encoded(table, pickled)
            if records.faults.count:
                yield _batch(KEYS_SCHEMA, [REFUSED], [records.faults.count], [-1])
            for number, (_, found) in enumerate(pass_keys(records, rules)):
                order = np.lexsort((found.keys, found.positions))
                key, place = found.keys[order].view(np.int64), found.positions[order]
                fresh = np.ones(len(key), dtype=bool)
                fresh[1:] = (key[1:] != key[:-1]) | (place[1:] != place[:-1])
                numbers = np.full(int(fresh.sum()), number)
                yield _batch(KEYS_SCHEMA, numbers, key[fresh], positions[place[fresh]])

    return keys


def block_pairs(batches: Batches) -> Iterator[pa.RecordBatch]:
    """Blocks (``members``: their positions) → all pairs of each, packed into one number."""
    for batch in batches:
        column: Any = batch.column("members")
        starts = column.offsets.to_numpy().astype(np.int64)
        members = column.values.to_numpy().astype(np.int32)
        blocks = Blocks(members=_sorted_within(members, starts), starts=starts[:-1], sizes=np.diff(starts))
        for found in blocks.pairs():
            yield _batch(PAIRS_SCHEMA, found)


def oversized_pairs(pickled: bytes) -> Callable[[pa.Table], pa.Table]:
    """The records of one oversized block, with the columns ``pass`` and ``key`` → its pairs that are
    compared.
    """

    def pairs(table: pa.Table) -> pa.Table:
        rules = rules_of(pickled)
        number, key = table["pass"][0].as_py(), table["key"][0].as_py()
        records, positions = encoded(table.drop_columns(["pass", "key"]), pickled)
        block = Blocks(
            members=np.arange(len(positions), dtype=np.int32),
            starts=np.zeros(1, np.int64),
            sizes=np.array([len(positions)]),
        )
        name = rules.blocking_passes[number].name
        found = np.concatenate([np.empty(0, np.int64), *Oversized(records, rules).pairs(name, block)])
        whole = packed(positions[found >> 32], positions[found & 0xFFFFFFFF])
        batch = _batch(BLOCK_PAIRS_SCHEMA, np.full(len(whole), number), np.full(len(whole), key), whole)
        return pa.Table.from_batches([batch])

    return pairs


def bucket_patterns(pickled: bytes) -> Callable[[pa.Table, pa.Table], pa.Table]:
    """The pairs of one bucket and the records they name → how many pairs show which pattern."""

    def counted(pairs: pa.Table, rows: pa.Table) -> pa.Table:
        rules = rules_of(pickled)
        records, positions = encoded(rows.drop_columns(["bucket"]), pickled)
        counts, _ = candidate_patterns(records.columns, _candidates(pairs, positions), rules)
        return _pattern_rows(counts, rules)

    return counted


def scored_bucket(pickled: bytes) -> Callable[[pa.Table, pa.Table], pa.Table]:
    """The pairs of one bucket and the records they name → everything that scoring them found.

    Rows of several kinds: kept pairs as ``outcome.pair_table`` has them, light ones, counts of patterns and
    of weights.
    """

    def scored(pairs: pa.Table, rows: pa.Table) -> pa.Table:
        rules = rules_of(pickled)
        records, positions = encoded(rows.drop_columns(["bucket"]), pickled)
        scoring = score_candidates(records, _candidates(pairs, positions), rules)
        return _scoring_rows(records, positions, scoring, rules)

    return scored


def scored_schema(rules: RuleSet) -> pa.Schema:
    """Of the rows that ``scored_bucket`` gives."""
    nothing = pa.table({"record_id": pa.array([], pa.string()), POSITION: pa.array([], pa.int64())})
    records, positions = encoded(nothing, given(rules))
    none = Candidates(pair_count=0, per_pass={}, capped=(), chunks=lambda: iter(()))
    return _scoring_rows(records, positions, score_candidates(records, none, rules), rules).schema


def _gathered(batches: Batches) -> Iterator[pa.Table]:
    """Fewer and larger tables: encoding costs by the distinct value."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        if count >= ROWS_AT_A_TIME:
            yield pa.Table.from_batches(waiting)
            waiting, count = [], 0
    if count:
        yield pa.Table.from_batches(waiting)


def _sorted_within(members: npt.NDArray[np.int32], starts: Positions) -> npt.NDArray[np.int32]:
    """The members of each block ascending."""
    block_of = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    return members[np.lexsort((members, block_of))]


def _candidates(pairs: pa.Table, positions: Positions) -> Candidates:
    """Pairs of positions as pairs of places."""
    ascending = np.sort(pairs["pair"].to_numpy())
    left = np.searchsorted(positions, ascending >> 32).astype(np.int32)
    right = np.searchsorted(positions, ascending & 0xFFFFFFFF).astype(np.int32)
    return Candidates(pair_count=len(ascending), per_pass={}, capped=(), chunks=lambda: iter([(left, right)]))


def _scoring_rows(
    records: EncodedRecords, positions: Positions, scoring: Scoring, rules: RuleSet
) -> pa.Table:
    kept, light = scoring.pairs, scoring.light
    unclustered = Clusters(cluster_of=np.empty(0, np.int64), refused=np.empty(0, np.int64), reasons=())
    apart = np.zeros(len(kept.left), dtype=bool)
    apart[held_apart(kept, rules)] = True
    table = pair_table(records, kept, unclustered, rules).replace_schema_metadata(None)
    pairs = {
        "left": pa.array(positions[kept.left]),
        "right": pa.array(positions[kept.right]),
        "apart": pa.array(apart),
        **{name: table[name] for name in table.column_names},
    }
    lights = {
        "left": pa.array(positions[light.left]),
        "right": pa.array(positions[light.right]),
        "weight": pa.array(light.weight.astype(np.float64)),
    }
    filled = np.flatnonzero(scoring.bins)
    bins = {"left": pa.array(filled), "count": pa.array(scoring.bins[filled])}
    shown = dict(_named(_pattern_rows(scoring.patterns, rules)))
    kinds = ((PAIR, pairs), (LIGHT, lights), (PATTERN, shown), (BIN, bins))
    return pa.concat_tables([_of_kind(kind, columns) for kind, columns in kinds], promote_options="default")


def _of_kind(kind: str, columns: dict[str, Any]) -> pa.Table:
    table = pa.table(columns)
    return table.append_column("kind", pa.array([kind] * table.num_rows, type=pa.string()))


def _named(table: pa.Table) -> Iterator[tuple[str, Any]]:
    return zip(table.column_names, table.columns, strict=True)


def _pattern_rows(counts: PatternCounts, rules: RuleSet) -> pa.Table:
    packed_patterns = packed_counts(counts, rules)
    return pa.Table.from_batches([_batch(PATTERNS_SCHEMA, packed_patterns, counts.counts)])


def _batch(schema: pa.Schema, *columns: Any) -> pa.RecordBatch:
    arrays = [pa.array(column, type=kind) for column, kind in zip(columns, schema.types, strict=True)]
    return pa.record_batch(arrays, schema=schema)
