"""The Spark session: the cluster's when this was submitted to one, else a local one."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mpi.errors import Unavailable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: What a local session's JVM may use; the Python workers beside it take what their buckets need.
DRIVER_MEMORY = "2g"


def spark_session(master: str | None = None, *, driver_memory: str = DRIVER_MEMORY) -> SparkSession:
    """The session that is running, or a new one.

    Args:
        master: e.g. ``local[4]``; by default what spark-submit was told, else all cores of this machine.

    Raises Unavailable when pyspark or Java is missing.
    """
    try:
        from pyspark.sql import SparkSession
    except ModuleNotFoundError as missing:
        raise Unavailable(
            "the Spark engine needs pyspark: install it with the extra, pip install 'mpi[spark]'"
        ) from missing
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    running = SparkSession.getActiveSession()
    if running is not None:
        return running
    if not submitted:
        _require_java()
        # The workers of a local session are to be this Python, with this program in it.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("mpi")
    if not submitted:
        builder = (
            builder.master(master or "local[*]")
            .config("spark.driver.memory", driver_memory)
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.sql.shuffle.partitions", str(2 * (os.cpu_count() or 1)))
        )
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def _require_java() -> None:
    home = os.environ.get("JAVA_HOME")
    if (home and (Path(home) / "bin" / "java").exists()) or shutil.which("java"):
        return
    raise Unavailable("the Spark engine needs Java 17 or newer: install it, or point JAVA_HOME at it")
