"""Where the synchronous index runs: as many threads as it has connections, a short queue, and a deadline.

A queue and plain threads instead of an executor, whose futures cost more than the hand-over itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from mpi.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

#: Waiting longer than this helps nobody: the caller gives up first, and its retry adds to the load.
DEADLINE_SECONDS = 10.0
#: Requests waiting for each thread; what comes on top is refused at once.
QUEUE_PER_THREAD_MAX = 8

_Work = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class Threads:
    """Runs blocking calls off the event loop; every call ends within the deadline, one way or another."""

    def __init__(self, count: int, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._deadline_seconds = deadline_seconds
        self._places = count * (1 + QUEUE_PER_THREAD_MAX)
        self._taken = 0
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._threads = [
            Thread(target=self._work, name=f"mpi-request-{n}", daemon=True) for n in range(count)
        ]
        for thread in self._threads:
            thread.start()

    async def run(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The call's result.

        Raises Unavailable when the queue is full, or at the deadline: then the call may still come to its
        end, as with any answer that is lost on its way, and asking again is harmless.
        """
        future = self._submit(partial(call, *args, **kwargs))
        timer = future.get_loop().call_later(self._deadline_seconds, _give_up, future)
        try:
            return await future
        finally:
            timer.cancel()

    async def run_long(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a call that may take its time, such as a chunk of a file. Raises as ``run``."""
        return await self._submit(partial(call, *args, **kwargs))

    def close(self) -> None:
        """Let what was taken on come to its end, and stop."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _submit(self, call: Callable[[], T]) -> asyncio.Future[T]:
        if self._taken >= self._places:
            raise Unavailable("too many requests at once: try again in a moment")
        self._taken += 1
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put((call, future))
        return future

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            call, future = work
            result, error = None, None
            # Nobody waits any more for what reached its deadline in the queue.
            if not future.done():
                try:
                    result = call()
                except BaseException as raised:
                    error = raised
            future.get_loop().call_soon_threadsafe(self._settle, future, result, error)
            del work, call, future, result, error

    def _settle(self, future: asyncio.Future[T], result: T, error: BaseException | None) -> None:
        """Back on the event loop: a stalled call kept its place until here, so that places count threads."""
        self._taken -= 1
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)


def _give_up(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_exception(Unavailable("the index did not answer in time: try again in a moment"))
