"""Records for Spark: flat columns of text, each record with its position in canonical order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from mpi.batch.spark.work import POSITION
from mpi.errors import BadInput, UnreadableFile
from mpi.matching.flat import FLAT_FIELDS, OTHER_FIELDS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from mpi.batch.spark.stages import Stages

#: A position goes into half of a 64-bit number, signed.
RECORDS_MAX: Final = 2**31 - 1
_FIELDS: Final = (
    "source",
    "record_id",
    *(f for f in (*FLAT_FIELDS, *OTHER_FIELDS) if f not in ("source", "local_id")),
)
_TRUTH: Final = "entity_id"
#: Of ``monotonically_increasing_id`` the lower bits, which count within a partition.
_WITHIN_BITS: Final = 33


def read_records(
    session: SparkSession,
    source: str | DataFrame,
    column_map: Mapping[str, str] | None = None,
    default_source: str = "file",
) -> DataFrame:
    """The flat columns of a file, a folder of files, or a frame, as text.

    Raises UnreadableFile for a column that is no field or not of text, numbers or dates, and where there is
    no record ID: rows have no order on a cluster that could stand in for one.
    """
    from pyspark.sql import functions as f
    from pyspark.sql.types import AtomicType, BinaryType, NullType

    frame = _opened(session, source) if isinstance(source, str) else source
    taken = {}
    for column in frame.schema.fields:
        name = column_map.get(column.name) if column_map else column.name
        name = "record_id" if name == "local_id" else name
        if name is None or name == _TRUTH:
            continue
        if name not in _FIELDS:
            raise UnreadableFile(
                f"column {column.name!r} is no field; there are {', '.join(_FIELDS)}", field=name
            )
        kind = column.dataType
        if isinstance(kind, BinaryType) or not isinstance(kind, (AtomicType, NullType)):
            raise UnreadableFile(f"column {column.name!r} holds {kind.simpleString()}, not text", field=name)
        if name in taken:
            raise UnreadableFile(f"two columns are called {name}", field=name)
        taken[name] = f.col(f"`{column.name}`").cast("string").alias(name)
    if "record_id" not in taken:
        raise UnreadableFile("there is no column record_id (or local_id)", field="record_id")
    sent = taken.get("source", f.lit(None).cast("string"))
    taken["source"] = f.coalesce(sent, f.lit(default_source)).alias("source")
    return frame.select(*(taken[name] for name in _FIELDS if name in taken))


def positioned(frame: DataFrame, stages: Stages) -> tuple[DataFrame, int]:
    """The records with a column ``position``, 0 … n-1 by source, record ID and content; and n.

    Raises BadInput for more records than positions can tell apart.
    """
    from pyspark.sql import functions as f

    order = [f.col(name).asc_nulls_first() for name in frame.columns]
    numbered = frame.orderBy(*order).withColumn("place", f.monotonically_increasing_id())
    ordered = stages.kept("ordered", numbered)
    part = f.shiftright(f.col("place"), _WITHIN_BITS)
    sizes = {row["part"]: row["count"] for row in ordered.groupBy(part.alias("part")).count().collect()}
    count = sum(sizes.values())
    if count > RECORDS_MAX:
        raise BadInput(f"{count:,} records are too many: at most {RECORDS_MAX:,} in one run")
    first, begins = 0, []
    for number in sorted(sizes):
        begins.append((number, first - (number << _WITHIN_BITS)))
        first += sizes[number]
    shifts = frame.sparkSession.createDataFrame(begins or [(0, 0)], "part long, shift long")
    joined = ordered.withColumn("part", part).join(f.broadcast(shifts), "part")
    position = (f.col("place") + f.col("shift")).alias(POSITION)
    return stages.kept("records", joined.select(position, *frame.columns)), count


def _opened(session: SparkSession, path: str) -> DataFrame:
    suffix = PurePosixPath(path).suffix.lower()
    if suffix == ".csv":
        reader = session.read.option("header", True).option("multiLine", True).option("escape", '"')
        return reader.option("mode", "FAILFAST").csv(path)
    if suffix in (".ndjson", ".jsonl"):
        return session.read.option("primitivesAsString", True).option("mode", "FAILFAST").json(path)
    if suffix in (".parquet", ""):
        return session.read.parquet(path)
    raise UnreadableFile(f"unknown kind {suffix!r}; there are .csv, .ndjson, .jsonl and .parquet")
