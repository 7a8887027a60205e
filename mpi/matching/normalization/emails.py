"""E-mail addresses: lower case, one form for the addresses that reach one mailbox."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mpi.matching.normalization.tables import listed
from mpi.matching.normalization.transliteration import to_ascii

_LOCAL_PARTS = listed("emails", "local_parts")
_ADDRESS = re.compile(r"([^@\s<>,;:\"()]+)@([a-z0-9_-]+(?:\.[a-z0-9_-]+)+)", re.ASCII)
_ANGLES = re.compile(r"<([^<>]*)>")


class EmailReading(NamedTuple):
    """``address`` is empty where nothing is left to compare, ``reason`` then says why."""

    address: str
    reason: str = ""


@lru_cache(maxsize=65_536)
def read_email(text: str) -> EmailReading:
    """An e-mail address in lower case, without display name, tag, and the dots that Gmail ignores.

    >>> read_email("Ann Lee <Ann.Lee+lab@GoogleMail.com>").address
    'annlee@gmail.com'
    """
    lower = to_ascii(text).lower().strip().strip(".,;")
    angles = _ANGLES.search(lower)
    address = (angles[1] if angles else lower).strip().removeprefix("mailto:")
    match = _ADDRESS.fullmatch(address)
    if not match:
        return EmailReading("", "email-format")
    local, domain = match[1].strip("."), match[2]
    local = local.split("+", 1)[0] or local.strip("+")
    if domain in ("gmail.com", "googlemail.com"):
        local, domain = local.replace(".", ""), "gmail.com"
    if not local:
        return EmailReading("", "email-format")
    if local in _LOCAL_PARTS or (len(local) > 2 and len(set(local)) == 1):
        return EmailReading("", "placeholder-email")
    return EmailReading(f"{local}@{domain}")
