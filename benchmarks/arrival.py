"""How much it matters in which order records arrive: the same ones registered in many orders, one by one.

python -m benchmarks arrival [--records 2000] [--shuffles 20] [--rules default]

Each order goes through ``POST /api/v1/records`` into an index of its own. Two orders disagree on a pair of
records when the one has them under one enterprise ID and the other has not. Printed is the share of such
pairs among all pairs of records (one less the Rand index; Rand 1971) and, which is far more, among those that
either order has together: the mean and the most over all pairs of orders; and how much of it nobody is asked
about.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from statistics import mean
from typing import Any

import psycopg
import pyarrow.parquet as pq
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from starlette.testclient import TestClient

from benchmarks.batch_files import generated
from mpi.api.app import create_app
from mpi.index import Actor, Standing
from mpi.matching.flat import FLAT_FIELDS
from mpi.settings import Settings
from mpi.storage.database import migrate
from mpi.storage.embedded import EmbeddedDatabase

RESULTS = Path(__file__).parent / "results" / "arrival.json"
SERVER_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

#: Two records, the smaller name first.
Pair = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument("--shuffles", type=int, default=20)
    parser.add_argument("--rules", default="default")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="mpi-arrival-"))
    home.chmod(0o755)
    try:
        frame = pq.read_table(generated(home, options.records)).to_pandas()
        with EmbeddedDatabase(home / "index", settings=SERVER_SETTINGS) as database:
            orders = [
                _registered(database.url, seed, _bodies(frame, seed), options.rules)
                for seed in range(options.shuffles)
            ]
    finally:
        shutil.rmtree(home, ignore_errors=True)
    figures = {"records": options.records, "shuffles": options.shuffles, **disagreement(orders)}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n")
    print(report(figures))


def disagreement(orders: list[Standing]) -> dict[str, float]:
    """Over all pairs of orders: how many pairs of records they disagree on, and with nobody asking."""
    together = [set(_together(order)) for order in orders]
    asked = [_asked(order) for order in orders]
    records = len(orders[0].enterprise_ids)
    of_all, apart, unasked = [], [], []
    for one, other in combinations(range(len(orders)), 2):
        either = together[one] | together[other]
        differ = together[one] ^ together[other]
        of_all.append(len(differ) / (records * (records - 1) / 2))
        apart.append(len(differ) / max(len(either), 1))
        unasked.append(len(differ - asked[one] - asked[other]) / max(len(either), 1))
    return {
        "pairs_together_mean": mean(map(len, together)),
        **_spread("of_all_pairs", of_all),
        **_spread("of_pairs_together", apart),
        **_spread("unasked", unasked),
    }


def report(figures: dict[str, Any]) -> str:
    return (
        f"{figures['records']:,} records in {figures['shuffles']} orders, "
        f"{figures['pairs_together_mean']:,.0f} pairs together\n"
        f"two orders disagree on {figures['of_all_pairs_mean']:.4%} of all pairs of records, "
        f"at most {figures['of_all_pairs_max']:.4%} (wanted 0.1 %)\n"
        f"of the pairs that either has together: {figures['of_pairs_together_mean']:.2%}, "
        f"at most {figures['of_pairs_together_max']:.2%}\n"
        f"and that nobody is asked about:        {figures['unasked_mean']:.2%}, "
        f"at most {figures['unasked_max']:.2%}"
    )


def _spread(name: str, shares: list[float]) -> dict[str, float]:
    return {f"{name}_mean": mean(shares), f"{name}_max": max(shares)}


def _bodies(frame: Any, seed: int) -> list[dict[str, Any]]:
    shuffled = frame.sample(frac=1, random_state=seed).rename(columns={"record_id": "local_id"})
    columns = [name for name in FLAT_FIELDS if name in shuffled]
    rows = shuffled[columns].astype(object).where(shuffled[columns].notna(), None)
    return [{name: value for name, value in row.items() if value} for row in rows.to_dict("records")]


def _registered(server: str, seed: int, bodies: list[dict[str, Any]], rules: str) -> Standing:
    """Who is who after these arrived one after the other in an empty index."""
    name = f"arrival_{seed}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = make_conninfo(**{**conninfo_to_dict(server), "dbname": name})
    migrate(url)
    settings = Settings(database_url=url, auth="off", rules=rules, log_level="warning")
    with TestClient(create_app(settings), base_url="http://127.0.0.1", client=("127.0.0.1", 1)) as client:
        for body in bodies:
            client.post("/api/v1/records", json=body).raise_for_status()
        standing: Standing = client.app.state.index.standing(actor=Actor(name="benchmark", role="steward"))  # type: ignore[attr-defined]
    print(f"order {seed}: {len(set(standing.enterprise_ids.values())):,} people", flush=True)
    return standing


def _together(order: Standing) -> Iterator[Pair]:
    members: dict[str, list[str]] = {}
    for record, enterprise_id in order.enterprise_ids.items():
        members.setdefault(enterprise_id, []).append("/".join(record))
    for people in members.values():
        yield from combinations(sorted(people), 2)


def _asked(order: Standing) -> set[Pair]:
    """Pairs of records whose identities a task asks about."""
    homes: dict[str, list[str]] = {}
    for record, enterprise_id in order.enterprise_ids.items():
        homes.setdefault(enterprise_id, []).append("/".join(record))
    found: set[Pair] = set()
    for question in order.questions:
        people = {order.enterprise_ids[record] for record in question}
        for one, other in combinations(sorted(people), 2):
            found.update((min(a, b), max(a, b)) for a in homes[one] for b in homes[other])
    return found


if __name__ == "__main__":
    main()
