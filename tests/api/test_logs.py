"""What a log may say: allowed keys, and of exceptions only what they are and where."""

from __future__ import annotations

import logging

import orjson
import pytest
import structlog

from mpi.api import logs


@pytest.fixture(autouse=True)
def configured() -> None:
    logs.configure()


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_keys_that_are_not_on_the_list_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger().info("request", status=200, given="Canary", url="/x?name=Canary", error="Canary")
    (line,) = _lines(capsys)
    assert line["event"] == "request"
    assert line["status"] == 200
    assert "Canary" not in str(line)


def test_a_library_says_its_fixed_message_only(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("Canary is not a date")
    except ValueError:
        logging.getLogger("some.library").exception("could not read %r", "Canary")
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: ValueError('Canary')")
    first, second = _lines(capsys)
    assert first["event"] == "could not read %r"
    assert first["kind"] == "ValueError"
    assert "test_logs.py" in str(first["where"])
    assert second["event"] == "Task exception was never retrieved"
    assert "Canary" not in f"{first}{second}"


def test_configuring_twice_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logging.getLogger("some.library").warning("once")
    assert len(_lines(capsys)) == 1
