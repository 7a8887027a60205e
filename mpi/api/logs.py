"""Structured logs: one JSON line per happening on standard error, of allowed keys only.

What is not on the list never reaches a log, whoever passes it: bodies, URLs, queries and messages of
exceptions can hold a patient's data, and so none of them has a key here.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
import structlog

KEYS = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "logger",
        "request_id",
        "actor",
        "method",
        "route",
        "status",
        "ms",
        "code",
        "kind",
        "sqlstate",
        "where",
        "count",
        "worker",
        "peer",
        "reason",
        "message_id",
        "message_type",
        "acknowledgement",
    }
)

#: The frames of a traceback that a log line names, innermost last.
FRAMES_MAX = 6


class _StandardError:
    """Standard error as it is when a line is written, so that redirecting it works at any time."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(level: str = "info") -> None:
    """Send structlog's lines, and those of libraries that use ``logging``, to standard error as JSON."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_known_keys,
            _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=_StandardError()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    if not any(isinstance(handler, _Forward) for handler in root.handlers):
        root.addHandler(_Forward())
    root.setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.INFO)


def only_known_keys(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every key that is not on the list."""
    return {key: value for key, value in line.items() if key in KEYS}


def whereabouts(error: BaseException) -> dict[str, Any]:
    """An exception as a log may tell it: its class, SQLSTATE and code lines, never its message."""
    return {
        "kind": type(error).__name__,
        "sqlstate": getattr(error, "sqlstate", None),
        "where": _frames(error.__traceback__),
    }


def _frames(traceback: TracebackType | None) -> list[str]:
    found = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        found.append(f"{Path(code.co_filename).name}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return found[-FRAMES_MAX:]


def _as_json(_: Any, __: str, line: MutableMapping[str, Any]) -> str:
    return orjson.dumps(dict(line), default=str).decode()


class _Forward(logging.Handler):
    """Lines of libraries: their fixed message without its arguments; uvicorn's hold only ports."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        rest = whereabouts(error) if error is not None else {}
        own = record.name.startswith("uvicorn") and error is None
        text = record.getMessage() if own else _fixed_part(record)
        structlog.get_logger().log(record.levelno, text, logger=record.name, **rest)


def _fixed_part(record: logging.LogRecord) -> str:
    """The first line only: asyncio adds the repr of what failed, and with it the message of its exception."""
    return record.msg.partition("\n")[0] if isinstance(record.msg, str) else type(record.msg).__name__
