"""The search box: people by names, identifiers, birth date or telephone number, typing errors forgiven.

First whoever has every word that was typed, by an index of whole words; then, while there is room, whoever
has something like it, by trigrams. Each look is bounded, so that SMITH costs no more than any other name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from mpi.errors import BadInput
from mpi.identity.enterprise_id import display
from mpi.matching.flat import FLAT_FIELDS, source_record
from mpi.matching.normalization import normalize
from mpi.matching.normalization.phones import read_phone
from mpi.matching.normalization.searching import search_text
from mpi.matching.normalization.transliteration import to_ascii
from mpi.patient.terms import date_digits, email_term, folded, quoted
from mpi.services.answers import Actor, Page
from mpi.services.context import Context
from mpi.services.lookup import best_of
from mpi.storage.database import Connection
from mpi.storage.identities import MemberRow
from mpi.storage.queries import query

#: Records looked at by whole words, and by trigrams.
_WHOLE_MAX: Final = 200
_ALIKE_MAX: Final = 2_000
#: How much of what was typed must be there again: at first, and when nobody was found so.
_ALIKE_SHARES: Final = (0.6, 0.45)
#: Members read of each person found.
_MEMBERS_MAX: Final = 60
_WORDS_MAX: Final = 12
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}", re.ASCII)
#: What people write between the digits of a telephone number or an identifier.
_BETWEEN_DIGITS: Final = str.maketrans("", "", " ()-.+/")


class _Wanted(NamedTuple):
    """What was typed: ``text`` for trigrams, ``words`` and ``dates`` as terms, each with its alternatives."""

    text: str
    words: tuple[str, ...]
    dates: tuple[str, ...]
    fields: list[str]


def search(context: Context, wanted: str | Mapping[str, Any], *, actor: Actor, limit: int = 20) -> Page:
    """People by what somebody types, best first.

    ``wanted`` is free text or a flat record. Raises BadInput below three characters, so that nobody lists
    everybody.
    """
    asked = _read(wanted)
    if len(asked.text) < 3 and not asked.dates:
        raise BadInput("a search needs at least three letters or digits", field="q")
    with context.transaction() as conn:
        found = _found(conn, asked, limit)
        items = _items(context, conn, found)
        context.audit_read(conn, actor, "search", list(found), query_fields=asked.fields)
    return Page(items=tuple(items), next=None)


def _found(conn: Connection, asked: _Wanted, limit: int) -> dict[str, float]:
    """Enterprise ID → how much of what was typed it has, the best first."""
    found: dict[str, float] = {}
    if terms := [*asked.words, *asked.dates]:
        found |= _look(conn, "search_terms", asked, limit, wanted=" & ".join(terms), candidates=_WHOLE_MAX)
    if not found and asked.dates and asked.words:
        # A birth date leaves few: of those a name may be far from what was typed.
        dates = " & ".join(asked.dates)
        found |= _look(conn, "search_terms", asked, limit, wanted=dates, candidates=_WHOLE_MAX)
    for share in _ALIKE_SHARES if len(asked.text) >= 3 and not asked.dates else ():
        if len(found) >= limit or (found and share != _ALIKE_SHARES[0]):
            break
        conn.execute(query("tolerate_typos"), {"share": share})
        for enterprise_id, similarity in _look(
            conn, "search_alike", asked, limit, candidates=_ALIKE_MAX
        ).items():
            found.setdefault(enterprise_id, similarity)
    best = sorted(found, key=lambda enterprise_id: (-found[enterprise_id], enterprise_id))[:limit]
    return {enterprise_id: found[enterprise_id] for enterprise_id in best}


def _look(conn: Connection, name: str, asked: _Wanted, limit: int, **more: Any) -> dict[str, float]:
    rows = conn.execute(query(name), {"text": asked.text, "limit": limit, **more}).fetchall()
    return dict(rows)


def _items(context: Context, conn: Connection, found: Mapping[str, float]) -> list[dict[str, Any]]:
    members: dict[str, list[MemberRow]] = defaultdict(list)
    parameters = {"enterprise_ids": list(found), "members_max": _MEMBERS_MAX}
    for enterprise_id, *row in conn.execute(query("members_of_many"), parameters).fetchall():
        members[enterprise_id].append(MemberRow(*row))
    return [
        {
            "enterprise_id": display(enterprise_id),
            "similarity": round(similarity, 3),
            "best_record": best_of(context, members[enterprise_id]),
            "record_count": len(members[enterprise_id]),
        }
        for enterprise_id, similarity in found.items()
    ]


def _read(wanted: str | Mapping[str, Any]) -> _Wanted:
    if isinstance(wanted, Mapping):
        asked = source_record(wanted, reference_required=False)
        text = search_text(asked, normalize(asked))
        date = date_digits(asked.birth_date) if asked.birth_date else ""
        fields = sorted(set(wanted) & set(FLAT_FIELDS))
        return _Wanted(text, _words(text), (_beginning("B", date),) if date else (), fields)
    dates = tuple(_beginning("B", digits) for text in _DATE.findall(wanted) if (digits := date_digits(text)))
    rest = _DATE.sub(" ", wanted) if dates else wanted
    digits = rest.translate(_BETWEEN_DIGITS)
    text = digits if digits.isdecimal() else " ".join(to_ascii(rest).upper().split())
    return _Wanted(text, _words(text), dates, ["q"])


def _words(text: str) -> tuple[str, ...]:
    """Each word as a tsquery of whatever it may be: a name, an identifier, a number, an e-mail address."""
    return tuple(term for word in text.split()[:_WORDS_MAX] if (term := _alternatives(word)))


def _alternatives(word: str) -> str:
    if "@" in word:
        return quoted("E" + email_term(word))
    plain = folded(word)
    if not plain:
        return ""
    terms = [prefix + plain for prefix in "FGVK"]
    if plain.isdecimal():
        terms = ["V" + plain, "P" + plain, "P" + read_phone(plain).number, "B" + plain]
    return f"({' | '.join(map(quoted, dict.fromkeys(terms)))})"


def _beginning(prefix: str, digits: str) -> str:
    return quoted(prefix + digits) + ("" if len(digits) == 8 else ":*")
