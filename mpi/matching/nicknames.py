"""Which given names are short or pet forms of which others.

The table is the ``nicknames`` package's (carltonnorthern/nicknames, Apache-2.0), with Spanish and Slavic
forms added.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from nicknames import NickNamer

#: Formal name → forms that the package does not have.
_ADDED: Final[dict[str, tuple[str, ...]]] = {
    "JOSE": ("PEPE", "CHEPE"),
    "JOSEFA": ("PEPA", "PEPITA"),
    "FRANCISCO": ("PACO", "PANCHO", "KIKO"),
    "FRANCISCA": ("PACA", "PANCHA"),
    "IGNACIO": ("NACHO",),
    "JESUS": ("CHUY", "CHUCHO"),
    "GUADALUPE": ("LUPE", "LUPITA"),
    "GUILLERMO": ("MEMO",),
    "ENRIQUE": ("QUIQUE", "KIKE"),
    "MANUEL": ("MANOLO", "MANNY"),
    "ROSARIO": ("CHARO",),
    "CONCEPCION": ("CONCHA", "CONCHITA"),
    "DOLORES": ("LOLA",),
    "EDUARDO": ("LALO", "EDDIE"),
    "ROBERTO": ("BETO",),
    "ALBERTO": ("BETO",),
    "ALEKSANDR": ("SASHA", "ALEX"),
    "DMITRI": ("DIMA", "MITYA"),
    "EKATERINA": ("KATYA", "KATE"),
    "ELENA": ("OLENA", "LENA", "HELENA"),
    "MIKHAIL": ("MISHA", "MICHAEL"),
    "NATALIA": ("NATASHA",),
}

#: A short form of many names stands for the three most usual of them when keys are made.
_ROOTS_MAX: Final = 3


def _formal_names() -> dict[str, set[str]]:
    """Short form → its formal names, upper case."""
    namer = NickNamer()
    formal = {
        short.upper(): {name.upper() for name in names} for short, names in namer.canonical_lookup.items()
    }
    for name, shorts in _ADDED.items():
        for short in shorts:
            formal.setdefault(short, set()).add(name)
    return formal


_FORMAL: Final = _formal_names()
_SHORT_COUNT: Final[dict[str, int]] = {}
for _names in _FORMAL.values():
    for _name in _names:
        _SHORT_COUNT[_name] = _SHORT_COUNT.get(_name, 0) + 1


def is_nickname(a: str, b: str) -> bool:
    """Whether one name is a form of the other, or both are forms of a third.

    >>> is_nickname("PEGGY", "MARGARET"), is_nickname("MAGGIE", "PEGGY"), is_nickname("PEGGY", "SUSAN")
    (True, True, False)
    """
    formal_a, formal_b = _FORMAL.get(a), _FORMAL.get(b)
    if formal_a is None:
        return formal_b is not None and a in formal_b
    if formal_b is None:
        return b in formal_a
    return b in formal_a or a in formal_b or not formal_a.isdisjoint(formal_b)


@lru_cache(maxsize=65536)
def roots(name: str) -> tuple[str, ...]:
    """The name itself and the formal names it may stand for: at most three of those, the usual ones.

    >>> roots("PEGGY")
    ('PEGGY', 'MARGARET', 'MARGUERITE', 'MARGARETTA')
    >>> roots("SUSAN")
    ('SUSAN',)
    """
    formal = sorted(_FORMAL.get(name, ()), key=lambda form: (-_SHORT_COUNT[form], form))
    return (name, *formal[:_ROOTS_MAX])
