"""Records for Spark: flat columns of text, each record with its position in canonical order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from mpi.batch.encoding.raw import CHECKED
from mpi.batch.encoding.sent import FIELDS
from mpi.batch.feeds import fields_of
from mpi.batch.spark.work import POSITION
from mpi.errors import BadInput, UnreadableFile

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from mpi.batch.spark.stages import Stages

#: A position goes into half of a 64-bit number, signed.
RECORDS_MAX: Final = 2**31 - 1
_REFERENCE: Final = ("source", "record_id", "local_id")
#: In the order in which records are sorted: by source, record ID and content.
_FIELDS: Final = (
    "source",
    "record_id",
    *(name for name in CHECKED if name in FIELDS and name not in _REFERENCE),
)
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
    name = PurePosixPath(source).name if isinstance(source, str) else "the frame"
    taken = {}
    for column, named in zip(
        frame.schema.fields, fields_of(Path(name), frame.columns, column_map), strict=True
    ):
        if named is None:
            continue
        field = "record_id" if named == "local_id" else named
        kind = column.dataType
        if isinstance(kind, BinaryType) or not isinstance(kind, (AtomicType, NullType)):
            reason = f"{name}: column {column.name!r} holds {kind.simpleString()}, not text"
            raise UnreadableFile(reason, field=field)
        if field not in _FIELDS or field in taken:
            reason = "is a list, not a field of a table" if field not in _FIELDS else "is there twice"
            raise UnreadableFile(f"{name}: column {column.name!r}: {field} {reason}", field=field)
        text = f.col(f"`{column.name}`").cast("string")
        taken[field] = f.when(f.trim(text) != "", text).alias(field)
    if "record_id" not in taken:
        raise UnreadableFile(f"{name}: there is no column record_id (or local_id)", field="record_id")
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
