"""Tells subscribers over MLLP, in the order of the feed, from one process at a time.

A subscriber that cannot be reached is tried again with growing pauses, and nothing is lost meanwhile: how far
it was told stands in the database. A message that it does not acknowledge with AA is sent again too; after as
many attempts as declared it is a dead letter, and what comes after it is told.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from mpi.errors import MpiError
from mpi.hl7v2.delivering import destination_of, judged, pause_seconds
from mpi.hl7v2.notices import a31, a40, control_id_of, digest_of, names_of
from mpi.hl7v2.sending import NotDelivered, Sender
from mpi.index import Actor, Index, News, Sent, Subscriber
from mpi.patient import IdentityView

#: How often a delivery looks for news; the lead, and what is declared, is looked after half as often.
LOOK_SECONDS = 1.0
EXPIRE_SECONDS = 600.0
#: Somebody has to put the files right first.
TLS_PAUSE_SECONDS = 300.0

log = structlog.get_logger()


class Notifier:
    """Runs in every process that serves; works in the one that leads."""

    def __init__(self, index: Index, *, message_days: int, look_seconds: float = LOOK_SECONDS) -> None:
        self._index = index
        self._message_days = message_days
        self._look_seconds = look_seconds
        self._ended = threading.Event()
        self._deliveries: dict[str, Delivery] = {}
        self._thread = threading.Thread(target=self._run, name="mpi-notifier", daemon=True)

    def start(self) -> None:
        """Begin to try to lead."""
        self._thread.start()

    def close(self) -> None:
        """Stop after what is being sent; harmless when it never started."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        lead = self._index.messages.subscribers.lead()
        expire_at = 0.0
        while not self._ended.wait(2 * self._look_seconds):
            try:
                if not lead.hold():
                    self._leave()
                    continue
                self._attend()
                if self._message_days and time.monotonic() >= expire_at:
                    expire_at = time.monotonic() + EXPIRE_SECONDS
                    self._expire()
            except MpiError as error:
                log.warning("notifier", code=error.code)
                self._leave()
        self._leave()
        lead.drop()

    def _attend(self) -> None:
        """One delivery for every enabled subscriber, begun anew when what is declared of it changed."""
        declared = {one.name: one for one in self._index.messages.subscribers.declared()}
        for name, delivery in list(self._deliveries.items()):
            current = declared.get(name)
            if current is None or current.settings != delivery.subscriber.settings or delivery.failed:
                delivery.close()
                del self._deliveries[name]
        for name, subscriber in declared.items():
            if name not in self._deliveries and subscriber.settings["enabled"]:
                self._deliveries[name] = Delivery(self._index, subscriber, self._look_seconds)

    def _leave(self) -> None:
        for delivery in self._deliveries.values():
            delivery.close()
        self._deliveries.clear()

    def _expire(self) -> None:
        deleted = 1
        while deleted and not self._ended.is_set():
            deleted = self._index.messages.expire(self._message_days)


class Delivery:
    """Tells one subscriber, in a thread of its own, so that none waits for another."""

    def __init__(self, index: Index, subscriber: Subscriber, look_seconds: float) -> None:
        self.subscriber = subscriber
        self._index = index
        self._look_seconds = look_seconds
        self._ended = threading.Event()
        self._unreached = 0
        #: Broken by what nobody foresaw; begun anew by the notifier.
        self.failed = False
        self._thread = threading.Thread(target=self._run, name=f"mpi-tell-{subscriber.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after what is being sent."""
        self._ended.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        try:
            self._wait_until(self.subscriber.retry_at)
            with Sender(destination_of(self.subscriber.settings)) as sender:
                self._tell(sender)
        except OSError:
            self._pause("the files named for TLS cannot be read")
            self.failed = True
        except Exception as error:
            log.error("notices stopped", kind=type(error).__name__)
            self._ended.wait(self._look_seconds)
            self.failed = True

    def _tell(self, sender: Sender) -> None:
        subscribers = self._index.messages.subscribers
        seq, attempts = self.subscriber.seq, self.subscriber.attempts
        while not self._ended.is_set():
            try:
                due = subscribers.due(seq)
                if due is None:
                    self._ended.wait(self._look_seconds)
                    continue
                for place, news in enumerate(due.news):
                    if self._ended.is_set():
                        return
                    last_of_event = place + 1 == len(due.news) or due.news[place + 1].seq > news.seq
                    attempts = self._deliver(sender, news, attempts, news.seq if last_of_event else None)
                seq = due.seq
                subscribers.passed(self.subscriber.name, seq)
            except MpiError as error:
                log.warning("notices wait", code=error.code)
                self._ended.wait(self._look_seconds)
            except _Paused as paused:
                attempts = paused.attempts
                seq = max(seq, paused.seq)

    def _deliver(self, sender: Sender, news: News, attempts: int, seq: int | None) -> int:
        """Send one message, if there is something to tell, and keep it. Returns the failures in a row.

        Raises _Paused, after the pause, when it has to be sent again.
        """
        name, settings = self.subscriber.name, self.subscriber.settings
        sent = self._message_of(news)
        if sent is None:
            return attempts
        try:
            reply = sender.send(sent.raw)
            outcome, acknowledgement, reason = judged(reply, sent.control_id)
            self._unreached = 0
        except NotDelivered as missing:
            if not missing.sent:
                self._unreached += 1
                self._pause(str(missing), attempts, pause_seconds(self._unreached))
                raise _Paused(attempts, news.seq - 1) from missing
            reply, outcome, acknowledgement, reason = b"", "failed", None, str(missing)
        if outcome != "accepted":
            attempts += 1
            if attempts < settings["attempts"]:
                self._pause(reason or "", attempts, pause_seconds(attempts))
                raise _Paused(attempts, news.seq - 1)
        sent = replace(
            sent,
            outcome=outcome,
            reply=reply,
            acknowledgement=acknowledgement,
            error_text=reason,
            times=max(1, attempts),
        )
        self._index.messages.subscribers.keep(name, sent, seq=seq)
        log.info("notice", message_type=f"ADT^{sent.trigger_event}", acknowledgement=acknowledgement)
        return 0

    def _message_of(self, news: News) -> Sent | None:
        """The message that tells it; None when the subscriber does not care or knows."""
        settings = self.subscriber.settings
        kind = "merges" if news.subsumed else "identifiers"
        if kind not in settings["kinds"]:
            return None
        domains = self._index.registry.domains()
        peer = f"{settings['host']}:{settings['port']}"
        told = Sent(
            enterprise_id=news.enterprise_id,
            control_id=control_id_of(news),
            trigger_event="A40" if news.subsumed else "A31",
            raw=b"",
            peer=peer,
            outcome="failed",
        )
        if news.subsumed:
            return replace(told, raw=a40(news, domains, settings["msh"]))
        actor = Actor(name=f"subscriber:{self.subscriber.name}", role="subscriber")
        try:
            view = self._index.registry.patient(news.enterprise_id, actor=actor)
        except MpiError as error:
            if error.code in ("not-found", "erased"):
                return None
            raise
        if not isinstance(view, IdentityView) or view.enterprise_id != news.enterprise_id:
            return None  # it redirects by now; the survivor is told by itself
        names = names_of(view, domains, settings["domains"])
        digest, own = digest_of(names), (domains.enterprise.name, view.enterprise_id)
        before = self._index.messages.subscribers.told_before(self.subscriber.name, news.enterprise_id)
        called = [name for name in names if name != own]
        if not called or digest == before or (before is None and len(called) < 2 and not news.regrouped):
            return None
        return replace(told, raw=a31(news, names, domains, settings["msh"]), digest=digest)

    def _pause(self, reason: str, attempts: int = 0, seconds: float = TLS_PAUSE_SECONDS) -> None:
        log.warning("notices wait", reason=reason, count=attempts)
        self._index.messages.subscribers.failed(self.subscriber.name, attempts, reason, seconds)
        self._ended.wait(seconds)

    def _wait_until(self, moment: datetime | None) -> None:
        if moment is not None:
            self._ended.wait(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


class _Paused(Exception):
    """What is next has to be sent again; everything up to ``seq`` was told."""

    def __init__(self, attempts: int, seq: int) -> None:
        super().__init__()
        self.attempts = attempts
        self.seq = seq
