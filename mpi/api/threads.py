"""Where the synchronous index runs: as many threads as it has connections, a short queue, and a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from mpi.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

#: Waiting longer than this helps nobody: the caller gives up first, and its retry adds to the load.
DEADLINE_SECONDS = 10.0
#: Requests waiting for each thread; what comes on top is refused at once.
QUEUE_PER_THREAD_MAX = 8


class Threads:
    """Runs blocking calls off the event loop; every call ends within the deadline, one way or another."""

    def __init__(self, count: int, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._executor = ThreadPoolExecutor(count, thread_name_prefix="mpi-request")
        self._deadline_seconds = deadline_seconds
        self._places = count * (1 + QUEUE_PER_THREAD_MAX)
        self._taken = 0

    async def run(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The call's result.

        Raises Unavailable when the queue is full, or at the deadline: then the call may still come to its
        end, as with any answer that is lost on its way, and asking again is harmless.
        """
        work, future = self._submit(partial(call, *args, **kwargs))
        done, _ = await asyncio.wait((future,), timeout=self._deadline_seconds)
        if done:
            return future.result()
        # What waits is taken off the queue; what runs keeps its place until it ends.
        work.cancel()
        raise Unavailable("the index did not answer in time: try again in a moment")

    async def run_long(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a call that may take its time, such as a chunk of a file. Raises as ``run``."""
        _, future = self._submit(partial(call, *args, **kwargs))
        return await future

    def _submit(self, work: Callable[[], T]) -> tuple[Future[T], asyncio.Future[T]]:
        if self._taken >= self._places:
            raise Unavailable("too many requests at once: try again in a moment")
        self._taken += 1
        submitted = self._executor.submit(work)
        future = asyncio.wrap_future(submitted)
        future.add_done_callback(self._give_back)
        return submitted, future

    def _give_back(self, future: asyncio.Future[T]) -> None:
        self._taken -= 1
        if not future.cancelled():
            future.exception()

    def close(self) -> None:
        """Let what runs come to its end; start nothing more."""
        self._executor.shutdown(wait=True, cancel_futures=True)
