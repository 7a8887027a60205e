"""Distinct values held as parts read like the list of features that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from mpi.matching.comparison.distinct import Distinct, Part, Texts
from mpi.matching.record import NormalizedAddress


def test_texts_read_like_a_list() -> None:
    written = ["ELM", "", "MÜLLER", "Z"]
    texts = Texts.of(written)
    assert list(texts) == written
    assert texts[-1] == "Z"
    assert texts[1:3] == ["", "MÜLLER"]
    with pytest.raises(IndexError):
        texts[4]


def test_features_are_made_of_their_parts() -> None:
    streets = Part(Texts.of(["1 ELM", "2 OAK"]), np.array([1, 0, 1], np.int32))
    rest = [Part(Texts.of([""]), np.zeros(3, np.int32)) for _ in range(4)]
    one, other = (NormalizedAddress(street, "", "", "", "") for street in ("2 OAK", "1 ELM"))
    distinct = Distinct([streets, *rest], element=NormalizedAddress, others={2: (one, other)})
    assert list(distinct) == [(one,), (other,), (one, other)]
    assert distinct[-1] == (one, other)
    assert distinct.several().tolist() == [False, False, True]


def test_a_single_part_is_the_element() -> None:
    assert list(Distinct([Part(Texts.of(["532810447", "0447"]))])) == [("532810447",), ("0447",)]
