"""``mpi demo`` end to end, in a home of its own: the figures, the service, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_calls import NORTH, Feed, Mpi
from conftest import reachable_home
from mpi.batch.sample import sample_feeds, truth_of
from mpi.storage.embedded import erase, server_status
from mpi.storage.embedded.process import wait_until

TOGETHER_SECONDS = 240


@pytest.fixture
def home() -> Iterator[Path]:
    path = reachable_home("mpi-demo-")
    try:
        yield path
        left = wait_until(lambda: server_status(path / "demo").state in ("absent", "stopped"), seconds=30)
        assert left, "a postgres is left behind"
    finally:
        erase(path / "demo")
        shutil.rmtree(path)


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    kept = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("MPI_")}
    return subprocess.Popen(
        [sys.executable, "-m", "mpi.cli.main", "demo", *arguments],
        env={**kept, "MPI_HOME": str(home), "MPI_PG_SHARED_BUFFERS": "64MB"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_demo_measures_itself_serves_and_ends(home: Path) -> None:
    figures, errors = (running := start(home, "--no-serve", "--json")).communicate(timeout=TOGETHER_SECONDS)
    assert running.returncode == 0, errors
    told = json.loads(figures)
    assert {source["source"] for source in told["sources"]} == {"north-ehr", "south-ehr", "lab", "billing"}
    assert told["records"] == sum(source["records"] for source in told["sources"]) == 6000
    assert told["people"] == len(set(truth_of(sample_feeds()).values())) == 2765
    assert told["people"] <= told["identities"] < told["records"]
    assert told["links"] > 0 and sum(told["tasks"].values()) > 0
    assert told["quality"]["precision"] >= 0.99
    assert told["quality"]["recall"] < told["after_perfect_reviewer"]["recall"] <= 1
    assert all({"invariant", "title", "violations", "sample"} == set(one) for one in told["invariants"])
    assert told["url"] is None

    # The same home again, kept: nothing is taken in twice, and this time it is served.
    serving = start(home, "--keep", "--port", "0")
    try:
        lines = []
        assert serving.stdout is not None
        for line in serving.stdout:
            lines.append(line)
            if line.startswith("  curl") and "/tasks/" in line:
                break
        printed = "".join(lines)
        assert "6,000" in printed
        for url in re.findall(r"http://127\.0\.0\.1:\d+/api/[^\s,;']+", printed):
            if not url.endswith("/v1"):
                with urllib.request.urlopen(url, timeout=10) as answer:
                    assert answer.status == 200, url
        [link] = re.findall(r"http://127\.0\.0\.1:\d+/review/login\?token=\S+", printed)
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with browser.open(link, timeout=10) as answer:
            assert answer.status == 200
            assert answer.url.endswith("/review/") and 'aria-current="true"' in answer.read().decode()
        in_use = start(home, "--no-serve")
        _, refusal = in_use.communicate(timeout=60)
        assert in_use.returncode == 1 and "Ctrl-C" in refusal
    finally:
        serving.send_signal(signal.SIGINT)
        serving.communicate(timeout=30)
    assert serving.returncode == 0


def test_the_demo_does_not_mix_into_an_index_that_holds_records(mpi: Mpi, feed: Feed, home: Path) -> None:
    assert mpi("load", str(feed(NORTH))).code == 0
    environment = {**os.environ, "MPI_HOME": str(home)}
    refused = subprocess.run(
        [sys.executable, "-m", "mpi.cli.main", "demo", "--no-serve"],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert refused.returncode == 2
    assert "--keep" in refused.stderr
    assert mpi("lookup", "north/1").code == 0
