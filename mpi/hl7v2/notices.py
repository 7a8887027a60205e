"""What subscribers are sent: ADT^A31 with what a person is called (IHE ITI-10), ADT^A40 of merged identities.

HL7 2.5, UTF-8, no demographics: PID-5 is ``^^^^^^S`` as ITI-10 asks where the name is not told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from mpi.hl7v2.writing import Repeat, write_message, write_segment
from mpi.index import News
from mpi.patient import Domains, IdentityView

NO_NAME: Repeat = ("", "", "", "", "", "", "S")

#: (domain, value) of everything somebody is called.
Names = tuple[tuple[str, str], ...]


def names_of(view: IdentityView, domains: Domains, wanted: Sequence[str]) -> Names:
    """What an identity is called in the wanted domains, the enterprise ID first.

    Without any it is all domains but those of national identifiers, which have to be asked for by name.
    """
    asked = {domain.name for name in wanted if (domain := domains.named(name)) is not None}
    own = (domains.enterprise.name, view.enterprise_id)
    names = sorted({(identifier.authority, identifier.value) for identifier in view.identifiers})

    def is_told(name: str) -> bool:
        found = domains.named(name)
        return name in asked if wanted else found is None or not found.person_unique

    return tuple(name for name in (own, *names) if is_told(name[0]))


def digest_of(names: Names) -> bytes:
    """16 bytes that change when the names do."""
    text = "\x1e".join(f"{domain}\x1f{value}" for domain, value in names)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def control_id_of(news: News) -> str:
    """MSH-10, the same whenever the same news is sent: what a subscriber tells a repetition by.

    >>> control_id_of(News(seq=42, enterprise_id="7K3M-9QRT-2X"))
    '42-7K3M9QRT2X'
    """
    return f"{news.seq}{'M' if news.subsumed else '-'}{news.enterprise_id.replace('-', '')}"


def a31(news: News, names: Names, domains: Domains, receiver: str) -> bytes:
    """ADT^A31^ADT_A05: everything the person of one identity is called from now on."""
    pid = write_segment("PID", {3: [_cx(name, domains) for name in names], 5: [NO_NAME]})
    return _message(news, "A31", "ADT_A05", receiver, domains, pid, write_segment("PV1", {2: "N"}))


def a40(news: News, domains: Domains, receiver: str) -> bytes:
    """ADT^A40^ADT_A39: the enterprise ID of MRG-1 redirects to that of PID-3."""
    own = domains.enterprise.name
    pid = write_segment("PID", {3: [_cx((own, news.enterprise_id), domains)], 5: [NO_NAME]})
    mrg = write_segment("MRG", {1: [_cx((own, news.subsumed or ""), domains)]})
    return _message(news, "A40", "ADT_A39", receiver, domains, pid, mrg)


def _cx(name: tuple[str, str], domains: Domains) -> Repeat:
    domain, value = name
    found = domains.named(domain)
    return (value, "", "", [part or "" for part in domains.authority(domain)], (found and found.type) or "")


def _message(
    news: News, event: str, structure: str, receiver: str, domains: Domains, *segments: str
) -> bytes:
    now = datetime.now(UTC).strftime("%Y%m%d%H%M%S+0000")
    application, _, facility = receiver.partition("|")
    msh = write_segment(
        "MSH",
        {
            2: domains.enterprise.namespace or domains.enterprise.name,
            4: application,
            5: facility,
            6: now,
            8: [("ADT", event, structure)],
            9: control_id_of(news),
            10: "P",
            11: "2.5",
            17: "UNICODE UTF-8",
        },
    )
    # MSH-1 is the field separator itself: the fields of the segment are numbered one higher than written.
    head = "MSH|^~\\&" + msh.removeprefix("MSH|")
    return write_message([head, write_segment("EVN", {1: event, 2: now}), *segments]).encode()
