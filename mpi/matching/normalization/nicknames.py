"""Given names and their short forms: a feature for blocking and comparison, never an equality."""

from __future__ import annotations

from functools import cache, lru_cache

from nicknames import name_triplets

from mpi.matching.normalization.tables import rows


@cache
def _roots() -> dict[str, frozenset[str]]:
    """Name → the names it may be short for. Of the package ``nicknames`` and our own list."""
    roots: dict[str, set[str]] = {}
    pairs = [(triplet.name1.upper(), triplet.name2.upper()) for triplet in name_triplets()]
    pairs += [(full, short) for full, *shorts in rows("nicknames.txt") for short in shorts]
    known = set(pairs)
    for full, short in pairs:
        if (short, full) in known and len(full) < len(short):
            # The list has some pairs both ways round: BILL is short for WILLIAM, not WILLIAM for BILL.
            continue
        if full.isalpha() and short.isalpha() and full.isascii() and short.isascii():
            roots.setdefault(full, set())
            roots.setdefault(short, set()).add(full)
    return {name: frozenset((name, *full)) for name, full in roots.items()}


@lru_cache(maxsize=32_768)
def nickname_roots(given: str) -> frozenset[str]:
    """The names that a normalized given name stands for: itself, and those it is a short form of.

    Two names may be one person's when their roots meet. That is no equivalence (BILL meets ROBERT and
    WILLIAM, which do not meet each other): it may raise a level of agreement and make a blocking key, but
    never replace a value.

    >>> bool(nickname_roots("PEGGY") & nickname_roots("MARGARET"))
    True
    """
    return _roots().get(given) or (frozenset((given,)) if given else frozenset())


def is_known_given(name: str) -> bool:
    """Whether the lists know it as a given name."""
    return name in _roots()
