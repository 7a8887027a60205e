"""The client of the online benchmark, in a process of its own: sends bodies, notes how long each took.

Reads one JSON object on standard input: ``port``, ``key``, ``path``, ``bodies`` (a file, one JSON body a
line), ``skip`` and ``count`` (which lines), ``clients`` (connections), ``seconds`` (at most; 0: until the
lines are through), ``rate`` (requests per second on a fixed timetable, latency counted from the time due; 0:
each client sends when it was answered). Prints one JSON object: ``seconds``, ``latencies`` (ms),
``statuses``, ``answers`` (the first few).
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

ANSWERS_KEPT = 3


def main() -> None:
    order = json.load(sys.stdin)
    with Path(order["bodies"]).open("rb") as file:
        lines = list(islice(file, order["skip"], order["skip"] + order["count"]))
    json.dump(Run(order, [line.rstrip(b"\n") for line in lines]).result(), sys.stdout)


class Run:
    """All clients of one run; they take bodies from one queue."""

    def __init__(self, order: dict[str, Any], bodies: list[bytes]) -> None:
        head = f"POST {order['path']} HTTP/1.1\r\nHost: 127.0.0.1:{order['port']}\r\n"
        head += f"Authorization: Bearer {order['key']}\r\nContent-Type: application/json\r\n"
        self.requests = [f"{head}Content-Length: {len(b)}\r\n\r\n".encode() + b for b in bodies]
        self.order = order
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.answers: list[Any] = []
        self._next = iter(range(len(bodies)))
        self._lock = threading.Lock()
        self._begun = 0.0
        self._ended = 0.0

    def result(self) -> dict[str, Any]:
        """Send everything, then tell."""
        clients = [threading.Thread(target=self._client) for _ in range(self.order["clients"])]
        self._begun = time.perf_counter()
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        return {
            "seconds": self._ended - self._begun,
            "latencies": self.latencies,
            "statuses": {str(status): n for status, n in self.statuses.items()},
            "answers": self.answers,
        }

    def _client(self) -> None:
        with socket.create_connection(("127.0.0.1", self.order["port"])) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for number in self._turns():
                due = self._wait_until_due(number)
                connection.sendall(self.requests[number])
                status, body = _answer(connection)
                self._note((time.perf_counter() - due) * 1000, status, body)

    def _turns(self) -> Iterator[int]:
        while True:
            with self._lock:
                number = next(self._next, None)
            late = self.order["seconds"] and time.perf_counter() - self._begun > self.order["seconds"]
            if number is None or late:
                return
            yield number

    def _wait_until_due(self, number: int) -> float:
        if not self.order["rate"]:
            return time.perf_counter()
        due: float = self._begun + number / self.order["rate"]
        time.sleep(max(0.0, due - time.perf_counter()))
        return due

    def _note(self, latency: float, status: int, body: bytes) -> None:
        with self._lock:
            self.latencies.append(latency)
            self.statuses[status] += 1
            self._ended = time.perf_counter()
            if len(self.answers) < ANSWERS_KEPT:
                self.answers.append(json.loads(body))


def _answer(connection: socket.socket) -> tuple[int, bytes]:
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _more(connection)
    head = received[:end].lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    while len(received) < end + 4 + length:
        received += _more(connection)
    return int(head[9:12]), received[end + 4 :]


def _more(connection: socket.socket) -> bytes:
    if received := connection.recv(65536):
        return received
    raise ConnectionError("the server closed the connection")


if __name__ == "__main__":
    main()
