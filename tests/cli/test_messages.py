"""``mpi messages``: look for what was refused, mend it, process it again."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_calls import Mpi
from hl7v2_messages import SOURCES
from mpi.hl7v2 import Connection
from mpi.hl7v2.receiving import receive
from mpi.index import Index
from mpi.settings import Settings

GOOD = (
    "MSH|^~\\&|EPIC|NORTH|MPI|HUB|20250102030405||ADT^A04^ADT_A01|1|P|2.5\r"
    "PID|1||N1^^^NORTH^MR||OKONKWO^GRACE||19740211|F\r"
)
BAD = GOOD.replace("|1|P|2.5", "|2|P|2.5").replace("N1^^^NORTH", "N2^^^NOWHERE")


@pytest.fixture
def fed(mpi: Mpi, database_url: str, tmp_path: Path) -> Mpi:
    """One message that was accepted, one that was refused."""
    declared = tmp_path / "sources.toml"
    declared.write_text(SOURCES)
    assert mpi("source", "apply", str(declared)).code == 0
    with Index.open(Settings(database_url=database_url)) as index:
        for raw in (GOOD, BAD):
            receive(index, raw.encode(), connection=Connection(peer="10.0.0.1", port=2575))
    return mpi


def test_messages_are_listed_without_their_content(fed: Mpi) -> None:
    said = fed("messages", "list")
    assert "EPIC|NORTH" in said.out and "ADT^A04" in said.out and "OKONKWO" not in said.out
    items = fed("messages", "list", "--json").json["items"]
    assert [(item["control_id"], item["outcome"]) for item in items] == [("2", "refused"), ("1", "accepted")]
    dead = fed("messages", "list", "--dead", "--type", "ADT^A04", "--since", "2020-01-01", "--json").json
    assert [item["control_id"] for item in dead["items"]] == ["2"]
    assert fed("messages", "list", "--outcome", "lost").code == 2


def test_a_message_is_shown_with_what_was_answered(fed: Mpi) -> None:
    shown = fed("messages", "show", "2")
    assert "OKONKWO^GRACE" in shown.out and "MSA|AR" in shown.out
    assert "replay 2 --edit" in shown.err
    assert fed("messages", "show", "2", "--raw").out == BAD.replace("\r", "\n")
    assert fed("messages", "show", "99").code == 1


def test_a_dead_letter_is_mended_and_replayed(fed: Mpi, tmp_path: Path) -> None:
    assert fed("messages", "replay", "2").code == 1, "nothing has changed"
    mended = tmp_path / "mended.hl7"
    mended.write_text(fed("messages", "show", "2", "--raw").out.replace("NOWHERE", "NORTH"))
    said = fed("messages", "replay", "2", "--edit", str(mended))
    assert said.code == 0 and "AA" in said.out
    assert fed("messages", "list", "--dead", "--json").json["items"] == []
    (newest, *_) = fed("messages", "list", "--json").json["items"]
    assert (newest["mends"], newest["outcome"], newest["peer"]) == (2, "accepted", "replay")
    assert fed("lookup", "north/N2", "--json").json["record"]["source"] == "north"


def test_what_was_accepted_is_not_done_again(fed: Mpi) -> None:
    (told,) = fed("messages", "replay", "1", "--json").json
    assert told["repeated"] and told["acknowledgement"] == "AA"
    assert fed("messages", "replay", "1", "2", "--edit", __file__).code == 2


def test_subscribers_are_listed_with_how_far_behind_they_are(fed: Mpi, tmp_path: Path) -> None:
    declared = tmp_path / "subscribers.toml"
    declared.write_text('[[subscriber]]\nname = "lab"\nhost = "10.2.3.4"\nport = 2575\n')
    assert fed("source", "apply", str(declared)).code == 0
    (lab,) = fed("messages", "subscribers", "--json").json["items"]
    assert (lab["name"], lab["behind"], lab["error"]) == ("lab", 0, None)
    assert "10.2.3.4:2575" in fed("messages", "subscribers").out


def test_a_subscriber_that_makes_no_sense_is_refused(fed: Mpi, tmp_path: Path) -> None:
    declared = tmp_path / "subscribers.toml"
    declared.write_text('[[subscriber]]\nname = "lab"\nhost = "10.2.3.4"\nport = 70000\n')
    refused = fed("source", "apply", str(declared))
    assert refused.code == 2 and "port" in refused.err
