"""The search box: people by what somebody types."""

from __future__ import annotations

import pytest

from builders import CLERK, a_record, another
from mpi.errors import BadInput
from mpi.index import Index


@pytest.mark.parametrize(
    "typed", ["Okonkwo", "grace okonkwo", "Okonkow", "OKONKOW GRACE", "617 442 0198", "Okonkwo, Grace"]
)
def test_somebody_is_found_by_what_is_typed(index: Index, typed: str) -> None:
    grace = index.receive(a_record(), actor=CLERK)
    index.receive(another(), actor=CLERK)
    found = index.search(typed, actor=CLERK).items
    assert found[0]["enterprise_id"] == grace.enterprise_id
    assert len(found) == 1


def test_a_flat_record_is_searched_too(index: Index) -> None:
    tomas = index.receive(another(), actor=CLERK)
    [found] = index.search({"family": "Lindqvist", "given": "Tomas"}, actor=CLERK).items
    assert found["enterprise_id"] == tomas.enterprise_id
    assert found["best_record"]["family"] == "Lindqvist"


def test_too_little_lists_nobody(index: Index) -> None:
    with pytest.raises(BadInput):
        index.search("ok", actor=CLERK)
