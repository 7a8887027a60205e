"""The best record an index shows, and how an installation changes the choice."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from builders import CLERK, STEWARD, a_record
from mpi.errors import InvalidRuleSet
from mpi.identity.survivorship import SurvivorshipRules, survivorship_rules
from mpi.index import Index
from mpi.settings import Settings

SHIPPED = Path(__file__).parents[2] / "matching_rules" / "survivorship.toml"


def test_the_shipped_file_writes_out_the_defaults() -> None:
    written = survivorship_rules(tomllib.loads(SHIPPED.read_text())["survivorship"])
    assert dict(written.orders) == dict(SurvivorshipRules().orders)


@pytest.mark.parametrize(("criterion", "shown"), [("recency", "617-442-7000"), ("trust", "(617) 442-0198")])
def test_an_installation_chooses(database_url: str, tmp_path: Path, criterion: str, shown: str) -> None:
    rules = tmp_path / "ours.toml"
    rules.write_text(f'[survivorship]\nphone = ["{criterion}"]\n')
    settings = Settings(database_url=database_url, auto_declare=True, survivorship=rules)
    with Index.open(settings) as index:
        index.apply_sources('[[source]]\nname = "north"\ntrust = 90\n', actor=STEWARD)
        index.receive(a_record("north"), actor=CLERK)
        later = index.receive(a_record("south", phone="617-442-7000"), actor=CLERK)
        assert later.decision == "linked"
        assert index.identity(later.enterprise_id, actor=CLERK).best_record["phone"] == shown


def test_nonsense_is_named(database_url: str, tmp_path: Path) -> None:
    rules = tmp_path / "ours.toml"
    rules.write_text('[survivorship]\nshoe = ["trust"]\n')
    with pytest.raises(InvalidRuleSet, match=r"survivorship\.shoe"):
        Index.open(Settings(database_url=database_url, survivorship=rules))
