"""The client of the MLLP benchmark, in a process of its own.

Reads one JSON object on standard input: ``port``, ``bodies`` (a file, one message a line as a JSON string),
``skip`` and ``count`` (which lines), ``sockets``. Prints one JSON object: ``seconds``, ``latencies`` (ms) and
``acknowledgements`` (MSA-1 → how many).
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from itertools import islice
from pathlib import Path

from mpi.hl7v2.sending import Destination, Sender


def main() -> None:
    order = json.load(sys.stdin)
    with Path(order["bodies"]).open() as file:
        lines = islice(file, order["skip"], order["skip"] + order["count"])
        messages = [json.loads(line).encode() for line in lines]
    latencies: list[float] = []
    acknowledgements: Counter[str] = Counter()

    def send(own: list[bytes], start: threading.Barrier) -> None:
        found = []
        with Sender(Destination(host="127.0.0.1", port=order["port"])) as sender:
            sender._connect()
            start.wait()
            for message in own:
                began = time.perf_counter()
                reply = sender.send(message)
                found.append(1000 * (time.perf_counter() - began))
                acknowledgements[reply.partition(b"\rMSA|")[2][:2].decode()] += 1
        latencies.extend(found)

    start = threading.Barrier(order["sockets"] + 1)
    threads = [
        threading.Thread(target=send, args=(messages[n :: order["sockets"]], start))
        for n in range(order["sockets"])
    ]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    json.dump({"seconds": seconds, "latencies": latencies, "acknowledgements": acknowledgements}, sys.stdout)


if __name__ == "__main__":
    main()
