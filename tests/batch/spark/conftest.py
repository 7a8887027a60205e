"""A Spark session on two cores of this machine, for all tests that need one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from mpi.batch.spark import spark_session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    if shutil.which("java") is None:
        pytest.skip("there is no Java on this machine")
    session = spark_session("local[2]", driver_memory="1g")
    yield session
    session.stop()
