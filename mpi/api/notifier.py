"""Tells subscribers what changed, inside ``mpi serve``: every worker looks, one at a time works."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import structlog

from mpi.api import metrics
from mpi.api.outgoing import NotSent, Outgoing
from mpi.errors import MpiError
from mpi.fhir.exchange import PREFIX
from mpi.fhir.notices import notice_body, notice_headers
from mpi.index import Index, SubscriberNotice
from mpi.settings import Settings

LOOK_SECONDS: Final = 1.0
DUE_MAX: Final = 20
#: Notices of one round that go out at once, each to another subscriber.
AT_ONCE: Final = 4

log = structlog.get_logger()


class Notifier:
    """Looks through the feed and sends what is due. Its calls block."""

    def __init__(self, index: Index, settings: Settings) -> None:
        self._index = index
        self._base = (settings.public_url or "http://localhost") + PREFIX
        self._first_pause_seconds = settings.notify_retry_seconds
        self._outgoing = Outgoing((settings.notify_hosts or "").split(","), loopback=settings.auth == "off")

    def look(self) -> list[SubscriberNotice]:
        """Make notices of what happened, and take those that are due."""
        self._index.notifying.look_through()
        return self._index.notifying.due(DUE_MAX)

    def tell(self, notice: SubscriberNotice) -> None:
        """Send one notice, and note how it went."""
        try:
            body = notice_body(self._index, notice, self._base)
            self._outgoing.post(notice.channel["endpoint"], body, notice_headers(notice))
        except NotSent as error:
            self._failed(notice, str(error))
        except MpiError as error:
            self._failed(notice, f"cannot be told: {error.code}")
        else:
            self._index.notifying.delivered(notice)
            metrics.notified("delivered")

    def _failed(self, notice: SubscriberNotice, reason: str) -> None:
        is_dead = self._index.notifying.failed(notice, reason, first_pause_seconds=self._first_pause_seconds)
        metrics.notified("dead" if is_dead else "failed")
        log.warning(
            "notice failed",
            subscription=notice.subscription_id,
            seq=notice.seq,
            attempts=notice.attempts,
            reason=reason,
            dead=is_dead,
        )


@asynccontextmanager
async def notifying(index: Index, settings: Settings) -> AsyncIterator[None]:
    """Tell subscribers for as long as the block runs."""
    task = asyncio.create_task(_run(Notifier(index, settings)))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _run(notifier: Notifier) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            due = await loop.run_in_executor(None, notifier.look)
            for start in range(0, len(due), AT_ONCE):
                some = due[start : start + AT_ONCE]
                await asyncio.gather(
                    *(loop.run_in_executor(None, partial(notifier.tell, notice)) for notice in some)
                )
        except MpiError as error:
            log.warning("notices wait", code=error.code)
            due = []
        # What is left over is told without a pause.
        await asyncio.sleep(0 if len(due) == DUE_MAX else LOOK_SECONDS)
