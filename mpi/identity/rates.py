"""The rates by which a master patient index is judged, as AHIMA defines them."""

from __future__ import annotations


def duplicate_rate(involved: int, records: int) -> float | None:
    """AHIMA's duplicate error rate: records in possible duplicates ÷ all records; None of none.

    >>> duplicate_rate(10_000, 500_000)  # 5,000 pairs
    0.02
    """
    return involved / records if records else None


def creation_rate(confirmed: int, registrations: int) -> float | None:
    """AHIMA's duplicate creation rate: confirmed duplicates of a period ÷ registrations in it.

    >>> creation_rate(12, 1_000)
    0.012
    """
    return confirmed / registrations if registrations else None
