"""Work shared out to processes that begin as copies of this one, its results in the order of the work."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import TypeVar

from mpi.errors import WorkerLost

_Result = TypeVar("_Result")

#: Starts working as worker ``w`` of ``n``: gives the results of the pieces of work w, w + n, w + 2 n, …
Share = Callable[[int, int], Iterator[_Result]]


def shared_out(share: Share[_Result], processes: int) -> Generator[_Result]:
    """The results of all pieces of work, in order, as ``share(0, 1)`` gives them.

    Each process needs no more of what it was given than it changes; a result waits in it until it is asked
    for. Where processes cannot be copied (anywhere but on Linux) the work is done in this one.

    Raises WorkerLost when a process ends before its work does, and what ``share`` raises.
    """
    if processes <= 1 or sys.platform != "linux":
        yield from share(0, 1)
        return
    context = multiprocessing.get_context("fork")
    workers: list[multiprocessing.context.ForkProcess] = []
    ends: list[Connection] = []
    try:
        for number in range(processes):
            receiving, sending = context.Pipe(duplex=False)
            worker = context.Process(
                target=_work, args=(share, number, processes, sending, [receiving, *ends]), daemon=True
            )
            with _interrupts_waiting(), warnings.catch_warnings():
                # Other threads are copied as they stand. Those of Arrow are idle, and workers call none.
                warnings.simplefilter("ignore", DeprecationWarning)
                worker.start()
                workers.append(worker)
            sending.close()
            ends.append(receiving)
        yield from _received(ends)
    finally:
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join()
        for end in ends:
            end.close()


@contextmanager
def _interrupts_waiting() -> Iterator[None]:
    """An interrupt that comes during this is heard after it: Python drops one that comes while a process is
    being copied. (Blocking the signal is not enough, another thread of the process would receive it.)
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # interrupts go to the main thread
        return
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if heard:
            signal.raise_signal(signal.SIGINT)


def _received(ends: list[Connection]) -> Iterator[_Result]:
    """Result by result in turn, until one worker has no more: then none has."""
    while True:
        for end in ends:
            try:
                kind, content = end.recv()
            except EOFError:
                raise WorkerLost from None
            if kind == "failed":
                raise content
            if kind == "done":
                return
            yield content


def _work(
    share: Share[_Result], number: int, processes: int, sending: Connection, others: list[Connection]
) -> None:
    """What a worker process does. An interrupt reaches the whole group; the first process ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for end in others:
        end.close()
    with suppress(BrokenPipeError):  # nobody is there to hear it
        try:
            for result in share(number, processes):
                sending.send(("result", result))
            sending.send(("done", None))
        except BrokenPipeError:
            raise
        except Exception as error:
            sending.send(("failed", error))
