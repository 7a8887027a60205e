"""AHIMA's rates, by the worked examples of their definition."""

from mpi.identity.rates import creation_rate, duplicate_rate


def test_five_thousand_pairs_among_half_a_million_records_are_two_percent():
    assert duplicate_rate(2 * 5_000, 500_000) == 0.02


def test_without_records_or_registrations_there_is_no_rate():
    assert duplicate_rate(0, 0) is None
    assert creation_rate(0, 0) is None
    assert creation_rate(3, 300) == 0.01
