"""Telephone numbers and e-mail addresses, each distinct text read once and most of them all at once."""

from __future__ import annotations

import numpy as np

from mpi.batch.encoding.texts import (
    Read,
    TextArray,
    compute,
    digit_texts,
    digits_text,
    numbers_of,
    read_each,
    read_texts,
    where,
)
from mpi.matching.normalization.emails import read_email
from mpi.matching.normalization.phones import plain_phones, read_phone


def read_phones(raw: TextArray) -> Read:
    """Numbers of ten digits, with or without 1 or +1 before them, all at once, if no rule turns on them."""
    found = digit_texts(raw, " ().-+")
    plus = where(compute.match_substring(raw, "+"))
    leads = where(compute.starts_with(raw, "+"))
    plain = found.only & np.where(
        plus, leads & (found.counts == 11), (found.counts == 10) | (found.counts == 11)
    )
    longer = np.flatnonzero(plain & (found.counts == 11))
    plain[longer] = found.rows(longer, 11)[:, 0] == ord("1")
    chosen = np.flatnonzero(plain)
    rows = found.rows(chosen, 10)
    taken = plain_phones(numbers_of(rows))
    plain[chosen] = taken
    return read_texts(raw, (plain, digits_text(rows[taken], "1")), _phone)


def _phone(text: str) -> tuple[str, str]:
    number, reason = read_phone.__wrapped__(text)
    return number, reason


def read_emails(raw: TextArray) -> Read:
    """One by one."""
    return read_each(raw, _email)


def _email(text: str) -> tuple[str, str]:
    address, reason = read_email.__wrapped__(text)
    return address, reason
