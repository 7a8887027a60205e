"""``mpi source``, ``client`` and ``check``."""

from __future__ import annotations

from pathlib import Path

import psycopg

from cli_calls import Mpi
from mpi.index import Index
from mpi.settings import Settings


def test_sources_are_added_changed_listed_and_shown(mpi: Mpi, tmp_path: Path) -> None:
    assert mpi("source", "add", "north", "--trust", "80").code == 0
    assert mpi("source", "add", 'odd "näme" 🏥', "--json").json == {"sources": 1, "authorities": 0}
    declared = tmp_path / "sources.toml"
    declared.write_text(
        '[[source]]\nname = "north"\ntrust = 70\n'
        '[[authority]]\nname = "NORTH"\noid = "1.2.3"\nowner = "north"\n'
    )
    applied = mpi("source", "apply", str(declared))
    assert applied.code == 0 and "1 sources, 1 authorities" in applied.out
    told = mpi("source", "list", "--json").json
    assert [source["name"] for source in told["sources"]] == ["north", 'odd "näme" 🏥']
    shown = mpi("source", "show", "north", "--json").json
    assert shown["trust"] == 70 and shown["authorities"][0]["oid"] == "1.2.3"
    assert "1.2.3" in mpi("source", "list").out and "1.2.3" in mpi("source", "show", "north").out


def test_nonsense_is_refused_by_key(mpi: Mpi, tmp_path: Path) -> None:
    declared = tmp_path / "sources.toml"
    declared.write_text('[[source]]\nname = "north"\nshoe = 44\n')
    said = mpi("source", "apply", str(declared))
    assert said.code == 2 and "shoe" in said.err
    declared.write_bytes(b"\xff\xfe")
    assert mpi("source", "apply", str(declared)).code == 2
    assert mpi("source", "show", "nobody").code == 1


def test_a_key_is_shown_once_and_works_until_it_is_revoked(mpi: Mpi, database_url: str) -> None:
    key = mpi("client", "add", "desk", "--role", "registrar").out.strip()
    assert mpi("client", "add", "desk", "--role", "registrar").code == 2
    with Index.open(Settings(database_url=database_url)) as index:
        assert index.authenticate(key).role == "registrar"
    listed = mpi("client", "list")
    assert "desk" in listed.out and key not in listed.out
    assert mpi("client", "list", "--json").json[0]["revoked_at"] is None
    link = mpi("client", "link", "desk", "--url", "https://mpi.example/").out.strip()
    assert link.startswith("https://mpi.example/review/login?token=") and len(link.splitlines()) == 1
    assert mpi("client", "link", "nobody").code == 1
    assert mpi("client", "revoke", "desk").code == 0
    assert mpi("client", "link", "desk", "--json").code == 1
    assert mpi("client", "list", "--json").json[0]["revoked_at"]
    assert mpi("client", "revoke", "desk").code == 1
    assert mpi("client", "add", "x", "--role", "king").code == 2
    assert mpi("client", "add", "y", "--role", "reader", "--json").json["key"].startswith("mpi_")


def test_check_ends_with_1_and_names_the_offender(filled: Mpi, database_url: str) -> None:
    mpi = filled
    told = mpi("check", "--json")
    assert told.code == 0
    assert {"invariant", "title", "violations", "sample"} == set(told.json[0])
    assert not any(result["violations"] for result in told.json)
    with psycopg.connect(database_url) as conn:
        row = conn.execute("DELETE FROM link RETURNING record_id").fetchone()
    assert row is not None
    broken = mpi("check")
    assert broken.code == 1 and f"record {row[0]}" in broken.out
    found = {result["invariant"]: result for result in mpi("check", "--json").json}
    assert found["I1"]["violations"] == 4 and f"record {row[0]}" in found["I1"]["sample"]
