"""``mpi load`` and ``mpi batch``: files taken in, lines refused by name, exit codes that tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import GRACE
from cli_calls import NORTH, OTHER, SOUTH, Feed, Mpi


def test_files_are_taken_in_and_said_what_became_of_them(mpi: Mpi, feed: Feed) -> None:
    one, two = feed(NORTH, OTHER, name="one.ndjson"), feed(SOUTH, name="two.ndjson")
    said = mpi("load", str(one), str(two))
    assert said.code == 0
    assert "one.ndjson: batch " in said.out and "2 lines: 2 new" in said.out
    assert "1 lines: 1 linked" in said.out
    assert "declared on first sight: north, south" in said.err


def test_a_program_gets_totals_and_each_file(mpi: Mpi, feed: Feed) -> None:
    path = feed({k: v for k, v in NORTH.items() if k != "source"})
    said = mpi("load", str(path), "--source", "north", "--json")
    told = said.json
    assert (said.code, told["lines"], told["counts"], told["rejected"]) == (0, 1, {"new": 1}, 0)
    assert told["declared"] == ["north"] and told["dry_run"] is False
    assert told["files"][0]["file"] == "feed.ndjson" and told["files"][0]["batch_id"] > 0
    again = mpi("load", str(path), "--source", "north", "--json").json
    assert again["files"][0]["already_done"] and again["counts"] == {"new": 1}


def test_rejected_lines_end_with_1_and_name_line_field_and_reason(mpi: Mpi, feed: Feed) -> None:
    path = feed(NORTH, "{broken", {**SOUTH, "shoe": 44}, OTHER)
    said = mpi("load", str(path), "--json")
    assert said.code == 1
    assert said.json["counts"] == {"new": 2, "rejected": 2}
    [summary] = said.json["files"]
    assert [(line["line"], line["field"]) for line in summary["rejected"]] == [(2, None), (3, "shoe")]
    batch = str(summary["batch_id"])
    shown = mpi("batch", "show", batch)
    assert shown.code == 0 and "not JSON" in shown.out and "shoe" in shown.out
    assert GRACE["family"] not in said.out + shown.out
    assert [
        line["line"] for line in mpi("batch", "show", batch, "--json", "--rejected", "1").json["rejected"]
    ] == [2]
    assert mpi("batch", "list", "--json").json[0]["counts"]["rejected"] == 2
    assert "feed.ndjson" in mpi("batch", "list").out
    assert mpi("batch", "show", "999999999").code == 1


def test_without_a_source_it_says_how_to_name_it(mpi: Mpi, feed: Feed) -> None:
    said = mpi("load", str(feed({"local_id": "1", **GRACE})))
    assert said.code == 1
    assert "--source" in said.err


def test_a_dry_run_keeps_nothing_and_tells_the_same_refusals(mpi: Mpi, feed: Feed) -> None:
    path = feed(NORTH, {**SOUTH, "shoe": 44})
    said = mpi("load", str(path), "--dry-run", "--json")
    assert said.code == 1
    assert said.json["dry_run"] and said.json["counts"] == {"new": 1, "rejected": 1}
    assert said.json["files"][0]["batch_id"] is None and said.json["declared"] == []
    assert mpi("batch", "list", "--json").json == []
    assert "nothing was kept" in mpi("load", str(path), "--dry-run").err


def test_columns_are_mapped(mpi: Mpi, tmp_path: Path) -> None:
    people, column_map = tmp_path / "people.csv", tmp_path / "map.toml"
    people.write_text("Chart,Last,First,Born\n7,Okonkwo,Grace,1974-02-11\n", encoding="utf-8")
    column_map.write_text(
        '[columns]\nlocal_id = "Chart"\nfamily = "Last"\ngiven = "First"\nbirth_date = "Born"\n'
    )
    refused = mpi("load", str(people), "--source", "north")
    assert refused.code == 2 and "--map" in refused.err
    assert (
        mpi("load", str(people), "--source", "north", "--map", str(column_map), "--json").json["lines"] == 1
    )
    assert mpi("lookup", "north/7", "--json").json["record"]["demographics"]["family"] == "Okonkwo"


def test_a_wrong_call_ends_with_2(mpi: Mpi, tmp_path: Path) -> None:
    assert mpi("load").code == 2
    assert mpi("load", str(tmp_path / "absent.csv")).code == 2
    odd = tmp_path / "people.xls"
    odd.write_text("x")
    said = mpi("load", str(odd), "--source", "north")
    assert said.code == 2 and "people.xls" in said.err and "Traceback" not in said.err


def test_sources_are_not_declared_where_that_is_switched_off(
    mpi: Mpi, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPI_AUTO_DECLARE", "false")
    said = mpi("load", str(feed(NORTH)), "--source", "north")
    assert said.code == 2 and "`mpi source add north`" in said.err


def test_a_file_of_hl7_v2_messages_is_taken_in_message_by_message(mpi: Mpi, tmp_path: Path) -> None:
    pid = "PID|||{}^^^NORTH||Okonkwo^Grace||19740211|F\r"
    head = "MSH|^~\\&|EPIC|NORTH|MPI|HUB|2026||ADT^A04|{}|P|2.5\r" + pid
    path = tmp_path / "feed.hl7"
    path.write_bytes((head.format(1, 1) + head.format(2, "") + head.format(3, 3)).encode())
    said = mpi("load", str(path), "--json")
    assert said.code == 1
    assert said.json["counts"] == {"accepted": 2, "rejected": 1}
    assert [line["line"] for line in said.json["files"][0]["rejected"]] == [2]
    told = mpi("load", str(path))
    assert "3 messages: 2 repeated, 1 rejected" in told.out
    assert "PID-3 holds no identifier" in told.out
    assert mpi("load", str(path), "--dry-run").code == 2
