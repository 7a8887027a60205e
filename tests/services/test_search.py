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


@pytest.mark.parametrize(
    "typed",
    ["1974-02-11", "02/11/1974", "Okonkwo 1974-02-11", "1974-02-11 Okonkow", "Grace 02/11/1974", "19740211"],
)
def test_a_birth_date_finds_too(index: Index, typed: str) -> None:
    grace = index.receive(a_record(), actor=CLERK)
    index.receive(another(), actor=CLERK)
    assert a_record()["birth_date"] == "1974-02-11"
    assert [item["enterprise_id"] for item in index.search(typed, actor=CLERK).items] == [grace.enterprise_id]


@pytest.mark.parametrize(
    "typed", ["' | 'X", "a:* & b", "!!!", "(((", "\\\\", "<->", "'); DROP TABLE record; --"]
)
def test_what_means_something_to_the_database_is_only_text(index: Index, typed: str) -> None:
    index.receive(a_record(), actor=CLERK)
    index.search(typed + " xyz", actor=CLERK)


def test_the_exact_name_comes_before_what_is_like_it(index: Index) -> None:
    near = index.receive(a_record(local_id="2", family="Okonkwa", ssn=None), actor=CLERK)
    grace = index.receive(a_record(), actor=CLERK)
    found = [item["enterprise_id"] for item in index.search("Okonkwo", actor=CLERK).items]
    assert found[0] == grace.enterprise_id
    assert set(found) == {grace.enterprise_id, near.enterprise_id}


def test_a_flat_record_is_searched_too(index: Index) -> None:
    tomas = index.receive(another(), actor=CLERK)
    [found] = index.search({"family": "Lindqvist", "given": "Tomas"}, actor=CLERK).items
    assert found["enterprise_id"] == tomas.enterprise_id
    assert found["best_record"]["family"] == "Lindqvist"


def test_too_little_lists_nobody(index: Index) -> None:
    with pytest.raises(BadInput):
        index.search("ok", actor=CLERK)
