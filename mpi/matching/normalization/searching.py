"""The line of text that the search box looks in."""

from __future__ import annotations

from mpi.matching.record import NormalizedRecord, SourceRecord

LENGTH_MAX = 1_000


def search_text(record: SourceRecord, normalized: NormalizedRecord) -> str:
    """Names (made comparable, and as sent where that differs), telephone numbers and identifiers, upper case.

    Words are distinct, in order, and whole: what does not fit into 1,000 characters is left out.
    """
    texts: list[str] = []
    for name in normalized.names:
        texts += (name.given, name.middle, name.family, name.suffix)
    for sent in record.names:
        texts += [part.upper() for part in sent[:3] if part]
    texts += (normalized.mother_maiden, *normalized.phones)
    texts += [identifier.value for identifier in normalized.identifiers]
    words: dict[str, None] = {}
    length = 0
    for word in " ".join(texts).split():
        if word not in words and length + len(word) + 1 <= LENGTH_MAX:
            words[word] = None
            length += len(word) + 1
    return " ".join(words)
