"""What one stage leaves for the next: Parquet in a folder that the whole cluster sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """A stage that is on disk is not computed again when an executor is lost, and gives the same rows
    whenever it is read: positions depend on that.
    """

    session: SparkSession
    #: Path or URI.
    folder: str

    def kept(self, name: str, frame: DataFrame, *partitions: str) -> DataFrame:
        """The frame, written and read back."""
        path = f"{self.folder}/{name}"
        frame.write.mode("overwrite").partitionBy(*partitions).parquet(path)
        return self.session.read.schema(_read_schema(frame, partitions)).parquet(path)


def _read_schema(frame: DataFrame, partitions: tuple[str, ...]) -> str:
    """Columns in the order in which Parquet folders give them; stated, for an empty folder tells nothing."""
    fields = [field for field in frame.schema.fields if field.name not in partitions]
    fields += [field for field in frame.schema.fields if field.name in partitions]
    return ", ".join(f"`{field.name}` {field.dataType.simpleString()}" for field in fields)
