"""Blocking calls end within their deadline, and what comes on top of the queue is refused at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mpi.api.threads import QUEUE_PER_THREAD_MAX, Threads
from mpi.errors import NotFound, Unavailable


@contextmanager
def _threads(deadline_seconds: float = 5) -> Iterator[Threads]:
    threads = Threads(1, deadline_seconds)
    try:
        yield threads
    finally:
        threads.close()


def _fail() -> None:
    raise NotFound("no such record")


def _add(a: int, *, b: int) -> int:
    return a + b


def test_a_call_answers_or_raises_as_it_would_have() -> None:
    async def ask(threads: Threads) -> int:
        with pytest.raises(NotFound):
            await threads.run(_fail)
        return await threads.run(_add, 1, b=2)

    with _threads() as threads:
        assert asyncio.run(ask(threads)) == 3


def test_a_stalled_call_is_answered_at_the_deadline_and_keeps_its_place() -> None:
    release = threading.Event()

    async def ask(threads: Threads) -> None:
        began = time.monotonic()
        stalled = [asyncio.create_task(threads.run(release.wait)) for _ in range(3)]
        outcomes = await asyncio.gather(*stalled, return_exceptions=True)
        assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
        assert time.monotonic() - began < 2
        release.set()
        assert await threads.run(lambda: "well again") == "well again"

    with _threads(deadline_seconds=0.2) as threads:
        asyncio.run(ask(threads))


def test_beyond_the_queue_a_call_is_refused_at_once() -> None:
    release = threading.Event()

    async def ask(threads: Threads) -> None:
        waiting = [asyncio.create_task(threads.run(release.wait)) for _ in range(1 + QUEUE_PER_THREAD_MAX)]
        await asyncio.sleep(0.05)
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await threads.run(release.wait)
        assert time.monotonic() - began < 0.5
        release.set()
        assert all(await asyncio.gather(*waiting))
        assert await threads.run(lambda: 1) == 1

    with _threads() as threads:
        asyncio.run(ask(threads))
