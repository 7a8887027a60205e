"""``python -m benchmarks [NAME [ARGUMENT …]]``: one benchmark, or all of them one after the other."""

from __future__ import annotations

import importlib
import sys

NAMES = ("generate", "accuracy", "arrival", "online", "kernel", "batch", "mllp", "fhir", "hl7v2", "desk")


def main() -> None:
    name, *arguments = sys.argv[1:] or [""]
    if name and name not in NAMES:
        sys.exit(f"there is no benchmark {name!r}; there are {', '.join(NAMES)}")
    for one in [name] if name else NAMES:
        sys.argv = [f"python -m benchmarks {one}", *arguments]
        importlib.import_module(f"benchmarks.{one}").main()


if __name__ == "__main__":
    main()
