"""Texts by the million: sorted, numbered and hashed as one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mpi.batch.encoding.features import combined, densely, features
from mpi.batch.encoding.hashing import hash_texts
from mpi.batch.encoding.texts import arrow, hash_part, listed, ranked, views
from mpi.matching.blocking import FirstWordsPart, PiecePart

TEXTS = st.lists(
    st.none() | st.text("ab é", min_size=1, max_size=4) | st.text("ab", min_size=15, max_size=26), max_size=40
)


@settings(deadline=None)
@given(TEXTS)
def test_texts_are_numbered_in_the_order_of_their_bytes(texts: list[str | None]) -> None:
    found = ranked(arrow(texts))
    distinct = sorted({text for text in texts if text is not None}, key=str.encode)
    assert listed(found.distinct) == distinct
    assert found.codes.tolist() == [-1 if text is None else distinct.index(text) for text in texts]


@settings(deadline=None)
@given(TEXTS)
def test_equal_texts_have_equal_hashes_and_others_do_not(texts: list[str | None]) -> None:
    present = [text for text in texts if text is not None]
    hashes = hash_texts(views(arrow(present))).tolist()
    alone = [hash_texts(views(arrow([text])))[0] for text in present]
    assert hashes == alone
    assert len(set(hashes)) == len(set(present))


def test_hashes_stay_the_same() -> None:
    """They decide which pairs are compared: two runs, and the machines of a cluster, must agree."""
    assert hash_texts(views(arrow(["", "SMITH", "12 OAK STREET"]))).tolist() == [
        16294208416658607535,
        4335121512025235839,
        181688473548473899,
    ]


@settings(deadline=None)
@given(st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=4).map(" ".join))
def test_parts_of_texts_hash_like_the_texts_themselves(text: str) -> None:
    for part in (FirstWordsPart("street", 2), PiecePart("zip", slice(2)), PiecePart("zip", slice(-2, None))):
        expected = part.first_words(text) if isinstance(part, FirstWordsPart) else (text[part.piece],)
        found = hash_part(part, arrow(["x y z", text, "x"]))
        own = found.hashes[found.starts[1] : found.starts[2]].tolist()
        assert own == hash_texts(views(arrow(list(expected)))).tolist()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 2)), min_size=1, max_size=30))
def test_combined_codes_ascend_as_their_combinations(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs, dtype=np.int32).T
    codes, places = densely(combined([(first, 4), (second, 3)]))
    distinct = sorted(set(pairs))
    assert codes.tolist() == [distinct.index(pair) for pair in pairs]
    assert [pairs[place] for place in places.tolist()] == distinct


def test_combined_codes_stay_in_order_when_there_are_too_many() -> None:
    rng = np.random.default_rng(1)
    columns = [rng.integers(-1, 2, 500).astype(np.int32) for _ in range(5)]
    codes, _ = densely(combined([(column, 2**20) for column in columns]))
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    distinct = sorted(set(rows))
    assert codes.tolist() == [distinct.index(row) for row in rows]


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), max_size=3, unique=True).map(tuple), min_size=1, max_size=20))
def test_features_ascend_as_tuples_of_elements(values: list[tuple[int, ...]]) -> None:
    several = sorted({value for value in values if len(value) > 1})
    elements = np.array([value[0] if len(value) == 1 else -1 for value in values], dtype=np.int32)
    rare = np.array([several.index(value) if value in several else -1 for value in values], dtype=np.int32)
    found = features(elements, 4, rare, several)
    every = [found.several.get(place, (int(first),)) for place, first in enumerate(found.firsts.tolist())]
    assert every == sorted(every)
    assert [every[code] if code >= 0 else () for code in found.codes.tolist()] == values
